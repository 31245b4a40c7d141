import { decodeBatch } from '@kafkaesque/protocol';
import type { DecodedRecord } from '@kafkaesque/protocol';

/** A batch as a model remembers it; `next` is the offset after its last record. */
interface RememberedBatch {
  readonly next: number;
  readonly bytes: Buffer;
}

/**
 * Why what a compacted log shows cannot come of what was appended; undefined if it can. Of each key the newest record must
 * be there, or, if that is a tombstone, it or nothing; what is shown is what was appended at that offset; and nothing from
 * `untouchedFrom` on is missing.
 */
export const compactionContradiction = (
  appended: readonly RememberedBatch[],
  shown: readonly Buffer[],
  range: { readonly start: number; readonly end: number; readonly untouchedFrom: number },
): string | undefined => {
  const { start, end, untouchedFrom } = range;
  const original = new Map<number, DecodedRecord>();
  const newest = new Map<string, DecodedRecord>();
  for (const { bytes, next } of appended) {
    if (next <= start || next > end) continue;
    for (const record of decodeBatch(bytes).records) {
      original.set(record.offset, record);
      if (record.offset >= start && record.key !== null) newest.set(String(record.key), record);
    }
  }
  const there = new Map<number, DecodedRecord>();
  const last = new Map<string, DecodedRecord>();
  let before = -1;
  for (const bytes of shown)
    for (const record of decodeBatch(bytes).records) {
      const appendedThere = original.get(record.offset);
      if (record.offset <= before) return `offset ${record.offset} follows ${before}`;
      before = record.offset;
      if (appendedThere === undefined || !isSame(appendedThere, record))
        return `the record at ${record.offset} is not the one that was appended`;
      there.set(record.offset, record);
      if (record.offset >= start && record.key !== null) last.set(String(record.key), record);
    }
  for (const [offset] of original)
    if (offset >= Math.max(untouchedFrom, start) && !there.has(offset))
      return `the record at ${offset} is missing, and nothing from ${untouchedFrom} on was compacted`;
  for (const [key, { offset, value }] of newest) {
    const found = last.get(key);
    if (found?.offset === offset || (found === undefined && value === null)) continue;
    return `of ${key} the newest record is at ${offset}, and what is shown is at ${found?.offset}`;
  }
  return undefined;
};

const isSame = (one: DecodedRecord, other: DecodedRecord): boolean =>
  one.timestampMs === other.timestampMs && isEqual(one.key, other.key) && isEqual(one.value, other.value);

const isEqual = (one: Buffer | null, other: Buffer | null): boolean =>
  one === null || other === null ? one === other : one.equals(other);

/** Why a batch cannot be what compaction has left of another one. */
export const recordsContradiction = (appended: RememberedBatch, shown: Buffer): string | undefined => {
  const original = new Map(decodeBatch(appended.bytes).records.map((record) => [record.offset, record]));
  for (const record of decodeBatch(shown).records) {
    const known = original.get(record.offset);
    if (known === undefined || !isSame(known, record))
      return `the record at ${record.offset} is not the one that was appended`;
  }
  return undefined;
};

/** The newest record of each key that has a value, in offset order: they are never compacted away. */
export const newestRecordsOf = (
  appended: readonly RememberedBatch[],
  start: number,
): readonly DecodedRecord[] => {
  const newest = new Map<string, DecodedRecord>();
  for (const { bytes } of appended)
    for (const record of decodeBatch(bytes).records) {
      if (record.offset < start || record.key === null) continue;
      newest.delete(String(record.key));
      newest.set(String(record.key), record);
    }
  return [...newest.values()].filter(({ value }) => value !== null);
};
