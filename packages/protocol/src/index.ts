export { ErrorCode, errorName, errorOf, errors } from './errors';
export type { ErrorName, KafkaError } from './errors';
export {
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_OVERHEAD,
  CURRENT_MAGIC,
  NO_SEQUENCE,
  attributesOf,
  baseOffsetOf,
  baseSequenceOf,
  baseTimestampOf,
  batchSizeBytes,
  codecIdOf,
  codecOf,
  computeCrc,
  crcOf,
  hasDeleteHorizon,
  isControl,
  isTransactional,
  lastOffsetDeltaOf,
  lastOffsetOf,
  lastSequenceOf,
  leaderEpochOf,
  magicOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
  readBatchHeader,
  recordCountOf,
  sequenceAfter,
  setBaseOffset,
  setLeaderEpoch,
  setMaxTimestampAndType,
  setProducer,
  timestampTypeOf,
} from './batches/batch-header';
export type { BatchHeader, TimestampType } from './batches/batch-header';
export { codecId, codecOfId, codecs } from './batches/compression/codec';
export type { Codec } from './batches/compression/codec';
export { compress, decompress, initialiseCodecs } from './batches/compression/compression';
export { controlTypeOf, encodeTransactionMarker } from './batches/control-record';
export type { ControlType } from './batches/control-record';
export { crc32c } from './batches/crc32c';
export { decodeBatch, recordsOf } from './batches/decode-batch';
export type { DecodeOptions, DecodedBatch } from './batches/decode-batch';
export { encodeBatch, openBatchBuilder, recordSizeBound } from './batches/encode-batch';
export type { BatchBuilder, BatchBuilderOptions, BatchDraft } from './batches/encode-batch';
export { filterBatch, visitKeys } from './batches/filter-batch';
export type { FilterOptions, FilteredBatch, KeyedRecord } from './batches/filter-batch';
export { murmur2, partitionOfKey } from './batches/murmur2';
export type { DecodedRecord, RecordDraft, RecordHeader } from './batches/record';
export { recompressBatch } from './batches/recompress-batch';
export { splitBatches } from './batches/split-batches';
export type { SplitBatches } from './batches/split-batches';
export { MAX_RECORDS_PER_BATCH, validateBatch, validateProduceRecords } from './batches/validate-batch';
export type {
  AppendOrigin,
  BatchFlaw,
  BatchValidation,
  InvalidBatch,
  RecordError,
  ValidBatch,
  ValidateOptions,
} from './batches/validate-batch';
export { apiByKey, apis } from './apis';
export type {
  Api,
  ApiName,
  ListenerKind,
  RequestDraftOf,
  RequestOf,
  ResponseDraftOf,
  ResponseOf,
} from './apis';
export { decodeResponse, encodeRequestFrame, encodeResponseFrame, readRequestHeader } from './frames';
export type { RequestFrame } from './frames';
export type { DecodeError } from './schema/failures';
export type { Draft, Infer, Message } from './schema/message';
export type { Fields, WireType } from './schema/field';
export type { VersionRange } from './schema/version-range';
export { AddOffsetsToTxnRequest, AddOffsetsToTxnResponse } from './messages/add-offsets-to-txn';
export { AddPartitionsToTxnRequest, AddPartitionsToTxnResponse } from './messages/add-partitions-to-txn';
export { AddRaftVoterRequest, AddRaftVoterResponse } from './messages/add-raft-voter';
export { AllocateProducerIdsRequest, AllocateProducerIdsResponse } from './messages/allocate-producer-ids';
export { AlterClientQuotasRequest, AlterClientQuotasResponse } from './messages/alter-client-quotas';
export { AlterConfigsRequest, AlterConfigsResponse } from './messages/alter-configs';
export {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from './messages/alter-partition-reassignments';
export { AlterPartitionRequest, AlterPartitionResponse } from './messages/alter-partition';
export { AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse } from './messages/alter-replica-log-dirs';
export {
  AlterShareGroupOffsetsRequest,
  AlterShareGroupOffsetsResponse,
} from './messages/alter-share-group-offsets';
export {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponse,
} from './messages/alter-user-scram-credentials';
export { ApiVersionsRequest, ApiVersionsResponse } from './messages/api-versions';
export {
  AssignReplicasToDirsRequest,
  AssignReplicasToDirsResponse,
} from './messages/assign-replicas-to-dirs';
export { BeginQuorumEpochRequest, BeginQuorumEpochResponse } from './messages/begin-quorum-epoch';
export { BrokerHeartbeatRequest, BrokerHeartbeatResponse } from './messages/broker-heartbeat';
export { BrokerRegistrationRequest, BrokerRegistrationResponse } from './messages/broker-registration';
export {
  ConsumerGroupDescribeRequest,
  ConsumerGroupDescribeResponse,
} from './messages/consumer-group-describe';
export {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from './messages/consumer-group-heartbeat';
export { ConsumerProtocolSubscription, ConsumerProtocolAssignment } from './messages/consumer-protocol';
export {
  ControllerRegistrationRequest,
  ControllerRegistrationResponse,
} from './messages/controller-registration';
export { CreateAclsRequest, CreateAclsResponse } from './messages/create-acls';
export {
  CreateDelegationTokenRequest,
  CreateDelegationTokenResponse,
} from './messages/create-delegation-token';
export { CreatePartitionsRequest, CreatePartitionsResponse } from './messages/create-partitions';
export { CreateTopicsRequest, CreateTopicsResponse } from './messages/create-topics';
export { DefaultPrincipalData } from './messages/default-principal';
export { DeleteAclsRequest, DeleteAclsResponse } from './messages/delete-acls';
export { DeleteGroupsRequest, DeleteGroupsResponse } from './messages/delete-groups';
export { DeleteRecordsRequest, DeleteRecordsResponse } from './messages/delete-records';
export {
  DeleteShareGroupOffsetsRequest,
  DeleteShareGroupOffsetsResponse,
} from './messages/delete-share-group-offsets';
export {
  DeleteShareGroupStateRequest,
  DeleteShareGroupStateResponse,
} from './messages/delete-share-group-state';
export { DeleteTopicsRequest, DeleteTopicsResponse } from './messages/delete-topics';
export { DescribeAclsRequest, DescribeAclsResponse } from './messages/describe-acls';
export { DescribeClientQuotasRequest, DescribeClientQuotasResponse } from './messages/describe-client-quotas';
export { DescribeClusterRequest, DescribeClusterResponse } from './messages/describe-cluster';
export { DescribeConfigsRequest, DescribeConfigsResponse } from './messages/describe-configs';
export {
  DescribeDelegationTokenRequest,
  DescribeDelegationTokenResponse,
} from './messages/describe-delegation-token';
export { DescribeGroupsRequest, DescribeGroupsResponse } from './messages/describe-groups';
export { DescribeLogDirsRequest, DescribeLogDirsResponse } from './messages/describe-log-dirs';
export { DescribeProducersRequest, DescribeProducersResponse } from './messages/describe-producers';
export { DescribeQuorumRequest, DescribeQuorumResponse } from './messages/describe-quorum';
export {
  DescribeShareGroupOffsetsRequest,
  DescribeShareGroupOffsetsResponse,
} from './messages/describe-share-group-offsets';
export {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse,
} from './messages/describe-topic-partitions';
export { DescribeTransactionsRequest, DescribeTransactionsResponse } from './messages/describe-transactions';
export {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse,
} from './messages/describe-user-scram-credentials';
export { ElectLeadersRequest, ElectLeadersResponse } from './messages/elect-leaders';
export { EndQuorumEpochRequest, EndQuorumEpochResponse } from './messages/end-quorum-epoch';
export { EndTxnRequest, EndTxnResponse } from './messages/end-txn';
export { EnvelopeRequest, EnvelopeResponse } from './messages/envelope';
export {
  ExpireDelegationTokenRequest,
  ExpireDelegationTokenResponse,
} from './messages/expire-delegation-token';
export { FetchSnapshotRequest, FetchSnapshotResponse } from './messages/fetch-snapshot';
export { FetchRequest, FetchResponse } from './messages/fetch';
export { FindCoordinatorRequest, FindCoordinatorResponse } from './messages/find-coordinator';
export {
  GetTelemetrySubscriptionsRequest,
  GetTelemetrySubscriptionsResponse,
} from './messages/get-telemetry-subscriptions';
export { RequestHeader, ResponseHeader } from './messages/header';
export { HeartbeatRequest, HeartbeatResponse } from './messages/heartbeat';
export {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from './messages/incremental-alter-configs';
export { InitProducerIdRequest, InitProducerIdResponse } from './messages/init-producer-id';
export {
  InitializeShareGroupStateRequest,
  InitializeShareGroupStateResponse,
} from './messages/initialize-share-group-state';
export { JoinGroupRequest, JoinGroupResponse } from './messages/join-group';
export { LeaveGroupRequest, LeaveGroupResponse } from './messages/leave-group';
export { ListConfigResourcesRequest, ListConfigResourcesResponse } from './messages/list-config-resources';
export { ListGroupsRequest, ListGroupsResponse } from './messages/list-groups';
export { ListOffsetsRequest, ListOffsetsResponse } from './messages/list-offsets';
export {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from './messages/list-partition-reassignments';
export { ListTransactionsRequest, ListTransactionsResponse } from './messages/list-transactions';
export { MetadataRequest, MetadataResponse } from './messages/metadata';
export { OffsetCommitRequest, OffsetCommitResponse } from './messages/offset-commit';
export { OffsetDeleteRequest, OffsetDeleteResponse } from './messages/offset-delete';
export { OffsetFetchRequest, OffsetFetchResponse } from './messages/offset-fetch';
export {
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
} from './messages/offset-for-leader-epoch';
export { ProduceRequest, ProduceResponse } from './messages/produce';
export { PushTelemetryRequest, PushTelemetryResponse } from './messages/push-telemetry';
export {
  ReadShareGroupStateSummaryRequest,
  ReadShareGroupStateSummaryResponse,
} from './messages/read-share-group-state-summary';
export { ReadShareGroupStateRequest, ReadShareGroupStateResponse } from './messages/read-share-group-state';
export { RemoveRaftVoterRequest, RemoveRaftVoterResponse } from './messages/remove-raft-voter';
export { RenewDelegationTokenRequest, RenewDelegationTokenResponse } from './messages/renew-delegation-token';
export { SaslAuthenticateRequest, SaslAuthenticateResponse } from './messages/sasl-authenticate';
export { SaslHandshakeRequest, SaslHandshakeResponse } from './messages/sasl-handshake';
export { ShareAcknowledgeRequest, ShareAcknowledgeResponse } from './messages/share-acknowledge';
export { ShareFetchRequest, ShareFetchResponse } from './messages/share-fetch';
export { ShareGroupDescribeRequest, ShareGroupDescribeResponse } from './messages/share-group-describe';
export { ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse } from './messages/share-group-heartbeat';
export { StreamsGroupDescribeRequest, StreamsGroupDescribeResponse } from './messages/streams-group-describe';
export {
  StreamsGroupHeartbeatRequest,
  StreamsGroupHeartbeatResponse,
} from './messages/streams-group-heartbeat';
export { StickyAssignorUserData } from './messages/sticky-assignor-user-data';
export { SyncGroupRequest, SyncGroupResponse } from './messages/sync-group';
export { TxnOffsetCommitRequest, TxnOffsetCommitResponse } from './messages/txn-offset-commit';
export { UnregisterBrokerRequest, UnregisterBrokerResponse } from './messages/unregister-broker';
export { UpdateFeaturesRequest, UpdateFeaturesResponse } from './messages/update-features';
export { UpdateRaftVoterRequest, UpdateRaftVoterResponse } from './messages/update-raft-voter';
export { VoteRequest, VoteResponse } from './messages/vote';
export {
  WriteShareGroupStateRequest,
  WriteShareGroupStateResponse,
} from './messages/write-share-group-state';
export { WriteTxnMarkersRequest, WriteTxnMarkersResponse } from './messages/write-txn-markers';
export {
  ControlRecordTypeSchema,
  EndTxnMarker,
  LeaderChangeMessage,
  SnapshotHeaderRecord,
  SnapshotFooterRecord,
  KRaftVersionRecord,
  VotersRecord,
} from './stored/control-records';
export {
  NoOpRecord,
  BeginTransactionRecord,
  EndTransactionRecord,
  AbortTransactionRecord,
} from './stored/metadata/batch-records';
export {
  RegisterBrokerRecord,
  UnregisterBrokerRecord,
  BrokerRegistrationChangeRecord,
  FenceBrokerRecord,
  UnfenceBrokerRecord,
} from './stored/metadata/broker-records';
export { ConfigRecord, ClientQuotaRecord } from './stored/metadata/config-records';
export {
  RegisterControllerRecord,
  FeatureLevelRecord,
  ZkMigrationStateRecord,
} from './stored/metadata/controller-records';
export { ProvedEpochRecord } from './internal/proved-epoch-record';
export { StateHashRecord } from './internal/state-hash-record';
export { ProducerIdsRecord } from './stored/metadata/producer-ids-record';
export {
  AccessControlEntryRecord,
  RemoveAccessControlEntryRecord,
  UserScramCredentialRecord,
  RemoveUserScramCredentialRecord,
  DelegationTokenRecord,
  RemoveDelegationTokenRecord,
} from './stored/metadata/security-records';
export {
  TopicRecord,
  RemoveTopicRecord,
  PartitionRecord,
  PartitionChangeRecord,
  ClearElrRecord,
} from './stored/metadata/topic-records';
export { decodeGroupRecord, encodeGroupRecord, groupRecords } from './stored/group-record';
export type { GroupRecord, GroupRecordKind, StoredGroupRecord } from './stored/group-record';
export { OffsetCommitKey, OffsetCommitValue } from './stored/groups/offset-records';
export { GroupMetadataKey, GroupMetadataValue } from './stored/groups/classic-records';
export {
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
} from './stored/groups/consumer-records';
export { foreignGroupRecords } from './stored/foreign-group-records';
export {
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
} from './stored/groups/share-records';
export {
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
} from './stored/groups/streams-records';
export {
  TransactionLogKey,
  TransactionLogValue,
  transactionRecords,
} from './stored/transactions/transaction-records';
export { decodeMetadataRecord, encodeMetadataRecord, metadataRecords } from './stored/metadata-record';
export type { MetadataRecord, MetadataRecordDraft, MetadataRecordKind } from './stored/metadata-record';
export { decodeVoterSet, encodeVoterSet } from './stored/voter-set';
export type { Voter, VoterEndpoint, VoterSet } from './stored/voter-set';
export {
  MemberAnswer,
  MemberHello,
  MemberRequest,
  MemberWelcome,
  MetadataApplied,
  MetadataBatches,
  MetadataFollow,
  MetadataSnapshotPart,
  QuorumState,
  RENEW_LEADERSHIP_KEY,
  RenewLeadershipRequest,
  RenewLeadershipResponse,
} from './internal/member-messages';
export {
  QuorumAppend,
  QuorumAppendAnswer,
  QuorumSnapshotChunk,
  QuorumSnapshotFetch,
  QuorumSnapshotOffer,
  QuorumTimeoutNow,
  QuorumVote,
  QuorumVoteAnswer,
  ReplicaKey,
} from './internal/quorum-messages';
export {
  ReplicaAck,
  ReplicaBatches,
  ReplicaDiverging,
  ReplicaReset,
  ReplicaSubscribe,
  ReplicaUnsubscribe,
  ReplicaWatermarks,
  ReplicationOpen,
} from './internal/replication-messages';
export { decodeMemberMessage, encodeMemberMessage, memberMessages } from './internal/member-frame';
export type { MemberMessage, MemberMessageDraft, MemberMessageKind } from './internal/member-frame';
