import { NO_PRODUCER_EPOCH, NO_TIMESTAMP, Offset } from '@kafkaesque/kernel';
import type { ProducerEpoch, ProducerId, TimestampMs } from '@kafkaesque/kernel';

/** How many batches of a producer a retry may go back (KIP-98: the most that an idempotent producer has in flight). */
export const BATCHES_REMEMBERED = 5;
/** Sequences run from 0 to 2^31 - 1 and begin again at 0. */
export const MAX_SEQUENCE = 2_147_483_647;
export const NO_SEQUENCE = -1;

/** What is remembered of one batch. */
export interface RememberedBatch {
  readonly lastSequence: number;
  readonly lastOffset: Offset;
  /** Records less one, in offsets and in sequences alike. */
  readonly offsetDelta: number;
  /** The batch's greatest timestamp. */
  readonly timestampMs: TimestampMs;
}

/** What one producer did in this partition. */
export interface ProducerEntry {
  readonly producerId: ProducerId;
  readonly epoch: ProducerEpoch;
  /** Of the last transaction marker, -1 before any. */
  readonly coordinatorEpoch: number;
  readonly lastTimestampMs: TimestampMs;
  /** First offset of the open transaction, -1 when there is none. */
  readonly currentTxnFirstOffset: Offset;
  /** At most five, oldest first, all of `epoch`. */
  readonly batches: readonly RememberedBatch[];
}

export type SequenceVerdict =
  | { readonly kind: 'in-order' }
  | { readonly kind: 'duplicate'; readonly batch: RememberedBatch }
  | { readonly kind: 'fenced'; readonly message: string }
  | { readonly kind: 'out-of-order'; readonly message: string };

interface MutableEntry extends ProducerEntry {
  epoch: ProducerEpoch;
  coordinatorEpoch: number;
  lastTimestampMs: TimestampMs;
  currentTxnFirstOffset: Offset;
  readonly batches: RememberedBatch[];
  /** Monotonic time of the last append, or of the recovery: client timestamps may lie years back. */
  lastSeenMs: number;
}

const IN_ORDER: SequenceVerdict = { kind: 'in-order' };

/** The sequence `count` after `sequence`. */
export const sequenceAfter = (sequence: number, count: number): number =>
  sequence > MAX_SEQUENCE - count ? count - (MAX_SEQUENCE - sequence) - 1 : sequence + count;

/** The sequence `count` before `sequence`. */
export const sequenceBefore = (sequence: number, count: number): number =>
  sequence < count ? MAX_SEQUENCE - (count - sequence) + 1 : sequence - count;

/**
 * Sequence numbers of every idempotent producer of one partition (KIP-98, KIP-360). A function of the log: what a
 * replay of all batches gives, in the order in which producers last wrote.
 */
export class ProducerTable {
  /** Least recently active first. */
  readonly #entries = new Map<ProducerId, MutableEntry>();
  #newest: MutableEntry | undefined;

  get size(): number {
    return this.#entries.size;
  }

  entries(): IterableIterator<ProducerEntry> {
    return this.#entries.values();
  }

  get(producerId: ProducerId): ProducerEntry | undefined {
    return this.#entries.get(producerId);
  }

  /** What a leader says to a client's batch. Nothing changes. */
  judge(
    producerId: ProducerId,
    epoch: ProducerEpoch,
    baseSequence: number,
    offsetDelta: number,
  ): SequenceVerdict {
    const entry = this.#entries.get(producerId);
    // KIP-360: of a producer that is not known (retention, DeleteRecords, expiry) any sequence is taken.
    if (entry === undefined || entry.epoch === NO_PRODUCER_EPOCH) return IN_ORDER;
    if (epoch < entry.epoch)
      return {
        kind: 'fenced',
        message: `Epoch of producer ${producerId} is ${epoch}, which is smaller than the last seen epoch ${entry.epoch}`,
      };
    if (epoch > entry.epoch)
      return baseSequence === 0 ? IN_ORDER : outOfOrder(producerId, baseSequence, `0 in new epoch ${epoch}`);
    const lastSequence = sequenceAfter(baseSequence, offsetDelta);
    for (const batch of entry.batches)
      if (batch.lastSequence === lastSequence && batch.offsetDelta === offsetDelta)
        return { kind: 'duplicate', batch };
    const expected = sequenceAfter(entry.batches.at(-1)?.lastSequence ?? NO_SEQUENCE, 1);
    return baseSequence === expected ? IN_ORDER : outOfOrder(producerId, baseSequence, String(expected));
  }

  /** Takes a batch into account that is in the log: just appended, or replayed. */
  add(
    producerId: ProducerId,
    epoch: ProducerEpoch,
    baseSequence: number,
    baseOffset: Offset,
    lastOffset: Offset,
    timestampMs: TimestampMs,
    nowMs: number,
  ): void {
    const entry = this.#touch(producerId, epoch);
    const offsetDelta = lastOffset - baseOffset;
    const lastSequence = baseSequence < 0 ? NO_SEQUENCE : sequenceAfter(baseSequence, offsetDelta);
    if (entry.batches.length === BATCHES_REMEMBERED) entry.batches.shift();
    entry.batches.push({ lastSequence, lastOffset, offsetDelta, timestampMs });
    entry.lastTimestampMs = timestampMs;
    entry.lastSeenMs = nowMs;
  }

  /** Puts an entry of a snapshot last; `load` in the snapshot's order restores the table. */
  load(loaded: ProducerEntry, nowMs: number): void {
    this.#entries.delete(loaded.producerId);
    const entry = { ...loaded, batches: [...loaded.batches], lastSeenMs: nowMs };
    this.#entries.set(loaded.producerId, entry);
    this.#newest = entry;
  }

  clear(): void {
    this.#entries.clear();
    this.#newest = undefined;
  }

  /** Forgets who wrote nothing for `expirationMs` and has no open transaction. */
  expire(nowMs: number, expirationMs: number): void {
    for (const entry of this.#entries.values())
      if (entry.currentTxnFirstOffset < 0 && nowMs - entry.lastSeenMs >= expirationMs) this.#remove(entry);
  }

  /** Forgets the longest idle, those with an open transaction excepted, until at most `limit` are left. */
  shrinkTo(limit: number): void {
    if (this.#entries.size <= limit) return;
    for (const entry of this.#entries.values()) {
      if (this.#entries.size <= limit) return;
      if (entry.currentTxnFirstOffset < 0) this.#remove(entry);
    }
  }

  #remove(entry: MutableEntry): void {
    this.#entries.delete(entry.producerId);
    if (this.#newest === entry) this.#newest = undefined;
  }

  /** The entry, as the most recently active one, in the batch's epoch. */
  #touch(producerId: ProducerId, epoch: ProducerEpoch): MutableEntry {
    let entry = this.#newest;
    if (entry?.producerId !== producerId) {
      entry = this.#entries.get(producerId) ?? emptyEntry(producerId, epoch);
      this.#entries.delete(producerId);
      this.#entries.set(producerId, entry);
      this.#newest = entry;
    }
    if (entry.epoch !== epoch) {
      entry.epoch = epoch;
      entry.batches.length = 0;
    }
    return entry;
  }
}

const emptyEntry = (producerId: ProducerId, epoch: ProducerEpoch): MutableEntry => ({
  producerId,
  epoch,
  coordinatorEpoch: -1,
  lastTimestampMs: NO_TIMESTAMP,
  currentTxnFirstOffset: Offset(-1),
  batches: [],
  lastSeenMs: 0,
});

const outOfOrder = (producerId: ProducerId, sequence: number, expected: string): SequenceVerdict => ({
  kind: 'out-of-order',
  message: `Out of order sequence number for producer ${producerId}: ${sequence} (incoming seq. number), expected ${expected}`,
});
