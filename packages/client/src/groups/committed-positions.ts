import { LeaderEpoch, NO_LEADER_EPOCH, Offset } from '@kafkaesque/kernel';
import type { Clock, Random } from '@kafkaesque/kernel';
import type { CommittedPosition } from '../consumer/assigned-partition';
import type { OffsetAndMetadata } from '../consumer/consumer';
import type { TopicPartition } from '../records';
import { untilAborted, withRetries } from '../timing/waiting';
import type { BackoffRange } from '../timing/waiting';
import type { GroupOffsets } from './group-offsets';

export interface CommittedPositionsOptions {
  readonly offsets: GroupOffsets;
  readonly clock: Clock;
  readonly random: Random;
  readonly backoff: BackoffRange;
  readonly requestTimeoutMs: number;
}

interface Question {
  readonly partition: TopicPartition;
  readonly answer: (found: OffsetAndMetadata | undefined) => void;
  readonly fail: (error: unknown) => void;
}

/** Where a group stopped, for partitions that begin together: one request for all that ask at one time. */
export class CommittedPositions {
  readonly #options: CommittedPositionsOptions;
  #questions: Question[] = [];

  constructor(options: CommittedPositionsOptions) {
    this.#options = options;
  }

  /** Waits as long as it takes; fails with what waiting does not heal. */
  async of(partition: TopicPartition, signal: AbortSignal): Promise<CommittedPosition | undefined> {
    const asked = new Promise<OffsetAndMetadata | undefined>((answer, fail) => {
      this.#questions.push({ partition, answer, fail });
      if (this.#questions.length === 1) queueMicrotask(() => void this.#ask(signal));
    });
    const found = await untilAborted(asked, signal);
    if (found === undefined) return undefined;
    return {
      offset: Offset(found.offset),
      leaderEpoch: LeaderEpoch(found.leaderEpoch ?? NO_LEADER_EPOCH),
    };
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { offsets, clock, random, backoff, requestTimeoutMs } = this.#options;
    const questions = this.#questions;
    this.#questions = [];
    const partitions = questions.map(({ partition: { topic, partition } }) => ({ topic, partition }));
    const what = 'fetching committed offsets';
    try {
      const found = await withRetries({ clock, random, backoff, timeoutMs: Infinity, signal, what }, () =>
        offsets.fetch(partitions, { timeoutMs: requestTimeoutMs, signal }),
      );
      questions.forEach(({ answer }, index) => answer(found[index]));
    } catch (error) {
      for (const { fail } of questions) fail(error);
    }
  }
}
