import { apis } from '@kafkaesque/protocol';
import type { Administrator, Broker } from '../broker/broker';
import { OffsetsTopicCreation } from '../coordinator/internal-topics';
import { admissions } from './admissions';
import { alterConfigs } from './alter-configs';
import { alterPartitionReassignments } from './alter-partition-reassignments';
import { alterReplicaLogDirs } from './alter-replica-log-dirs';
import { apiVersions } from './api-versions';
import { consumerGroupDescribe } from './consumer-group-describe';
import { consumerGroupHeartbeat } from './consumer-group-heartbeat';
import { createPartitions } from './create-partitions';
import { createTopics } from './create-topics';
import { deleteGroups } from './delete-groups';
import { deleteRecords } from './delete-records';
import { deleteTopics } from './delete-topics';
import { describeCluster, describeControllers } from './describe-cluster';
import { describeConfigs } from './describe-configs';
import { describeGroups } from './describe-groups';
import { describeLogDirs } from './describe-log-dirs';
import { describeProducers } from './describe-producers';
import { describeTopicPartitions } from './describe-topic-partitions';
import { electLeaders } from './elect-leaders';
import { fetch } from './fetch';
import { findCoordinator } from './find-coordinator';
import { heartbeat } from './heartbeat';
import { incrementalAlterConfigs } from './incremental-alter-configs';
import { initProducerId } from './init-producer-id';
import { joinGroup } from './join-group';
import { leaveGroup } from './leave-group';
import { listConfigResources } from './list-config-resources';
import { listGroups } from './list-groups';
import { listOffsets } from './list-offsets';
import { listPartitionReassignments } from './list-partition-reassignments';
import { metadata } from './metadata';
import { offsetCommit } from './offset-commit';
import { offsetDelete } from './offset-delete';
import { offsetFetch } from './offset-fetch';
import { offsetForLeaderEpoch } from './offset-for-leader-epoch';
import { produce } from './produce';
import { addRaftVoter, describeQuorum, removeRaftVoter, updateRaftVoter } from './quorum';
import { syncGroup } from './sync-group';
import type { HandlerTable, Handlers } from './table';
import { handlerTable } from './table';
import { unregisterBroker } from './unregister-broker';
import { updateFeatures } from './update-features';

/** What brokers and controllers answer alike. */
const administration = (administrator: Administrator): Handlers => ({
  CreateTopics: createTopics(administrator),
  DeleteTopics: deleteTopics(administrator),
  CreatePartitions: createPartitions(administrator),
  DescribeConfigs: describeConfigs(administrator),
  AlterConfigs: alterConfigs(administrator),
  IncrementalAlterConfigs: incrementalAlterConfigs(administrator),
  ElectLeaders: electLeaders(administrator),
  AlterPartitionReassignments: alterPartitionReassignments(administrator),
  ListPartitionReassignments: listPartitionReassignments(administrator),
  DescribeQuorum: describeQuorum(administrator),
  AddRaftVoter: addRaftVoter(administrator),
  RemoveRaftVoter: removeRaftVoter(administrator),
  UpdateFeatures: updateFeatures(administrator),
  UnregisterBroker: unregisterBroker(administrator),
});

/** Everything that this broker answers. */
export const brokerHandlers = (broker: Broker): HandlerTable => {
  const handlers: Handlers = {
    ...administration(broker),
    Produce: produce(broker),
    Fetch: fetch(broker),
    ListOffsets: listOffsets(broker),
    Metadata: metadata(broker),
    ApiVersions: apiVersions(broker, () => table.all),
    DeleteRecords: deleteRecords(broker),
    InitProducerId: initProducerId(broker),
    OffsetForLeaderEpoch: offsetForLeaderEpoch(broker),
    FindCoordinator: findCoordinator(broker, new OffsetsTopicCreation(broker)),
    JoinGroup: joinGroup(broker),
    SyncGroup: syncGroup(broker),
    Heartbeat: heartbeat(broker),
    LeaveGroup: leaveGroup(broker),
    OffsetCommit: offsetCommit(broker),
    OffsetFetch: offsetFetch(broker),
    OffsetDelete: offsetDelete(broker),
    DescribeGroups: describeGroups(broker),
    ListGroups: listGroups(broker),
    DeleteGroups: deleteGroups(broker),
    ConsumerGroupHeartbeat: consumerGroupHeartbeat(broker),
    ConsumerGroupDescribe: consumerGroupDescribe(broker),
    AlterReplicaLogDirs: alterReplicaLogDirs(broker),
    DescribeLogDirs: describeLogDirs(broker),
    DescribeCluster: describeCluster(broker),
    DescribeProducers: describeProducers(broker),
    ListConfigResources: listConfigResources(broker),
    DescribeTopicPartitions: describeTopicPartitions(broker),
  };
  const table = handlerTable(handlers, admissions);
  return table;
};

/** Everything that a controller answers on its own listeners (KIP-919: tools with `--bootstrap-controller`). */
export const controllerHandlers = (administrator: Administrator, beside?: HandlerTable): HandlerTable => {
  const handlers: Handlers = {
    ...administration(administrator),
    ApiVersions: apiVersions(administrator, () => table.all),
    DescribeCluster: describeControllers(administrator),
    UpdateRaftVoter: updateRaftVoter(administrator),
  };
  for (const name of Object.keys(handlers) as (keyof Handlers)[])
    if (!apis[name].listeners.includes('controller')) Reflect.deleteProperty(handlers, name);
  const table = handlerTable(handlers, admissions, beside);
  return table;
};
