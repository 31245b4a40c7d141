import type { Message } from '../schema/message';
import {
  ShareGroupCurrentMemberAssignmentKey,
  ShareGroupCurrentMemberAssignmentValue,
  ShareGroupMemberMetadataKey,
  ShareGroupMemberMetadataValue,
  ShareGroupMetadataKey,
  ShareGroupMetadataValue,
  ShareGroupStatePartitionMetadataKey,
  ShareGroupStatePartitionMetadataValue,
  ShareGroupTargetAssignmentMemberKey,
  ShareGroupTargetAssignmentMemberValue,
  ShareGroupTargetAssignmentMetadataKey,
  ShareGroupTargetAssignmentMetadataValue,
} from './groups/share-records';
import {
  StreamsGroupCurrentMemberAssignmentKey,
  StreamsGroupCurrentMemberAssignmentValue,
  StreamsGroupMemberMetadataKey,
  StreamsGroupMemberMetadataValue,
  StreamsGroupMetadataKey,
  StreamsGroupMetadataValue,
  StreamsGroupTargetAssignmentMemberKey,
  StreamsGroupTargetAssignmentMemberValue,
  StreamsGroupTargetAssignmentMetadataKey,
  StreamsGroupTargetAssignmentMetadataValue,
  StreamsGroupTopologyKey,
  StreamsGroupTopologyValue,
} from './groups/streams-records';

/**
 * The records of `__consumer_offsets` that are no matter of groups of consumers, by Kafka's name: those of share groups and
 * of streams groups. No coordinator here reads them; whoever prints what stands in the topic does.
 */
export const foreignGroupRecords = {
  ShareGroupMemberMetadata: {
    type: 10,
    key: ShareGroupMemberMetadataKey,
    value: ShareGroupMemberMetadataValue,
  },
  ShareGroupMetadata: { type: 11, key: ShareGroupMetadataKey, value: ShareGroupMetadataValue },
  ShareGroupTargetAssignmentMetadata: {
    type: 12,
    key: ShareGroupTargetAssignmentMetadataKey,
    value: ShareGroupTargetAssignmentMetadataValue,
  },
  ShareGroupTargetAssignmentMember: {
    type: 13,
    key: ShareGroupTargetAssignmentMemberKey,
    value: ShareGroupTargetAssignmentMemberValue,
  },
  ShareGroupCurrentMemberAssignment: {
    type: 14,
    key: ShareGroupCurrentMemberAssignmentKey,
    value: ShareGroupCurrentMemberAssignmentValue,
  },
  ShareGroupStatePartitionMetadata: {
    type: 15,
    key: ShareGroupStatePartitionMetadataKey,
    value: ShareGroupStatePartitionMetadataValue,
  },
  StreamsGroupMetadata: { type: 17, key: StreamsGroupMetadataKey, value: StreamsGroupMetadataValue },
  StreamsGroupMemberMetadata: {
    type: 19,
    key: StreamsGroupMemberMetadataKey,
    value: StreamsGroupMemberMetadataValue,
  },
  StreamsGroupTargetAssignmentMetadata: {
    type: 20,
    key: StreamsGroupTargetAssignmentMetadataKey,
    value: StreamsGroupTargetAssignmentMetadataValue,
  },
  StreamsGroupTargetAssignmentMember: {
    type: 21,
    key: StreamsGroupTargetAssignmentMemberKey,
    value: StreamsGroupTargetAssignmentMemberValue,
  },
  StreamsGroupCurrentMemberAssignment: {
    type: 22,
    key: StreamsGroupCurrentMemberAssignmentKey,
    value: StreamsGroupCurrentMemberAssignmentValue,
  },
  StreamsGroupTopology: { type: 23, key: StreamsGroupTopologyKey, value: StreamsGroupTopologyValue },
} as const satisfies Readonly<
  Record<string, { readonly type: number; readonly key: Message; readonly value: Message }>
>;
