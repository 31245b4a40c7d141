import type { Message } from '../schema/message';
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
  OffsetCommit: { type: 1, key: OffsetCommitKey, value: OffsetCommitValue, writeVersion: 3 },
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
