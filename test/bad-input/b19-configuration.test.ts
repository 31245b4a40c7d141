import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ErrorCode, errorName } from '@kafkaesque/protocol';
import { readConfiguration } from '@kafkaesque/server';
import { createCluster } from '@kafkaesque/testkit';
import type { Target } from './target';
import { isKafka, onlyOurs, openTarget } from './target';
import type { CreatedTopic } from './topics';
import { createTopic, freshName } from './topics';

/** Every key is tried in `server/src/configuration/*.test.ts`; here a node hears of them, at start and while it runs. */
const TOPIC = 2;
const BROKER = 4;
let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target[Symbol.asyncDispose]());

describe('B19: a node does not start', () => {
  const directory = mkdtempSync(join(tmpdir(), 'kafkaesque-b19-'));
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  onlyOurs.each([
    ['num.partitions', 'NaN'],
    ['num.partitions', '-1'],
    ['num.partitions', '1e309'],
    ['num.partitions', '1.5'],
    ['num.partitions', '2147483648'],
    ['num.partitions', 'Infinity'],
    ['num.partitions', '0x10'],
    ['log.retention.ms', '1e309'],
    ['log.retention.ms', '9223372036854775808'],
    ['log.cleaner.min.cleanable.ratio', 'NaN'],
    ['log.cleaner.min.cleanable.ratio', '1e309'],
    ['log.cleaner.min.cleanable.ratio', '-0.1'],
    ['auto.create.topics.enable', 'yes'],
    ['log.cleanup.policy', 'remove'],
    ['node.id', '-1'],
    ['socket.request.max.bytes', '-1'],
    ['message.max.bytes', '-1'],
  ])('B19: with %s=%s, and says so', async (key, value) => {
    // To Java, and so to Kafka's sentence, 1e309 is a double beyond all others.
    const shown = key.endsWith('ratio') && value === '1e309' ? 'Infinity' : value;
    await expect(createCluster({ directory, properties: { [key]: value } })).rejects.toThrow(
      `Invalid value ${shown} for configuration ${key}: `,
    );
  });

  onlyOurs('B19: and a wrong value costs no data: the next start with a right one has it', async () => {
    await using cluster = await createCluster({ directory, properties: { 'num.partitions': '3' } });
    expect(cluster.faults).toEqual([]);
  });
});

const node = 'node.id=1\nprocess.roles=broker,controller\ncontroller.listener.names=CONTROLLER\n';
const network = 'listeners=PLAINTEXT://:0,CONTROLLER://:0\ncontroller.quorum.voters=1@localhost:9093\n';

onlyOurs.each([
  [
    'in a file',
    { file: `${node}${network}__proto__=1\nconstructor=2\ntoString=3\n__proto__.polluted=yes\n` },
  ],
  ['as overrides', { overrides: ['__proto__=1', 'constructor=2', 'toString=3', '__proto__.polluted=yes'] }],
  [
    'as variables',
    { environment: { KAFKA___PROTO__: '1', KAFKA_CONSTRUCTOR: '2', KAFKA____PROTO____POLLUTED: 'yes' } },
  ],
])('B19: keys that mean something to JavaScript are unknown keys, %s', (_, sources) => {
  const outcome = readConfiguration({ environment: {}, ...sources });
  expect(outcome.kind).toBe('valid');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  expect(() => outcome.kind === 'valid' && outcome.configuration.get('constructor')).toThrow();
  expect(() => outcome.kind === 'valid' && outcome.configuration.get('__proto__')).toThrow();
});

/** Values of a topic's configs, with Kafka's answer. */
const LONG = 'Not a number of type LONG';
const values: readonly (readonly [string, string | null, string | null])[] = [
  ['retention.ms', 'NaN', `Invalid value NaN for configuration retention.ms: ${LONG}`],
  ['retention.ms', 'Infinity', `Invalid value Infinity for configuration retention.ms: ${LONG}`],
  ['retention.ms', '1e309', `Invalid value 1e309 for configuration retention.ms: ${LONG}`],
  ['retention.ms', '1e3', `Invalid value 1e3 for configuration retention.ms: ${LONG}`],
  ['retention.ms', '0x10', `Invalid value 0x10 for configuration retention.ms: ${LONG}`],
  ['retention.ms', '1_000', `Invalid value 1_000 for configuration retention.ms: ${LONG}`],
  ['retention.ms', '', `Invalid value  for configuration retention.ms: ${LONG}`],
  [
    'retention.ms',
    '9223372036854775808',
    `Invalid value 9223372036854775808 for configuration retention.ms: ${LONG}`,
  ],
  ['retention.ms', '-2', 'Invalid value -2 for configuration retention.ms: Value must be at least -1'],
  ['retention.ms', '-1', null],
  ['retention.ms', ' 7 ', null],
  ['retention.ms', '+7', null],
  ['retention.ms', '9223372036854775807', null],
  ['segment.bytes', '-5', 'Invalid value -5 for configuration segment.bytes: Value must be at least 1048576'],
  [
    'max.message.bytes',
    '-1',
    'Invalid value -1 for configuration max.message.bytes: Value must be at least 0',
  ],
  [
    'min.cleanable.dirty.ratio',
    '1e309',
    'Invalid value Infinity for configuration min.cleanable.dirty.ratio: Value must be no more than 1',
  ],
  [
    'min.cleanable.dirty.ratio',
    '-0.1',
    'Invalid value -0.1 for configuration min.cleanable.dirty.ratio: Value must be at least 0',
  ],
  ['min.cleanable.dirty.ratio', '5e-1', null],
  [
    'cleanup.policy',
    'remove',
    'Invalid value remove for configuration cleanup.policy: String must be one of: compact, delete',
  ],
  [
    'preallocate',
    'yes',
    'Invalid value yes for configuration preallocate: Expected value to be either true or false',
  ],
  ['unknown.key', '1', 'Unknown topic config name: unknown.key'],
  ['__proto__', '1', 'Unknown topic config name: __proto__'],
  ['constructor', '1', 'Unknown topic config name: constructor'],
  ['', '1', 'Unknown topic config name: '],
  ['RETENTION.MS', '1', 'Unknown topic config name: RETENTION.MS'],
];

const told = (
  answer: { readonly errorCode: number; readonly errorMessage: string | null } | undefined,
): unknown => [errorName(answer?.errorCode ?? -1), answer?.errorMessage ?? null];
const expected = (message: string | null): unknown => [message === null ? 'NONE' : 'INVALID_CONFIG', message];

test.each(values)('B19: a topic is created with %s=%j only if Kafka would', async (name, value, message) => {
  await using client = await target.connect();
  const { topics } = await client.ask('CreateTopics', 7, {
    topics: [
      {
        name: freshName('b19'),
        numPartitions: 1,
        replicationFactor: 1,
        assignments: [],
        configs: [{ name, value }],
      },
    ],
    timeoutMs: 30_000,
    validateOnly: true,
  });
  expect(told(topics[0])).toEqual(expected(message));
});

/** Not a number, or a number only to Java: Kafka takes them, we do not (docs/decisions/0008-bad-input.md). */
test.each([
  ['min.cleanable.dirty.ratio', 'NaN'],
  ['min.cleanable.dirty.ratio', '0x1p-1'],
  ['retention.ms', '\uff17'],
])('B19: a topic is not created with %s=%j', async (name, value) => {
  await using client = await target.connect();
  const { topics } = await client.ask('CreateTopics', 7, {
    topics: [
      {
        name: freshName('b19'),
        numPartitions: 1,
        replicationFactor: 1,
        assignments: [],
        configs: [{ name, value }],
      },
    ],
    timeoutMs: 30_000,
    validateOnly: true,
  });
  expect(errorName(topics[0]?.errorCode ?? -1)).toBe(isKafka ? 'NONE' : 'INVALID_CONFIG');
});

describe('B19: IncrementalAlterConfigs', () => {
  let topic: CreatedTopic;
  beforeAll(async () => {
    await using client = await target.connect();
    topic = await createTopic(client);
  });

  interface Change {
    readonly name: string;
    readonly configOperation: number;
    readonly value: string | null;
  }
  const alter = async (
    resourceType: number,
    resourceName: string,
    ...configs: Change[]
  ): Promise<unknown> => {
    await using client = await target.connect();
    const { responses } = await client.ask('IncrementalAlterConfigs', 1, {
      resources: [{ resourceType, resourceName, configs }],
      validateOnly: false,
    });
    return told(responses[0]);
  };
  const set = (name: string, value: string | null): Change => ({ name, configOperation: 0, value });

  test.each(values.filter(([, , message]) => message !== null))(
    'B19: does not set %s=%j on a topic',
    async (name, value, message) => {
      expect(await alter(TOPIC, topic.name, set(name, value))).toEqual(expected(message));
    },
  );

  test.each([-1, 4, 127])('B19: knows no operation %i', async (configOperation) => {
    const answer = await alter(TOPIC, topic.name, { name: 'retention.ms', configOperation, value: '1' });
    // Kafka cannot say what is wrong.
    expect(answer).toEqual(
      isKafka
        ? ['UNKNOWN_SERVER_ERROR', null]
        : ['INVALID_REQUEST', `Unknown operations type ${configOperation}`],
    );
  });

  test.each([0, 1, 3, 5, 127, -1])('B19: knows no resource type %i', async (type) => {
    expect(await alter(type, 'x', set('retention.ms', '1'))).toEqual([
      'INVALID_REQUEST',
      `Unknown resource type ${type}`,
    ]);
  });

  test.each([
    ['1', 'num.partitions', '5', 'Cannot update these configs dynamically: [num.partitions]'],
    ['', 'node.id', '7', 'Cannot update these configs dynamically: [node.id]'],
    ['1', 'log.retention.ms', 'NaN', `Invalid value NaN for configuration log.retention.ms: ${LONG}`],
    [
      '',
      'message.max.bytes',
      '-1',
      'Invalid value -1 for configuration message.max.bytes: Value must be at least 0',
    ],
    [
      '',
      'message.max.bytes',
      '1e309',
      'Invalid value 1e309 for configuration message.max.bytes: Not a number of type INT',
    ],
    [
      '1',
      'ssl.keystore.password',
      'secret',
      'These security configs can be dynamically updated only per-listener using the listener prefix: [ssl.keystore.password]',
    ],
    ['99', 'log.retention.ms', '7', 'Unexpected broker id, expected 1, but received 99'],
    ['-1', 'log.retention.ms', '7', 'Unexpected broker id, expected 1, but received -1'],
    ['NaN', 'log.retention.ms', '7', 'Node id must be an integer, but it is: NaN'],
    ['__proto__', 'log.retention.ms', '7', 'Node id must be an integer, but it is: __proto__'],
    ['1e0', 'log.retention.ms', '7', 'Node id must be an integer, but it is: 1e0'],
  ])('B19: does not set on broker %j %s=%s', async (name, key, value, message) => {
    expect(await alter(BROKER, name, set(key, value))).toEqual(['INVALID_REQUEST', message]);
  });

  test('B19: a broker may be given keys that nobody knows, and they are no more than keys', async () => {
    expect(await alter(BROKER, '1', set('__proto__', '1'), set('constructor', '2'))).toEqual(['NONE', null]);
    await using client = await target.connect();
    const { results } = await client.ask('DescribeConfigs', 4, {
      resources: [{ resourceType: BROKER, resourceName: '1', configurationKeys: ['__proto__', 'node.id'] }],
    });
    expect(results[0]?.configs.find(({ name }) => name === 'node.id')?.value).toBe('1');
    const removed = { configOperation: 1, value: null };
    expect(
      await alter(BROKER, '1', { name: '__proto__', ...removed }, { name: 'constructor', ...removed }),
    ).toEqual(['NONE', null]);
  });
});

test.each([
  [0, 'INVALID_PARTITIONS'],
  [-2, 'INVALID_PARTITIONS'],
  [-2147483648, 'INVALID_PARTITIONS'],
  [2147483647, 'POLICY_VIOLATION'],
])('B19: no topic of %i partitions', async (numPartitions, error) => {
  await using client = await target.connect();
  const { topics } = await client.ask('CreateTopics', 7, {
    topics: [{ name: freshName('b19'), numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 30_000,
    validateOnly: false,
  });
  expect(errorName(topics[0]?.errorCode ?? -1)).toBe(error);
});

test.each([0, -2, -32768, 2, 32767])('B19: no topic of replication factor %i', async (replicationFactor) => {
  await using client = await target.connect();
  const { topics } = await client.ask('CreateTopics', 7, {
    topics: [{ name: freshName('b19'), numPartitions: 1, replicationFactor, assignments: [], configs: [] }],
    timeoutMs: 30_000,
    validateOnly: false,
  });
  expect(topics[0]?.errorCode).toBe(ErrorCode.INVALID_REPLICATION_FACTOR);
});

test.each([0, -1, 1, 2147483647])('B19: a topic of one partition does not grow to %i', async (count) => {
  await using client = await target.connect();
  const topic = await createTopic(client);
  const { results } = await client.ask('CreatePartitions', 3, {
    topics: [{ name: topic.name, count, assignments: null }],
    timeoutMs: 30_000,
    validateOnly: false,
  });
  // Kafka does not get as far as its own limit here.
  const tooMany = isKafka ? 'UNKNOWN_SERVER_ERROR' : 'POLICY_VIOLATION';
  expect(errorName(results[0]?.errorCode ?? -1)).toBe(count > 1 ? tooMany : 'INVALID_PARTITIONS');
});
