import type { RecordCodec } from '@kafkaesque/coordinator';
import type { GroupRecord } from '@kafkaesque/protocol';
import { decodeGroupRecord, encodeGroupRecord, groupRecords } from '@kafkaesque/protocol';

/** Members' own bytes, kept by their groups: as views they would keep whatever they were read with. */
const WITH_BYTES: ReadonlySet<number> = new Set([
  groupRecords.GroupMetadata.type,
  groupRecords.ConsumerGroupMemberMetadata.type,
]);

/** Group records as bytes; `written` is told of each that is about to be. */
export const groupCodec = (written: (record: GroupRecord) => void): RecordCodec<GroupRecord> => ({
  encode: (record) => {
    written(record);
    return encodeGroupRecord(record);
  },
  decode: (key, value) => {
    const isKept = value !== null && key.length >= 2 && WITH_BYTES.has(key.readInt16BE(0));
    return decodeGroupRecord(key, isKept ? Buffer.from(value) : value);
  },
});
