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

/** Reads assigned partitions. Iterating gives record after record until the consumer is closed. */
export interface Consumer extends AsyncIterable<ConsumerRecord>, AsyncDisposable {
  /** Replaces the assignment; partitions that stay keep their position. */
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
  /** Ends fetching; a poll under way fails. */
  close(): Promise<void>;
}
