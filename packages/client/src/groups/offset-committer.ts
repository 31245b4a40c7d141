import { ErrorCode } from '@kafkaesque/protocol';
import type { Clock, Logger, Random } from '@kafkaesque/kernel';
import { ClientError, asClientError, isClientError } from '../errors';
import type { TopicPartition } from '../records';
import type { ChangeSignal } from '../timing/change-signal';
import { backoffMs, sleep, throwIfAborted, untilAborted } from '../timing/waiting';
import type { BackoffRange } from '../timing/waiting';
import type { CommitIdentity, GroupOffsets, PartitionOffset } from './group-offsets';
import type { Membership } from './membership';
import { keyOf } from './partition-sets';

export interface OffsetCommitterOptions {
  readonly offsets: GroupOffsets;
  /** Undefined while partitions are assigned by hand: then nobody in the group commits. */
  readonly membership: () => Membership | undefined;
  /** Another number each time that the group gives the partition to this member; undefined when it has not. */
  readonly ownership: (partition: TopicPartition) => number | undefined;
  /** Raised whenever the membership may have changed. */
  readonly changed: ChangeSignal;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly backoff: BackoffRange;
  readonly requestTimeoutMs: number;
}

export interface CommitBounds {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A partition, and as what it was owned when its commit was asked for. */
interface Owned {
  readonly partition: TopicPartition;
  readonly ownership: number | undefined;
}

interface Ends {
  readonly untilMs: number;
  /** The caller's own. */
  readonly signal: AbortSignal | undefined;
  /** Fires with the caller's, and when the time is over. */
  readonly ended: AbortSignal;
}

const BY_NOBODY: CommitIdentity = { generationId: -1, memberId: '', groupInstanceId: undefined };

/** Refusals that say the group goes on without this member. */
const THROWN_OUT: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.ILLEGAL_GENERATION,
  ErrorCode.FENCED_INSTANCE_ID,
  ErrorCode.FENCED_MEMBER_EPOCH,
]);

/** Commits offsets one request after the other, so that none overtakes an earlier one and takes the group back. */
export class OffsetCommitter {
  readonly #options: OffsetCommitterOptions;
  #last: Promise<unknown> = Promise.resolve();
  #waitingCount = 0;

  constructor(options: OffsetCommitterOptions) {
    this.#options = options;
  }

  /** Whether a commit is under way or waits. */
  get isBusy(): boolean {
    return this.#waitingCount > 0;
  }

  /** Once all commits so far have ended, well or not. */
  async drained(): Promise<void> {
    await this.#last;
  }

  /** Behind all commits before it. Retries what waiting heals until the time is over. */
  async commit(offsets: readonly PartitionOffset[], { timeoutMs, signal }: CommitBounds): Promise<void> {
    if (offsets.length === 0) return;
    const { clock, ownership } = this.#options;
    const ownedThen = offsets.map((partition) => ({ partition, ownership: ownership(partition) }));
    const untilMs = clock.monotonicMs() + timeoutMs;
    const late = new AbortController();
    const cancel = clock.wakeAt(untilMs, () => late.abort());
    const ended = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
    this.#waitingCount += 1;
    const work = this.#last
      .then(() => this.#commit(offsets, ownedThen, { untilMs, signal, ended }))
      .finally(() => {
        this.#waitingCount -= 1;
      });
    this.#last = work.catch(() => undefined);
    try {
      await untilAborted(work, ended);
    } catch (error) {
      if (isClientError(error, 'aborted') && signal?.aborted !== true) throw timedOut(error);
      throw error;
    } finally {
      cancel();
    }
  }

  async #commit(
    offsets: readonly PartitionOffset[],
    ownedThen: readonly Owned[],
    { untilMs, signal, ended }: Ends,
  ): Promise<void> {
    const { clock, random, backoff, requestTimeoutMs } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      throwIfAborted(ended);
      const identity = await this.#identity(untilMs, signal);
      this.#checkOwned(ownedThen);
      try {
        // A request that times out costs its connection: the time of this call ends the waiting only.
        await this.#options.offsets.commit(offsets, identity, { timeoutMs: requestTimeoutMs, signal: ended });
        return;
      } catch (error) {
        const failure = this.#judge(asClientError(error), identity);
        const delayMs = backoffMs(backoff, attempt, random);
        if (!failure.retriable) throw failure;
        if (clock.monotonicMs() + delayMs >= untilMs) throw timedOut(failure);
        await sleep(clock, delayMs, signal);
      }
    }
  }

  /** In whose name to commit, once the group takes commits. */
  async #identity(untilMs: number, signal: AbortSignal | undefined): Promise<CommitIdentity> {
    const { membership, changed, clock } = this.#options;
    for (;;) {
      const member = membership();
      if (member === undefined) return BY_NOBODY;
      if (member.mayCommit) return member.identity;
      if (!member.isJoining) throw thrownOut();
      if (clock.monotonicMs() >= untilMs) throw timedOut(rebalancing());
      await changed.wait({ clock, untilMs, signal });
    }
  }

  /** Whoever owned a partition meanwhile may have committed more, also when it has come back. */
  #checkOwned(ownedThen: readonly Owned[]): void {
    const gone = ownedThen.find(
      ({ partition, ownership }) =>
        ownership !== undefined && this.#options.ownership(partition) !== ownership,
    );
    if (gone !== undefined) throw thrownOut(`${keyOf(gone.partition)} went to another member`);
  }

  #judge(error: ClientError, identity: CommitIdentity): ClientError {
    const { errorCode } = error;
    if (errorCode === undefined) return error;
    const member = this.#options.membership();
    member?.refused(errorCode, identity);
    if (THROWN_OUT.has(errorCode)) return thrownOut(error.message, error);
    if (errorCode === ErrorCode.REBALANCE_IN_PROGRESS) return rebalancing(error);
    if (errorCode === ErrorCode.STALE_MEMBER_EPOCH && member !== undefined) {
      // The next heartbeat brings the new epoch.
      return new ClientError('broker', error.code, error.message, { errorCode, retriable: true });
    }
    return error;
  }
}

const thrownOut = (why?: string, cause?: ClientError): ClientError =>
  new ClientError(
    'broker',
    'COMMIT_FAILED',
    `the offsets were not committed, because the group goes on without this member${why === undefined ? '' : ` (${why})`}: ` +
      'its partitions may be read by others. Poll to join again; when it was thrown out for slowness, raise ' +
      'maxPollIntervalMs or lower maxPollRecords',
    { cause, ...(cause?.errorCode === undefined ? {} : { errorCode: cause.errorCode }) },
  );

const rebalancing = (cause?: ClientError): ClientError =>
  new ClientError(
    'broker',
    'REBALANCE_IN_PROGRESS',
    'the offsets were not committed, because the group is rebalancing: poll, then commit again what is still owned',
    { cause, errorCode: ErrorCode.REBALANCE_IN_PROGRESS },
  );

const timedOut = (cause: ClientError): ClientError =>
  new ClientError('timeout', 'TIMED_OUT', 'committing offsets took too long', {
    effect: 'indefinite',
    cause,
  });
