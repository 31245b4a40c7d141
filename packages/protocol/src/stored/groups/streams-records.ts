import { array, int16, int32, int8, string, struct, uint16, wideInt64 } from '../../schema/field';
import { message, type Infer } from '../../schema/message';

/** A streams group (KIP-1071). */
export const StreamsGroupMetadataKey = message({
  name: 'StreamsGroupMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: { groupId: string },
});
export type StreamsGroupMetadataKey = Infer<typeof StreamsGroupMetadataKey>;

/** The group epoch, and what it was last assigned by: the hash of its topics, the topology, the configuration. */
export const StreamsGroupMetadataValue = message({
  name: 'StreamsGroupMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: int32,
    metadataHash: wideInt64,
    validatedTopologyEpoch: int32.tagged(0).default(-1),
    lastAssignmentConfigs: array({
      key: string,
      value: string,
    })
      .nullable()
      .tagged(1),
  },
});
export type StreamsGroupMetadataValue = Infer<typeof StreamsGroupMetadataValue>;

/** What a member said of itself. */
export const StreamsGroupMemberMetadataKey = message({
  name: 'StreamsGroupMemberMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: { groupId: string, memberId: string },
});
export type StreamsGroupMemberMetadataKey = Infer<typeof StreamsGroupMemberMetadataKey>;

/** `userEndpoint`: where it answers queries; `processId`: which members share one process and its state. */
export const StreamsGroupMemberMetadataValue = message({
  name: 'StreamsGroupMemberMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    instanceId: string.nullable(),
    rackId: string.nullable(),
    clientId: string,
    clientHost: string,
    rebalanceTimeoutMs: int32.default(-1),
    topologyEpoch: int32,
    processId: string,
    userEndpoint: struct({
      host: string,
      port: uint16,
    })
      .nullable()
      .default(null),
    clientTags: array({
      key: string,
      value: string,
    }),
  },
});
export type StreamsGroupMemberMetadataValue = Infer<typeof StreamsGroupMemberMetadataValue>;

/** The epoch of the group that the target assignment was computed for. */
export const StreamsGroupTargetAssignmentMetadataKey = message({
  name: 'StreamsGroupTargetAssignmentMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: { groupId: string },
});
export type StreamsGroupTargetAssignmentMetadataKey = Infer<typeof StreamsGroupTargetAssignmentMetadataKey>;

export const StreamsGroupTargetAssignmentMetadataValue = message({
  name: 'StreamsGroupTargetAssignmentMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    assignmentEpoch: int32,
    assignmentTimestamp: wideInt64.tagged(0).ignorable(),
  },
});
export type StreamsGroupTargetAssignmentMetadataValue = Infer<
  typeof StreamsGroupTargetAssignmentMetadataValue
>;

/** Which tasks one member is to have. */
export const StreamsGroupTargetAssignmentMemberKey = message({
  name: 'StreamsGroupTargetAssignmentMemberKey',
  versions: '0',
  flexible: 'none',
  fields: { groupId: string, memberId: string },
});
export type StreamsGroupTargetAssignmentMemberKey = Infer<typeof StreamsGroupTargetAssignmentMemberKey>;

const TaskIds = struct({
  subtopologyId: string,
  partitions: array(int32),
});

export const StreamsGroupTargetAssignmentMemberValue = message({
  name: 'StreamsGroupTargetAssignmentMemberValue',
  versions: '0',
  flexible: '0+',
  fields: {
    activeTasks: array(TaskIds),
    standbyTasks: array(TaskIds),
    warmupTasks: array(TaskIds),
  },
});
export type StreamsGroupTargetAssignmentMemberValue = Infer<typeof StreamsGroupTargetAssignmentMemberValue>;

/** Which tasks one member has, and in which epoch. */
export const StreamsGroupCurrentMemberAssignmentKey = message({
  name: 'StreamsGroupCurrentMemberAssignmentKey',
  versions: '0',
  flexible: 'none',
  fields: { groupId: string, memberId: string },
});
export type StreamsGroupCurrentMemberAssignmentKey = Infer<typeof StreamsGroupCurrentMemberAssignmentKey>;

/** `assignmentEpochs`: of active tasks only, one for each partition. */
const HeldTasks = struct({
  subtopologyId: string,
  partitions: array(int32),
  assignmentEpochs: array(int32).nullable().tagged(0),
});

export const StreamsGroupCurrentMemberAssignmentValue = message({
  name: 'StreamsGroupCurrentMemberAssignmentValue',
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: int32,
    previousMemberEpoch: int32,
    state: int8,
    activeTasks: array(HeldTasks),
    standbyTasks: array(HeldTasks),
    warmupTasks: array(HeldTasks),
    activeTasksPendingRevocation: array(HeldTasks),
    standbyTasksPendingRevocation: array(HeldTasks),
    warmupTasksPendingRevocation: array(HeldTasks),
  },
});
export type StreamsGroupCurrentMemberAssignmentValue = Infer<typeof StreamsGroupCurrentMemberAssignmentValue>;

/** What the group computes. */
export const StreamsGroupTopologyKey = message({
  name: 'StreamsGroupTopologyKey',
  versions: '0',
  flexible: 'none',
  fields: { groupId: string },
});
export type StreamsGroupTopologyKey = Infer<typeof StreamsGroupTopologyKey>;

/** Zero partitions, or a replication factor of zero: the broker chooses. */
const TopicInfo = struct({
  name: string,
  partitions: int32,
  replicationFactor: int16,
  topicConfigs: array({
    key: string,
    value: string,
  }),
});

/** Copartition groups name topics by their place in the lists of their subtopology. */
export const StreamsGroupTopologyValue = message({
  name: 'StreamsGroupTopologyValue',
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: int32,
    subtopologies: array({
      subtopologyId: string,
      sourceTopics: array(string),
      sourceTopicRegex: array(string),
      stateChangelogTopics: array(TopicInfo),
      repartitionSinkTopics: array(string),
      repartitionSourceTopics: array(TopicInfo),
      copartitionGroups: array({
        sourceTopics: array(int16),
        sourceTopicRegex: array(int16),
        repartitionSourceTopics: array(int16),
      }),
    }),
  },
});
export type StreamsGroupTopologyValue = Infer<typeof StreamsGroupTopologyValue>;
