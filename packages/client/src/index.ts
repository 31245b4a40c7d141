export { openClient } from './client';
export { machineClock } from './timing/machine-clock';
export { machineRandom } from './timing/machine-random';
export type { Client, ClientOptions } from './client';
export { ClientError, isClientError } from './errors';
export type { ClientErrorKind, ClientErrorOptions, ErrorEffect } from './errors';
export type { ConsumerRecord, ProducerRecord, RecordHeader, RecordMetadata, TopicPartition } from './records';
export type { CompressionName, ProducerOptions } from './producer/producer-options';
export type { Producer } from './producer/producer';
export type { AssignorName, ConsumerOptions, GroupOptions } from './consumer/consumer-options';
export type {
  CloseOptions,
  Consumer,
  GroupMetadata,
  OffsetAndMetadata,
  OffsetAndTimestamp,
  OffsetOf,
  PartitionReading,
  PollOptions,
  QueryOptions,
  RebalanceListener,
  RecordContext,
  RunOptions,
  Subscription,
} from './consumer/consumer';
export type {
  AssignablePartition,
  AssignableTopic,
  Assignments,
  LastAssignment,
  PartitionAssignor,
  SubscribedMember,
} from './groups/assignors/assignor';
export type {
  ActiveProducer,
  Admin,
  CallOptions,
  ClusterDescription,
  ConfigChange,
  ConfigEntry,
  ConfigReplacement,
  ConfigResource,
  ConfigResourceType,
  CreatedTopic,
  DescribedNode,
  LogDirectoryDescription,
  NewTopic,
  Outcome,
  PartitionDescription,
  RecordsToDelete,
  ReplicaSize,
  TopicDescription,
  TopicListing,
} from './admin/admin';
export { groupStates, groupTypes } from './admin/group-admin';
export type {
  AclOperation,
  ClassicGroupDescription,
  ClassicGroupMember,
  CommittedOffset,
  ConsumerGroupDescription,
  GroupAdmin,
  GroupFilter,
  GroupListing,
  GroupMember,
  GroupOffsetsQuestion,
  GroupState,
  GroupType,
  MemberToRemove,
  OffsetToCommit,
} from './admin/group-admin';
export type {
  ElectionType,
  NewReassignment,
  PartitionAdmin,
  Reassignment,
  ReplicaKey,
  ReplicaMove,
} from './admin/partition-admin';
export type {
  ControllerEndpoint,
  FeatureChange,
  FeatureChangeKind,
  FeatureLevels,
  FeaturesDescription,
  QuorumAdmin,
  QuorumDescription,
  QuorumReplica,
  RaftVoterKey,
  VoterChangeOptions,
} from './admin/quorum-admin';
export type {
  Capabilities,
  FetchedPartition,
  FetchOptions,
  FetchStream,
  FetchTarget,
  NodeAddress,
  RequestLine,
  RequestOptions,
  Wire,
} from './wire/wire';
export type { ListedOffset, NamedOffsetSpec, OffsetSpec } from './cluster/offset-lookup';
export { KafkaWire } from './wire/kafka-wire';
export type { KafkaWireOptions } from './wire/kafka-wire';
