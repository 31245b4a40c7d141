export type {
  BrokerRegistrationChangeRecord,
  ConfigRecord,
  Endpoint,
  FeatureLevelRecord,
  MetadataRecord,
  PartitionChangeRecord,
  PartitionRecord,
  ProducerIdsRecord,
  RegisterBrokerRecord,
  RegisterControllerRecord,
  RemoveTopicRecord,
  SupportedFeature,
  TopicRecord,
  UnregisterBrokerRecord,
} from './records';
export { emptyMap } from './image/persistent-map';
export type { PersistentMap } from './image/persistent-map';
export { emptyVector, vectorOf } from './image/persistent-vector';
export type { PersistentVector } from './image/persistent-vector';
export type { PartitionSet } from './image/partition-set';
export type { HeldReplicas, ReplicaIndex } from './image/replica-index';
export type { StateSum } from './image/state-hash';
export type {
  BrokerImage,
  ConfigOverrides,
  ConfigResource,
  ConfigResourceType,
  ControllerImage,
  MetadataImage,
  PartitionImage,
  TopicImage,
} from './image/metadata-image';
export {
  NO_BROKER_EPOCH,
  aliveBrokers,
  brokerById,
  configKey,
  configOverrides,
  emptyImage,
  featureLevel,
  heldReplicas,
  isActive,
  isConfigResourceType,
  partitionOf,
  partitionsHeldBy,
  registeredBrokers,
  registeredControllers,
  stateHash,
  isRemovedTopic,
  topicById,
  topicByName,
  topicNames,
} from './image/lookups';
export { listPartitionReassignments } from './image/reassignments';
export type { TopicReassignments } from './image/reassignments';
export type { BrokerAddress } from './image/lookups';
export type {
  BrokerChange,
  ConfigChange,
  ControllerChange,
  MetadataDelta,
  PartitionChange,
  TopicChange,
} from './delta/metadata-delta';
export { alteredList } from './decide/incremental-alter-configs';
export { MAX_BATCH_BYTES } from './quorum';
export type {
  CommittedBatch,
  Leadership,
  Proposal,
  ProposalOutcome,
  Quorum,
  QuorumListener,
  SnapshotSink,
  StateSnapshot,
} from './quorum';
export type {
  AllocateProducerIdsCommand,
  AlterPartitionAnswer,
  AlterPartitionCommand,
  AlterPartitionReassignmentsAnswer,
  AlterPartitionReassignmentsCommand,
  AlteredPartition,
  AssignReplicasToDirsAnswer,
  AssignReplicasToDirsCommand,
  AlterConfigsCommand,
  AlterConfigsResult,
  BalanceLeadersCommand,
  BeginControlledShutdownCommand,
  BootstrapCommand,
  CheckStateCommand,
  BrokerHeartbeatAnswer,
  BrokerHeartbeatCommand,
  Command,
  CommandError,
  CommandResponses,
  ConfigOperation,
  ConfigView,
  CreatableTopic,
  CreatePartitionsCommand,
  CreatePartitionsResult,
  CreateTopicResult,
  CreateTopicsCommand,
  DeleteTopicResult,
  DeleteTopicsCommand,
  EffectiveConfig,
  ElectLeadersAnswer,
  ElectLeadersCommand,
  ElectUncleanLeadersCommand,
  ElectionsAnswer,
  FenceBrokerCommand,
  HeartbeatStanding,
  IncrementalAlterConfigsCommand,
  PartitionToAlter,
  RegisterBrokerCommand,
  RegisterControllerCommand,
  RenewLeadershipCommand,
  ReplicationConfigs,
  TopicToDelete,
  UnfenceBrokerCommand,
  UnregisterBrokerCommand,
  UpdateFeaturesCommand,
} from './decide/commands';
export type { ControllerSettings, Decision, DecisionContext } from './decide/decision';
export type { QuorumView } from './decide/quorum-view';
export type { ConfigChangeRequest, NewTopicRequest, Policies } from './decide/policies';
export { BrokerSessions } from './sessions/broker-sessions';
export type { BrokerSessionsOptions } from './sessions/broker-sessions';
export type { Dial, DialReason, FenceReason, SessionEffect, SessionInput } from './sessions/session-inputs';
export { createController } from './controller';
export type { Controller } from './controller';
export { newTopicId } from './decide/topic-ids';
export { PRODUCER_ID_BLOCK_SIZE } from './decide/allocate-producer-ids';
export { placeStriped } from './placement/striped';
export type { Placement, PlacementBroker } from './placement/striped';
export { applyRecords } from './delta/apply-records';
export { recordsOfImage, snapshotChunks } from './image/snapshot-records';
export { invalidTopicName } from './image/topic-name';
export {
  LOST_DIRECTORY,
  MIGRATING_DIRECTORY,
  UNASSIGNED_DIRECTORY,
  isReservedDirectory,
} from './image/directory-id';
export { KRAFT_VERSION, registeredFeatures, supportedFeature, supportedFeatures } from './features';
export { decodeRecords, encodeRecords } from './batch-codec';
