import { messageOf } from '@kafkaesque/kernel';
import {
  codecOf,
  controlTypeOf,
  decodeBatch,
  isControl,
  isTransactional,
  lastOffsetOf,
  leaderEpochOf,
  producerIdOf,
  splitBatches,
  timestampTypeOf,
} from '@kafkaesque/protocol';
import type { DecodedRecord } from '@kafkaesque/protocol';
import { ClientError } from '../errors';
import type { ConsumerRecord } from '../records';
import type { FetchedPartition } from '../wire/wire';

/**
 * What one fetch brought for one partition, opened batch by batch as it is read. Gives only what the caller may see:
 * nothing below its position (whole batches travel), no control records, under read_committed nothing aborted.
 */
export class FetchedChunk {
  readonly #fetched: FetchedPartition;
  readonly #records: Buffer;
  readonly #batchPositions: readonly number[];
  readonly #hidesAborted: boolean;
  /** Transactions of producers that were aborted, by first offset; those begun are in `#abortedProducers`. */
  readonly #aborted: { readonly producerId: number; readonly firstOffset: number }[];
  readonly #abortedProducers = new Set<number>();
  #nextBatch = 0;
  #open: readonly DecodedRecord[] = [];
  #openAt = 0;
  #openBatch = 0;
  /** Where reading goes on once everything has been taken. */
  #position: number;

  constructor(fetched: FetchedPartition, isolation: 'read_uncommitted' | 'read_committed') {
    this.#fetched = fetched;
    this.#records = fetched.records ?? Buffer.alloc(0);
    const split = splitBatches(this.#records);
    if (split.kind === 'malformed') throw corrupt(fetched, fetched.fetchOffset, split.message);
    this.#batchPositions = split.positions;
    this.#hidesAborted = isolation === 'read_committed';
    this.#aborted = [...fetched.abortedTransactions].sort((a, b) => a.firstOffset - b.firstOffset);
    this.#position = fetched.fetchOffset;
  }

  get creditBytes(): number {
    return this.#fetched.creditBytes;
  }

  /** The offset after the last record given or skipped. */
  get position(): number {
    return this.#position;
  }

  /** One past the last whole batch. */
  get endOffset(): number {
    const last = this.#batchPositions.at(-1);
    return last === undefined
      ? this.#position
      : Math.max(this.#position, lastOffsetOf(this.#records, last) + 1);
  }

  get isEmpty(): boolean {
    return this.#openAt >= this.#open.length && this.#nextBatch >= this.#batchPositions.length;
  }

  /** Whether a batch needs a codec that is loaded asynchronously. */
  get needsZstd(): boolean {
    return this.#batchPositions.some((at) => codecOf(this.#records, at) === 'zstd');
  }

  /** The next records, at most `limit`. Fails with CORRUPT_RECORDS; the position stays before the bad batch. */
  take(limit: number, into: ConsumerRecord[]): void {
    while (into.length < limit) {
      if (this.#openAt >= this.#open.length) {
        if (this.#nextBatch >= this.#batchPositions.length) return;
        this.#openNext();
        continue;
      }
      const record = this.#open[this.#openAt];
      this.#openAt += 1;
      if (record === undefined || record.offset < this.#position) continue;
      into.push(this.#recordOf(record));
      this.#position = record.offset + 1;
      if (this.#openAt >= this.#open.length) this.#closeBatch();
    }
  }

  #openNext(): void {
    const at = this.#batchPositions[this.#nextBatch] ?? 0;
    this.#openBatch = at;
    this.#open = this.#isVisible(at) ? this.#decode(at) : [];
    this.#openAt = 0;
    this.#nextBatch += 1;
    if (this.#open.length === 0) this.#closeBatch();
  }

  /** The end of the batch counts, not its last record: compaction takes records out, never the range of offsets. */
  #closeBatch(): void {
    this.#position = Math.max(this.#position, lastOffsetOf(this.#records, this.#openBatch) + 1);
  }

  #isVisible(at: number): boolean {
    const lastOffset = lastOffsetOf(this.#records, at);
    if (!this.#hidesAborted) return !isControl(this.#records, at) && lastOffset >= this.#position;
    const producerId = producerIdOf(this.#records, at);
    while (this.#aborted[0] !== undefined && this.#aborted[0].firstOffset <= lastOffset) {
      const begun = this.#aborted.shift();
      if (begun !== undefined) this.#abortedProducers.add(begun.producerId);
    }
    if (isControl(this.#records, at)) {
      const [marker] = this.#decode(at);
      if (marker !== undefined && controlTypeOf(marker.key) === 'abort')
        this.#abortedProducers.delete(producerId);
      return false;
    }
    const isAborted = isTransactional(this.#records, at) && this.#abortedProducers.has(producerId);
    return !isAborted && lastOffset >= this.#position;
  }

  #decode(at: number): readonly DecodedRecord[] {
    try {
      return decodeBatch(this.#records, at).records;
    } catch (error) {
      throw corrupt(this.#fetched, this.#position, messageOf(error), error);
    }
  }

  #recordOf(record: DecodedRecord): ConsumerRecord {
    return {
      topic: this.#fetched.topic,
      partition: this.#fetched.partition,
      offset: record.offset,
      timestampMs: record.timestampMs,
      timestampType: timestampTypeOf(this.#records, this.#openBatch),
      key: record.key,
      value: record.value,
      headers: record.headers,
      leaderEpoch: leaderEpochOf(this.#records, this.#openBatch),
    };
  }
}

const corrupt = (fetched: FetchedPartition, offset: number, why: string, cause?: unknown): ClientError =>
  new ClientError(
    'protocol',
    'CORRUPT_RECORDS',
    `the records of ${fetched.topic}-${fetched.partition} at offset ${offset} cannot be read: ${why}; ` +
      'seek past them to go on',
    { cause },
  );
