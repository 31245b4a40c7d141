import type { BrokerId, LeaderEpoch, TopicId } from '@kafkaesque/kernel';
import { array, bool, int16, int32, string, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * v0 an empty list means all topics · v1 null does · v4 auto-creation by choice · v5 offline replicas · v7 leader epoch ·
 * v8 authorized operations · v9 flexible · v10 topic ids · v11 authorized operations of the cluster move to DescribeCluster ·
 * v12 asking by id works · v13 top-level error (KIP-1102).
 */
export const MetadataRequest = message({
  name: 'MetadataRequest',
  versions: '0-13',
  flexible: '9+',
  fields: {
    topics: array({
      topicId: uuid.versions('10+').ignorable().as<TopicId>(),
      name: string.nullable('10+'),
    }).nullable('1+'),
    allowAutoTopicCreation: bool.versions('4+').default(true),
    includeClusterAuthorizedOperations: bool.versions('8-10'),
    includeTopicAuthorizedOperations: bool.versions('8+'),
  },
});
export type MetadataRequest = Infer<typeof MetadataRequest>;

export const MetadataResponse = message({
  name: 'MetadataResponse',
  versions: '0-13',
  flexible: '9+',
  fields: {
    throttleTimeMs: int32.versions('3+').ignorable(),
    brokers: array({
      nodeId: int32.as<BrokerId>(),
      host: string,
      port: int32,
      rack: string.versions('1+').nullable().default(null).ignorable(),
    }),
    clusterId: string.versions('2+').nullable().default(null).ignorable(),
    controllerId: int32.versions('1+').default(-1).ignorable().as<BrokerId>(),
    topics: array({
      errorCode: int16,
      name: string.nullable('12+'),
      topicId: uuid.versions('10+').ignorable().as<TopicId>(),
      isInternal: bool.versions('1+').default(false).ignorable(),
      partitions: array({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32.as<BrokerId>(),
        leaderEpoch: int32.versions('7+').default(-1).ignorable().as<LeaderEpoch>(),
        replicaNodes: array(int32.as<BrokerId>()),
        isrNodes: array(int32.as<BrokerId>()),
        offlineReplicas: array(int32.as<BrokerId>()).versions('5+').ignorable(),
      }),
      topicAuthorizedOperations: int32.versions('8+').default(-2147483648),
    }),
    clusterAuthorizedOperations: int32.versions('8-10').default(-2147483648),
    errorCode: int16.versions('13+').ignorable(),
  },
});
export type MetadataResponse = Infer<typeof MetadataResponse>;
