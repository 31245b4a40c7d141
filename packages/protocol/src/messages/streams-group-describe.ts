import type { Offset } from '@kafkaesque/kernel';
import { array, bool, int16, int32, int64, string, struct, uint16 } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Streams groups (KIP-1071). */
export const StreamsGroupDescribeRequest = message({
  name: 'StreamsGroupDescribeRequest',
  versions: '0',
  flexible: '0+',
  fields: {
    groupIds: array(string),
    includeAuthorizedOperations: bool,
  },
});
export type StreamsGroupDescribeRequest = Infer<typeof StreamsGroupDescribeRequest>;

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

const Endpoint = struct({
  host: string,
  port: uint16,
});

const TaskOffset = struct({
  subtopologyId: string,
  partition: int32,
  offset: int64.as<Offset>(),
});

const TaskIds = struct({
  subtopologyId: string,
  partitions: array(int32),
});

const Assignment = struct({
  activeTasks: array(TaskIds),
  standbyTasks: array(TaskIds),
  warmupTasks: array(TaskIds),
});

export const StreamsGroupDescribeResponse = message({
  name: 'StreamsGroupDescribeResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    groups: array({
      errorCode: int16,
      errorMessage: string.nullable().default(null),
      groupId: string,
      groupState: string,
      groupEpoch: int32,
      assignmentEpoch: int32,
      topology: struct({
        epoch: int32,
        subtopologies: array({
          subtopologyId: string,
          sourceTopics: array(string),
          repartitionSinkTopics: array(string),
          stateChangelogTopics: array(TopicInfo),
          repartitionSourceTopics: array(TopicInfo),
        })
          .nullable()
          .default(null),
      })
        .nullable()
        .default(null),
      members: array({
        memberId: string,
        memberEpoch: int32,
        instanceId: string.nullable().default(null),
        rackId: string.nullable().default(null),
        clientId: string,
        clientHost: string,
        topologyEpoch: int32,
        processId: string,
        userEndpoint: Endpoint.nullable().default(null),
        clientTags: array(KeyValue),
        taskOffsets: array(TaskOffset),
        taskEndOffsets: array(TaskOffset),
        assignment: Assignment,
        targetAssignment: Assignment,
        isClassic: bool,
      }),
      authorizedOperations: int32.default(-2147483648),
    }),
  },
});
export type StreamsGroupDescribeResponse = Infer<typeof StreamsGroupDescribeResponse>;
