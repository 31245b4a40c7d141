import type { TimestampMs } from '@kafkaesque/kernel';

/** One asked request. Numbers are never given again by one runtime; a ticket is answered exactly once. */
export type Ticket = number;

/** What a decision does beside its records. Carried out in order, once the records have been replayed. */
export type Effect<Answer> =
  /**
   * Leaves when everything that this decision wrote, and everything it could have seen, is committed. The ticket may be
   * another one than that of the input: a join that completes answers all who waited.
   */
  | {
      readonly kind: 'reply';
      readonly ticket: Ticket;
      readonly answer: Answer;
      /** It tells nothing but what `committedUpTo` said is committed, and need not wait for what came later. */
      readonly isCommitted?: boolean;
    }
  /** Sets or moves the timer of that key; `timer(key)` is asked for a decision when it is due (monotonic time). */
  | { readonly kind: 'set-timer'; readonly key: string; readonly atMs: number }
  | { readonly kind: 'cancel-timer'; readonly key: string };

/**
 * What a machine wants after one input. Deciding changes nothing that a later decision could see: `records` are
 * replayed first, in order, all of them in one batch or none; then `then` changes what is not replayed (who waits, timers)
 * and gives the effects. Where the records are refused (too large, too few in-sync replicas), neither happens, and the
 * ticket of the input is answered by `refusal`.
 */
export interface Decision<Record, Answer> {
  readonly records: readonly Record[];
  /**
   * The records may go into several batches, of which a crash may keep the first ones only: for tombstones of many
   * things. Otherwise what does not fit one batch of `max.message.bytes` is refused.
   */
  readonly isDivisible?: boolean;
  readonly then?: () => readonly Effect<Answer>[];
  /**
   * Where the records are refused: changes what is not replayed, and answers others who waited for them; `errorCode` is the one that
   * `refusal` is given. For decisions on requests; the ticket of the input is answered by `refusal` all the same.
   */
  readonly refused?: (errorCode: number) => readonly Effect<Answer>[];
}

/** Time as a decision sees it. */
export interface Now {
  /** Never goes back; sessions, timeouts and timers go by it. */
  readonly nowMs: number;
  /** For timestamps in records, and for what expires by them. */
  readonly wallMs: TimestampMs;
}

/**
 * A replayed machine: its state comes from the records of one partition of an internal topic, and `replay` alone
 * changes it. Pure: time is an argument, the world an injected view. The runtime knows nothing of groups;
 * transactions and share groups are to use it too.
 */
export interface ReplayedMachine<Record, Request, Answer> {
  /** Decides what one request does. A request without a reply among its own effects waits; it is answered by a later decision. */
  decide(request: Request, ticket: Ticket, now: Now): Decision<Record, Answer>;
  /** A timer is due. If its decision is refused, the runtime sets it anew, a little later. */
  timer(key: string, now: Now): Decision<Record, Answer>;
  /** The committed metadata have changed (topics, configurations). Empty when nothing follows from it. */
  metadataChanged(now: Now): readonly Decision<Record, Answer>[];
  /** One record, in log order, also while loading. Must not fail for anything that Kafka may have written. */
  replay(record: Record, at: RecordPosition): void;
  /**
   * The marker of a transaction, in log order: what its producer wrote counts, or does not. Absent: this machine's topic
   * has no transactions.
   */
  replayEndOfTransaction?(isCommitted: boolean, at: RecordPosition): void;
  /**
   * Every record below that offset is committed, or may be by what an earlier leader knew; those that were replayed beyond it
   * are not yet. Said before the first record, and when it has moved. For machines with answers that are `isCommitted`.
   */
  committedUpTo?(offset: number): void;
  /** The whole partition was replayed: begins timers, mends what a dead predecessor left. Given once, before any request. */
  loaded(now: Now): readonly Decision<Record, Answer>[];
  /** The answer to a request that cannot be served: NOT_COORDINATOR, COORDINATOR_LOAD_IN_PROGRESS, NOT_ENOUGH_REPLICAS …. */
  refusal(request: Request, errorCode: number): Answer;
}

/** Where a replayed record stands. */
export interface RecordPosition {
  readonly offset: number;
  /** Of the record. */
  readonly timestampMs: TimestampMs;
  /** -1: not transactional. */
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** How records become keys and values of the internal topic. Keys and values of unknown types (a newer Kafka's) decode to undefined and are passed over. */
export interface RecordCodec<Record> {
  encode(record: Record): { readonly key: Buffer; readonly value: Buffer | null };
  decode(key: Buffer, value: Buffer | null): Record | undefined;
}
