import { assert } from '@kafkaesque/kernel';
import type { Offset, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import type { Positions } from './effects';
import type { Isolation } from './fetch-plan';

/** A connection, or whatever else may go away before its answer: all its operations go with it. */
export type OwnerId = number;

export type WaitState = 'open' | 'reached' | 'failed';

/** A produced partition waits for an offset to be durable here, or in all in-sync replicas. */
export interface ProduceWait {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly awaits: 'durable' | 'high-watermark';
  /** Exclusive end. */
  readonly awaitedOffset: Offset;
  /** `failed` and, at the deadline, `open` are answered REQUEST_TIMED_OUT. */
  readonly state: WaitState;
}

/** A fetched partition waits for records beyond what its client has. */
export interface FetchWait {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly fetchOffset: Offset;
  readonly isolation: Isolation;
}

export interface ProduceOperation<Context> {
  readonly kind: 'produce';
  readonly ownerId: OwnerId;
  readonly deadlineMs: number;
  readonly waits: readonly ProduceWait[];
  /** What the host needs to answer. */
  readonly context: Context;
}

export interface FetchOperation<Context> {
  readonly kind: 'fetch';
  readonly ownerId: OwnerId;
  readonly deadlineMs: number;
  readonly waits: readonly FetchWait[];
  readonly context: Context;
}

export type Operation<Context> = ProduceOperation<Context> | FetchOperation<Context>;

export interface PurgatorySizes {
  readonly produceOperations: number;
  readonly fetchOperations: number;
  readonly waits: number;
}

/** One for a broker. Whatever waits for a partition waits here. */
export class Purgatory<Context> {
  constructor(options: { readonly maxOperations: number }) {
    assert(options.maxOperations > 0, 'a purgatory holds at least one operation');
  }

  /** False when the purgatory is full: the caller answers at once with what there is. */
  watch(operation: Operation<Context>): boolean {
    throw new Error(`not written yet ${operation.kind}`);
  }

  /** A partition moved on. Returns the operations that are over now; nobody else knows them any more. */
  advanced(positions: Positions): readonly Operation<Context>[] {
    throw new Error(`not written yet ${positions.partition}`);
  }

  /** A partition is led here no more, or gone: its produce waits fail, its fetches are over. */
  failed(topicId: TopicId, partition: PartitionIndex): readonly Operation<Context>[] {
    throw new Error(`not written yet ${topicId} ${partition}`);
  }

  /** The operations whose deadline has come, earliest first. */
  expire(nowMs: number): readonly Operation<Context>[] {
    throw new Error(`not written yet ${nowMs}`);
  }

  /** The owner went away: its operations are dropped and nobody is told. Call it once for every owner. */
  cancelOwner(ownerId: OwnerId): void {
    throw new Error(`not written yet ${ownerId}`);
  }

  /** When `expire` has something to do next; Infinity when nothing waits. */
  nextDeadlineMs(): number {
    throw new Error('not written yet');
  }

  sizes(): PurgatorySizes {
    throw new Error('not written yet');
  }
}

/** Makes one wait of a produce operation. */
export const produceWait = (
  topicId: TopicId,
  partition: PartitionIndex,
  awaits: 'durable' | 'high-watermark',
  awaitedOffset: Offset,
): ProduceWait => ({ topicId, partition, awaits, awaitedOffset, state: 'open' });

export const fetchWait = (
  topicId: TopicId,
  partition: PartitionIndex,
  fetchOffset: Offset,
  isolation: Isolation,
): FetchWait => ({ topicId, partition, fetchOffset, isolation });

export const produceOperation = <Context>(
  ownerId: OwnerId,
  deadlineMs: number,
  waits: readonly ProduceWait[],
  context: Context,
): ProduceOperation<Context> => ({ kind: 'produce', ownerId, deadlineMs, waits, context });

/**
 * @param missingBytes how many more bytes must become readable before the fetch is worth another look: the request's
 *   minimum less what the plan found. With 1, any record will do.
 */
export const fetchOperation = <Context>(
  ownerId: OwnerId,
  deadlineMs: number,
  waits: readonly FetchWait[],
  missingBytes: number,
  context: Context,
): FetchOperation<Context> => {
  assert(missingBytes > 0, 'a fetch that misses nothing is answered, not watched');
  return { kind: 'fetch', ownerId, deadlineMs, waits, context };
};
