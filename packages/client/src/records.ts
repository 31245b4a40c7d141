/** A header of a record. Keys may repeat. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

/** What a producer is asked to send. Strings are written as UTF-8. */
export interface ProducerRecord {
  readonly topic: string;
  /** Chosen by the partitioner when absent. */
  readonly partition?: number | undefined;
  readonly key?: Buffer | string | null | undefined;
  readonly value: Buffer | string | null;
  readonly headers?: readonly { readonly key: string; readonly value: Buffer | string | null }[] | undefined;
  /** Milliseconds since 1970; now when absent. */
  readonly timestampMs?: number | undefined;
}

/** Where a record came to lie. */
export interface RecordMetadata {
  readonly topic: string;
  readonly partition: number;
  /** -1 with acks=0. */
  readonly offset: number;
  /** The broker's for topics with LogAppendTime, else the record's own. */
  readonly timestampMs: number;
}

/** A record as a consumer gets it. */
export interface ConsumerRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly timestampType: 'CreateTime' | 'LogAppendTime' | 'NoTimestampType';
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
  /** -1 when unknown. */
  readonly leaderEpoch: number;
}

/** One partition of one topic, by name. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}
