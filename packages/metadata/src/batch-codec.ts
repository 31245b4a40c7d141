import { Failure, assert } from '@kafkaesque/kernel';
import type { MetadataRecord as StoredRecord } from '@kafkaesque/protocol';
import { decodeMetadataRecord, encodeMetadataRecord } from '@kafkaesque/protocol';
import type { MetadataRecord } from './records';
import { appliedKinds } from './records';

const LENGTH_BYTES = 4;

const applied: ReadonlySet<string> = new Set(appliedKinds);

const isApplied = (record: StoredRecord): record is MetadataRecord => applied.has(record.kind);

/** A batch as one entry of the replicated log: each record in Kafka's form, behind its length as a u32. */
export const encodeRecords = (records: readonly MetadataRecord[]): Buffer => {
  const parts: Buffer[] = [];
  for (const record of records) {
    const bytes = encodeMetadataRecord(record);
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(bytes.length);
    parts.push(length, bytes);
  }
  return Buffer.concat(parts);
};

/**
 * Reads a batch back. Throws a `DecodeError` for malformed records, and a Failure `UNKNOWN_METADATA` for a kind that
 * this release does not apply: a node must not skip facts that it does not understand.
 */
export const decodeRecords = (bytes: Buffer): readonly MetadataRecord[] => {
  const records: MetadataRecord[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + LENGTH_BYTES + bytes.readUInt32BE(at);
    assert(end <= bytes.length, 'a batch whose checksum held has all its records');
    const record = decodeMetadataRecord(bytes.subarray(at + LENGTH_BYTES, end));
    if (!isApplied(record))
      throw new Failure(
        'UNKNOWN_METADATA',
        `The metadata holds a ${record.kind}, which this release does not know how to apply. Start the release that wrote it.`,
      );
    records.push(record);
    at = end;
  }
  return records;
};
