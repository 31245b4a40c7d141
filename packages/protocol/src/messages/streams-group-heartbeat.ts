import type { Offset } from '@kafkaesque/kernel';
import { array, bool, int16, int32, int64, int8, string, struct, uint16 } from '../schema/field';
import { message, type Infer } from '../schema/message';

const KeyValue = struct({
  key: string,
  value: string,
});

const TopicInfo = struct({
  name: string,
  partitions: int32,
  replicationFactor: int16,
  topicConfigs: array(KeyValue),
});

const TaskIds = struct({
  subtopologyId: string,
  partitions: array(int32),
});

const Endpoint = struct({
  host: string,
  port: uint16,
});

const TaskOffset = struct({
  subtopologyId: string,
  partition: int32,
  offset: int64.as<Offset>(),
});

/** Streams groups (KIP-1071): members report tasks and the topology, and get tasks back. */
export const StreamsGroupHeartbeatRequest = message({
  name: 'StreamsGroupHeartbeatRequest',
  versions: '0',
  flexible: '0+',
  fields: {
    groupId: string,
    memberId: string,
    memberEpoch: int32,
    endpointInformationEpoch: int32,
    instanceId: string.nullable().default(null),
    rackId: string.nullable().default(null),
    rebalanceTimeoutMs: int32.default(-1),
    topology: struct({
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
    })
      .nullable()
      .default(null),
    activeTasks: array(TaskIds).nullable().default(null),
    standbyTasks: array(TaskIds).nullable().default(null),
    warmupTasks: array(TaskIds).nullable().default(null),
    processId: string.nullable().default(null),
    userEndpoint: Endpoint.nullable().default(null),
    clientTags: array(KeyValue).nullable().default(null),
    taskOffsets: array(TaskOffset).nullable().default(null),
    taskEndOffsets: array(TaskOffset).nullable().default(null),
    shutdownApplication: bool.default(false),
  },
});
export type StreamsGroupHeartbeatRequest = Infer<typeof StreamsGroupHeartbeatRequest>;

const Status = struct({
  statusCode: int8,
  statusDetail: string,
});

const TopicPartition = struct({
  topic: string,
  partitions: array(int32),
});

export const StreamsGroupHeartbeatResponse = message({
  name: 'StreamsGroupHeartbeatResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    memberId: string,
    memberEpoch: int32,
    heartbeatIntervalMs: int32,
    acceptableRecoveryLag: int32,
    taskOffsetIntervalMs: int32,
    status: array(Status).nullable(),
    activeTasks: array(TaskIds).nullable().default(null),
    standbyTasks: array(TaskIds).nullable().default(null),
    warmupTasks: array(TaskIds).nullable().default(null),
    endpointInformationEpoch: int32,
    partitionsByUserEndpoint: array({
      userEndpoint: Endpoint,
      activePartitions: array(TopicPartition),
      standbyPartitions: array(TopicPartition),
    })
      .nullable()
      .default(null),
  },
});
export type StreamsGroupHeartbeatResponse = Infer<typeof StreamsGroupHeartbeatResponse>;
