import type { Message } from '../schema/message';
import { writer } from '../schema/write';
import { GroupMetadataKey, GroupMetadataValue } from './groups/classic-records';
import {
  ConsumerGroupCurrentMemberAssignmentKey,
  ConsumerGroupCurrentMemberAssignmentValue,
  ConsumerGroupMemberMetadataKey,
  ConsumerGroupMemberMetadataValue,
  ConsumerGroupMetadataKey,
  ConsumerGroupMetadataValue,
  ConsumerGroupPartitionMetadataKey,
  ConsumerGroupPartitionMetadataValue,
  ConsumerGroupRegularExpressionKey,
  ConsumerGroupRegularExpressionValue,
  ConsumerGroupTargetAssignmentMemberKey,
  ConsumerGroupTargetAssignmentMemberValue,
  ConsumerGroupTargetAssignmentMetadataKey,
  ConsumerGroupTargetAssignmentMetadataValue,
} from './groups/consumer-records';
import { OffsetCommitKey, OffsetCommitValue } from './groups/offset-records';

/**
 * Every record of `__consumer_offsets` that this project reads, by Kafka's name. A key begins with its type as an int16,
 * a value with its version as an int16; a null value deletes. `writeVersion`: the version of values that Kafka 4.3
 * writes.
 */
export const groupRecords = {
  OffsetCommit: { type: 1, key: OffsetCommitKey, value: OffsetCommitValue, writeVersion: 4 },
  GroupMetadata: { type: 2, key: GroupMetadataKey, value: GroupMetadataValue, writeVersion: 3 },
  ConsumerGroupMetadata: {
    type: 3,
    key: ConsumerGroupMetadataKey,
    value: ConsumerGroupMetadataValue,
    writeVersion: 0,
  },
  ConsumerGroupPartitionMetadata: {
    type: 4,
    key: ConsumerGroupPartitionMetadataKey,
    value: ConsumerGroupPartitionMetadataValue,
    writeVersion: 0,
  },
  ConsumerGroupMemberMetadata: {
    type: 5,
    key: ConsumerGroupMemberMetadataKey,
    value: ConsumerGroupMemberMetadataValue,
    writeVersion: 0,
  },
  ConsumerGroupTargetAssignmentMetadata: {
    type: 6,
    key: ConsumerGroupTargetAssignmentMetadataKey,
    value: ConsumerGroupTargetAssignmentMetadataValue,
    writeVersion: 0,
  },
  ConsumerGroupTargetAssignmentMember: {
    type: 7,
    key: ConsumerGroupTargetAssignmentMemberKey,
    value: ConsumerGroupTargetAssignmentMemberValue,
    writeVersion: 0,
  },
  ConsumerGroupCurrentMemberAssignment: {
    type: 8,
    key: ConsumerGroupCurrentMemberAssignmentKey,
    value: ConsumerGroupCurrentMemberAssignmentValue,
    writeVersion: 0,
  },
  ConsumerGroupRegularExpression: {
    type: 16,
    key: ConsumerGroupRegularExpressionKey,
    value: ConsumerGroupRegularExpressionValue,
    writeVersion: 0,
  },
} as const satisfies Readonly<
  Record<
    string,
    { readonly type: number; readonly key: Message; readonly value: Message; readonly writeVersion: number }
  >
>;

type Table = typeof groupRecords;

/** Kafka's name of a record of `__consumer_offsets`. */
export type GroupRecordKind = keyof Table;

/** One record: what it is about, and what it says; null: forget it. Values may leave out what has a default. */
export type GroupRecord = {
  readonly [Kind in GroupRecordKind]: {
    readonly kind: Kind;
    readonly key: Table[Kind]['key']['Value'];
    readonly value: Table[Kind]['value']['Value'] | null;
  };
}[GroupRecordKind];

/** A record of `__consumer_offsets` as bytes; a null value is a tombstone. */
export interface StoredGroupRecord {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

interface Entry {
  readonly kind: GroupRecordKind;
  readonly key: Message;
  readonly value: Message;
}

/** By type of the key. Type 0 is what Kafka before 0.9 called an offset commit; its fields are the same. */
const byType: readonly (Entry | undefined)[] = (() => {
  const found: (Entry | undefined)[] = [];
  for (const [kind, { type, key, value }] of Object.entries(groupRecords))
    found[type] = { kind: kind as GroupRecordKind, key, value };
  found[0] = found[1];
  return found;
})();

const PREFIX_BYTES = 2;

/** Key and value as Kafka stores them; a value has the version that Kafka 4.3 writes. */
export const encodeGroupRecord = (record: GroupRecord): StoredGroupRecord => {
  const { type, key, value } = groupRecords[record.kind];
  const writeVersion = writeVersionOf(record);
  // Of keys there is one version, named by their type.
  return {
    key: prefixed(type, key, 0, record.key),
    value: record.value === null ? null : prefixed(writeVersion, value, writeVersion, record.value),
  };
};

/** Only v1 has room for when an offset expires, which clients before 2.1 told. */
const writeVersionOf = (record: GroupRecord): number =>
  record.kind === 'OffsetCommit' && record.value !== null && record.value.expireTimestamp !== -1
    ? 1
    : groupRecords[record.kind].writeVersion;

const prefixed = (prefix: number, message: Message, version: number, content: unknown): Buffer => {
  const encode = message.encoder(version);
  writer.begin('copy');
  writer.at = writer.reserve(0, PREFIX_BYTES).writeInt16BE(prefix, 0);
  encode(content, writer);
  return writer.finishOne();
};

/**
 * Reads what `encodeGroupRecord` or Kafka wrote. Undefined: a type of key, or a version of a value, that only others know: share and streams
 * groups, a newer Kafka. Throws a `DecodeError` for bytes that are malformed.
 */
export const decodeGroupRecord = (key: Buffer, value: Buffer | null): GroupRecord | undefined => {
  if (key.length < PREFIX_BYTES) return undefined;
  const entry = byType[key.readInt16BE(0)];
  if (entry === undefined) return undefined;
  let content: unknown = null;
  if (value !== null) {
    const version = value.length < PREFIX_BYTES ? -1 : value.readInt16BE(0);
    if (version < entry.value.versions.min || version > entry.value.versions.max) return undefined;
    content = entry.value.decode(value, version, PREFIX_BYTES);
  }
  return { kind: entry.kind, key: entry.key.decode(key, 0, PREFIX_BYTES), value: content } as GroupRecord;
};
