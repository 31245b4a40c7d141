import type { CancelWake } from '@kafkaesque/kernel';
import type { CheckpointWriter } from './checkpoint-writer';
import type { DirectoryContext } from './directory-context';
import { inParallel } from './exclusive';
import type { LogState } from './log-state';
import { settleLog } from './settling';

const WIDTH = 4;
/** A checkpoint bounds what recovery has to read again. */
const CHECKPOINT_EVERY_BYTES = 64 << 20;

/** Flushes logs that write directly, in the background (`flush.policy=replication`). */
export class DirectFlusher {
  readonly #context: DirectoryContext;
  readonly #checkpoints: CheckpointWriter;
  #dirty = new Set<LogState>();
  #wake: CancelWake | undefined;
  #running: Promise<void> | undefined;
  #flushedBytes = 0;
  #stopped = false;

  constructor(context: DirectoryContext, checkpoints: CheckpointWriter) {
    this.#context = context;
    this.#checkpoints = checkpoints;
  }

  written(log: LogState): void {
    this.#dirty.add(log);
    this.#wakeLater();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#running;
  }

  #wakeLater(): void {
    if (this.#stopped || this.#wake !== undefined || this.#running !== undefined) return;
    const { clock, limits } = this.#context;
    this.#wake = clock.wakeAt(clock.monotonicMs() + limits.flushMs, () => {
      this.#wake = undefined;
      this.#running = this.#flush().finally(() => {
        this.#running = undefined;
        if (this.#dirty.size > 0) this.#wakeLater();
      });
    });
  }

  async #flush(): Promise<void> {
    if (this.#context.offline) return;
    const logs = this.#dirty;
    this.#dirty = new Set();
    for (const log of logs) this.#flushedBytes += log.unsyncedBytes;
    try {
      await inParallel(logs, WIDTH, (log) => settleLog(this.#context, log));
      if (this.#flushedBytes < CHECKPOINT_EVERY_BYTES) return;
      this.#flushedBytes = 0;
      await this.#checkpoints.write();
    } catch (cause) {
      // A failed flush has taken the directory offline already; a checkpoint without room comes later.
      this.#context.logger.warn('A background flush failed', { path: this.#context.path, cause });
    }
  }
}
