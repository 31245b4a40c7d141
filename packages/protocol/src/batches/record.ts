import type { Offset, TimestampMs } from '@kafkaesque/kernel';

/** One header of a record. Keys may repeat; their order is kept. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

/** What a producer hands in. */
export interface RecordDraft {
  readonly key?: Buffer | null;
  readonly value?: Buffer | null;
  readonly headers?: readonly RecordHeader[];
  /** Absent: the time given for the whole batch. */
  readonly timestampMs?: number;
}

/** A record as it was read; key, value and header values are views into the bytes it was read from. */
export interface DecodedRecord {
  readonly offset: Offset;
  readonly timestampMs: TimestampMs;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}
