import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { SeedResult, SeedTask } from './worker';

const LOADER = join(__dirname, '../../../scripts/typescript-sources.cjs');
/** A seed that runs longer than this, by the wall, has met a loop without an end. */
const LONGEST_SEED_MS = 15 * 60_000;

export interface WorkerOptions {
  readonly environment?: NodeJS.ProcessEnv;
  readonly longestSeedMs?: number;
}

/** A process of its own that runs seeds, one at a time; it is replaced when it dies of one. */
export class Worker {
  #child: ChildProcess | undefined;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #longestSeedMs: number;

  constructor({ environment = process.env, longestSeedMs = LONGEST_SEED_MS }: WorkerOptions = {}) {
    this.#environment = environment;
    this.#longestSeedMs = longestSeedMs;
  }

  /** A process that died, or did not come to an end, is a violation like any other. */
  run(task: SeedTask): Promise<SeedResult> {
    const child = (this.#child ??= this.#start());
    let said = '';
    const listen = (text: Buffer): void => {
      said = (said + text.toString()).slice(-4000);
    };
    return new Promise<SeedResult>((resolve) => {
      const finish = (result: SeedResult): void => {
        clearTimeout(timer);
        child.removeAllListeners('message');
        child.removeAllListeners('exit');
        child.stderr?.off('data', listen);
        resolve(result);
      };
      const timer = setTimeout(() => {
        said = `the seed did not come to an end within ${this.#longestSeedMs / 60_000} minutes`;
        child.kill('SIGKILL');
      }, this.#longestSeedMs);
      child.stderr?.on('data', listen);
      child.on('message', (result: SeedResult) => finish(result));
      child.on('exit', (code, signal) => {
        this.#child = undefined;
        finish(deadResult(code === 3 ? 'not applicable' : 'a crash', `${said} (exit ${code ?? signal})`));
      });
      child.send(task);
    });
  }

  stop(): void {
    this.#child?.removeAllListeners('exit');
    this.#child?.disconnect();
    this.#child = undefined;
  }

  #start(): ChildProcess {
    return fork(join(__dirname, 'worker.ts'), [], {
      env: this.#environment,
      execArgv: ['-C', 'source', '-r', LOADER],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
  }
}

const deadResult = (invariant: string, message: string): SeedResult => ({
  report: { events: 0, simulatedMs: 0, hash: '', faults: {}, work: {}, violation: { invariant, message } },
  lines: [],
  cpuMs: 0,
});
