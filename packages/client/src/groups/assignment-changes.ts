import { messageOf } from '@kafkaesque/kernel';
import type { Logger } from '@kafkaesque/kernel';
import type { RebalanceListener } from '../consumer/consumer';
import type { LogConsumer } from '../consumer/log-consumer';
import type { TopicPartition } from '../records';
import type { ChangeSignal } from '../timing/change-signal';
import type { AutoCommit } from './auto-commit';
import type { HeldRecords } from './held-records';
import type { CommitBounds } from './offset-committer';
import { partitionsWithout } from './partition-sets';

export interface AssignmentChangesOptions {
  readonly log: LogConsumer;
  readonly held: HeldRecords;
  readonly commits: () => AutoCommit;
  /** Whether what was handled is committed before it goes. */
  readonly commitsAutomatically: boolean;
  readonly mayCommit: () => boolean;
  /** Of the present subscription. */
  readonly listener: () => RebalanceListener;
  /** Whether the caller, or one of its handlers, works on records of these. */
  readonly isInWork: (partitions: readonly TopicPartition[]) => boolean;
  /** These will go: nothing more of them is begun. */
  readonly going: (partitions: readonly TopicPartition[], lost: boolean) => void;
  readonly failed: (error: unknown) => void;
  readonly changed: ChangeSignal;
  readonly raise: () => void;
  readonly logger: Logger;
}

type Event = 'onAssigned' | 'onRevoked' | 'onLost';

/** Carries out what a group decides, one change after the other, and never under the hands of the caller. */
export class AssignmentChanges {
  readonly #options: AssignmentChangesOptions;
  #waitingCount = 0;
  #changingCount = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: AssignmentChangesOptions) {
    this.#options = options;
  }

  /** A rebalance waits for the caller. */
  get isWaiting(): boolean {
    return this.#waitingCount > 0;
  }

  /** A change is under way, or waits for its turn: nothing is given meanwhile. */
  get isChanging(): boolean {
    return this.#changingCount > 0;
  }

  /** Gives up these partitions, with a commit; never fails. */
  revoke(partitions: readonly TopicPartition[], bounds: CommitBounds): Promise<void> {
    return this.#exclusively(() => this.#giveUp(partitions, false, bounds));
  }

  /** Gives up whatever is owned when its turn comes. */
  giveUpAll(lost: boolean, bounds: CommitBounds): Promise<void> {
    return this.#exclusively(() => this.#giveUp(this.#options.log.assignment, lost, bounds));
  }

  takeIn(added: readonly TopicPartition[]): Promise<void> {
    return this.#exclusively(() => this.#takeIn(added));
  }

  /** Commits what was handled of these; a failure is only told. */
  async commitQuietly(partitions: readonly TopicPartition[], bounds: CommitBounds): Promise<void> {
    const { commits, logger } = this.#options;
    try {
      await commits().commitHandled(bounds, partitions);
    } catch (error) {
      logger.warn('offsets were not committed before partitions went', { why: messageOf(error) });
    }
  }

  #exclusively(change: () => Promise<void>): Promise<void> {
    // From now on, and not from its turn on, or a poll of this moment would give what will be somebody else's. Nor is
    // anything new given while it waits: a caller that always finds records would never let it have its turn.
    this.#changingCount += 1;
    const work = this.#last
      .then(change)
      .catch((error: unknown) => this.#options.failed(error))
      .finally(() => {
        this.#changingCount -= 1;
        this.#options.raise();
      });
    this.#last = work;
    return work;
  }

  async #giveUp(partitions: readonly TopicPartition[], lost: boolean, bounds: CommitBounds): Promise<void> {
    const { log, held, commits, commitsAutomatically, mayCommit } = this.#options;
    const named = partitionsWithout(partitions, partitionsWithout(partitions, log.assignment));
    if (named.length === 0) return;
    await this.#untilFree(named, lost);
    const isLost = (): boolean => lost || !mayCommit();
    if (!isLost() && commitsAutomatically) await this.commitQuietly(named, bounds);
    // Thrown out while it waited for the caller, or as the commit showed: then nothing is owned any more.
    const going = isLost() ? log.assignment : named;
    await this.#tell(isLost() ? 'onLost' : 'onRevoked', going);
    // What the listener committed without waiting goes out in the name of who owns the partitions.
    if (!isLost()) await commits().drained();
    log.assign(partitionsWithout(log.assignment, going));
    for (const one of going) held.delete(one);
    commits().forget(going);
  }

  async #takeIn(added: readonly TopicPartition[]): Promise<void> {
    const { log } = this.#options;
    if (added.length > 0) log.assign([...log.assignment, ...added]);
    await this.#tell('onAssigned', added);
  }

  async #untilFree(partitions: readonly TopicPartition[], lost: boolean): Promise<void> {
    const { isInWork, going, changed } = this.#options;
    going(partitions, lost);
    this.#waitingCount += 1;
    try {
      while (isInWork(partitions)) await changed.wait();
    } finally {
      this.#waitingCount -= 1;
    }
  }

  async #tell(event: Event, partitions: readonly TopicPartition[]): Promise<void> {
    const listener = this.#options.listener();
    try {
      if (event === 'onAssigned') await listener.onAssigned?.(partitions);
      else if (event === 'onLost' && listener.onLost !== undefined) await listener.onLost(partitions);
      else await listener.onRevoked?.(partitions);
    } catch (error) {
      this.#options.failed(error);
    }
  }
}
