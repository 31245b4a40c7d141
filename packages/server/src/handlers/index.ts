import type { Broker } from '../broker/broker';
import { admissions } from './admissions';
import { alterConfigs } from './alter-configs';
import { apiVersions } from './api-versions';
import { createPartitions } from './create-partitions';
import { createTopics } from './create-topics';
import { deleteRecords } from './delete-records';
import { deleteTopics } from './delete-topics';
import { describeCluster } from './describe-cluster';
import { describeConfigs } from './describe-configs';
import { describeLogDirs } from './describe-log-dirs';
import { describeProducers } from './describe-producers';
import { describeTopicPartitions } from './describe-topic-partitions';
import { fetch } from './fetch';
import { findCoordinator } from './find-coordinator';
import { incrementalAlterConfigs } from './incremental-alter-configs';
import { initProducerId } from './init-producer-id';
import { listConfigResources } from './list-config-resources';
import { listOffsets } from './list-offsets';
import { metadata } from './metadata';
import { offsetForLeaderEpoch } from './offset-for-leader-epoch';
import { produce } from './produce';
import type { HandlerTable, Handlers } from './table';
import { handlerTable } from './table';

/** Everything that this broker answers. */
export const brokerHandlers = (broker: Broker): HandlerTable => {
  const handlers: Handlers = {
    Produce: produce(broker),
    Fetch: fetch(broker),
    ListOffsets: listOffsets(broker),
    Metadata: metadata(broker),
    ApiVersions: apiVersions(broker, () => table.all),
    CreateTopics: createTopics(broker),
    DeleteTopics: deleteTopics(broker),
    DeleteRecords: deleteRecords(broker),
    CreatePartitions: createPartitions(broker),
    InitProducerId: initProducerId(broker),
    OffsetForLeaderEpoch: offsetForLeaderEpoch(broker),
    FindCoordinator: findCoordinator(broker),
    DescribeConfigs: describeConfigs(broker),
    AlterConfigs: alterConfigs(broker),
    DescribeLogDirs: describeLogDirs(broker),
    IncrementalAlterConfigs: incrementalAlterConfigs(broker),
    DescribeCluster: describeCluster(broker),
    DescribeProducers: describeProducers(broker),
    ListConfigResources: listConfigResources(broker),
    DescribeTopicPartitions: describeTopicPartitions(broker),
  };
  const table = handlerTable(handlers, admissions);
  return table;
};
