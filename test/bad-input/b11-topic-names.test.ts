import { readdirSync } from 'node:fs';
import { BrokerId } from '@kafkaesque/kernel';
import { ErrorCode, errorName } from '@kafkaesque/protocol';
import type { BadClient } from './client';
import type { Target } from './target';
import { isKafka, onlyOurs, openTarget } from './target';
import type { CreatedTopic } from './topics';
import { createTopic, endOffset, fetchBatch, freshName, goodBatch, produce } from './topics';

const TOPIC = 2;
const ODD = (name: string): string =>
  `Topic name is invalid: '${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`;
const LONGEST = `${freshName('x')}${'x'.repeat(249)}`.slice(0, 249);

/** Names that no topic may have, and Kafka's sentence for each. */
const invalid: readonly (readonly [string, string, string])[] = [
  ['the empty name', '', 'Topic name is invalid: the empty string is not allowed'],
  ['.', '.', "Topic name is invalid: '.' is not allowed"],
  ['..', '..', "Topic name is invalid: '..' is not allowed"],
  [
    '250 characters',
    `${LONGEST}x`,
    `Topic name is invalid: the length of '${LONGEST}x' is longer than the max allowed length 249`,
  ],
  ['a path upwards', '../../etc', ODD('../../etc')],
  ['an absolute path', '/etc/passwd', ODD('/etc/passwd')],
  ['a slash', 'a/b', ODD('a/b')],
  ['a backslash', 'a\\b', ODD('a\\b')],
  ['NUL', 'a\0b', ODD('a\0b')],
  ['an encoded path', '%2e%2e', ODD('%2e%2e')],
  ['a blank', 'a b', ODD('a b')],
  ['a newline at the end', 'ab\n', ODD('ab\n')],
  ['a Cyrillic letter', 't\u043epic', ODD('t\u043epic')],
  ['a full-width letter', '\uff41', ODD('\uff41')],
  ['an emoji', '\u{1f4a3}', ODD('\u{1f4a3}')],
  ['a text like SQL', "a'; drop table", ODD("a'; drop table")],
];

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target[Symbol.asyncDispose]());

const creation = (name: string) => ({
  topics: [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
  timeoutMs: 30_000,
  validateOnly: false,
});

describe.each(invalid)('B11: a topic named by %s', (_, name, sentence) => {
  test('B11: is not created, with the error and sentence of Kafka', async () => {
    await using client = await target.connect();
    for (const version of [2, 5, 7]) {
      const [answer] = (await client.ask('CreateTopics', version, creation(name))).topics;
      expect([answer?.name, answer?.errorCode, answer?.errorMessage]).toEqual([
        name,
        ErrorCode.INVALID_TOPIC_EXCEPTION,
        sentence,
      ]);
    }
  });

  test('B11: is not created by a question for its metadata', async () => {
    await using client = await target.connect();
    for (const allowAutoTopicCreation of [false, true]) {
      const answer = await client.ask('Metadata', 4, { topics: [{ name }], allowAutoTopicCreation });
      expect(errorName(answer.topics[0]?.errorCode ?? -1)).toBe('INVALID_TOPIC_EXCEPTION');
    }
  });

  test('B11: is nowhere known', async () => {
    await using client = await target.connect();
    const produced = await produce(client, { name, topicId: '' as CreatedTopic['topicId'] }, goodBatch());
    const deleted = await client.ask('DeleteTopics', 5, { topicNames: [name], timeoutMs: 1_000 });
    const grown = await client.ask('CreatePartitions', 1, {
      topics: [{ name, count: 9, assignments: null }],
      timeoutMs: 1_000,
      validateOnly: false,
    });
    const described = await client.ask('DescribeConfigs', 1, {
      resources: [{ resourceType: TOPIC, resourceName: name, configurationKeys: null }],
    });
    const listed = await client.ask('ListOffsets', 7, {
      replicaId: BrokerId(-1),
      isolationLevel: 0,
      topics: [{ name, partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
    });
    expect(
      [
        produced.errorCode,
        deleted.responses[0]?.errorCode,
        grown.results[0]?.errorCode,
        listed.topics[0]?.partitions[0]?.errorCode,
      ].map((code) => errorName(code ?? -1)),
    ).toEqual(Array(4).fill('UNKNOWN_TOPIC_OR_PARTITION'));
    expect([described.results[0]?.errorCode, described.results[0]?.errorMessage]).toEqual([
      ErrorCode.INVALID_TOPIC_EXCEPTION,
      sentence,
    ]);
  });

  test('B11: has no configs to alter', async () => {
    await using client = await target.connect();
    const configs = [{ name: 'retention.ms', configOperation: 0, value: '1' }];
    const { responses } = await client.ask('IncrementalAlterConfigs', 0, {
      resources: [{ resourceType: TOPIC, resourceName: name, configs }],
      validateOnly: false,
    });
    expect([responses[0]?.errorCode, responses[0]?.errorMessage]).toEqual(
      name === ''
        ? [ErrorCode.INVALID_REQUEST, 'Default topic resources are not allowed.']
        : [ErrorCode.INVALID_TOPIC_EXCEPTION, sentence],
    );
  });
});

/** Names that mean something to JavaScript, to Kafka or to a file system, and are names all the same. */
test.each([
  'constructor',
  '__proto__',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '-',
  '...',
  'con',
  '0',
  'LOCK',
  'meta.properties',
  LONGEST,
])('B11: %s is a topic like any other', async (name) => {
  await using client = await target.connect();
  // On a server that lives longer than this test it may be there.
  await client.ask('DeleteTopics', 5, { topicNames: [name], timeoutMs: 30_000 });
  const unknown = await client.ask('Metadata', 4, { topics: [{ name }], allowAutoTopicCreation: false });
  expect(errorName(unknown.topics[0]?.errorCode ?? -1)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  const topic = await createTopic(client, { 'retention.ms': '86400000' }, name);
  const batch = goodBatch(name);
  expect((await produce(client, topic, batch)).baseOffset).toBe(0);
  expect(await endOffset(client, topic)).toBe(1);
  expect((await fetchBatch(client, topic, 0)).subarray(21).equals(batch.subarray(21))).toBe(true);
  const { results } = await client.ask('DescribeConfigs', 1, {
    resources: [{ resourceType: TOPIC, resourceName: name, configurationKeys: ['retention.ms'] }],
  });
  expect(results[0]?.configs.map(({ value }) => value)).toEqual(['86400000']);
  const all = await client.ask('Metadata', 4, { topics: null, allowAutoTopicCreation: false });
  expect(all.topics.some((one) => one.name === name && !one.isInternal)).toBe(true);
  const deleted = await client.ask('DeleteTopics', 5, { topicNames: [name], timeoutMs: 30_000 });
  expect(deleted.responses[0]?.errorCode).toBe(0);
});

describe('B11: names that look alike to metrics', () => {
  const collision = async (client: BadClient, first: string, second: string): Promise<unknown> => {
    await createTopic(client, {}, first);
    const [answer] = (await client.ask('CreateTopics', 5, creation(second))).topics;
    return [answer?.errorCode, answer?.errorMessage];
  };

  test.each([
    ['foo.bar', 'foo_bar'],
    ['foo_bar', 'foo.bar'],
  ])('B11: after %s there is no %s', async (first, second) => {
    await using client = await target.connect();
    const prefix = freshName('collide');
    expect(await collision(client, `${prefix}-${first}`, `${prefix}-${second}`)).toEqual([
      ErrorCode.INVALID_TOPIC_EXCEPTION,
      `Topic '${prefix}-${second}' collides with existing topic: ${prefix}-${first}`,
    ]);
  });

  test('B11: nor in one request', async () => {
    await using client = await target.connect();
    const prefix = freshName('together');
    const names = [`${prefix}.a`, `${prefix}_a`];
    const { topics } = await client.ask('CreateTopics', 5, {
      ...creation(''),
      topics: names.flatMap((name) => creation(name).topics),
    });
    const errors = names.map((name) =>
      errorName(topics.find((topic) => topic.name === name)?.errorCode ?? -1),
    );
    // Kafka looks only at the topics that were there before, and creates both.
    expect(errors).toEqual(isKafka ? ['NONE', 'NONE'] : ['NONE', 'INVALID_TOPIC_EXCEPTION']);
  });

  test('B11: the same name twice in one request is refused as such', async () => {
    await using client = await target.connect();
    const name = freshName('twice');
    const { topics } = await client.ask('CreateTopics', 5, {
      ...creation(''),
      topics: [name, name].flatMap((one) => creation(one).topics),
    });
    expect(topics.map((topic) => [topic.name, topic.errorCode, topic.errorMessage])).toEqual([
      [name, ErrorCode.INVALID_REQUEST, 'Duplicate topic name.'],
    ]);
  });
});

describe('B11: topics of the cluster itself', () => {
  test('B11: the metadata log is not created', async () => {
    await using client = await target.connect();
    const [answer] = (await client.ask('CreateTopics', 5, creation('__cluster_metadata'))).topics;
    expect([answer?.errorCode, answer?.errorMessage]).toEqual([
      ErrorCode.INVALID_REQUEST,
      'Creation of internal topic __cluster_metadata is prohibited.',
    ]);
  });

  test.each(['__consumer_offsets', '__transaction_state', '__share_group_state'])(
    'B11: clients do not write to %s, unless they say that they administer',
    async (name) => {
      await using client = await target.connect();
      // On a Kafka that lives longer it is there already.
      await client.ask('CreateTopics', 5, creation(name));
      for (const version of [3, 9]) {
        const answer = await produce(client, { name, topicId: '' as CreatedTopic['topicId'] }, goodBatch(), {
          version,
        });
        expect(errorName(answer.errorCode)).toBe('INVALID_TOPIC_EXCEPTION');
      }
      const draft = {
        acks: -1,
        timeoutMs: 30_000,
        topicData: [{ name, partitionData: [{ index: 0, records: goodBatch() }] }],
      };
      const { responses } = await client.ask('Produce', 9, draft, '__admin_client');
      expect(responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
    },
  );
});

onlyOurs('B11: whatever topics are called, on disk they are their ids', async () => {
  // On the way out everything that the journal holds goes to its segments.
  await target.cluster.restart();
  const { directory } = target.cluster;
  expect(readdirSync(directory)).toEqual(['data']);
  const known = ['lock', 'meta.properties', 'checkpoints', 'broker-epoch', 'journal', 'metadata', 'topics'];
  expect(readdirSync(`${directory}/data`).filter((name) => !known.includes(name))).toEqual([]);
  const topics = readdirSync(`${directory}/data/topics`);
  expect(topics.length).toBeGreaterThan(0);
  expect(topics.filter((name) => !/^[A-Za-z0-9_-]{22}$/.test(name))).toEqual([]);
});
