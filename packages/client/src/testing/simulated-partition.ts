import { Offset } from '@kafkaesque/kernel';
import {
  ErrorCode,
  NO_SEQUENCE,
  baseSequenceOf,
  decodeBatch,
  lastOffsetDeltaOf,
  lastOffsetOf,
  producerEpochOf,
  producerIdOf,
  recordCountOf,
  setBaseOffset,
} from '@kafkaesque/protocol';

/** The last batches of one producer, as a broker remembers them (KIP-98). */
interface ProducerMemory {
  epoch: number;
  batches: { readonly base: number; readonly last: number; readonly offset: number }[];
}

const REMEMBERED = 5;

/** One partition of the simulated cluster: batches in order, and a broker's rules for idempotent producers. */
export class SimulatedPartition {
  readonly batches: Buffer[] = [];
  readonly #producers = new Map<number, ProducerMemory>();
  logStart = 0;
  leader: number;
  leaderEpoch = 0;

  readonly #changed: () => void;

  constructor(leader: number, changed: () => void) {
    this.leader = leader;
    this.#changed = changed;
  }

  get endOffset(): number {
    const last = this.batches.at(-1);
    return last === undefined ? this.logStart : lastOffsetOf(last) + 1;
  }

  /** The values of all records, in order, as text. */
  values(): readonly string[] {
    return this.batches.flatMap((batch) =>
      decodeBatch(batch).records.map(({ value }) => value?.toString() ?? 'null'),
    );
  }

  /** Forgets its producers, as a broker does whose records of them are gone. */
  forgetProducers(): void {
    this.#producers.clear();
  }

  append(sent: Buffer): { readonly errorCode: number; readonly baseOffset: number } {
    const batch = Buffer.from(sent);
    const base = baseSequenceOf(batch);
    if (base !== NO_SEQUENCE) {
      const judged = this.#judge(batch);
      if (judged !== undefined) return judged;
    }
    const baseOffset = this.endOffset;
    setBaseOffset(batch, 0, Offset(baseOffset));
    this.batches.push(batch);
    this.#changed();
    return { errorCode: ErrorCode.NONE, baseOffset };
  }

  #judge(batch: Buffer): { readonly errorCode: number; readonly baseOffset: number } | undefined {
    const producerId = producerIdOf(batch);
    const epoch = producerEpochOf(batch);
    const base = baseSequenceOf(batch);
    const last = base + recordCountOf(batch) - 1;
    const known = this.#producers.get(producerId);
    const refused = (errorCode: number) => ({ errorCode, baseOffset: -1 });
    if (known !== undefined && epoch < known.epoch) return refused(ErrorCode.INVALID_PRODUCER_EPOCH);
    const isFresh = known === undefined || epoch > known.epoch;
    // As Kafka: a producer that it does not know may start anywhere, a new epoch of one it knows only at 0.
    if (known !== undefined && isFresh && base !== 0) return refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    const memory = isFresh ? { epoch, batches: [] } : known;
    const duplicate = memory.batches.find((one) => one.base === base && one.last === last);
    if (duplicate !== undefined) return { errorCode: ErrorCode.NONE, baseOffset: duplicate.offset };
    const before = memory.batches.at(-1);
    if (before !== undefined && base !== before.last + 1)
      return refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    memory.batches = [...memory.batches, { base, last, offset: this.endOffset }].slice(-REMEMBERED);
    this.#producers.set(producerId, memory);
    return undefined;
  }

  /** Whole batches from the one that holds `offset`, one at least, then as many as fit. */
  read(offset: number, maxBytes: number): Buffer | null {
    const from = this.batches.filter((batch) => lastOffsetOf(batch) >= offset);
    const taken: Buffer[] = [];
    let sizeBytes = 0;
    for (const batch of from) {
      if (taken.length > 0 && sizeBytes + batch.length > maxBytes) break;
      taken.push(batch);
      sizeBytes += batch.length;
    }
    return taken.length === 0 ? null : Buffer.concat(taken);
  }

  /** Drops whole batches below `offset`. */
  deleteBefore(offset: number): void {
    while (this.batches[0] !== undefined && lastOffsetOf(this.batches[0]) < offset) this.batches.shift();
    this.logStart = offset;
    this.#changed();
  }

  /** Records of the last batch; for tests about its shape. */
  lastBatchCount(): number {
    const last = this.batches.at(-1);
    return last === undefined ? 0 : lastOffsetDeltaOf(last) + 1;
  }
}
