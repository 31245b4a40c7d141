import { spawn } from 'node:child_process';
import { appendFileSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** This module may have been built to another place; the program is where it always is. */
const root = [join(__dirname, '../..'), process.cwd()].find((path) =>
  existsSync(join(path, 'packages/cli/bin/kafkaesque.js')),
);

/** Of `kafkaesque`, as somebody types it. Fails when the packages are not built. */
export const program = (): string => {
  if (root === undefined) throw new Error('run this from the root of the repository');
  if (!existsSync(join(root, 'packages/cli/dist/main.js')))
    throw new Error('packages/cli is not built: npx tsc -b packages/cli');
  return join(root, 'packages/cli/bin/kafkaesque.js');
};

/** A node that is a process of its own: `kafkaesque server FILE`. */
export interface SpawnedNode {
  readonly pid: number;
  /** Fails when the process ends before it is ready, with what it said. */
  readonly ready: Promise<void>;
  /** With the exit code; null: it was killed. */
  readonly ended: Promise<number | null>;
  readonly hasEnded: boolean;
  /** `kill -9`. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: it stands still, and its sockets stay open. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** SIGTERM. Resolves with the exit code once the process is gone. */
  stop(): Promise<number | null>;
  /** The last of what it wrote, to standard output and to standard error. */
  output(): string;
}

const KEPT_CHARACTERS = 64 * 1024;
const READY = '"msg":"ready"';

/** Nobody else ends what is left when this process is told to end. */
const running = new Set<{ readonly kill: () => void }>();
process.once('exit', () => {
  for (const one of running) one.kill();
});

/** Starts a node; what its processes write is kept beside its file, in `output.log`. Whoever starts it sees to it that it ends; at the latest it ends with this process. `before`: a command that becomes the one behind it. */
export const spawnNode = (
  file: string,
  environment: Readonly<Record<string, string>> = {},
  before: readonly string[] = [],
): SpawnedNode => {
  const [command, ...args] = [...before, process.execPath, program(), 'server', file];
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const mortal = { kill: () => void child.kill('SIGKILL') };
  running.add(mortal);
  let text = '';
  let isReady: () => void = () => undefined;
  let failed: (cause: Error) => void = () => undefined;
  const ready = new Promise<void>((resolve, reject) => {
    isReady = resolve;
    failed = reject;
  });
  // Who does not wait for it is not to be ended by it.
  ready.catch(() => undefined);
  const kept = join(dirname(file), 'output.log');
  const take = (chunk: Buffer): void => {
    appendFileSync(kept, chunk);
    text = (text + chunk.toString()).slice(-KEPT_CHARACTERS);
    if (text.includes(READY)) isReady();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  let hasEnded = false;
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', (code, signal) => {
      hasEnded = true;
      running.delete(mortal);
      failed(new Error(`the node of ${file} ended (${signal ?? `exit ${code}`}): ${text}`));
      resolve(code);
    });
  });
  return {
    pid: child.pid ?? -1,
    ready,
    ended,
    get hasEnded() {
      return hasEnded;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async stop() {
      child.kill('SIGTERM');
      return ended;
    },
    output: () => text,
  };
};
