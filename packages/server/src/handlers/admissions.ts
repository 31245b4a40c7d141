import type { AuthorizationNeed, Operation, QuotaClass, ResourceType } from './handler';
import type { Admissions } from './table';

const each = (...operations: readonly `${Operation} ${ResourceType}`[]): AuthorizationNeed => ({
  kind: 'each',
  operations,
});
const admission = (authorization: AuthorizationNeed, quota: QuotaClass) => ({ authorization, quota });

/** What each API needs permission for (RELIABILITY section 6.3 lists where Kafka asks), and its quota. */
export const admissions = {
  Produce: admission(each('WRITE TOPIC', 'WRITE TRANSACTIONAL_ID'), 'produce'),
  Fetch: admission(each('READ TOPIC'), 'fetch'),
  ListOffsets: admission(each('DESCRIBE TOPIC'), 'request'),
  Metadata: admission(each('DESCRIBE TOPIC', 'CREATE TOPIC', 'CREATE CLUSTER'), 'request'),
  ApiVersions: admission({ kind: 'open' }, 'request'),
  CreateTopics: admission(
    each('CREATE CLUSTER', 'CREATE TOPIC', 'DESCRIBE_CONFIGS TOPIC'),
    'controller-mutation',
  ),
  DeleteTopics: admission(each('DELETE TOPIC', 'DESCRIBE TOPIC'), 'controller-mutation'),
  DeleteRecords: admission(each('DELETE TOPIC'), 'request'),
  CreatePartitions: admission(each('ALTER TOPIC'), 'controller-mutation'),
  InitProducerId: admission(
    each('WRITE TRANSACTIONAL_ID', 'IDEMPOTENT_WRITE CLUSTER', 'WRITE TOPIC'),
    'request',
  ),
  OffsetForLeaderEpoch: admission(each('DESCRIBE TOPIC', 'CLUSTER_ACTION CLUSTER'), 'request'),
  FindCoordinator: admission(each('DESCRIBE GROUP', 'DESCRIBE TRANSACTIONAL_ID'), 'request'),
  DescribeConfigs: admission(
    each('DESCRIBE_CONFIGS TOPIC', 'DESCRIBE_CONFIGS CLUSTER', 'DESCRIBE_CONFIGS GROUP'),
    'request',
  ),
  AlterConfigs: admission(
    each('ALTER_CONFIGS TOPIC', 'ALTER_CONFIGS CLUSTER', 'ALTER_CONFIGS GROUP'),
    'request',
  ),
  AlterReplicaLogDirs: admission(each('ALTER CLUSTER'), 'request'),
  DescribeLogDirs: admission(each('DESCRIBE CLUSTER'), 'request'),
  IncrementalAlterConfigs: admission(
    each('ALTER_CONFIGS TOPIC', 'ALTER_CONFIGS CLUSTER', 'ALTER_CONFIGS GROUP'),
    'request',
  ),
  DescribeCluster: admission(each('DESCRIBE CLUSTER'), 'request'),
  DescribeProducers: admission(each('READ TOPIC'), 'request'),
  ListConfigResources: admission(each('DESCRIBE_CONFIGS CLUSTER'), 'request'),
  DescribeTopicPartitions: admission(each('DESCRIBE TOPIC'), 'request'),
  ElectLeaders: admission(each('ALTER CLUSTER'), 'request'),
  AlterPartitionReassignments: admission(each('ALTER CLUSTER'), 'request'),
  ListPartitionReassignments: admission(each('DESCRIBE CLUSTER'), 'request'),
  DescribeQuorum: admission(each('DESCRIBE CLUSTER'), 'request'),
  AddRaftVoter: admission(each('ALTER CLUSTER'), 'request'),
  RemoveRaftVoter: admission(each('ALTER CLUSTER'), 'request'),
  UpdateRaftVoter: admission(each('CLUSTER_ACTION CLUSTER'), 'request'),
  UpdateFeatures: admission(each('ALTER CLUSTER'), 'request'),
  JoinGroup: admission(each('READ GROUP'), 'request'),
  SyncGroup: admission(each('READ GROUP'), 'request'),
  Heartbeat: admission(each('READ GROUP'), 'request'),
  LeaveGroup: admission(each('READ GROUP'), 'request'),
  OffsetCommit: admission(each('READ GROUP', 'READ TOPIC'), 'request'),
  OffsetFetch: admission(each('DESCRIBE GROUP', 'DESCRIBE TOPIC'), 'request'),
  OffsetDelete: admission(each('DELETE GROUP', 'READ TOPIC'), 'request'),
  DescribeGroups: admission(each('DESCRIBE GROUP'), 'request'),
  ListGroups: admission(each('DESCRIBE CLUSTER', 'DESCRIBE GROUP'), 'request'),
  DeleteGroups: admission(each('DELETE GROUP'), 'request'),
  ConsumerGroupHeartbeat: admission(each('READ GROUP', 'DESCRIBE TOPIC'), 'request'),
  ConsumerGroupDescribe: admission(each('DESCRIBE GROUP', 'DESCRIBE TOPIC'), 'request'),
  UnregisterBroker: admission(each('ALTER CLUSTER'), 'request'),
} as const satisfies Admissions;
