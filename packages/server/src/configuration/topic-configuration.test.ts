import { describeBrokerConfiguration, describeTopicConfiguration } from './describe';
import { nodeValue } from './layers';
import type { BrokerLayers } from './layers';
import { readConfiguration } from './read';
import { topicConfiguration } from './topic-configuration';
import { isListKey, validateTopicConfig, validateTopicConfigs } from './validate';

const layersOf = (
  file = '',
  dynamicBroker: Readonly<Record<string, string>> = {},
  dynamicDefault: Readonly<Record<string, string>> = {},
): BrokerLayers => {
  const outcome = readConfiguration({ file });
  if (outcome.kind === 'invalid') throw new Error(outcome.errors[0]?.message);
  return {
    configuration: outcome.configuration,
    dynamicBroker: new Map(Object.entries(dynamicBroker)),
    dynamicDefault: new Map(Object.entries(dynamicDefault)),
    brokerCount: 1,
  };
};

const overridesOf = (values: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(values));

test('without settings a topic has the defaults of Kafka, and acknowledges what is on the disk', () => {
  const topic = topicConfiguration(new Map(), layersOf());
  expect(topic).toMatchObject({
    cleanupPolicy: ['delete'],
    flushPolicy: 'ack',
    maxMessageBytes: 1_048_588,
    retentionBytes: -1,
    retentionMs: 604_800_000,
    segmentBytes: 1_073_741_824,
    segmentMs: 604_800_000,
    segmentJitterMs: 0,
    messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  });
  expect(topic.get('min.cleanable.dirty.ratio')).toBe(0.5);
  expect(() => topic.get('toString')).toThrow('there is no topic key toString');
});

test('the strongest layer decides, and the finest unit within it', () => {
  const file = 'log.retention.hours=1\nlog.retention.minutes=30\nlog.roll.hours=2\nlog.segment.bytes=2000000';
  expect(topicConfiguration(new Map(), layersOf(file))).toMatchObject({
    retentionMs: 1_800_000,
    segmentMs: 7_200_000,
    segmentBytes: 2_000_000,
  });
  const dynamic = layersOf(
    file,
    { 'log.segment.bytes': '4000000' },
    { 'log.segment.bytes': '3000000', 'log.retention.ms': '5' },
  );
  expect(topicConfiguration(new Map(), dynamic)).toMatchObject({ retentionMs: 5, segmentBytes: 4_000_000 });
  expect(topicConfiguration(overridesOf({ 'segment.bytes': ' 5000000 ' }), dynamic).segmentBytes).toBe(
    5_000_000,
  );
  expect(topicConfiguration(new Map(), layersOf('log.retention.hours=-1')).retentionMs).toBe(-1);
});

const described = (name: string, overrides: Readonly<Record<string, string>>, layers: BrokerLayers) =>
  describeTopicConfiguration(overridesOf(overrides), layers).find((entry) => entry.name === name);

test('a description names source and synonyms, strongest first', () => {
  const layers = layersOf(
    'log.segment.bytes=2000000',
    { 'log.segment.bytes': '4000000' },
    { 'log.segment.bytes': '3000000' },
  );
  expect(described('segment.bytes', { 'segment.bytes': '+5000000' }, layers)).toEqual({
    name: 'segment.bytes',
    value: '5000000',
    source: 'dynamic-topic',
    isReadOnly: false,
    isSensitive: false,
    type: 'int',
    documentation: 'Size at which a segment is closed and the next one begins.',
    synonyms: [
      { name: 'segment.bytes', value: '5000000', source: 'dynamic-topic' },
      { name: 'log.segment.bytes', value: '4000000', source: 'dynamic-broker' },
      { name: 'log.segment.bytes', value: '3000000', source: 'dynamic-default-broker' },
      { name: 'log.segment.bytes', value: '2000000', source: 'static-broker' },
      { name: 'log.segment.bytes', value: '1073741824', source: 'default' },
    ],
  });
});

test('a default that is given in another unit has no synonyms, as in Kafka', () => {
  expect(described('retention.ms', {}, layersOf())).toMatchObject({
    value: '604800000',
    source: 'default',
    synonyms: [],
  });
  expect(described('retention.ms', {}, layersOf('log.retention.hours=1'))).toMatchObject({
    value: '3600000',
    source: 'default',
    synonyms: [],
  });
});

test('internal keys are not described, all others are, in order', () => {
  const topicNames = describeTopicConfiguration(new Map(), layersOf()).map(({ name }) => name);
  expect(topicNames).not.toContain('internal.segment.bytes');
  expect(topicNames).toEqual([...topicNames].sort());
  expect(topicNames.length).toBe(35);
  const brokerNames = describeBrokerConfiguration(layersOf()).map(({ name }) => name);
  expect(brokerNames).toContain('log.retention.hours');
  expect(brokerNames).not.toContain('unstable.api.versions.enable');
});

test('a broker describes what it was given, and no secret', () => {
  const layers = layersOf('ssl.key.password=hunter2\nnum.partitions=3', { 'ssl.key.password': 'hunter3' });
  const entries = new Map(describeBrokerConfiguration(layers).map((entry) => [entry.name, entry]));
  expect(entries.get('num.partitions')).toMatchObject({
    value: '3',
    source: 'static-broker',
    isReadOnly: true,
  });
  expect(entries.get('log.segment.bytes')).toMatchObject({ source: 'default', isReadOnly: false });
  expect(entries.get('ssl.key.password')).toMatchObject({
    value: null,
    isSensitive: true,
    source: 'dynamic-broker',
  });
  expect(JSON.stringify([...entries.values()]).includes('hunter')).toBe(false);
});

// The sentences on the right are what Kafka 4.3.0 answers.
test.each([
  ['retention.ms', 'x', 'Invalid value x for configuration retention.ms: Not a number of type LONG'],
  ['foo', '1', 'Unknown topic config name: foo'],
  ['__proto__', '1', 'Unknown topic config name: __proto__'],
  ['constructor', '1', 'Unknown topic config name: constructor'],
  ['retention.ms', '-2', 'Invalid value -2 for configuration retention.ms: Value must be at least -1'],
  ['segment.bytes', '14', 'Invalid value 14 for configuration segment.bytes: Value must be at least 1048576'],
  [
    'segment.bytes',
    '99999999999',
    'Invalid value 99999999999 for configuration segment.bytes: Not a number of type INT',
  ],
  [
    'cleanup.policy',
    'foo',
    'Invalid value foo for configuration cleanup.policy: String must be one of: compact, delete',
  ],
  ['cleanup.policy', 'delete,', "Configuration 'cleanup.policy' values must not be empty."],
  [
    'min.cleanable.dirty.ratio',
    '2',
    'Invalid value 2.0 for configuration min.cleanable.dirty.ratio: Value must be no more than 1',
  ],
  [
    'min.cleanable.dirty.ratio',
    '1e309',
    'Invalid value Infinity for configuration min.cleanable.dirty.ratio: Value must be no more than 1',
  ],
  [
    'preallocate',
    'yes',
    'Invalid value yes for configuration preallocate: Expected value to be either true or false',
  ],
  [
    'compression.type',
    'GZIP',
    'Invalid value GZIP for configuration compression.type: String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer',
  ],
  [
    'compression.gzip.level',
    '0',
    'Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1',
  ],
  ['retention.ms', '1.5', 'Invalid value 1.5 for configuration retention.ms: Not a number of type LONG'],
  ['retention.ms', '0x10', 'Invalid value 0x10 for configuration retention.ms: Not a number of type LONG'],
  ['retention.ms', '', 'Invalid value  for configuration retention.ms: Not a number of type LONG'],
  [
    'retention.ms',
    '9223372036854775808',
    'Invalid value 9223372036854775808 for configuration retention.ms: Not a number of type LONG',
  ],
  [
    'message.timestamp.type',
    'foo',
    'Invalid value foo for configuration message.timestamp.type: String must be one of: CreateTime, LogAppendTime',
  ],
  [
    'leader.replication.throttled.replicas',
    '*,0:1',
    "Invalid value [*, 0:1] for configuration leader.replication.throttled.replicas: leader.replication.throttled.replicas must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...",
  ],
  [
    'flush.policy',
    'never',
    'Invalid value never for configuration flush.policy: String must be one of: ack, replication',
  ],
])('%s=%s is refused in the words of Kafka', (name, value, message) => {
  expect(validateTopicConfig(name, value)).toBe(message);
});

// Kafka takes NaN for a ratio; we do not.
test.each(['NaN', 'Infinity', '-Infinity', '1e', '0x1p3', '1,5'])('%s is no ratio', (value) => {
  expect(validateTopicConfig('min.cleanable.dirty.ratio', value)).toContain('min.cleanable.dirty.ratio');
});

test.each([
  ['retention.ms', ' 5 '],
  ['retention.ms', '+5'],
  ['retention.ms', '9223372036854775807'],
  ['retention.bytes', '-5'],
  ['cleanup.policy', ''],
  ['cleanup.policy', 'delete, compact'],
  ['preallocate', ' TRUE '],
  ['min.cleanable.dirty.ratio', '.5f'],
  ['leader.replication.throttled.replicas', '*'],
  ['follower.replication.throttled.replicas', ' 0:1 , 1:2 '],
])('%s=%j is accepted', (name, value) => {
  expect(validateTopicConfig(name, value)).toBeUndefined();
});

test('overrides that contradict each other are refused together', () => {
  expect(
    validateTopicConfigs(overridesOf({ 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' })),
  ).toBe('conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)');
  expect(validateTopicConfigs(overridesOf({ 'remote.storage.enable': 'true' }))).toContain('Tiered Storage');
  expect(validateTopicConfigs(overridesOf({ 'retention.ms': 'x' }))).toContain('Not a number');
  expect(
    validateTopicConfigs(overridesOf({ 'retention.ms': '1', 'cleanup.policy': 'compact' })),
  ).toBeUndefined();
});

test('only lists can be appended to', () => {
  expect(isListKey('topic', 'cleanup.policy')).toBe(true);
  expect(isListKey('topic', 'retention.ms')).toBe(false);
  expect(isListKey('topic', 'nothing')).toBe(false);
  expect(isListKey('broker', 'log.cleanup.policy')).toBe(true);
});

test('replicas of internal topics are no more than there are brokers, until somebody says how many', () => {
  const factor = (layers: BrokerLayers): unknown => {
    const name = 'offsets.topic.replication.factor';
    const entry = describeBrokerConfiguration(layers).find((one) => one.name === name);
    return [nodeValue(name, layers), entry?.value, entry?.source, entry?.synonyms.map(({ value }) => value)];
  };
  expect(factor(layersOf())).toEqual([1, '1', 'default', ['1']]);
  expect(factor({ ...layersOf(), brokerCount: 0 })).toEqual([1, '1', 'default', ['1']]);
  expect(factor({ ...layersOf(), brokerCount: 2 })).toEqual([2, '2', 'default', ['2']]);
  expect(factor({ ...layersOf(), brokerCount: 5 })).toEqual([3, '3', 'default', ['3']]);
  expect(factor(layersOf('offsets.topic.replication.factor=4'))).toEqual([
    4,
    '4',
    'static-broker',
    ['4', '1'],
  ]);
});

test('what nobody here knows may be a secret, and is not shown', () => {
  const layers = layersOf('my.plugin.key=hunter2\nlistener.name.a.plain.sasl.jaas.config=hunter3', {
    'listener.name.a.ssl.keystore.location': '/a',
  });
  const entries = new Map(describeBrokerConfiguration(layers).map((entry) => [entry.name, entry]));
  expect(entries.get('my.plugin.key')).toMatchObject({
    value: null,
    type: 'unknown',
    isSensitive: true,
    synonyms: [{ value: null }],
  });
  expect(entries.get('listener.name.a.plain.sasl.jaas.config')).toMatchObject({
    value: null,
    type: 'password',
  });
  expect(entries.get('listener.name.a.ssl.keystore.location')).toMatchObject({
    value: '/a',
    type: 'string',
    isSensitive: false,
    isReadOnly: true,
  });
  expect(JSON.stringify([...entries.values()])).not.toContain('hunter');
});
