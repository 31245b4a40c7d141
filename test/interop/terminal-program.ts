import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';

/** A program that runs until it is interrupted, and what it has written so far. */
export interface RunningProgram {
  readonly child: ChildProcess;
  output(): string;
  complaints(): string;
  /** Resolves once `isEnough` holds of the output; rejects if the program ends before. */
  until(isEnough: (output: string) => boolean): Promise<string>;
  /** As Ctrl-C does. */
  interrupt(): void;
  readonly ended: Promise<number | null>;
}

export interface StartOptions {
  readonly cwd?: string;
  /** Added to this process's own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Makes it the first of a process group, which is interrupted as a whole: for a script that starts a program. */
  readonly isGroup?: boolean;
}

const groups = new Set<ChildProcess>();
process.once('exit', () => {
  for (const { pid } of groups) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
});

export const startProgram = (
  command: string,
  args: readonly string[],
  { cwd, environment = {}, isGroup = false }: StartOptions = {},
): RunningProgram => {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...environment },
    detached: isGroup,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  if (isGroup) groups.add(child);
  let output = '';
  let complaints = '';
  const watchers = new Set<() => void>();
  const tell = (): void => {
    for (const watcher of watchers) watcher();
  };
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    tell();
  });
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  child.stdin.on('error', () => undefined);
  let hasEnded = false;
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      hasEnded = true;
      groups.delete(child);
      tell();
      resolve(code);
    });
  });
  return {
    child,
    output: () => output,
    complaints: () => complaints,
    interrupt: () => {
      if (isGroup && child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
      else child.kill('SIGINT');
    },
    until: (isEnough) =>
      new Promise((resolve, reject) => {
        const watch = (): void => {
          if (!isEnough(output) && !hasEnded) return;
          watchers.delete(watch);
          if (isEnough(output)) resolve(output);
          else reject(new Error(`${[command, ...args].join(' ')} ended early:\n${output}\n${complaints}`));
        };
        watchers.add(watch);
        watch();
      }),
    ended,
  };
};

/** util-linux's `script` gives a program a terminal; elsewhere nothing can be tried on one. */
export const hasTerminals =
  process.platform === 'linux' && spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0;

/** What a terminal sends for the keys. */
export const CTRL_C = '\x03';
export const CTRL_D = '\x04';

/** Runs a command line on a terminal of its own: what it prints on either stream, and what is typed, is the output. */
export const onTerminal = (commandLine: string, options: StartOptions = {}): RunningProgram =>
  // `exec`: a shell between the two would get the Ctrl-C too, and dash ends on it before the program has.
  startProgram('script', ['-qec', `exec ${commandLine}`, '/dev/null'], options);
