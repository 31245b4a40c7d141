import {
  BrokerId,
  LeaderEpoch,
  Offset,
  ProducerEpoch,
  ProducerId,
  TopicId,
  ZERO_TOPIC_ID,
} from '@kafkaesque/kernel';
import { execFileSync } from 'node:child_process';
import { apis, type ApiName, type Message, type RequestDraftOf, type ResponseDraftOf } from '../index';

/**
 * Byte for byte with a second independent implementation, in the flexible versions that KafkaJS lacks: the request
 * writers and response parsers of @platformatic/kafka. It is an ES module, which jest cannot load, so one child
 * process does all of its work.
 */

interface Case<Name extends ApiName> {
  readonly api: Name;
  readonly versions: readonly [number, number];
  /** Path of the module without its version: `consumer/fetch`. */
  readonly module: string;
  readonly request: RequestDraftOf<Name>;
  /** The arguments of their `createRequest`; int64 values as `{ bigint: '5' }`. */
  readonly arguments: readonly unknown[];
  readonly response: ResponseDraftOf<Name>;
  /** What they should read; int64 values as `bigint:5`. */
  readonly read: object;
}

const topicId = TopicId(Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex').toString('base64url'));
const theirTopicId = '00010203-0405-0607-0809-0a0b0c0d0e0f';
const bigint = (value: number): object => ({ bigint: String(value) });

/** One version of a case, with what goes to the child and what is expected from it. */
interface Exchange {
  readonly name: string;
  readonly module: string;
  readonly arguments: readonly unknown[];
  readonly request: string;
  readonly answer: string;
  readonly read: object;
}

const exchanges: Exchange[] = [];
const add = <Name extends ApiName>(one: Case<Name>): void => {
  const request: Message = apis[one.api].request;
  const response: Message = apis[one.api].response;
  for (let version = one.versions[0]; version <= one.versions[1]; version++) {
    exchanges.push({
      name: `${one.api} v${version}`,
      module: `${one.module}-v${version}`,
      arguments: one.arguments,
      request: request.encode(one.request, version).toString('hex'),
      answer: response.encode(one.response, version).toString('hex'),
      read: one.read,
    });
  }
};

const partition = {
  partition: 2,
  fetchOffset: Offset(2 ** 40),
  currentLeaderEpoch: LeaderEpoch(3),
  lastFetchedEpoch: LeaderEpoch(2),
  partitionMaxBytes: 4096,
};
const theirPartition = {
  partition: 2,
  fetchOffset: bigint(2 ** 40),
  currentLeaderEpoch: 3,
  lastFetchedEpoch: 2,
  partitionMaxBytes: 4096,
};
const fetch = {
  maxWaitMs: 500,
  minBytes: 1,
  maxBytes: 1_000_000,
  isolationLevel: 1,
  sessionId: 7,
  sessionEpoch: 3,
  rackId: 'r',
};
const fetched = {
  partitionIndex: 2,
  errorCode: 0,
  highWatermark: Offset(9),
  lastStableOffset: Offset(8),
  abortedTransactions: [{ producerId: ProducerId(4), firstOffset: Offset(2) }],
  records: Buffer.alloc(0),
};
const theirFetched = {
  partitionIndex: 2,
  errorCode: 0,
  highWatermark: 'bigint:9',
  lastStableOffset: 'bigint:8',
  abortedTransactions: [{ producerId: 'bigint:4', firstOffset: 'bigint:2' }],
};

// Version 12 still has names; their module calls the name a topic id.
add({
  api: 'Fetch',
  versions: [12, 12],
  module: 'consumer/fetch',
  request: { ...fetch, topics: [{ topic: 't', partitions: [partition] }], forgottenTopicsData: [] },
  arguments: [500, 1, 1_000_000, 1, 7, 3, [{ topicId: 't', partitions: [theirPartition] }], [], 'r'],
  response: { responses: [{ topic: 't', partitions: [fetched] }] },
  read: { responses: [{ topicId: 't', partitions: [theirFetched] }] },
});
add({
  api: 'Fetch',
  versions: [13, 17],
  module: 'consumer/fetch',
  request: {
    ...fetch,
    topics: [{ topicId, partitions: [partition] }],
    forgottenTopicsData: [{ topicId, partitions: [5] }],
  },
  arguments: [
    500,
    1,
    1_000_000,
    1,
    7,
    3,
    [{ topicId: theirTopicId, partitions: [theirPartition] }],
    [{ topic: theirTopicId, partitions: [5] }],
    'r',
  ],
  response: { responses: [{ topicId, partitions: [fetched] }] },
  read: { responses: [{ topicId: theirTopicId, partitions: [theirFetched] }] },
});
add({
  api: 'ListOffsets',
  versions: [6, 9],
  module: 'consumer/list-offsets',
  request: {
    replicaId: BrokerId(-1),
    isolationLevel: 1,
    topics: [
      { name: 't', partitions: [{ partitionIndex: 0, currentLeaderEpoch: LeaderEpoch(4), timestamp: -2 }] },
    ],
  },
  arguments: [
    -1,
    1,
    [{ name: 't', partitions: [{ partitionIndex: 0, currentLeaderEpoch: 4, timestamp: bigint(-2) }] }],
  ],
  response: {
    topics: [
      {
        name: 't',
        partitions: [
          { partitionIndex: 0, errorCode: 0, timestamp: 12, offset: Offset(5), leaderEpoch: LeaderEpoch(1) },
        ],
      },
    ],
  },
  read: {
    topics: [
      {
        name: 't',
        partitions: [
          { partitionIndex: 0, errorCode: 0, timestamp: 'bigint:12', offset: 'bigint:5', leaderEpoch: 1 },
        ],
      },
    ],
  },
});
const metadata: ResponseDraftOf<'Metadata'> = {
  brokers: [{ nodeId: BrokerId(1), host: 'localhost', port: 9092, rack: null }],
  clusterId: 'abc',
  controllerId: BrokerId(1),
  topics: [
    {
      errorCode: 0,
      name: 't',
      isInternal: true,
      partitions: [
        {
          errorCode: 0,
          partitionIndex: 0,
          leaderId: BrokerId(1),
          leaderEpoch: LeaderEpoch(8),
          replicaNodes: [BrokerId(1), BrokerId(2)],
          isrNodes: [BrokerId(1)],
          offlineReplicas: [BrokerId(2)],
        },
      ],
    },
  ],
};
const theirMetadata = {
  brokers: [{ nodeId: 1, host: 'localhost', port: 9092, rack: null }],
  clusterId: 'abc',
  controllerId: 1,
  topics: [
    {
      errorCode: 0,
      name: 't',
      isInternal: true,
      partitions: [
        {
          errorCode: 0,
          partitionIndex: 0,
          leaderId: 1,
          leaderEpoch: 8,
          replicaNodes: [1, 2],
          isrNodes: [1],
          offlineReplicas: [2],
        },
      ],
    },
  ],
};
// Version 11 is left out: they write the cluster's authorized operations, which Kafka dropped from it.
for (const version of [10, 12]) {
  add({
    api: 'Metadata',
    versions: [version, version],
    module: 'metadata/metadata',
    request: {
      topics: [{ name: 't' }],
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: true,
    },
    arguments: [['t'], false, true],
    response: metadata,
    read: theirMetadata,
  });
}
add({
  api: 'ApiVersions',
  versions: [3, 4],
  module: 'metadata/api-versions',
  request: { clientSoftwareName: 'name', clientSoftwareVersion: '1.2' },
  arguments: ['name', '1.2'],
  response: { errorCode: 0, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] },
  read: { errorCode: 0, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] },
});
add({
  api: 'CreateTopics',
  versions: [7, 7],
  module: 'admin/create-topics',
  request: {
    topics: [
      {
        name: 't',
        numPartitions: -1,
        replicationFactor: 3,
        assignments: [{ partitionIndex: 0, brokerIds: [BrokerId(1)] }],
        configs: [{ name: 'a', value: 'b' }],
      },
    ],
    timeoutMs: 5,
    validateOnly: true,
  },
  arguments: [
    [
      {
        name: 't',
        numPartitions: -1,
        replicationFactor: 3,
        assignments: [{ partitionIndex: 0, brokerIds: [1] }],
        configs: [{ name: 'a', value: 'b' }],
      },
    ],
    5,
    true,
  ],
  response: {
    topics: [
      {
        name: 't',
        topicId,
        errorCode: 0,
        errorMessage: null,
        numPartitions: 1,
        replicationFactor: 1,
        configs: [{ name: 'a', value: 'b', readOnly: true, configSource: 5, isSensitive: false }],
      },
    ],
  },
  read: {
    topics: [
      {
        name: 't',
        topicId: theirTopicId,
        numPartitions: 1,
        configs: [{ name: 'a', value: 'b', readOnly: true, configSource: 5, isSensitive: false }],
      },
    ],
  },
});
add({
  api: 'DeleteTopics',
  versions: [6, 6],
  module: 'admin/delete-topics',
  request: {
    topics: [
      { name: 't', topicId: ZERO_TOPIC_ID },
      { name: null, topicId },
    ],
    timeoutMs: 5,
  },
  arguments: [[{ name: 't' }, { name: null, topicId: theirTopicId }], 5],
  response: { responses: [{ name: 't', topicId, errorCode: 0 }] },
  read: { responses: [{ name: 't', topicId: theirTopicId, errorCode: 0, errorMessage: null }] },
});
add({
  api: 'InitProducerId',
  versions: [3, 5],
  module: 'producer/init-producer-id',
  request: {
    transactionalId: 'tx',
    transactionTimeoutMs: 60_000,
    producerId: ProducerId(4000),
    producerEpoch: ProducerEpoch(2),
  },
  arguments: ['tx', 60_000, bigint(4000), 2],
  response: { errorCode: 0, producerId: ProducerId(4000), producerEpoch: ProducerEpoch(3) },
  read: { errorCode: 0, producerId: 'bigint:4000', producerEpoch: 3 },
});
add({
  api: 'FindCoordinator',
  versions: [4, 6],
  module: 'metadata/find-coordinator',
  request: { keyType: 1, coordinatorKeys: ['a', 'b'] },
  arguments: [1, ['a', 'b']],
  response: {
    coordinators: [{ key: 'a', nodeId: BrokerId(1), host: 'h', port: 1, errorCode: 0, errorMessage: null }],
  },
  read: { coordinators: [{ key: 'a', nodeId: 1, host: 'h', port: 1, errorCode: 0, errorMessage: null }] },
});
add({
  api: 'DescribeConfigs',
  versions: [4, 4],
  module: 'admin/describe-configs',
  request: {
    resources: [
      { resourceType: 2, resourceName: 't', configurationKeys: ['a'] },
      { resourceType: 4, resourceName: '1', configurationKeys: null },
    ],
    includeSynonyms: true,
    includeDocumentation: true,
  },
  arguments: [
    [
      { resourceType: 2, resourceName: 't', configurationKeys: ['a'] },
      { resourceType: 4, resourceName: '1', configurationKeys: null },
    ],
    true,
    true,
  ],
  response: {
    results: [
      {
        errorCode: 0,
        errorMessage: null,
        resourceType: 2,
        resourceName: 't',
        configs: [
          {
            name: 'a',
            value: 'b',
            readOnly: false,
            configSource: 1,
            isSensitive: false,
            synonyms: [{ name: 's', value: null, source: 5 }],
            configType: 2,
            documentation: 'why',
          },
        ],
      },
    ],
  },
  read: {
    results: [
      {
        resourceType: 2,
        resourceName: 't',
        configs: [
          {
            name: 'a',
            value: 'b',
            configSource: 1,
            synonyms: [{ name: 's', value: null, source: 5 }],
            configType: 2,
            documentation: 'why',
          },
        ],
      },
    ],
  },
});
add({
  api: 'CreatePartitions',
  versions: [2, 3],
  module: 'admin/create-partitions',
  request: {
    topics: [
      { name: 't', count: 6, assignments: [{ brokerIds: [BrokerId(1)] }] },
      { name: 'u', count: 7, assignments: null },
    ],
    timeoutMs: 5,
    validateOnly: true,
  },
  arguments: [
    [
      { name: 't', count: 6, assignments: [{ brokerIds: [1] }] },
      { name: 'u', count: 7, assignments: null },
    ],
    5,
    true,
  ],
  response: { results: [{ name: 't', errorCode: 0, errorMessage: null }] },
  read: { results: [{ name: 't', errorCode: 0, errorMessage: null }] },
});

/** What the child runs: writes each request with their writer, reads each of our answers with their parser. */
const CHILD = `
  const root = new URL('.', import.meta.resolve('@platformatic/kafka'));
  const { Reader } = await import(new URL('protocol/reader.js', root));
  const revive = (_, value) => (value?.bigint === undefined ? value : BigInt(value.bigint));
  const text = (_, value) => (typeof value === 'bigint' ? 'bigint:' + value : value);
  let input = '';
  for await (const chunk of process.stdin) input += chunk;
  const results = [];
  for (const one of JSON.parse(input, revive)) {
    const { createRequest, parseResponse } = await import(new URL('apis/' + one.module + '.js', root));
    const request = createRequest(...one.arguments).buffer.toString('hex');
    results.push({ request, read: parseResponse(1, 0, 0, Reader.from(Buffer.from(one.answer, 'hex'))) });
  }
  process.stdout.write(JSON.stringify(results, text));
`;

const results = JSON.parse(
  execFileSync(process.execPath, ['--input-type=module', '--eval', CHILD], {
    cwd: __dirname,
    input: JSON.stringify(exchanges),
    timeout: 60_000,
    encoding: 'utf8',
  }),
) as readonly { readonly request: string; readonly read: object }[];

test.each(exchanges.map((exchange, index) => ({ ...exchange, theirs: results[index] })))(
  '$name',
  ({ request, read, theirs }) => {
    expect(request).toBe(theirs?.request);
    expect(theirs?.read).toMatchObject(read);
  },
);
