import { AddOffsetsToTxnRequest, AddOffsetsToTxnResponse } from './messages/add-offsets-to-txn';
import { AddPartitionsToTxnRequest, AddPartitionsToTxnResponse } from './messages/add-partitions-to-txn';
import { AddRaftVoterRequest, AddRaftVoterResponse } from './messages/add-raft-voter';
import { AllocateProducerIdsRequest, AllocateProducerIdsResponse } from './messages/allocate-producer-ids';
import { AlterClientQuotasRequest, AlterClientQuotasResponse } from './messages/alter-client-quotas';
import { AlterConfigsRequest, AlterConfigsResponse } from './messages/alter-configs';
import { AlterPartitionRequest, AlterPartitionResponse } from './messages/alter-partition';
import {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from './messages/alter-partition-reassignments';
import { AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse } from './messages/alter-replica-log-dirs';
import {
  AlterShareGroupOffsetsRequest,
  AlterShareGroupOffsetsResponse,
} from './messages/alter-share-group-offsets';
import {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponse,
} from './messages/alter-user-scram-credentials';
import { ApiVersionsRequest, ApiVersionsResponse } from './messages/api-versions';
import {
  AssignReplicasToDirsRequest,
  AssignReplicasToDirsResponse,
} from './messages/assign-replicas-to-dirs';
import { BeginQuorumEpochRequest, BeginQuorumEpochResponse } from './messages/begin-quorum-epoch';
import { BrokerHeartbeatRequest, BrokerHeartbeatResponse } from './messages/broker-heartbeat';
import { BrokerRegistrationRequest, BrokerRegistrationResponse } from './messages/broker-registration';
import {
  ConsumerGroupDescribeRequest,
  ConsumerGroupDescribeResponse,
} from './messages/consumer-group-describe';
import {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from './messages/consumer-group-heartbeat';
import {
  ControllerRegistrationRequest,
  ControllerRegistrationResponse,
} from './messages/controller-registration';
import { CreateAclsRequest, CreateAclsResponse } from './messages/create-acls';
import {
  CreateDelegationTokenRequest,
  CreateDelegationTokenResponse,
} from './messages/create-delegation-token';
import { CreatePartitionsRequest, CreatePartitionsResponse } from './messages/create-partitions';
import { CreateTopicsRequest, CreateTopicsResponse } from './messages/create-topics';
import { DeleteAclsRequest, DeleteAclsResponse } from './messages/delete-acls';
import { DeleteGroupsRequest, DeleteGroupsResponse } from './messages/delete-groups';
import { DeleteRecordsRequest, DeleteRecordsResponse } from './messages/delete-records';
import {
  DeleteShareGroupOffsetsRequest,
  DeleteShareGroupOffsetsResponse,
} from './messages/delete-share-group-offsets';
import {
  DeleteShareGroupStateRequest,
  DeleteShareGroupStateResponse,
} from './messages/delete-share-group-state';
import { DeleteTopicsRequest, DeleteTopicsResponse } from './messages/delete-topics';
import { DescribeAclsRequest, DescribeAclsResponse } from './messages/describe-acls';
import { DescribeClientQuotasRequest, DescribeClientQuotasResponse } from './messages/describe-client-quotas';
import { DescribeClusterRequest, DescribeClusterResponse } from './messages/describe-cluster';
import { DescribeConfigsRequest, DescribeConfigsResponse } from './messages/describe-configs';
import {
  DescribeDelegationTokenRequest,
  DescribeDelegationTokenResponse,
} from './messages/describe-delegation-token';
import { DescribeGroupsRequest, DescribeGroupsResponse } from './messages/describe-groups';
import { DescribeLogDirsRequest, DescribeLogDirsResponse } from './messages/describe-log-dirs';
import { DescribeProducersRequest, DescribeProducersResponse } from './messages/describe-producers';
import { DescribeQuorumRequest, DescribeQuorumResponse } from './messages/describe-quorum';
import {
  DescribeShareGroupOffsetsRequest,
  DescribeShareGroupOffsetsResponse,
} from './messages/describe-share-group-offsets';
import {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse,
} from './messages/describe-topic-partitions';
import { DescribeTransactionsRequest, DescribeTransactionsResponse } from './messages/describe-transactions';
import {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse,
} from './messages/describe-user-scram-credentials';
import { ElectLeadersRequest, ElectLeadersResponse } from './messages/elect-leaders';
import { EndQuorumEpochRequest, EndQuorumEpochResponse } from './messages/end-quorum-epoch';
import { EndTxnRequest, EndTxnResponse } from './messages/end-txn';
import { EnvelopeRequest, EnvelopeResponse } from './messages/envelope';
import {
  ExpireDelegationTokenRequest,
  ExpireDelegationTokenResponse,
} from './messages/expire-delegation-token';
import { FetchRequest, FetchResponse } from './messages/fetch';
import { FetchSnapshotRequest, FetchSnapshotResponse } from './messages/fetch-snapshot';
import { FindCoordinatorRequest, FindCoordinatorResponse } from './messages/find-coordinator';
import {
  GetTelemetrySubscriptionsRequest,
  GetTelemetrySubscriptionsResponse,
} from './messages/get-telemetry-subscriptions';
import { HeartbeatRequest, HeartbeatResponse } from './messages/heartbeat';
import {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from './messages/incremental-alter-configs';
import { InitProducerIdRequest, InitProducerIdResponse } from './messages/init-producer-id';
import {
  InitializeShareGroupStateRequest,
  InitializeShareGroupStateResponse,
} from './messages/initialize-share-group-state';
import { JoinGroupRequest, JoinGroupResponse } from './messages/join-group';
import { LeaveGroupRequest, LeaveGroupResponse } from './messages/leave-group';
import { ListConfigResourcesRequest, ListConfigResourcesResponse } from './messages/list-config-resources';
import { ListGroupsRequest, ListGroupsResponse } from './messages/list-groups';
import { ListOffsetsRequest, ListOffsetsResponse } from './messages/list-offsets';
import {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from './messages/list-partition-reassignments';
import { ListTransactionsRequest, ListTransactionsResponse } from './messages/list-transactions';
import { MetadataRequest, MetadataResponse } from './messages/metadata';
import { OffsetCommitRequest, OffsetCommitResponse } from './messages/offset-commit';
import { OffsetDeleteRequest, OffsetDeleteResponse } from './messages/offset-delete';
import { OffsetFetchRequest, OffsetFetchResponse } from './messages/offset-fetch';
import {
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
} from './messages/offset-for-leader-epoch';
import { ProduceRequest, ProduceResponse } from './messages/produce';
import { PushTelemetryRequest, PushTelemetryResponse } from './messages/push-telemetry';
import { ReadShareGroupStateRequest, ReadShareGroupStateResponse } from './messages/read-share-group-state';
import {
  ReadShareGroupStateSummaryRequest,
  ReadShareGroupStateSummaryResponse,
} from './messages/read-share-group-state-summary';
import { RemoveRaftVoterRequest, RemoveRaftVoterResponse } from './messages/remove-raft-voter';
import { RenewDelegationTokenRequest, RenewDelegationTokenResponse } from './messages/renew-delegation-token';
import { SaslAuthenticateRequest, SaslAuthenticateResponse } from './messages/sasl-authenticate';
import { SaslHandshakeRequest, SaslHandshakeResponse } from './messages/sasl-handshake';
import { ShareAcknowledgeRequest, ShareAcknowledgeResponse } from './messages/share-acknowledge';
import { ShareFetchRequest, ShareFetchResponse } from './messages/share-fetch';
import { ShareGroupDescribeRequest, ShareGroupDescribeResponse } from './messages/share-group-describe';
import { ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse } from './messages/share-group-heartbeat';
import { StreamsGroupDescribeRequest, StreamsGroupDescribeResponse } from './messages/streams-group-describe';
import {
  StreamsGroupHeartbeatRequest,
  StreamsGroupHeartbeatResponse,
} from './messages/streams-group-heartbeat';
import { SyncGroupRequest, SyncGroupResponse } from './messages/sync-group';
import { TxnOffsetCommitRequest, TxnOffsetCommitResponse } from './messages/txn-offset-commit';
import { UnregisterBrokerRequest, UnregisterBrokerResponse } from './messages/unregister-broker';
import { UpdateFeaturesRequest, UpdateFeaturesResponse } from './messages/update-features';
import { UpdateRaftVoterRequest, UpdateRaftVoterResponse } from './messages/update-raft-voter';
import { VoteRequest, VoteResponse } from './messages/vote';
import {
  WriteShareGroupStateRequest,
  WriteShareGroupStateResponse,
} from './messages/write-share-group-state';
import { WriteTxnMarkersRequest, WriteTxnMarkersResponse } from './messages/write-txn-markers';
import type { Message } from './schema/message';

/** On which listeners an API is answered. */
export type ListenerKind = 'broker' | 'controller';

/** One API: its key, both messages, and what a server says about it. */
export interface Api<Request extends Message = Message, Response extends Message = Message> {
  readonly key: number;
  readonly name: string;
  readonly request: Request;
  readonly response: Response;
  /** The versions that a server of Kafka 4.3.0 announces: all stable ones. */
  readonly advertised: { readonly min: number; readonly max: number };
  /** The first version that is really served; below it the connection is closed. */
  readonly minServed: number;
  /** A last version that Kafka has not promised yet: known here, never announced. */
  readonly latestUnstable: number | undefined;
  readonly listeners: readonly ListenerKind[];
}

const api = <Request extends Message, Response extends Message>(
  key: number,
  request: Request,
  response: Response,
  listeners: readonly ListenerKind[] = ['broker'],
): Api<Request, Response> => {
  const { versions, latestVersionUnstable } = request;
  return {
    key,
    name: request.name.replace(/Request$/, ''),
    request,
    response,
    advertised: { min: versions.min, max: latestVersionUnstable ? versions.max - 1 : versions.max },
    minServed: versions.min,
    latestUnstable: latestVersionUnstable ? versions.max : undefined,
    listeners,
  };
};

const controller: readonly ListenerKind[] = ['controller'];
const both: readonly ListenerKind[] = ['broker', 'controller'];

/** Every API of Kafka 4.3.0 under its name. */
export const apis = {
  /** librdkafka up to 2.11 compresses only when version 0 is announced, so it is, although 3 is the first one served. */
  Produce: {
    ...api(0, ProduceRequest, ProduceResponse),
    advertised: { min: 0, max: ProduceRequest.versions.max },
  },
  Fetch: api(1, FetchRequest, FetchResponse, both),
  ListOffsets: api(2, ListOffsetsRequest, ListOffsetsResponse),
  Metadata: api(3, MetadataRequest, MetadataResponse),
  OffsetCommit: api(8, OffsetCommitRequest, OffsetCommitResponse),
  OffsetFetch: api(9, OffsetFetchRequest, OffsetFetchResponse),
  FindCoordinator: api(10, FindCoordinatorRequest, FindCoordinatorResponse),
  JoinGroup: api(11, JoinGroupRequest, JoinGroupResponse),
  Heartbeat: api(12, HeartbeatRequest, HeartbeatResponse),
  LeaveGroup: api(13, LeaveGroupRequest, LeaveGroupResponse),
  SyncGroup: api(14, SyncGroupRequest, SyncGroupResponse),
  DescribeGroups: api(15, DescribeGroupsRequest, DescribeGroupsResponse),
  ListGroups: api(16, ListGroupsRequest, ListGroupsResponse),
  SaslHandshake: api(17, SaslHandshakeRequest, SaslHandshakeResponse, both),
  ApiVersions: api(18, ApiVersionsRequest, ApiVersionsResponse, both),
  CreateTopics: api(19, CreateTopicsRequest, CreateTopicsResponse, both),
  DeleteTopics: api(20, DeleteTopicsRequest, DeleteTopicsResponse, both),
  DeleteRecords: api(21, DeleteRecordsRequest, DeleteRecordsResponse),
  InitProducerId: api(22, InitProducerIdRequest, InitProducerIdResponse),
  OffsetForLeaderEpoch: api(23, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse),
  AddPartitionsToTxn: api(24, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse),
  AddOffsetsToTxn: api(25, AddOffsetsToTxnRequest, AddOffsetsToTxnResponse),
  EndTxn: api(26, EndTxnRequest, EndTxnResponse),
  WriteTxnMarkers: api(27, WriteTxnMarkersRequest, WriteTxnMarkersResponse),
  TxnOffsetCommit: api(28, TxnOffsetCommitRequest, TxnOffsetCommitResponse),
  DescribeAcls: api(29, DescribeAclsRequest, DescribeAclsResponse, both),
  CreateAcls: api(30, CreateAclsRequest, CreateAclsResponse, both),
  DeleteAcls: api(31, DeleteAclsRequest, DeleteAclsResponse, both),
  DescribeConfigs: api(32, DescribeConfigsRequest, DescribeConfigsResponse, both),
  AlterConfigs: api(33, AlterConfigsRequest, AlterConfigsResponse, both),
  AlterReplicaLogDirs: api(34, AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse),
  DescribeLogDirs: api(35, DescribeLogDirsRequest, DescribeLogDirsResponse),
  SaslAuthenticate: api(36, SaslAuthenticateRequest, SaslAuthenticateResponse, both),
  CreatePartitions: api(37, CreatePartitionsRequest, CreatePartitionsResponse, both),
  CreateDelegationToken: api(38, CreateDelegationTokenRequest, CreateDelegationTokenResponse, both),
  RenewDelegationToken: api(39, RenewDelegationTokenRequest, RenewDelegationTokenResponse, both),
  ExpireDelegationToken: api(40, ExpireDelegationTokenRequest, ExpireDelegationTokenResponse, both),
  DescribeDelegationToken: api(41, DescribeDelegationTokenRequest, DescribeDelegationTokenResponse, both),
  DeleteGroups: api(42, DeleteGroupsRequest, DeleteGroupsResponse),
  ElectLeaders: api(43, ElectLeadersRequest, ElectLeadersResponse, both),
  IncrementalAlterConfigs: api(44, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, both),
  AlterPartitionReassignments: api(
    45,
    AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse,
    both,
  ),
  ListPartitionReassignments: api(
    46,
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse,
    both,
  ),
  OffsetDelete: api(47, OffsetDeleteRequest, OffsetDeleteResponse),
  DescribeClientQuotas: api(48, DescribeClientQuotasRequest, DescribeClientQuotasResponse),
  AlterClientQuotas: api(49, AlterClientQuotasRequest, AlterClientQuotasResponse, both),
  DescribeUserScramCredentials: api(
    50,
    DescribeUserScramCredentialsRequest,
    DescribeUserScramCredentialsResponse,
    both,
  ),
  AlterUserScramCredentials: api(
    51,
    AlterUserScramCredentialsRequest,
    AlterUserScramCredentialsResponse,
    both,
  ),
  Vote: api(52, VoteRequest, VoteResponse, controller),
  BeginQuorumEpoch: api(53, BeginQuorumEpochRequest, BeginQuorumEpochResponse, controller),
  EndQuorumEpoch: api(54, EndQuorumEpochRequest, EndQuorumEpochResponse, controller),
  DescribeQuorum: api(55, DescribeQuorumRequest, DescribeQuorumResponse, both),
  AlterPartition: api(56, AlterPartitionRequest, AlterPartitionResponse, controller),
  UpdateFeatures: api(57, UpdateFeaturesRequest, UpdateFeaturesResponse, both),
  Envelope: api(58, EnvelopeRequest, EnvelopeResponse, controller),
  FetchSnapshot: api(59, FetchSnapshotRequest, FetchSnapshotResponse, controller),
  DescribeCluster: api(60, DescribeClusterRequest, DescribeClusterResponse, both),
  DescribeProducers: api(61, DescribeProducersRequest, DescribeProducersResponse),
  BrokerRegistration: api(62, BrokerRegistrationRequest, BrokerRegistrationResponse, controller),
  BrokerHeartbeat: api(63, BrokerHeartbeatRequest, BrokerHeartbeatResponse, controller),
  UnregisterBroker: api(64, UnregisterBrokerRequest, UnregisterBrokerResponse, both),
  DescribeTransactions: api(65, DescribeTransactionsRequest, DescribeTransactionsResponse),
  ListTransactions: api(66, ListTransactionsRequest, ListTransactionsResponse),
  AllocateProducerIds: api(67, AllocateProducerIdsRequest, AllocateProducerIdsResponse, controller),
  ConsumerGroupHeartbeat: api(68, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse),
  ConsumerGroupDescribe: api(69, ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse),
  ControllerRegistration: api(70, ControllerRegistrationRequest, ControllerRegistrationResponse, controller),
  GetTelemetrySubscriptions: api(71, GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse),
  PushTelemetry: api(72, PushTelemetryRequest, PushTelemetryResponse),
  AssignReplicasToDirs: api(73, AssignReplicasToDirsRequest, AssignReplicasToDirsResponse, controller),
  ListConfigResources: api(74, ListConfigResourcesRequest, ListConfigResourcesResponse),
  DescribeTopicPartitions: api(75, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse),
  ShareGroupHeartbeat: api(76, ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse),
  ShareGroupDescribe: api(77, ShareGroupDescribeRequest, ShareGroupDescribeResponse),
  ShareFetch: api(78, ShareFetchRequest, ShareFetchResponse),
  ShareAcknowledge: api(79, ShareAcknowledgeRequest, ShareAcknowledgeResponse),
  AddRaftVoter: api(80, AddRaftVoterRequest, AddRaftVoterResponse, both),
  RemoveRaftVoter: api(81, RemoveRaftVoterRequest, RemoveRaftVoterResponse, both),
  UpdateRaftVoter: api(82, UpdateRaftVoterRequest, UpdateRaftVoterResponse, controller),
  InitializeShareGroupState: api(83, InitializeShareGroupStateRequest, InitializeShareGroupStateResponse),
  ReadShareGroupState: api(84, ReadShareGroupStateRequest, ReadShareGroupStateResponse),
  WriteShareGroupState: api(85, WriteShareGroupStateRequest, WriteShareGroupStateResponse),
  DeleteShareGroupState: api(86, DeleteShareGroupStateRequest, DeleteShareGroupStateResponse),
  ReadShareGroupStateSummary: api(87, ReadShareGroupStateSummaryRequest, ReadShareGroupStateSummaryResponse),
  StreamsGroupHeartbeat: api(88, StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse),
  StreamsGroupDescribe: api(89, StreamsGroupDescribeRequest, StreamsGroupDescribeResponse),
  DescribeShareGroupOffsets: api(90, DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsResponse),
  AlterShareGroupOffsets: api(91, AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse),
  DeleteShareGroupOffsets: api(92, DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponse),
} as const satisfies Readonly<Record<string, Api>>;

/** Kafka's name of an API, without `Request` and `Response`. */
export type ApiName = keyof typeof apis;
/** A decoded request: every field of every version, defaults filled in. */
export type RequestOf<Name extends ApiName> = (typeof apis)[Name]['request']['Value'];
/** A request to be encoded: fields with defaults may be left out. */
export type RequestDraftOf<Name extends ApiName> = (typeof apis)[Name]['request']['Draft'];
/** A decoded response: every field of every version, defaults filled in. */
export type ResponseOf<Name extends ApiName> = (typeof apis)[Name]['response']['Value'];
/** A response to be encoded: fields with defaults may be left out. */
export type ResponseDraftOf<Name extends ApiName> = (typeof apis)[Name]['response']['Draft'];

const byKey = new Map<number, (typeof apis)[ApiName]>(Object.values(apis).map((one) => [one.key, one]));

/** The API of a key; undefined for a key that Kafka does not have. */
export const apiByKey = (key: number): (typeof apis)[ApiName] | undefined => byKey.get(key);
