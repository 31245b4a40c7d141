import { BrokerId, Offset, ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { apis, type ApiName, type Message, type RequestDraftOf, type ResponseDraftOf } from '../index';

/**
 * Byte for byte with an independent implementation: the encoders and decoders of KafkaJS, in all versions that it and
 * Kafka 4 have in common. Both sides are given the same facts, each in its own words.
 */

interface KafkaJsCodec {
  request(values: object): { encode(): Promise<{ readonly buffer: Buffer }> };
  response: { decode(bytes: Buffer): Promise<Readonly<Record<string, unknown>>> };
}

const codecOf = (api: string, version: number): KafkaJsCodec => {
  const folder = `kafkajs/src/protocol/requests/${api}/v${version}`;
  return {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- KafkaJS has no types for its inner files
    request: require(`${folder}/request`) as KafkaJsCodec['request'],
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- KafkaJS has no types for its inner files
    response: require(`${folder}/response`) as KafkaJsCodec['response'],
  };
};

interface Case<Name extends ApiName> {
  readonly api: Name;
  /** The folder of KafkaJS. */
  readonly theirName: string;
  readonly versions: readonly [number, number];
  readonly request: RequestDraftOf<Name>;
  readonly theirRequest: object;
  readonly response: ResponseDraftOf<Name>;
  readonly theirResponse: object;
}

const same = <Name extends ApiName>(one: Case<Name>): void => {
  const [min, max] = one.versions;
  const request: Message = apis[one.api].request;
  const response: Message = apis[one.api].response;
  for (let version = min; version <= max; version++) {
    test(`${one.api} v${version}`, async () => {
      const theirs = codecOf(one.theirName, version);
      const { buffer } = await theirs.request(one.theirRequest).encode();
      expect(request.encode(one.request, version).toString('hex')).toBe(buffer.toString('hex'));
      expect(request.encode(request.decode(buffer, version), version).equals(buffer)).toBe(true);
      expect(await theirs.response.decode(response.encode(one.response, version))).toMatchObject(
        one.theirResponse,
      );
    });
  }
};

same({
  api: 'Fetch',
  theirName: 'fetch',
  versions: [4, 11],
  request: {
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 1_000_000,
    isolationLevel: 1,
    topics: [
      {
        topic: 'flüge',
        partitions: [{ partition: 2, fetchOffset: Offset(2 ** 40), partitionMaxBytes: 4096 }],
      },
      { topic: '', partitions: [] },
    ],
    forgottenTopicsData: [],
  },
  theirRequest: {
    replicaId: -1,
    maxWaitTime: 500,
    minBytes: 1,
    maxBytes: 1_000_000,
    isolationLevel: 1,
    topics: [
      { topic: 'flüge', partitions: [{ partition: 2, fetchOffset: String(2 ** 40), maxBytes: 4096 }] },
      { topic: '', partitions: [] },
    ],
  },
  response: {
    throttleTimeMs: 0,
    responses: [
      {
        topic: 'flüge',
        partitions: [
          {
            partitionIndex: 2,
            errorCode: 1,
            highWatermark: Offset(2 ** 41),
            lastStableOffset: Offset(7),
            abortedTransactions: [{ producerId: ProducerId(9), firstOffset: Offset(3) }],
            records: Buffer.alloc(0),
          },
        ],
      },
    ],
  },
  theirResponse: {
    responses: [
      {
        topicName: 'flüge',
        partitions: [
          {
            partition: 2,
            errorCode: 1,
            highWatermark: String(2 ** 41),
            lastStableOffset: '7',
            abortedTransactions: [{ producerId: '9', firstOffset: '3' }],
            messages: [],
          },
        ],
      },
    ],
  },
});

same({
  api: 'ListOffsets',
  theirName: 'listOffsets',
  versions: [2, 3],
  request: {
    replicaId: BrokerId(-1),
    isolationLevel: 1,
    topics: [
      {
        name: 't',
        partitions: [
          { partitionIndex: 0, timestamp: -2 },
          { partitionIndex: 1, timestamp: 1_700_000_000_000 },
        ],
      },
    ],
  },
  theirRequest: {
    replicaId: -1,
    isolationLevel: 1,
    topics: [
      {
        topic: 't',
        partitions: [
          { partition: 0, timestamp: -2 },
          { partition: 1, timestamp: 1_700_000_000_000 },
        ],
      },
    ],
  },
  response: {
    topics: [
      { name: 't', partitions: [{ partitionIndex: 0, errorCode: 0, timestamp: 12, offset: Offset(5) }] },
    ],
  },
  theirResponse: {
    responses: [{ topic: 't', partitions: [{ partition: 0, errorCode: 0, timestamp: '12', offset: '5' }] }],
  },
});

const metadataResponse: ResponseDraftOf<'Metadata'> = {
  brokers: [{ nodeId: BrokerId(1), host: 'localhost', port: 9092 }],
  controllerId: BrokerId(1),
  topics: [
    {
      errorCode: 0,
      name: 't',
      isInternal: true,
      partitions: [
        {
          errorCode: 5,
          partitionIndex: 0,
          leaderId: BrokerId(1),
          replicaNodes: [BrokerId(1), BrokerId(2)],
          isrNodes: [BrokerId(1)],
          offlineReplicas: [],
        },
      ],
    },
  ],
};
const theirMetadata = {
  brokers: [{ nodeId: 1, host: 'localhost', port: 9092 }],
  topicMetadata: [
    {
      topicErrorCode: 0,
      topic: 't',
      partitionMetadata: [{ partitionErrorCode: 5, partitionId: 0, leader: 1, replicas: [1, 2], isr: [1] }],
    },
  ],
};

same({
  api: 'Metadata',
  theirName: 'metadata',
  versions: [0, 3],
  request: { topics: [{ name: 't' }, { name: 'u' }] },
  theirRequest: { topics: ['t', 'u'] },
  response: { ...metadataResponse },
  theirResponse: theirMetadata,
});

same({
  api: 'Metadata',
  theirName: 'metadata',
  versions: [4, 6],
  request: { topics: null, allowAutoTopicCreation: false },
  theirRequest: { topics: [], allowAutoTopicCreation: false },
  response: metadataResponse,
  theirResponse: { ...theirMetadata, controllerId: 1 },
});

same({
  api: 'ApiVersions',
  theirName: 'apiVersions',
  versions: [0, 2],
  request: {},
  theirRequest: {},
  response: { errorCode: 0, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] },
  theirResponse: { errorCode: 0, apiVersions: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] },
});

same({
  api: 'CreateTopics',
  theirName: 'createTopics',
  versions: [2, 3],
  request: {
    topics: [
      {
        name: 't',
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, brokerIds: [BrokerId(1), BrokerId(2)] }],
        configs: [
          { name: 'retention.ms', value: '1' },
          { name: 'cleanup.policy', value: null },
        ],
      },
    ],
    timeoutMs: 5000,
    validateOnly: true,
  },
  theirRequest: {
    topics: [
      {
        topic: 't',
        numPartitions: -1,
        replicationFactor: -1,
        replicaAssignment: [{ partition: 0, replicas: [1, 2] }],
        configEntries: [
          { name: 'retention.ms', value: '1' },
          { name: 'cleanup.policy', value: null },
        ],
      },
    ],
    timeout: 5000,
    validateOnly: true,
  },
  response: { topics: [{ name: 't', errorCode: 36, errorMessage: 'it exists' }] },
  theirResponse: { topicErrors: [{ topic: 't', errorCode: 36, errorMessage: 'it exists' }] },
});

same({
  api: 'DeleteTopics',
  theirName: 'deleteTopics',
  versions: [1, 1],
  request: { topicNames: ['t', 'u'], timeoutMs: 9 },
  theirRequest: { topics: ['t', 'u'], timeout: 9 },
  response: { responses: [{ name: 't', errorCode: 3 }] },
  theirResponse: { topicErrors: [{ topic: 't', errorCode: 3 }] },
});

same({
  api: 'InitProducerId',
  theirName: 'initProducerId',
  versions: [0, 1],
  request: { transactionalId: null, transactionTimeoutMs: 60_000 },
  theirRequest: { transactionalId: null, transactionTimeout: 60_000 },
  response: { errorCode: 0, producerId: ProducerId(4000), producerEpoch: ProducerEpoch(3) },
  theirResponse: { errorCode: 0, producerId: '4000', producerEpoch: 3 },
});

same({
  api: 'FindCoordinator',
  theirName: 'findCoordinator',
  versions: [1, 2],
  request: { key: 'my-group', keyType: 1 },
  theirRequest: { coordinatorKey: 'my-group', coordinatorType: 1 },
  response: { errorCode: 0, nodeId: BrokerId(3), host: 'h', port: 9092 },
  theirResponse: { errorCode: 0, coordinator: { nodeId: 3, host: 'h', port: 9092 } },
});

same({
  api: 'FindCoordinator',
  theirName: 'findCoordinator',
  versions: [0, 0],
  request: { key: 'my-group' },
  theirRequest: { groupId: 'my-group' },
  response: { errorCode: 0, nodeId: BrokerId(3), host: 'h', port: 9092 },
  theirResponse: { errorCode: 0, coordinator: { nodeId: 3, host: 'h', port: 9092 } },
});

same({
  api: 'DescribeConfigs',
  theirName: 'describeConfigs',
  versions: [1, 2],
  request: {
    resources: [
      { resourceType: 2, resourceName: 't', configurationKeys: ['retention.ms'] },
      { resourceType: 4, resourceName: '1', configurationKeys: null },
    ],
    includeSynonyms: true,
  },
  theirRequest: {
    resources: [
      { type: 2, name: 't', configNames: ['retention.ms'] },
      { type: 4, name: '1', configNames: [] },
    ],
    includeSynonyms: true,
  },
  response: {
    results: [
      {
        errorCode: 0,
        errorMessage: null,
        resourceType: 2,
        resourceName: 't',
        configs: [
          {
            name: 'retention.ms',
            value: '1',
            readOnly: false,
            configSource: 1,
            isSensitive: false,
            synonyms: [{ name: 'log.retention.ms', value: null, source: 5 }],
          },
        ],
      },
    ],
  },
  theirResponse: {
    resources: [
      {
        errorCode: 0,
        errorMessage: null,
        resourceType: 2,
        resourceName: 't',
        configEntries: [
          {
            configName: 'retention.ms',
            configValue: '1',
            readOnly: false,
            configSource: 1,
            isSensitive: false,
            configSynonyms: [{ configName: 'log.retention.ms', configValue: null, configSource: 5 }],
          },
        ],
      },
    ],
  },
});

same({
  api: 'CreatePartitions',
  theirName: 'createPartitions',
  versions: [0, 1],
  request: {
    topics: [
      { name: 't', count: 6, assignments: [{ brokerIds: [BrokerId(1), BrokerId(2)] }] },
      { name: 'u', count: 7, assignments: null },
    ],
    timeoutMs: 5000,
    validateOnly: true,
  },
  theirRequest: {
    topicPartitions: [
      { topic: 't', count: 6, assignments: [[1, 2]] },
      { topic: 'u', count: 7 },
    ],
    timeout: 5000,
    validateOnly: true,
  },
  response: { results: [{ name: 't', errorCode: 37, errorMessage: 'no' }] },
  theirResponse: { topicErrors: [{ topic: 't', errorCode: 37, errorMessage: 'no' }] },
});

describe('Produce', () => {
  const timestamp = '1700000000000';
  const theirRequest = {
    transactionalId: null,
    acks: -1,
    timeout: 30_000,
    topicData: [
      {
        topic: 'flüge',
        partitions: [
          { partition: 3, firstSequence: 0, messages: [{ key: 'k', value: 'v', timestamp, headers: {} }] },
        ],
      },
    ],
  };
  test.each([3, 4, 5, 6, 7])('v%d', async (version) => {
    const theirs = codecOf('produce', version);
    const { buffer } = await theirs.request(theirRequest).encode();
    const { request, response } = apis.Produce;
    const read = request.decode(buffer, version);
    const records = read.topicData[0]?.partitionData[0]?.records;
    expect(records?.[16]).toBe(2);
    const draft: RequestDraftOf<'Produce'> = {
      acks: -1,
      timeoutMs: 30_000,
      topicData: [{ name: 'flüge', partitionData: [{ index: 3, records: records ?? null }] }],
    };
    expect(read).toEqual(request.make(draft));
    expect(request.encode(draft, version).equals(buffer)).toBe(true);
    const partition = { index: 3, errorCode: 0, baseOffset: Offset(2 ** 45), logStartOffset: Offset(4) };
    const answer = response.encode(
      { responses: [{ name: 'flüge', partitionResponses: [partition] }] },
      version,
    );
    expect(await theirs.response.decode(answer)).toMatchObject({
      topics: [
        { topicName: 'flüge', partitions: [{ partition: 3, errorCode: 0, baseOffset: String(2 ** 45) }] },
      ],
    });
  });
});

test('ListOffsets v1', async () => {
  const theirs = codecOf('listOffsets', 1);
  const { buffer } = await theirs
    .request({ replicaId: -1, topics: [{ topic: 't', partitions: [{ partition: 0, timestamp: -1 }] }] })
    .encode();
  const draft = {
    replicaId: BrokerId(-1),
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
  };
  expect(apis.ListOffsets.request.encode(draft, 1).equals(buffer)).toBe(true);
});
