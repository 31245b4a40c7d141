import type { ClientError } from '../errors';
import type { ConsumerRecord, TopicPartition } from '../records';

/** How long and how much one `poll` waits for. */
export interface PollOptions {
  /** How long to wait for the first record. Default: until there is one. 0 asks only what is buffered. */
  readonly timeoutMs?: number | undefined;
  readonly maxRecords?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a call that asks the cluster may be given. */
export interface QueryOptions {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The first record at or after a time that was asked for. */
export interface OffsetAndTimestamp {
  readonly offset: number;
  readonly timestampMs: number;
  readonly leaderEpoch: number;
}

/** Per partition, in the order asked. */
export type OffsetOf<Value> = TopicPartition & { readonly value: Value };

/** Reading of partitions that somebody assigned, by hand or by a group. */
export interface PartitionReading {
  /**
   * Replaces the assignment by hand; partitions that stay keep their position. With a `groupId` reading begins where
   * the group committed. Not together with `subscribe`.
   */
  assign(partitions: readonly TopicPartition[]): void;
  readonly assignment: readonly TopicPartition[];
  /** The next poll reads an assigned partition from this offset on. */
  seek(partition: TopicPartition, offset: number): void;
  /** All assigned partitions when none are named. Resolved at the next poll. */
  seekToBeginning(partitions?: readonly TopicPartition[]): void;
  /** As `seekToBeginning`, behind the last record that the isolation level shows. */
  seekToEnd(partitions?: readonly TopicPartition[]): void;
  /** The offset of the next record that `poll` will give. */
  position(partition: TopicPartition, options?: QueryOptions): Promise<number>;
  /** Polls give nothing from these partitions until they are resumed; positions stay. */
  pause(partitions: readonly TopicPartition[]): void;
  /** Ends `pause`. */
  resume(partitions: readonly TopicPartition[]): void;
  /** The partitions that are paused. */
  paused(): readonly TopicPartition[];
  /** Records that are there, or the first that come within the timeout. Empty when none came. */
  poll(options?: PollOptions): Promise<readonly ConsumerRecord[]>;
  /** The first offset whose record is not older; undefined when all are. */
  offsetsForTimes(
    times: readonly (TopicPartition & { readonly timestampMs: number })[],
    options?: QueryOptions,
  ): Promise<readonly OffsetOf<OffsetAndTimestamp | undefined>[]>;
  /** The first offset that can still be read. */
  beginningOffsets(
    partitions: readonly TopicPartition[],
    options?: QueryOptions,
  ): Promise<readonly OffsetOf<number>[]>;
  /** As the isolation level shows them: the high watermark, or the last stable offset. */
  endOffsets(
    partitions: readonly TopicPartition[],
    options?: QueryOptions,
  ): Promise<readonly OffsetOf<number>[]>;
  /** Partitions of a topic. Fails with UNKNOWN_TOPIC_OR_PARTITION when it does not exist. */
  partitionsFor(topic: string, options?: QueryOptions): Promise<readonly number[]>;
}

/** Reads assigned partitions, and knows no groups. */
export interface LogReader extends PartitionReading, AsyncIterable<ConsumerRecord>, AsyncDisposable {
  /** Ends fetching; a poll under way fails. */
  close(): Promise<void>;
}

/** What is committed for a partition: the offset of the next record to handle. */
export interface OffsetAndMetadata {
  readonly offset: number;
  /** Of the last record handled, so that a truncated log is noticed (KIP-320). -1 when unknown. */
  readonly leaderEpoch?: number | undefined;
  /** Anything short that the committer wants back. */
  readonly metadata?: string | undefined;
}

/**
 * Told of every change of the assignment, within the rebalance, which waits for it. Records that `poll` gave are held
 * by the caller until the next `poll`: nothing is revoked before.
 */
export interface RebalanceListener {
  /** Partitions that came; those that were there stay. Called with none when a rebalance brought nothing new. */
  onAssigned?(partitions: readonly TopicPartition[]): void | Promise<void>;
  /** Partitions that go, while they may still be committed. */
  onRevoked?(partitions: readonly TopicPartition[]): void | Promise<void>;
  /** Partitions that somebody else may own already: nothing can be committed. Default: `onRevoked` is called. */
  onLost?(partitions: readonly TopicPartition[]): void | Promise<void>;
}

/** Who this member is, for transactions that commit offsets, and for the curious. */
export interface GroupMetadata {
  readonly groupId: string;
  /** Generation of the classic protocol, member epoch of the consumer protocol; -1 outside of the group. */
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | undefined;
}

/**
 * What to read: named topics, or all that match. An expression matches anywhere in a name unless it is anchored, and is
 * matched here, or by the broker under the consumer protocol; `pattern` is for the broker alone, in the syntax of RE2,
 * and matches whole names.
 */
export type Subscription = readonly string[] | RegExp | { readonly pattern: string };

/** How `run` works. */
export interface RunOptions {
  /** Records handled at once, of different partitions: within one, order is kept. Default 1. */
  readonly concurrency?: number | undefined;
  /** Ends the run when it fires, after the records in hand. */
  readonly signal?: AbortSignal | undefined;
}

/** What a handler gets besides the record. */
export interface RecordContext {
  /**
   * Fires when the partition is lost, or `close` has run out of time: what is done from now on may be done by another
   * member too.
   */
  readonly signal: AbortSignal;
}

/** How `close` leaves (KIP-1092). */
export interface CloseOptions {
  /** Bounds all of it. Default 30000. */
  readonly timeoutMs?: number | undefined;
  /**
   * `default`: dynamic members leave; static ones keep their partitions until the session ends, unless they come back.
   * `leave-group` and `remain-in-group` say so whatever the member is.
   */
  readonly membership?: 'default' | 'leave-group' | 'remain-in-group' | undefined;
}

/** Reads the partitions that a group or the caller assigns. Iterating gives record after record until it is closed. */
export interface Consumer extends PartitionReading, AsyncIterable<ConsumerRecord>, AsyncDisposable {
  /** Joins the group for these topics, instead of what was subscribed or assigned before. Joining begins at once. */
  subscribe(topics: Subscription, listener?: RebalanceListener): void;
  /** What `subscribe` was given; for a pattern of the classic protocol the topics that match now. */
  subscription(): readonly string[];
  /** Commits if that is automatic, leaves the group, and gives up the assignment, also one made by hand. */
  unsubscribe(options?: QueryOptions): Promise<void>;
  /**
   * Commits what was handled, or the given offsets, and resolves when the coordinator has them. Handled is: all that
   * was given by polls; iterating, the current record too; in `run`, what handlers have finished.
   * Fails with COMMIT_FAILED when the member has been thrown out of its group, REBALANCE_IN_PROGRESS when it must poll first.
   */
  commit(offsets?: readonly (TopicPartition & OffsetAndMetadata)[], options?: QueryOptions): Promise<void>;
  /** Commits without anybody waiting, behind earlier commits; a failure goes to `done`, or to the log. */
  commitAsync(
    offsets?: readonly (TopicPartition & OffsetAndMetadata)[],
    done?: (error: ClientError | undefined) => void,
  ): void;
  /** What the group committed, in the order asked; undefined where nothing is. */
  committed(
    partitions: readonly TopicPartition[],
    options?: QueryOptions,
  ): Promise<readonly OffsetOf<OffsetAndMetadata | undefined>[]>;
  /** Who this member is now. */
  groupMetadata(): GroupMetadata;
  /** Asks for a rebalance, for instance because what an own assignor goes by has changed. Classic protocol only. */
  enforceRebalance(reason?: string): void;
  /**
   * Polls and calls `handler` for every record, until the signal fires, a handler fails (then `run` fails with its
   * error) or the consumer is closed. Only what was handled is committed, also when partitions go.
   */
  run(
    handler: (record: ConsumerRecord, context: RecordContext) => void | Promise<void>,
    options?: RunOptions,
  ): Promise<void>;
  /** Commits if that is automatic, leaves the group in one round trip, ends fetching; a poll under way fails. */
  close(options?: CloseOptions): Promise<void>;
}
