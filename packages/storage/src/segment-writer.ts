import type { CancelWake } from '@kafkaesque/kernel';
import type { DirectoryContext } from './directory-context';
import { saveClosedIndexes } from './index-files';
import type { LogState } from './log-state';
import { writePending } from './segment-files';
import { isOutOfSpace, noRoom } from './space-reserve';

const WIDTH = 2;
/** Pause before segments are tried again on a full disk. */
const RETRY_MS = 1000;

/** Brings journaled batches into their segments, in the background and in large pieces. */
export class SegmentWriter {
  readonly #context: DirectoryContext;
  readonly #queue: LogState[] = [];
  /** Logs with something pending, the one waiting longest first. */
  readonly #waiting = new Set<LogState>();
  #running = 0;
  #wake: CancelWake | undefined;
  readonly #idle = new Set<() => void>();

  constructor(context: DirectoryContext) {
    this.#context = context;
  }

  /** More of the log is durable in the journal than in its segments. */
  grown(log: LogState): void {
    if (log.pendingBytes >= this.#context.limits.segmentWriteBytes) {
      this.#request(log);
      return;
    }
    this.#waiting.add(log);
    this.#wakeFor(log);
  }

  /** Memory is short: everything pending is written now. */
  writeAll(): void {
    for (const log of this.#waiting) this.#request(log);
  }

  async stop(): Promise<void> {
    this.#wake?.();
    this.#queue.length = 0;
    this.#waiting.clear();
    while (this.#running > 0) await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  #wakeFor(log: LogState): void {
    this.#wake ??= this.#context.clock.wakeAt(this.#dueMs(log), () => {
      this.#wake = undefined;
      const nowMs = this.#context.clock.monotonicMs();
      for (const waiting of this.#waiting) {
        if (this.#dueMs(waiting) > nowMs) {
          this.#wakeFor(waiting);
          return;
        }
        this.#request(waiting);
      }
    });
  }

  #dueMs(log: LogState): number {
    return log.pendingSinceMs + this.#context.limits.segmentWriteMs;
  }

  #request(log: LogState): void {
    this.#waiting.delete(log);
    if (log.writeQueued) return;
    log.writeQueued = true;
    this.#queue.push(log);
    if (this.#running < WIDTH) void this.#lane();
  }

  async #lane(): Promise<void> {
    this.#running += 1;
    for (let log = this.#queue.shift(); log !== undefined; log = this.#queue.shift()) {
      log.writeQueued = false;
      const current = log;
      await current.exclusive.run(() => this.#write(current));
    }
    this.#running -= 1;
    if (this.#running > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }

  async #write(log: LogState): Promise<void> {
    if (this.#context.offline || log.deleted || !log.journaled) return;
    const { clock, reserve } = this.#context;
    try {
      if (!(await reserve.leavesRoom(log.pendingBytes))) throw noRoom(this.#context.path);
      await writePending(this.#context, log);
      await saveClosedIndexes(this.#context, log);
    } catch (cause) {
      if (!isOutOfSpace(cause)) {
        this.#context.fail(cause);
        return;
      }
      // Nothing is lost: the journal has it, and memory.
      log.pendingSinceMs = clock.monotonicMs() + RETRY_MS;
      await reserve.release();
    }
    if (log.writtenCount < log.durableCount) {
      this.#waiting.add(log);
      this.#wakeFor(log);
    }
  }
}
