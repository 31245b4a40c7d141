import type { ComputeJob } from '@kafkaesque/kernel';
import { hasCode } from '@kafkaesque/kernel';
import {
  baseOffsetOf,
  batchSizeBytes,
  computeCrc,
  crcOf,
  filterBatch,
  hasDeleteHorizon,
  isControl,
  isTransactional,
  baseTimestampOf,
  lastOffsetOf,
  producerIdOf,
  recordCountOf,
  visitKeys,
} from '@kafkaesque/protocol';
import { isPlausibleBatch } from '../segment-scan';
import { OffsetMap } from './offset-map';

/*
 * What of compaction takes a processor's time, as jobs that another thread may do. Bytes are whole batches, and change
 * hands; the map lies in memory that both threads see.
 */

export interface IndexInput {
  readonly bytes: Uint8Array;
  readonly map: Uint32Array;
  /** Batches that end below it are in no need of a place in the map. */
  readonly from: number;
}

export type IndexOutput =
  | {
      readonly kind: 'indexed';
      /** Offset after the last batch that the map covers now. */
      readonly end: number;
      /** The map has no room for so many records, those of the batch at `end`, and covers nothing from there on; 0: all fit. */
      readonly lacksRoomFor: number;
      /** Base offset of each producer's last batch. */
      readonly producers: ReadonlyMap<number, number>;
    }
  | Damaged;

interface Damaged {
  readonly kind: 'damaged';
  readonly message: string;
}

/** Notes the last offset of each key. Records of transactions are not noted: they may have been aborted. */
export const indexKeys: ComputeJob<IndexInput, IndexOutput> = {
  name: 'storage.index-keys',
  run: ({ bytes: input, map: words, from }) => {
    const bytes = bufferOf(input);
    const map = new OffsetMap(words);
    const producers = new Map<number, number>();
    let end = from;
    for (let at = 0; at < bytes.length; at += batchSizeBytes(bytes, at)) {
      const damage = damageOf(bytes, at);
      if (damage !== undefined) return damage;
      if (lastOffsetOf(bytes, at) < from) continue;
      if (isNoted(bytes, at)) {
        const records = recordCountOf(bytes, at);
        if (map.count + records > map.capacity)
          return { kind: 'indexed', end, lacksRoomFor: records, producers };
        const unreadable = whileReading(() => {
          visitKeys(bytes, at, ({ offset, key }) => {
            if (key !== null) map.put(key, offset);
          });
        });
        if (unreadable !== undefined) return unreadable;
      }
      if (producerIdOf(bytes, at) >= 0) producers.set(producerIdOf(bytes, at), baseOffsetOf(bytes, at));
      end = lastOffsetOf(bytes, at) + 1;
    }
    return { kind: 'indexed', end, lacksRoomFor: 0, producers };
  },
  handsOver: (value) => memoryOf(value),
};

export interface CleanInput {
  readonly bytes: Uint8Array;
  readonly map: Uint32Array;
  /** Batches that reach it or go beyond are not covered by the map, and stay as they are. */
  readonly mapEnd: number;
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
  /** Tombstones at or beyond it stay. */
  readonly tombstonesBelow: number;
  /** Base offset of each producer's last batch in what the map covers. */
  readonly producers: ReadonlyMap<number, number>;
  /** Nothing follows in the new file: its last batch stays, if only to say where it ends. */
  readonly isLast: boolean;
}

export type CleanOutput =
  | {
      readonly kind: 'cleaned';
      readonly bytes: Uint8Array;
      readonly isChanged: boolean;
      readonly removedRecords: number;
      /** Offset after the last tombstone that is gone because it was kept long enough; 0: none is. */
      readonly tombstonesGoneTo: number;
    }
  | Damaged;

/** Drops the records that a newer one of the same key makes superfluous, and tombstones that were kept long enough. */
export const dropSuperseded: ComputeJob<CleanInput, CleanOutput> = {
  name: 'storage.drop-superseded',
  run: (input) => {
    const bytes = bufferOf(input.bytes);
    const map = new OffsetMap(input.map);
    const parts: Buffer[] = [];
    const tally: Tally = { changes: 0, removedRecords: 0, tombstonesGoneTo: 0 };
    for (let at = 0; at < bytes.length; at += batchSizeBytes(bytes, at)) {
      const damage =
        damageOf(bytes, at) ??
        whileReading(() => {
          const filtered = withoutSuperseded(bytes, at, map, input, tally);
          tally.removedRecords += filtered.removedCount;
          if (filtered.isChanged || !stays(bytes, at, filtered.recordCount, input)) tally.changes += 1;
          if (stays(bytes, at, filtered.recordCount, input)) parts.push(filtered.bytes);
        });
      if (damage !== undefined) return damage;
    }
    const isChanged = tally.changes > 0;
    const { removedRecords, tombstonesGoneTo } = tally;
    const left = isChanged ? concatenated(parts) : input.bytes;
    return { kind: 'cleaned', bytes: left, isChanged, removedRecords, tombstonesGoneTo };
  },
  handsOver: (value) => memoryOf(value),
};

/** Every job of this package, for the threads that do them. */
export const compactionJobs: readonly ComputeJob<never, unknown>[] = [indexKeys, dropSuperseded];

const isNoted = (bytes: Buffer, at: number): boolean => !isControl(bytes, at) && !isTransactional(bytes, at);

interface Tally {
  changes: number;
  removedRecords: number;
  tombstonesGoneTo: number;
}

const withoutSuperseded = (
  bytes: Buffer,
  at: number,
  map: OffsetMap,
  { mapEnd, nowMs, deleteRetentionMs, tombstonesBelow }: CleanInput,
  tally: Tally,
): ReturnType<typeof filterBatch> => {
  if (isControl(bytes, at) || lastOffsetOf(bytes, at) >= mapEnd)
    return {
      bytes: bytes.subarray(at, at + batchSizeBytes(bytes, at)),
      isChanged: false,
      recordCount: recordCountOf(bytes, at),
      removedCount: 0,
    };
  const inTransaction = isTransactional(bytes, at);
  const isDue = !inTransaction && hasDeleteHorizon(bytes, at) && baseTimestampOf(bytes, at) <= nowMs;
  return filterBatch(bytes, at, {
    keeps: ({ offset, key, isTombstone }) => {
      if (key === null) return true;
      if (map.get(key) > offset) return false;
      if (!isTombstone || !isDue || offset >= tombstonesBelow) return true;
      tally.tombstonesGoneTo = Math.max(tally.tombstonesGoneTo, offset + 1);
      return false;
    },
    // Once every older record of the key is gone: from now on, because this very pass takes them.
    deleteHorizonMs: inTransaction ? undefined : nowMs + deleteRetentionMs,
  });
};

/** Whether a batch with so many records left has its place in the new file. */
const stays = (bytes: Buffer, at: number, recordCount: number, input: CleanInput): boolean =>
  recordCount > 0 ||
  isControl(bytes, at) ||
  (input.isLast && at + batchSizeBytes(bytes, at) === bytes.length) ||
  isLastOfProducer(bytes, at, input);

/** A batch without records still says how far its producer had come, unless a later one does. */
const isLastOfProducer = (bytes: Buffer, at: number, { producers, mapEnd }: CleanInput): boolean => {
  if (lastOffsetOf(bytes, at) >= mapEnd) return true;
  const producerId = producerIdOf(bytes, at);
  return producerId >= 0 && (producers.get(producerId) ?? -1) <= baseOffsetOf(bytes, at);
};

const damageOf = (bytes: Buffer, at: number): Damaged | undefined => {
  if (!isPlausibleBatch(bytes, at, bytes.length - at))
    return { kind: 'damaged', message: 'no batch stands where one should' };
  return computeCrc(bytes, at) === crcOf(bytes, at)
    ? undefined
    : { kind: 'damaged', message: `the checksum of the batch at offset ${baseOffsetOf(bytes, at)} is wrong` };
};

const whileReading = (work: () => void): Damaged | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    if (hasCode(error, 'CORRUPT_BATCH')) return { kind: 'damaged', message: error.message };
    throw error;
  }
};

/** In memory of its own, so that it can change hands. */
const concatenated = (parts: readonly Buffer[]): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};

export const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);

const memoryOf = (value: object): readonly ArrayBuffer[] => {
  const bytes = (value as { readonly bytes?: Uint8Array }).bytes;
  return bytes === undefined ? [] : [bytes.buffer as ArrayBuffer];
};
