import type { Codec } from '@kafkaesque/protocol';

/** The partition that a runtime writes to, as of now; its host supplies it. */
export interface RuntimePartition {
  /** Offset of the next record. */
  readonly endOffset: number;
  /** Everything below is durable here. */
  readonly durableEndOffset: number;
  /** Everything below is committed. */
  readonly highWatermark: number;
  /**
   * Where the log ended when this broker came to lead it: an earlier leader may have acknowledged all of that, also beyond
   * the high watermark known here.
   */
  readonly inheritedEndOffset: number;
  /** `max.message.bytes`: the largest batch. */
  readonly maxBatchBytes: number;
  /** Why a batch would be refused now: NOT_LEADER_OR_FOLLOWER, NOT_ENOUGH_REPLICAS, KAFKA_STORAGE_ERROR …; 0: it would not. */
  refusal(): number;
  /** Appends one batch. Gives the offset behind it, or why it was refused after all. */
  append(
    batch: Buffer,
  ): { readonly endOffset: number } | { readonly errorCode: number; readonly message: string };
}

/** What a runtime asks of its host beyond the partition. All calls are made within a call of the runtime. */
export interface RuntimeHost {
  /** `endTurn` is to be called once the present turn is over. */
  requestTurn(): void;
  /** The machine was discarded: the partition is to be loaded anew, if it is still led here. */
  discarded(why: string): void;
  log(level: 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>): void;
}

/** What is configured. */
export interface RuntimeOptions {
  /**
   * `group.coordinator.append.linger.ms` and its like: how long records are gathered into one batch. -1: to the end of the
   * turn, and as long as an earlier batch is on its way to the disk.
   */
  readonly appendLingerMs: number;
  /** `offsets.commit.timeout.ms` and its like: how long an answer waits for its commit. */
  readonly commitTimeoutMs: number;
  /** How batches are compressed; absent: not at all. */
  readonly codec?: Codec;
}
