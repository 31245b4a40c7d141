import { NO_PRODUCER_EPOCH, NO_PRODUCER_ID } from '@kafkaesque/kernel';
import type { ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { NO_SEQUENCE, decodeBatch, openBatchBuilder, setProducer } from '@kafkaesque/protocol';
import type { BatchBuilder, Codec, RecordDraft } from '@kafkaesque/protocol';
import type { RecordMetadata } from '../records';

/** Who produces, as far as the broker tells producers apart. */
export interface ProducerIdentity {
  readonly producerId: ProducerId;
  readonly epoch: ProducerEpoch;
}

/** Where the outcome of one record goes. */
export interface Completion {
  readonly timestampMs: number;
  readonly sizeBytes: number;
  resolve(metadata: RecordMetadata): void;
  reject(error: unknown): void;
}

export interface BatchShape {
  readonly codec: Codec;
  readonly compressionLevel: number | undefined;
  readonly limitBytes: number;
  readonly ratio: CompressionRatio;
}

const NOBODY: ProducerIdentity = { producerId: NO_PRODUCER_ID, epoch: NO_PRODUCER_EPOCH };

/**
 * How well the batches of a topic compress: follows a worse ratio quickly and a better one slowly, so that an estimate
 * is seldom too low.
 */
export class CompressionRatio {
  #current = 1;

  get current(): number {
    return this.#current;
  }

  observe(plainBytes: number, packedBytes: number): void {
    const observed = packedBytes / plainBytes;
    if (observed > this.#current) this.#current = Math.max(this.#current + 0.05, observed);
    else this.#current = Math.max(this.#current - 0.005, observed);
  }
}

/** Records of one partition that travel together, and what has become of them so far. */
export class ProducerBatch {
  readonly topic: string;
  readonly partition: number;
  readonly createdMs: number;
  readonly completions: Completion[] = [];
  readonly #shape: BatchShape;
  readonly #builder: BatchBuilder;
  /** No record is added any more. */
  isClosed = false;
  attempts = 0;
  /** An attempt went out whose fate is unknown. */
  mayBeWritten = false;
  /** The callers have been answered. */
  isDone = false;
  identity: ProducerIdentity | undefined;
  baseSequence: number = NO_SEQUENCE;
  /** Bytes held against `buffer.memory`. */
  heldBytes = 0;
  #built: Buffer | undefined;
  readonly #waiters: (() => void)[] = [];

  constructor(topic: string, partition: number, createdMs: number, shape: BatchShape) {
    this.topic = topic;
    this.partition = partition;
    this.createdMs = createdMs;
    this.#shape = shape;
    this.#builder = openBatchBuilder({
      codec: shape.codec,
      compressionLevel: shape.compressionLevel,
      limitBytes: shape.limitBytes,
      ratio: shape.ratio.current,
    });
  }

  get recordCount(): number {
    return this.completions.length;
  }

  get hasSequence(): boolean {
    return this.baseSequence !== NO_SEQUENCE;
  }

  hasRoomFor(record: RecordDraft): boolean {
    return !this.isClosed && this.#builder.hasRoomFor(record);
  }

  append(record: RecordDraft, completion: Completion): void {
    this.#builder.append(record, completion.timestampMs);
    this.completions.push(completion);
    this.heldBytes += completion.sizeBytes;
  }

  get isFull(): boolean {
    return this.#builder.estimatedSizeBytes >= this.#shape.limitBytes;
  }

  /** Gives the batch its place in the producer's order; `undefined` takes it back. */
  sequence(identity: ProducerIdentity | undefined, baseSequence: number): void {
    this.identity = identity;
    this.baseSequence = baseSequence;
    if (this.#built === undefined) return;
    const { producerId, epoch } = identity ?? NOBODY;
    setProducer(this.#built, 0, { producerId, producerEpoch: epoch, baseSequence });
  }

  /** What the batch takes in a request: exact once it is built, before that without compression. */
  get sizeBytes(): number {
    return this.#built?.length ?? this.#builder.uncompressedBytes;
  }

  bytes(): Buffer {
    this.isClosed = true;
    if (this.#built !== undefined) return this.#built;
    const { producerId, epoch } = this.identity ?? NOBODY;
    const { baseSequence } = this;
    this.#built = this.#builder.build({ producerId, producerEpoch: epoch, baseSequence });
    if (this.#shape.codec !== 'none')
      this.#shape.ratio.observe(this.#builder.uncompressedBytes, this.#built.length);
    return this.#built;
  }

  /** The same records in batches of half the size, in order, for a broker that found this one too large. */
  split(): ProducerBatch[] {
    const { records } = decodeBatch(this.bytes());
    const limitBytes = Math.max(1, Math.floor(this.bytes().length / 2));
    const shape = { ...this.#shape, limitBytes };
    const batches: ProducerBatch[] = [];
    let sequence = this.baseSequence;
    records.forEach((record, index) => {
      const completion = this.completions[index];
      if (completion === undefined) return;
      let batch = batches.at(-1);
      if (batch === undefined || !batch.hasRoomFor(record)) {
        if (batch !== undefined) batch.isClosed = true;
        batch = new ProducerBatch(this.topic, this.partition, this.createdMs, shape);
        if (this.hasSequence) batch.sequence(this.identity, sequence);
        batch.attempts = this.attempts;
        batches.push(batch);
      }
      batch.append(record, completion);
      if (this.hasSequence) sequence = nextSequenceAfter(sequence, 1);
    });
    for (const batch of batches) batch.isClosed = true;
    return batches;
  }

  succeed(baseOffset: number, logAppendTimeMs: number): void {
    if (this.isDone) return;
    this.isDone = true;
    const { topic, partition } = this;
    this.completions.forEach((completion, index) => {
      const offset = baseOffset < 0 ? -1 : baseOffset + index;
      const timestampMs = logAppendTimeMs >= 0 ? logAppendTimeMs : completion.timestampMs;
      completion.resolve({ topic, partition, offset, timestampMs });
    });
    this.#finish();
  }

  /** `errorOf` tells the error of each record by its index. */
  fail(errorOf: (index: number) => unknown): void {
    if (this.isDone) return;
    this.isDone = true;
    this.completions.forEach((completion, index) => completion.reject(errorOf(index)));
    this.#finish();
  }

  /** Resolves when the callers have been answered. */
  done(): Promise<void> {
    return this.isDone ? Promise.resolve() : new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Its records were handed over to other batches: those are waited for instead. */
  replacedBy(batches: readonly ProducerBatch[]): void {
    this.isDone = true;
    void Promise.all(batches.map((batch) => batch.done())).then(() => this.#finish());
  }

  #finish(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }
}

/** Sequences count 0 … 2^31 − 1, and then again from 0. */
export const nextSequenceAfter = (sequence: number, count: number): number => (sequence + count) % 2 ** 31;
