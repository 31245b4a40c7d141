import { BrokerId, LeaderEpoch, Offset, PartitionIndex, ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import { ErrorCode, apis, encodeBatch } from '@kafkaesque/protocol';
import type { ApiName } from '@kafkaesque/protocol';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import type { BadClient } from '../bad-input/client';
import { groupQuestions } from './group-questions';
import { connectTo, createdTopic } from './node-client';
import type { Known, Question } from './question';

const BATCH = (): Buffer =>
  encodeBatch({ records: [{ key: null, value: Buffer.from('value') }], timestampMs: 5 });

const brokerQuestions: { readonly [Name in ApiName]?: Question<Name> } = {
  Produce: {
    ask: (version, { topic, topicId }) => ({
      transactionalId: null,
      acks: -1,
      timeoutMs: 10_000,
      topicData: [
        {
          ...(version >= 13 ? { topicId } : { name: topic }),
          partitionData: [{ index: PartitionIndex(0), records: BATCH() }],
        },
      ],
    }),
    judge: ({ responses }, version, { topic, topicId }) => {
      expect(responses).toHaveLength(1);
      expect(version >= 13 ? responses[0]?.topicId : responses[0]?.name).toBe(
        version >= 13 ? topicId : topic,
      );
      const answer = responses[0]?.partitionResponses[0];
      expect(answer).toMatchObject({ index: 0, errorCode: 0, logAppendTimeMs: -1 });
      expect(answer?.baseOffset).toBeGreaterThan(0);
      if (version >= 5) expect(answer?.logStartOffset).toBe(0);
    },
  },
  Fetch: {
    ask: (version, { topic, topicId }) => ({
      maxWaitMs: 10_000,
      minBytes: 1,
      maxBytes: 1_000_000,
      topics: [
        {
          ...(version >= 13 ? { topicId } : { topic }),
          partitions: [
            {
              partition: PartitionIndex(0),
              fetchOffset: Offset(0),
              partitionMaxBytes: 1_000_000,
              ...(version >= 9 ? { currentLeaderEpoch: LeaderEpoch(-1) } : {}),
            },
          ],
        },
      ],
    }),
    judge: ({ errorCode, responses }, version, { topic, topicId }) => {
      expect(errorCode).toBe(0);
      expect(version >= 13 ? responses[0]?.topicId : responses[0]?.topic).toBe(
        version >= 13 ? topicId : topic,
      );
      const answer = responses[0]?.partitions[0];
      expect(answer).toMatchObject({ partitionIndex: 0, errorCode: 0, preferredReadReplica: -1 });
      expect(answer?.highWatermark).toBeGreaterThan(0);
      if (version >= 5) expect(answer?.logStartOffset).toBe(0);
      expect(answer?.records?.length).toBeGreaterThan(0);
    },
  },
  ListOffsets: {
    ask: (version, { topic }) => ({
      replicaId: BrokerId(-1),
      topics: [{ name: topic, partitions: [{ partitionIndex: PartitionIndex(0), timestamp: 5 }] }],
      ...(version >= 2 ? { isolationLevel: 1 } : {}),
      ...(version >= 10 ? { timeoutMs: 1000 } : {}),
    }),
    judge: ({ topics }, version) => {
      expect(topics[0]?.partitions[0]).toMatchObject({
        partitionIndex: 0,
        errorCode: 0,
        offset: 0,
        timestamp: 5,
        leaderEpoch: version >= 4 ? 0 : -1,
      });
    },
  },
  Metadata: {
    ask: (version, { topic, topicId }) => ({
      topics: [version >= 12 ? { topicId, name: null } : { name: topic }],
      ...(version >= 4 ? { allowAutoTopicCreation: false } : {}),
      ...(version >= 8 ? { includeTopicAuthorizedOperations: true } : {}),
      ...(version >= 8 && version <= 10 ? { includeClusterAuthorizedOperations: true } : {}),
    }),
    judge: ({ brokers, topics, controllerId, clusterId, clusterAuthorizedOperations }, version, known) => {
      expect(brokers).toMatchObject([{ nodeId: 1, host: '127.0.0.1', rack: null }]);
      if (version >= 1) expect(controllerId).toBe(1);
      if (version >= 2) expect(clusterId).toHaveLength(22);
      if (version >= 8 && version <= 10) expect(clusterAuthorizedOperations).toBeGreaterThan(0);
      expect(topics).toHaveLength(1);
      expect(topics[0]).toMatchObject({ errorCode: 0, name: known.topic, isInternal: false });
      if (version >= 10) expect(topics[0]?.topicId).toBe(known.topicId);
      if (version >= 8) expect(topics[0]?.topicAuthorizedOperations).toBeGreaterThan(0);
      expect(topics[0]?.partitions).toMatchObject([
        {
          errorCode: 0,
          partitionIndex: 0,
          leaderId: 1,
          leaderEpoch: version >= 7 ? 0 : -1,
          replicaNodes: [1],
          isrNodes: [1],
          offlineReplicas: [],
        },
      ]);
    },
  },
  ApiVersions: {
    ask: (version) =>
      version >= 3 ? { clientSoftwareName: 'test-client', clientSoftwareVersion: '1.0' } : {},
    judge: ({ errorCode, apiKeys, supportedFeatures, finalizedFeatures }, version) => {
      expect(errorCode).toBe(0);
      expect(apiKeys.find(({ apiKey }) => apiKey === 0)).toMatchObject({ minVersion: 0, maxVersion: 13 });
      if (version < 3) return;
      // Clients before version 4 cannot read a feature whose minimum is 0 (KAFKA-17011).
      if (version < 4) expect(supportedFeatures.filter(({ minVersion }) => minVersion === 0)).toEqual([]);
      expect(finalizedFeatures.map(({ name }) => name)).toContain('metadata.version');
    },
  },
  CreateTopics: {
    ask: (version) => ({
      topics: [
        {
          name: `created-by-${version}`,
          numPartitions: version >= 4 ? -1 : 1,
          replicationFactor: version >= 4 ? -1 : 1,
          assignments: [],
          configs: [{ name: 'retention.ms', value: '1000' }],
        },
      ],
      timeoutMs: 10_000,
      validateOnly: false,
    }),
    judge: ({ topics }, version) => {
      expect(topics).toHaveLength(1);
      expect(topics[0]).toMatchObject({ name: `created-by-${version}`, errorCode: 0, errorMessage: null });
      if (version >= 5) {
        expect(topics[0]).toMatchObject({ numPartitions: 1, replicationFactor: 1 });
        expect(topics[0]?.configs?.find(({ name }) => name === 'retention.ms')).toMatchObject({
          value: '1000',
          configSource: 1,
        });
      }
      if (version >= 7) expect(topics[0]?.topicId).not.toBe(ZERO_TOPIC_ID);
    },
  },
  DeleteTopics: {
    ask: (version) => ({
      ...(version >= 6
        ? { topics: [{ name: 'nobody-has-it', topicId: ZERO_TOPIC_ID }] }
        : { topicNames: ['nobody-has-it'] }),
      timeoutMs: 10_000,
    }),
    judge: ({ responses }) => {
      expect(responses).toMatchObject([
        { name: 'nobody-has-it', errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
      ]);
    },
  },
  CreatePartitions: {
    ask: (_version, { topic }) => ({
      topics: [{ name: topic, count: 3, assignments: null }],
      timeoutMs: 10_000,
      validateOnly: true,
    }),
    judge: ({ results }, _version, { topic }) => {
      expect(results).toMatchObject([{ name: topic, errorCode: 0, errorMessage: null }]);
    },
  },
  InitProducerId: {
    ask: () => ({ transactionalId: null, transactionTimeoutMs: 60_000 }),
    judge: ({ errorCode, producerId, producerEpoch }) => {
      expect({ errorCode, producerEpoch }).toEqual({ errorCode: 0, producerEpoch: 0 });
      expect(producerId).toBeGreaterThanOrEqual(0);
    },
  },
  OffsetForLeaderEpoch: {
    ask: (version, { topic }) => ({
      ...(version >= 3 ? { replicaId: BrokerId(-1) } : {}),
      topics: [
        {
          topic,
          partitions: [
            { partition: PartitionIndex(0), currentLeaderEpoch: LeaderEpoch(0), leaderEpoch: LeaderEpoch(0) },
          ],
        },
      ],
    }),
    judge: ({ topics }) => {
      expect(topics[0]?.partitions[0]).toMatchObject({ partition: 0, errorCode: 0, leaderEpoch: 0 });
      expect(topics[0]?.partitions[0]?.endOffset).toBeGreaterThan(0);
    },
  },
  FindCoordinator: {
    ask: (version) =>
      version >= 4
        ? { keyType: 0, coordinatorKeys: ['a-group'] }
        : version >= 1
          ? { keyType: 0, key: 'a-group' }
          : { key: 'a-group' },
    judge: ({ coordinators, errorCode, nodeId }, version) => {
      const answered = version >= 4 ? coordinators[0] : { errorCode, nodeId };
      expect(answered).toMatchObject({ errorCode: 0, nodeId: 1 });
    },
  },
  DescribeConfigs: {
    ask: (version, { topic }) => ({
      resources: [
        { resourceType: 2, resourceName: topic, configurationKeys: null },
        { resourceType: 4, resourceName: '1', configurationKeys: ['log.dirs'] },
      ],
      includeSynonyms: true,
      ...(version >= 3 ? { includeDocumentation: true } : {}),
    }),
    judge: ({ results }, version) => {
      expect(results.map(({ errorCode }) => errorCode)).toEqual([0, 0]);
      const retention = results[0]?.configs.find(({ name }) => name === 'retention.ms');
      expect(retention).toMatchObject({
        value: '604800000',
        configSource: 5,
        readOnly: false,
        isSensitive: false,
      });
      if (version >= 3) expect(retention).toMatchObject({ configType: 5 });
      if (version >= 3) expect(retention?.documentation).not.toBeNull();
      expect(results[1]?.configs).toMatchObject([{ name: 'log.dirs', readOnly: true, configSource: 4 }]);
    },
  },
  IncrementalAlterConfigs: {
    ask: (_version, { topic }) => ({
      resources: [
        {
          resourceType: 2,
          resourceName: topic,
          configs: [{ name: 'max.message.bytes', configOperation: 0, value: '2000000' }],
        },
      ],
      validateOnly: false,
    }),
    judge: ({ responses }, _version, { topic }) => {
      expect(responses).toMatchObject([
        { errorCode: 0, errorMessage: null, resourceType: 2, resourceName: topic },
      ]);
    },
  },
  AlterConfigs: {
    ask: (_version, { topic }) => ({
      resources: [
        { resourceType: 2, resourceName: topic, configs: [{ name: 'max.message.bytes', value: '2000000' }] },
      ],
      validateOnly: false,
    }),
    judge: ({ responses }, _version, { topic }) => {
      expect(responses).toMatchObject([
        { errorCode: 0, errorMessage: null, resourceType: 2, resourceName: topic },
      ]);
    },
  },
  DeleteRecords: {
    ask: (_version, { topic }) => ({
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, offset: Offset(0) }] }],
      timeoutMs: 1000,
    }),
    judge: ({ topics }, _version, { topic }) => {
      expect(topics).toMatchObject([
        { name: topic, partitions: [{ partitionIndex: 0, errorCode: 0, lowWatermark: 0 }] },
      ]);
    },
  },
  DescribeLogDirs: {
    ask: (_version, { topic }) => ({ topics: [{ topic, partitions: [0] }] }),
    judge: ({ errorCode, results }, version, { topic }) => {
      expect(errorCode).toBe(0);
      expect(results).toMatchObject([{ errorCode: 0, topics: [{ name: topic }] }]);
      const [partition] = results[0]?.topics[0]?.partitions ?? [];
      expect(partition).toMatchObject({ partitionIndex: 0, offsetLag: 0, isFutureKey: false });
      expect(partition?.partitionSize).toBeGreaterThan(60);
      const { totalBytes = 0, usableBytes = 0 } = results[0] ?? {};
      if (version >= 4) expect(totalBytes).toBeGreaterThan(usableBytes);
      else expect([totalBytes, usableBytes]).toEqual([-1, -1]);
    },
  },
  AlterReplicaLogDirs: {
    ask: (_version, { topic }) => ({
      dirs: [{ path: '/nowhere', topics: [{ name: topic, partitions: [0] }] }],
    }),
    judge: ({ results }, _version, { topic }) => {
      const partitions = [{ partitionIndex: 0, errorCode: ErrorCode.LOG_DIR_NOT_FOUND }];
      expect(results).toEqual([{ topicName: topic, partitions }]);
    },
  },
  ElectLeaders: {
    ask: (version, { topic }) => ({
      ...(version >= 1 ? { electionType: 0 } : {}),
      topicPartitions: [{ topic, partitions: [0] }],
      timeoutMs: 10_000,
    }),
    judge: ({ errorCode, replicaElectionResults }, version, { topic }) => {
      if (version >= 1) expect(errorCode).toBe(0);
      expect(replicaElectionResults).toMatchObject([
        { topic, partitionResult: [{ partitionId: 0, errorCode: ErrorCode.ELECTION_NOT_NEEDED }] },
      ]);
    },
  },
  AlterPartitionReassignments: {
    ask: (version, { topic }) => ({
      timeoutMs: 10_000,
      ...(version >= 1 ? { allowReplicationFactorChange: false } : {}),
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, replicas: [BrokerId(1)] }] }],
    }),
    judge: ({ errorCode, responses, allowReplicationFactorChange }, version, { topic }) => {
      expect(errorCode).toBe(0);
      expect(responses).toMatchObject([{ name: topic, partitions: [{ partitionIndex: 0, errorCode: 0 }] }]);
      expect(allowReplicationFactorChange).toBe(version === 0);
    },
  },
  ListPartitionReassignments: {
    ask: (_version, { topic }) => ({
      timeoutMs: 10_000,
      topics: [{ name: topic, partitionIndexes: [0] }],
    }),
    judge: ({ errorCode, topics }) => expect({ errorCode, topics }).toEqual({ errorCode: 0, topics: [] }),
  },
  DescribeProducers: {
    ask: (_version, { topic }) => ({ topics: [{ name: topic, partitionIndexes: [0, 9] }] }),
    judge: ({ topics }, _version, { topic }) => {
      expect(topics).toMatchObject([
        {
          name: topic,
          partitions: [
            { partitionIndex: 0, errorCode: 0, errorMessage: null, activeProducers: [] },
            { partitionIndex: 9, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
          ],
        },
      ]);
    },
  },
  ListConfigResources: {
    ask: (version) => (version >= 1 ? { resourceTypes: [4, 2] } : {}),
    judge: ({ errorCode, configResources }, version, { topic }) => {
      expect(errorCode).toBe(0);
      expect(configResources.every(({ resourceType }) => [2, 4].includes(resourceType))).toBe(true);
      if (version === 0) expect(configResources).toEqual([]);
      else {
        expect(configResources).toContainEqual({ resourceName: '1', resourceType: 4 });
        expect(configResources).toContainEqual({ resourceName: topic, resourceType: 2 });
      }
    },
  },
  DescribeCluster: {
    ask: (version) => ({
      includeClusterAuthorizedOperations: true,
      ...(version >= 1 ? { endpointType: 1 } : {}),
      ...(version >= 2 ? { includeFencedBrokers: true } : {}),
    }),
    judge: ({ errorCode, clusterId, controllerId, brokers, clusterAuthorizedOperations }) => {
      expect({ errorCode, controllerId }).toEqual({ errorCode: 0, controllerId: 1 });
      expect(clusterId).toHaveLength(22);
      expect(brokers).toMatchObject([{ brokerId: 1, host: '127.0.0.1', isFenced: false }]);
      expect(clusterAuthorizedOperations).toBeGreaterThan(0);
    },
  },
  DescribeTopicPartitions: {
    ask: (_version, { topic }) => ({ topics: [{ name: topic }], cursor: null }),
    judge: ({ topics, nextCursor }, _version, { topic, topicId }) => {
      expect(nextCursor).toBeNull();
      expect(topics).toMatchObject([{ errorCode: 0, name: topic, topicId, isInternal: false }]);
      expect(topics[0]?.partitions).toMatchObject([
        { errorCode: 0, leaderId: 1, isrNodes: [1], offlineReplicas: [] },
      ]);
    },
  },
  DescribeQuorum: {
    ask: () => ({ topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }] }),
    judge: ({ errorCode, topics, nodes }, version) => {
      expect(errorCode).toBe(0);
      const partition = topics[0]?.partitions[0];
      expect(partition).toMatchObject({ errorCode: 0, leaderId: 1, observers: [] });
      expect(partition?.currentVoters.map(({ replicaId }) => replicaId)).toEqual([1]);
      expect(nodes.map(({ nodeId }) => nodeId)).toEqual(version >= 2 ? [1] : []);
    },
  },
  UpdateFeatures: {
    ask: (version) => ({
      featureUpdates: [
        { feature: 'metadata.version', maxVersionLevel: 30, ...(version >= 1 ? { upgradeType: 1 } : {}) },
      ],
      ...(version >= 1 ? { validateOnly: true } : {}),
    }),
    judge: ({ errorCode, results }, version) => {
      expect(errorCode).toBe(0);
      expect(results.map(({ feature }) => feature)).toEqual(version <= 1 ? ['metadata.version'] : []);
    },
  },
  UnregisterBroker: {
    ask: () => ({ brokerId: BrokerId(77) }),
    judge: ({ errorCode, errorMessage }) => {
      expect({ errorCode, errorMessage }).toEqual({
        errorCode: ErrorCode.BROKER_ID_NOT_REGISTERED,
        errorMessage: 'Broker ID 77 is not currently registered',
      });
    },
  },
  AddRaftVoter: {
    ask: (_, { topicId }) => ({
      clusterId: null,
      timeoutMs: 10,
      voterId: BrokerId(1),
      voterDirectoryId: topicId,
      listeners: [{ name: 'CONTROLLER', host: 'localhost', port: 9093 }],
    }),
    // A quorum that configuration names does not change.
    judge: ({ errorCode }) =>
      expect([ErrorCode.DUPLICATE_VOTER, ErrorCode.UNSUPPORTED_VERSION]).toContain(errorCode),
  },
  RemoveRaftVoter: {
    ask: (_, { topicId }) => ({ clusterId: null, voterId: BrokerId(9), voterDirectoryId: topicId }),
    judge: ({ errorCode }) =>
      expect([ErrorCode.VOTER_NOT_FOUND, ErrorCode.UNSUPPORTED_VERSION]).toContain(errorCode),
  },
};

const questions: { readonly [Name in ApiName]?: Question<Name> } = { ...brokerQuestions, ...groupQuestions };

/** Every API with every version in which it is served. */
const rows = (Object.keys(questions) as ApiName[]).flatMap((name) => {
  const { minServed, advertised } = apis[name];
  return Array.from({ length: advertised.max - minServed + 1 }, (_none, i) => [name, minServed + i] as const);
});

describe('every API that is served', () => {
  let cluster: Cluster;
  let client: BadClient;
  let known: Known;
  beforeAll(async () => {
    cluster = await createCluster({ properties: { 'group.initial.rebalance.delay.ms': '0' } });
    client = await connectTo(cluster);
    known = { topic: 'known', topicId: await createdTopic(client, 'known') };
    await askAndJudge('Produce', 9, () => undefined);
  });
  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await cluster.close();
  });

  const askAndJudge = async (
    name: ApiName,
    version: number,
    judge: (answer: never, version: number, of: Known) => void,
  ): Promise<void> => {
    const question = questions[name] as unknown as Question<typeof name>;
    const answer = await client.ask(name, version, question.ask(version, known));
    judge(answer as never, version, known);
  };

  test.each(rows)('%s in version %i is answered', async (name, version) => {
    await askAndJudge(
      name,
      version,
      questions[name]?.judge as (answer: never, version: number, of: Known) => void,
    );
  });

  test('is in this table, and nothing else is announced', async () => {
    const { apiKeys } = await client.ask('ApiVersions', 4, {
      clientSoftwareName: 'test',
      clientSoftwareVersion: '1',
    });
    const asked = (Object.keys(questions) as ApiName[]).map((name) => apis[name].key).sort((a, b) => a - b);
    expect(apiKeys.map(({ apiKey }) => apiKey)).toEqual(asked);
    for (const { apiKey, minVersion, maxVersion } of apiKeys) {
      const known = Object.values(apis).find(({ key }) => key === apiKey);
      expect({ apiKey, minVersion, maxVersion }).toEqual({
        apiKey,
        minVersion: known?.advertised.min,
        maxVersion: known?.advertised.max,
      });
    }
  });
});
