import type { DirectoryContext } from './directory-context';
import { saveClosedIndexes } from './index-files';
import type { LogState } from './log-state';
import { writeRun } from './segment-files';
import { settleLog } from './settling';
import { isOutOfSpace, noRoom } from './space-reserve';

/** Logs written at once: as many as leave threads for the journal. */
const WIDTH = 8;

export interface DirectHooks {
  acknowledged(log: LogState): void;
  failed(log: LogState, cause: unknown): void;
}

/** Appends of logs that do without the journal: one gathered write for each log and segment, many logs side by side. */
export class DirectWrites {
  readonly #context: DirectoryContext;
  readonly #hooks: DirectHooks;
  #queue: LogState[] = [];
  #running = 0;
  readonly #idle = new Set<() => void>();

  constructor(context: DirectoryContext, hooks: DirectHooks) {
    this.#context = context;
    this.#hooks = hooks;
  }

  /** The log has batches that are queued and not written. */
  request(log: LogState): void {
    if (log.directQueued) return;
    log.directQueued = true;
    this.#queue.push(log);
    if (this.#running < WIDTH) void this.#lane();
  }

  /** Resolves when nothing is queued or being written. */
  async idle(): Promise<void> {
    while (this.#running > 0) await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  async #lane(): Promise<void> {
    this.#running += 1;
    // In a microtask: everything appended in this very turn shares the write.
    await Promise.resolve();
    for (let log = this.#queue.shift(); log !== undefined; log = this.#queue.shift()) {
      log.directQueued = false;
      const current = log;
      // Bounds what a loss of power may take, and so what recovery may call torn.
      if (current.unsyncedBytes > this.#context.limits.unsyncedBytes && !this.#context.offline)
        await settleLog(this.#context, current).catch(() => undefined);
      await current.exclusive.run(() => this.#write(current));
      if (this.#hasWork(current)) this.request(current);
    }
    this.#running -= 1;
    if (this.#running > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }

  #hasWork(log: LogState): boolean {
    if (this.#context.offline || log.failed || log.deleted || log.journaled) return false;
    return log.run.end - log.waiting.length > log.durableCount;
  }

  async #write(log: LogState): Promise<void> {
    if (!this.#hasWork(log)) return;
    const { reserve, path } = this.#context;
    if (reserve.isReleased) {
      this.#hooks.failed(log, noRoom(path));
      return;
    }
    const to = log.run.end - log.waiting.length;
    const before = this.#context.writtenBytes;
    let failure: unknown;
    try {
      await writeRun(this.#context, log, log.writtenCount, to);
      await saveClosedIndexes(this.#context, log);
    } catch (cause) {
      if (!isOutOfSpace(cause)) {
        this.#context.fail(cause);
        return;
      }
      failure = cause;
      await reserve.release();
    }
    reserve.taken(this.#context.writtenBytes - before);
    if (log.writtenCount > log.durableCount) {
      log.durableCount = log.writtenCount;
      log.durableEnd = log.written.offset;
      log.durableEpoch = log.epochs.starts[log.epochs.indexAt(log.durableEnd - 1)]?.leaderEpoch ?? -1;
      this.#hooks.acknowledged(log);
    }
    if (failure !== undefined) this.#hooks.failed(log, failure);
  }
}
