import { messageOf } from '@kafkaesque/kernel';
import type { CancelWake, Clock, Logger } from '@kafkaesque/kernel';
import type { LogConsumer } from '../consumer/log-consumer';
import type { TopicPartition } from '../records';
import type { PartitionOffset } from './group-offsets';
import type { HandledPosition, HeldRecords } from './held-records';
import type { CommitBounds, OffsetCommitter } from './offset-committer';
import { keyOf } from './partition-sets';

export interface AutoCommitOptions {
  readonly committer: OffsetCommitter;
  readonly log: LogConsumer;
  readonly held: HeldRecords;
  /** Whether the group would take a commit now. */
  readonly mayCommit: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Undefined: only when it is asked. */
  readonly intervalMs: number | undefined;
  readonly timeoutMs: number;
}

/** What the group has of a partition by our own doing. */
interface LastCommit {
  readonly offset: number;
  /** Of the position that was committed; undefined: it is where the group had stopped. */
  readonly token: number | undefined;
}

/** Commits what was handled, now and then, and never less than was committed before unless somebody sought back. */
export class AutoCommit {
  readonly #options: AutoCommitOptions;
  readonly #last = new Map<string, LastCommit>();
  #cancel: CancelWake | undefined;

  constructor(options: AutoCommitOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, intervalMs } = this.#options;
    if (this.#cancel !== undefined || intervalMs === undefined) return;
    this.#cancel = clock.wakeAt(clock.monotonicMs() + intervalMs, () => this.#due());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** The group had stopped here. */
  resumed(partition: TopicPartition, offset: number): void {
    this.#last.set(keyOf(partition), { offset, token: undefined });
  }

  /** What somebody else commits from now on is not known. */
  forget(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) this.#last.delete(keyOf(one));
  }

  /** Once all commits so far have ended. */
  drained(): Promise<void> {
    return this.#options.committer.drained();
  }

  /** Commits by hand, and remembers it. */
  async commit(offsets: readonly PartitionOffset[], bounds: CommitBounds): Promise<void> {
    const { committer, log } = this.#options;
    const tokens = offsets.map((one) => log.positionToken(one));
    await committer.commit(offsets, bounds);
    offsets.forEach((one, index) => {
      const token = tokens[index];
      if (token !== undefined) this.#last.set(keyOf(one), { offset: one.offset, token });
    });
  }

  /** Commits of these partitions, or all, what was handled since the last commit. */
  async commitHandled(bounds: CommitBounds, partitions?: readonly TopicPartition[]): Promise<void> {
    const { log, held } = this.#options;
    const wanted = partitions === undefined ? undefined : new Set(partitions.map(keyOf));
    const positions = log.positions().filter((one) => wanted?.has(keyOf(one)) ?? true);
    await this.commit(
      held.handledOf(positions).filter((one) => this.#isNew(one)),
      bounds,
    );
  }

  #isNew(handled: HandledPosition): boolean {
    const last = this.#last.get(keyOf(handled));
    if (last === undefined) return true;
    if (last.token !== this.#options.log.positionToken(handled)) return handled.offset !== last.offset;
    return handled.offset > last.offset;
  }

  #due(): void {
    const { committer, mayCommit, logger, timeoutMs } = this.#options;
    this.#cancel = undefined;
    this.start();
    if (committer.isBusy || !mayCommit()) return;
    this.commitHandled({ timeoutMs }).catch((error: unknown) => {
      logger.warn('offsets were not committed automatically', { why: messageOf(error) });
    });
  }
}
