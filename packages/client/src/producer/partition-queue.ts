import { ProducerEpoch, assert } from '@kafkaesque/kernel';
import type { ProducerId } from '@kafkaesque/kernel';
import { NO_SEQUENCE } from '@kafkaesque/protocol';
import type { RecordDraft } from '@kafkaesque/protocol';
import { ProducerBatch, nextSequenceAfter } from './producer-batch';
import type { BatchShape, Completion, ProducerIdentity } from './producer-batch';

export interface QueueOptions {
  readonly shape: BatchShape;
  readonly lingerMs: number;
  readonly isIdempotent: boolean;
  /** Batches of one partition that may be on their way; the broker remembers the last five of each producer. */
  readonly maxInFlight: number;
}

/** What the queue does with a batch that came back without an acknowledgement. */
export type FailedBatch = 'try-again' | 'out-of-order' | 'given-up';

/** The last epoch; after it a new producer id is needed. */
const LAST_EPOCH = 0x7fff;

/**
 * The batches of one partition: those that wait, those on their way, and the sequence numbers that let the broker drop
 * duplicates and refuse gaps (KIP-98, KIP-360). Pure; the producer tells it what came back.
 */
export class PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  readonly #options: QueueOptions;
  /** First to be sent first. Batches with a sequence are retries, and stand before all without. */
  readonly #waiting: ProducerBatch[] = [];
  readonly #inFlight: ProducerBatch[] = [];
  #identity: ProducerIdentity | undefined;
  #spentProducerId: ProducerId | undefined;
  #nextSequence = 0;
  /** The broker has this producer and epoch on record, so it refuses what does not follow. */
  #isOnRecord = false;
  /** The broker misses something for good: once nothing is on its way, a new epoch starts at sequence 0. */
  #needsNewEpoch = false;
  #notBeforeMs = 0;

  constructor(topic: string, partition: number, options: QueueOptions) {
    this.topic = topic;
    this.partition = partition;
    this.#options = options;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#inFlight.length === 0;
  }

  get needsIdentity(): boolean {
    return this.#options.isIdempotent && this.#identity === undefined;
  }

  /** The producer id whose epochs are used up; only another one helps. */
  get spentProducerId(): ProducerId | undefined {
    return this.#spentProducerId;
  }

  /** Every batch that has not been answered. */
  get batches(): readonly ProducerBatch[] {
    return [...this.#inFlight, ...this.#waiting];
  }

  /** Adds to the open batch, or opens one. Tells whether a batch was closed by it: it can leave without lingering. */
  append(record: RecordDraft, completion: Completion, nowMs: number): { readonly closedBatch: boolean } {
    const last = this.#waiting.at(-1);
    if (last?.hasRoomFor(record) === true && !last.hasSequence) {
      last.append(record, completion);
      if (last.isFull) last.isClosed = true;
      return { closedBatch: last.isClosed };
    }
    if (last !== undefined) last.isClosed = true;
    const batch = new ProducerBatch(this.topic, this.partition, nowMs, this.#options.shape);
    batch.append(record, completion);
    if (batch.isFull) batch.isClosed = true;
    this.#waiting.push(batch);
    return { closedBatch: last !== undefined || batch.isClosed };
  }

  /** When the first batch may leave; Infinity while something else has to happen first. */
  sendableAt(isHurried: boolean): number {
    if (this.#needsNewEpoch && this.#inFlight.length === 0) this.#startNewEpoch();
    const head = this.#waiting[0];
    if (head === undefined || this.#isBlocked(head)) return Infinity;
    const hasWaited = head.isClosed || this.#waiting.length > 1 || isHurried || head.attempts > 0;
    return Math.max(this.#notBeforeMs, hasWaited ? 0 : head.createdMs + this.#options.lingerMs);
  }

  get headSizeBytes(): number {
    const head = this.#waiting[0];
    assert(head !== undefined, 'only a queue with a sendable batch is asked for its size');
    return head.sizeBytes;
  }

  /** The producer has got its id; used from the next batch on. */
  identify(identity: ProducerIdentity): void {
    if (this.#identity !== undefined) return;
    this.#identity = identity;
    this.#restartSequences();
  }

  /** Takes the first batch for sending and gives it its sequence. */
  take(): ProducerBatch {
    const batch = this.#waiting.shift();
    assert(batch !== undefined, 'only a queue with a sendable batch is taken from');
    batch.isClosed = true;
    batch.attempts += 1;
    if (this.#options.isIdempotent && !batch.hasSequence) {
      batch.sequence(this.#identity, this.#nextSequence);
      this.#nextSequence = nextSequenceAfter(this.#nextSequence, batch.recordCount);
    }
    this.#inFlight.push(batch);
    return batch;
  }

  acknowledged(batch: ProducerBatch): void {
    this.#land(batch);
    this.#notBeforeMs = 0;
    if (this.#isCurrent(batch)) this.#isOnRecord = true;
  }

  /** The first unanswered batch by sequence: what the broker says of it is not the fault of one before it. */
  isFirstUnanswered(batch: ProducerBatch): boolean {
    const stands = (other: ProducerBatch): boolean =>
      other !== batch && other.hasSequence && isBefore(other.baseSequence, batch.baseSequence);
    // Retries wait in order of their sequence, so the first of them speaks for all.
    const head = this.#waiting[0];
    return !this.#inFlight.some(stands) && (head === undefined || !stands(head));
  }

  /** `retryAtMs` is when the next attempt may leave. */
  failed(batch: ProducerBatch, outcome: FailedBatch, retryAtMs: number): void {
    this.#land(batch);
    if (outcome === 'given-up') return;
    if (outcome === 'out-of-order') {
      // Refused for a gap: the broker does not hold this batch, whatever its earlier attempts did.
      batch.mayBeWritten = false;
      if (this.isFirstUnanswered(batch)) this.#needsNewEpoch = true;
    }
    this.#notBeforeMs = retryAtMs;
    this.#requeue(batch);
  }

  /** Puts the parts of a batch that was too large in its place. */
  replace(batch: ProducerBatch, parts: readonly ProducerBatch[]): void {
    this.#land(batch);
    for (const part of parts) this.#requeue(part);
  }

  /** Takes out waiting batches made at or before a time. */
  expire(createdMs: number): readonly ProducerBatch[] {
    return this.#remove((batch) => batch.createdMs <= createdMs);
  }

  /** Takes out all that waits. */
  clear(): readonly ProducerBatch[] {
    return this.#remove(() => true);
  }

  /** When the oldest batch whose callers wait was made; Infinity when there is none. */
  get oldestMs(): number {
    let oldestMs = this.#waiting[0]?.createdMs ?? Infinity;
    for (const batch of this.#inFlight) if (!batch.isDone) oldestMs = Math.min(oldestMs, batch.createdMs);
    return oldestMs;
  }

  #remove(isOut: (batch: ProducerBatch) => boolean): readonly ProducerBatch[] {
    const out = this.#waiting.filter(isOut);
    if (out.length === 0) return out;
    const kept = this.#waiting.filter((batch) => !out.includes(batch));
    this.#waiting.splice(0, this.#waiting.length, ...kept);
    return out;
  }

  #isBlocked(head: ProducerBatch): boolean {
    if (this.#inFlight.length >= this.#options.maxInFlight) return true;
    if (!this.#options.isIdempotent) return false;
    if (this.#identity === undefined || this.#needsNewEpoch) return true;
    if (head.hasSequence) return !this.isFirstUnanswered(head);
    // A broker that does not know the producer takes any sequence: a second batch could overtake a refused first one.
    return !this.#isOnRecord && this.#inFlight.length > 0;
  }

  #startNewEpoch(): void {
    const identity = this.#identity;
    if (identity === undefined) return;
    const { producerId, epoch } = identity;
    if (epoch >= LAST_EPOCH) this.#spentProducerId = producerId;
    this.#identity = epoch >= LAST_EPOCH ? undefined : { producerId, epoch: ProducerEpoch(epoch + 1) };
    this.#restartSequences();
  }

  #restartSequences(): void {
    this.#nextSequence = 0;
    this.#isOnRecord = false;
    this.#needsNewEpoch = false;
    for (const batch of this.#waiting) batch.sequence(undefined, NO_SEQUENCE);
  }

  #requeue(batch: ProducerBatch): void {
    const at = batch.hasSequence
      ? this.#waiting.findIndex(
          (other) => !other.hasSequence || isBefore(batch.baseSequence, other.baseSequence),
        )
      : this.#waiting.findIndex((other) => other.attempts === 0);
    this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, batch);
  }

  #isCurrent(batch: ProducerBatch): boolean {
    const { identity } = batch;
    return identity?.producerId === this.#identity?.producerId && identity?.epoch === this.#identity?.epoch;
  }

  #land(batch: ProducerBatch): void {
    const index = this.#inFlight.indexOf(batch);
    assert(index >= 0, 'only a batch on its way comes back');
    this.#inFlight.splice(index, 1);
  }
}

/** Order on the circle of sequences: half of it lies before. */
const isBefore = (a: number, b: number): boolean => a !== b && (b - a + 2 ** 31) % 2 ** 31 < 2 ** 30;
