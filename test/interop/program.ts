import { spawn } from 'node:child_process';

export interface Ran {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Runs a program to its end. Rejects only when it cannot be started. */
export const run = (command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...options.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    // A program may end before it has read everything; its exit code tells.
    child.stdin.on('error', () => undefined);
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() });
    });
    child.stdin.end(options.input ?? '');
  });

const MOST_QUOTED = 4_000;

/** Runs a program that must succeed; the failure quotes what it said. */
export const runToSuccess = async (
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Buffer> => {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code !== 0) {
    throw new Error(
      `${[command, ...args].join(' ')} ended with ${String(code)}\n${stderr.slice(0, MOST_QUOTED)}`,
    );
  }
  return stdout;
};

/** The lines of an output, without the empty one behind the last. */
export const linesOf = (output: Buffer, encoding: BufferEncoding = 'utf8'): readonly string[] =>
  output
    .toString(encoding)
    .split('\n')
    .filter((line) => line !== '');
