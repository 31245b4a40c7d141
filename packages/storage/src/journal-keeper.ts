import { thrownError } from '@kafkaesque/kernel';
import type { CancelWake } from '@kafkaesque/kernel';
import type { CheckpointWriter } from './checkpoint-writer';
import type { DirectoryContext } from './directory-context';
import type { Journal, JournalFile } from './journal';
import type { LogState } from './log-state';
import { settleJournalFile, settleLog } from './settling';
import { isOutOfSpace, noRoom } from './space-reserve';

const RETRY_MS = 1000;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (cause: Error) => void;
}

/** Keeps the journal small: settles what the oldest file holds, writes a checkpoint, and the file goes. */
export class JournalKeeper {
  readonly #context: DirectoryContext;
  readonly #journal: Journal;
  readonly #checkpoints: CheckpointWriter;
  #running: Promise<void> | undefined;
  #stopped = false;
  #cancelRetry: CancelWake | undefined;
  #waiters: Waiter[] = [];

  constructor(context: DirectoryContext, journal: Journal, checkpoints: CheckpointWriter) {
    this.#context = context;
    this.#journal = journal;
    this.#checkpoints = checkpoints;
  }

  /** A journal file was left behind. */
  grown(): void {
    if (this.#running !== undefined || this.#stopped || this.#context.offline) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      // Another checkpoint may have dropped the file that somebody waits for.
      this.#tell((waiter) => waiter.resolve());
    });
  }

  /** Resolves when a file has gone, or none is left that could; rejects when an attempt to let one go failed. */
  shrunk(): Promise<void> {
    if (this.#journal.oldest === undefined) return Promise.resolve();
    if (this.#stopped || this.#context.offline) return Promise.reject(thrownError(this.#context.failure));
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    this.#cancelRetry?.();
  }

  /** Brings one log's segments up to the journal and says so durably, as after a truncation (rule 3). */
  async settle(log: LogState): Promise<void> {
    await settleLog(this.#context, log);
    await this.#checkpoints.write();
  }

  async #run(): Promise<void> {
    for (let oldest = this.#journal.oldest; oldest !== undefined; oldest = this.#journal.oldest) {
      if (this.#stopped || this.#context.offline) return;
      try {
        if (!(await this.#context.reserve.leavesRoom(unsettledBytes(oldest))))
          throw noRoom(this.#context.path);
        await settleJournalFile(this.#context, oldest);
        await this.#checkpoints.write();
      } catch (cause) {
        this.#tell((waiter) => waiter.reject(cause as Error));
        if (!isOutOfSpace(cause)) {
          this.#context.fail(cause);
          return;
        }
        // With what the reserve gives, at once; it is out for later attempts.
        if (await this.#context.reserve.release()) continue;
        this.#context.logger.warn('No space to settle the journal; it is tried again', {
          path: this.#context.path,
        });
        this.#retryLater();
        return;
      }
      this.#tell((waiter) => waiter.resolve());
    }
  }

  #retryLater(): void {
    const { clock } = this.#context;
    this.#cancelRetry = clock.wakeAt(clock.monotonicMs() + RETRY_MS, () => this.grown());
  }

  #tell(tell: (waiter: Waiter) => void): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) tell(waiter);
  }
}

/** What still has to be written before the file may go. */
const unsettledBytes = ({ touched }: JournalFile): number => {
  let sizeBytes = 0;
  for (const [log, lsn] of touched) if (log.settledLsn < lsn) sizeBytes += log.pendingBytes;
  return sizeBytes;
};
