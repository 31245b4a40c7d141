import { randomBytes } from 'node:crypto';
import { apis, encodeBatch } from '@kafkaesque/protocol';
import type { Codec } from '@kafkaesque/protocol';
import { requestFrame } from './connection';

/** The newest version that names topics by name: topic ids would differ from run to run. */
export const PRODUCE_VERSION = 11;

export interface BatchShape {
  readonly recordCount: number;
  /** Bytes of a record's value. */
  readonly recordBytes: number;
  readonly codec: Codec;
}

/** Bytes of a record beside its value: length, attributes, deltas, key length, value length, header count. */
const RECORD_OVERHEAD_BYTES = 10;

/** How many records of `recordBytes` make a plain batch of about `batchBytes`. */
export const recordsIn = (batchBytes: number, recordBytes: number): number =>
  Math.max(1, Math.floor(batchBytes / (recordBytes + RECORD_OVERHEAD_BYTES)));

/** A batch as a producer sends it. Plain values are random; compressed ones halve, about as much as JSON does. */
export const makeBatch = ({ recordCount, recordBytes, codec }: BatchShape): Buffer =>
  encodeBatch({
    codec,
    timestampMs: Date.now(),
    records: Array.from({ length: recordCount }, () => ({
      value: codec === 'none' ? randomBytes(recordBytes) : halfRandom(recordBytes),
    })),
  });

const halfRandom = (sizeBytes: number): Buffer =>
  Buffer.concat([randomBytes(sizeBytes >> 1), Buffer.alloc(sizeBytes - (sizeBytes >> 1), 'a')]);

export interface ProduceTarget {
  readonly topic: string;
  readonly partitions: readonly number[];
  readonly acks: number;
}

/** A whole Produce request that carries the batch once for each partition. */
export const produceFrame = ({ topic, partitions, acks }: ProduceTarget, batch: Buffer): Buffer =>
  requestFrame(apis.Produce, PRODUCE_VERSION, {
    acks,
    timeoutMs: 30_000,
    topicData: [{ name: topic, partitionData: partitions.map((index) => ({ index, records: batch })) }],
  });
