import type { BrokerConfiguration } from './configuration';
import { readConfiguration } from './read';
import type { ConfigurationSources } from './sources';

const valid = (
  sources: ConfigurationSources,
): { configuration: BrokerConfiguration; warnings: readonly string[] } => {
  const outcome = readConfiguration(sources);
  if (outcome.kind === 'invalid') throw new Error(outcome.errors.map(({ message }) => message).join('\n'));
  return outcome;
};

const messages = (sources: ConfigurationSources): readonly string[] => {
  const outcome = readConfiguration(sources);
  return outcome.kind === 'invalid' ? outcome.errors.map(({ message }) => message) : [];
};

/** A combined node as Kafka's own `config/server.properties` describes it. */
const kafkaFile = `
# as Kafka 4 ships it
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=/tmp/kraft-combined-logs
num.partitions=1
num.recovery.threads.per.data.dir=1
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
`;

test('without any source a node is a cluster of its own', () => {
  const { configuration, warnings } = valid({});
  expect(configuration).toMatchObject({
    nodeId: 1,
    roles: ['broker', 'controller'],
    listeners: [
      { name: 'PLAINTEXT', host: '', port: 9092, protocol: 'PLAINTEXT' },
      { name: 'CONTROLLER', host: '', port: 9093, protocol: 'PLAINTEXT' },
    ],
    advertisedListeners: [{ name: 'PLAINTEXT', host: '', port: 9092 }],
    interBrokerListenerName: 'PLAINTEXT',
    quorum: [],
    logDirs: ['./data'],
    metadataLogDir: './data',
    metricsPort: 9404,
    isDefaultMetricsPort: true,
  });
  expect(warnings).toEqual([]);
});

test("Kafka's own file starts unchanged", () => {
  const { configuration, warnings } = valid({ file: kafkaFile });
  expect(warnings).toEqual([]);
  expect(configuration).toMatchObject({
    nodeId: 1,
    quorum: [{ nodeId: undefined, host: 'localhost', port: 9093 }],
    advertisedListeners: [{ name: 'PLAINTEXT', host: 'localhost', port: 9092 }],
    logDirs: ['/tmp/kraft-combined-logs'],
  });
});

test('overrides are stronger than variables, variables than the file', () => {
  const { configuration } = valid({
    file: 'num.partitions=2\ndefault.replication.factor=2\nfetch.max.bytes=2000',
    environment: { KAFKA_DEFAULT_REPLICATION_FACTOR: '3', KAFKA_FETCH_MAX_BYTES: '3000', OTHER: 'x' },
    overrides: ['fetch.max.bytes=4000', 'fetch.max.bytes=5000'],
  });
  expect(configuration).toMatchObject({ numPartitions: 2, defaultReplicationFactor: 3, fetchMaxBytes: 5000 });
});

test('variables are named as in the images of Kafka', () => {
  const { configuration, warnings } = valid({
    environment: {
      KAFKA_NODE_ID: '7',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '7@localhost:29093',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CTL',
      KAFKA_LISTENERS: 'PLAINTEXT://0.0.0.0:9092,CTL://0.0.0.0:29093',
      KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://broker:9092',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CTL:PLAINTEXT',
      KAFKA_HEAP_OPTS: '-Xmx1g',
      KAFKA_LISTENER_NAME_A__B_C___D: 'passed on',
      CLUSTER_ID: 'MkU3OEVBNTcwNTJENDM2Qk',
    },
  });
  expect(warnings).toEqual([]);
  expect(configuration).toMatchObject({
    nodeId: 7,
    clusterId: 'MkU3OEVBNTcwNTJENDM2Qk',
    quorum: [{ nodeId: 7, host: 'localhost', port: 29093 }],
  });
  expect(configuration.given.get('listener.name.a_b.c-d')).toBe('passed on');
});

test('a compose file of the ZooKeeper days starts with one warning', () => {
  const { configuration, warnings } = valid({
    environment: {
      KAFKA_BROKER_ID: '5',
      KAFKA_ZOOKEEPER_CONNECT: 'zookeeper:2181',
      KAFKA_ZOOKEEPER_SESSION_TIMEOUT_MS: '6000',
      KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://broker:29092,PLAINTEXT_HOST://localhost:9092',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,PLAINTEXT_HOST:PLAINTEXT',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    },
  });
  expect(warnings).toEqual([
    'There is no ZooKeeper any more: these settings are ignored: zookeeper.connect, zookeeper.session.timeout.ms',
  ]);
  expect(configuration).toMatchObject({
    nodeId: 5,
    listeners: [
      { name: 'PLAINTEXT', host: '0.0.0.0', port: 29092 },
      { name: 'PLAINTEXT_HOST', host: '0.0.0.0', port: 9092 },
      { name: 'CONTROLLER', host: '127.0.0.1', port: 0 },
    ],
    advertisedListeners: [
      { name: 'PLAINTEXT', host: 'broker', port: 29092 },
      { name: 'PLAINTEXT_HOST', host: 'localhost', port: 9092 },
    ],
  });
  expect(configuration.given.get('node.id')).toBe('5');
});

test('keys that nobody knows get one warning, and are kept', () => {
  const { configuration, warnings } = valid({
    file: 'foo.bar=1\nconstructor=2\n__proto__=3\nmetrics.mine=4',
  });
  expect(warnings).toEqual([
    'These settings are not known and have no effect: __proto__, constructor, foo.bar',
  ]);
  expect(configuration.given.get('__proto__')).toBe('3');
  expect(configuration.given.get('metrics.mine')).toBe('4');
  expect(() => configuration.get('constructor')).toThrow('there is no key constructor');
});

test('every wrong value is named, with what is allowed', () => {
  const outcome = readConfiguration({
    file: 'num.partitions=many\ncompression.type=zip',
    overrides: ['nonsense', '=x'],
  });
  expect(outcome).toMatchObject({
    kind: 'invalid',
    errors: [
      { key: 'nonsense', message: '--override "nonsense" must have the form key=value' },
      { key: '=x', message: '--override "=x" must have the form key=value' },
      {
        key: 'num.partitions',
        message: 'Invalid value many for configuration num.partitions: Not a number of type INT',
      },
      {
        key: 'compression.type',
        message:
          'Invalid value zip for configuration compression.type: String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer',
      },
    ],
  });
});

test('the file is read by the rules of Java properties', () => {
  const { configuration } = valid({
    file: '! comment\n  num.partitions : 3\nlog.dirs=/a,\\\n    /b\nbroker.rack=r\\u00e4ck\nnum.partitions=4\n',
  });
  expect(configuration).toMatchObject({ numPartitions: 4, logDirs: ['/a', '/b'], rack: 'räck' });
});

test('any key can be asked for', () => {
  const { configuration } = valid({ overrides: ['log.retention.ms=1000', 'ssl.keystore.password= secret '] });
  expect(configuration.get('log.retention.ms')).toBe(1000);
  expect(configuration.get('log.retention.minutes')).toBeNull();
  expect(configuration.get('log.retention.hours')).toBe(168);
  expect(configuration.get('log.cleanup.policy')).toEqual(['delete']);
  expect(configuration.get('ssl.keystore.password')).toBe(' secret ');
  expect(configuration.get('log.flush.interval.messages')).toBe(Number.MAX_SAFE_INTEGER);
});

const combined = [
  'node.id=1',
  'process.roles=broker,controller',
  'controller.listener.names=CONTROLLER',
  'listeners=PLAINTEXT://:9092,CONTROLLER://:9093',
  'controller.quorum.voters=1@localhost:9093',
];

test.each([
  ['process.roles=', 'must not be empty. Valid values include: [broker, controller]'],
  [
    'process.roles=foo',
    'Invalid value foo for configuration process.roles: String must be one of: broker, controller',
  ],
  ['node.id=-1', 'Invalid value -1 for configuration node.id: Value must be at least 0'],
  ['broker.id=2', 'You must set `node.id` to the same value as `broker.id`'],
  ['listeners=PLAINTEXT://:9092,PLAINTEXT://:9093', 'Each listener must have a different name'],
  ['listeners=PLAINTEXT://:9092,CONTROLLER://:9092', 'Each listener must have a different port'],
  ['listeners=FOO://:9092,CONTROLLER://:9093', 'No security protocol defined for listener FOO'],
  ['listeners=PLAINTEXT//:9092', 'Unable to parse PLAINTEXT//:9092 to a broker endpoint'],
  ['listeners=PLAINTEXT://:99999,CONTROLLER://:9093', 'The port of PLAINTEXT://:99999 must be at most 65535'],
  ['listeners=PLAINTEXT://:9092', "must contain at least one value appearing in the 'listeners'"],
  ['listeners=', "Configuration 'listeners' must not be empty. Valid values include: any non-empty value"],
  ['controller.listener.names=FOO', 'No security protocol defined for listener CONTROLLER'],
  ['advertised.listeners=PLAINTEXT://0.0.0.0:9092', 'cannot use the nonroutable meta-address 0.0.0.0'],
  ['advertised.listeners=CONTROLLER://h:9093', 'There must be at least one broker advertised listener'],
  [
    'advertised.listeners=PLAINTEXT://h:1,SSL://h:2',
    'must be equal to or a subset of the ones defined in listeners',
  ],
  [
    'inter.broker.listener.name=FOO',
    'defined in inter.broker.listener.name not found in listener.security.protocol.map',
  ],
  [
    'inter.broker.listener.name=SSL',
    'inter.broker.listener.name must be a listener name defined in advertised.listeners',
  ],
  ['listener.security.protocol.map=PLAINTEXT', 'PLAINTEXT must have the form NAME:PROTOCOL'],
  ['listener.security.protocol.map=PLAINTEXT:FOO', 'Invalid security protocol `FOO`'],
  ['process.roles=controller', 'must only contain KRaft controller listeners'],
  [
    'process.roles=broker',
    'the node id 1 must not be included in the set of voters controller.quorum.voters=Set(1)',
  ],
  [
    'controller.quorum.voters=',
    'If using process.roles, either controller.quorum.bootstrap.servers must contain',
  ],
  ['controller.quorum.voters=x', 'Each entry should be in the form `{id}@{host}:{port}`.'],
  ['controller.quorum.voters=1@localhost', 'Failed to parse host name from entry 1@localhost'],
  ['controller.quorum.voters=x@localhost:1', 'Failed to parse voter ID as an integer from x@localhost:1'],
  [
    'controller.quorum.voters=2@localhost:9093',
    'must be included in the set of voters controller.quorum.voters=Set(2)',
  ],
  ['controller.quorum.bootstrap.servers=nowhere', 'Each entry should be in the form `{host}:{port}`.'],
  ['early.start.listeners=X', 'early.start.listeners contains listener X'],
  [
    'log.retention.hours=0',
    'log.retention.ms must be unlimited (-1) or, greater than or equal to 1 (log.retention.hours is 0)',
  ],
  ['log.roll.ms=0', 'log.roll.ms must be greater than or equal to 1'],
  ['log.dirs=', "Configuration 'log.dirs' must not be empty"],
  ['log.dirs=/a,/a', 'Duplicate log directory found: /a,/a'],
  ['replica.fetch.wait.max.ms=40000', 'replica.fetch.wait.max.ms should always be less than or equal to'],
  ['max.connections.per.ip=0', 'max.connections.per.ip can be set to zero only if'],
  [
    'max.connections.per.ip.overrides=10.0.0.1',
    "Error parsing configuration property 'max.connections.per.ip.overrides'",
  ],
  [
    'max.connections.per.ip.overrides=a/b:1',
    'max.connections.per.ip.overrides contains invalid addresses : a/b',
  ],
  ['listener.name.external.max.connections=0', 'Invalid max.connections 0'],
  ['listener.name.external.max.connection.creation.rate=x', 'Not a number of type INT'],
  [
    'queued.max.request.bytes=5',
    'queued.max.request.bytes must be larger or equal to socket.request.max.bytes',
  ],
  ['socket.request.max.bytes=1195725856', 'Value must be no more than 1195725855'],
  ['broker.session.timeout.ms=400', 'must be larger than broker.heartbeat.interval.ms'],
  ['log.cleaner.min.cleanable.ratio=NaN', 'Not a number of type DOUBLE'],
  ['log.cleaner.min.cleanable.ratio=1e309', 'Value must be no more than 1'],
  ['num.partitions=99999999999999999999999', 'Not a number of type INT'],
])('%s is refused', (override, message) => {
  expect(messages({ overrides: [...combined, override] }).join('\n')).toContain(message);
});

test.each([
  ['a controller alone', ['process.roles=controller', 'listeners=CONTROLLER://:9093']],
  [
    'a broker alone',
    ['process.roles=broker', 'listeners=PLAINTEXT://:9092', 'controller.quorum.voters=2@c:9093'],
  ],
  [
    'an IPv4 and an IPv6 listener on one port',
    [
      'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,EXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      'listeners=PLAINTEXT://127.0.0.1:9092,EXT://[::1]:9092,CONTROLLER://:9093',
    ],
  ],
  ['free ports', ['listeners=PLAINTEXT://:0,CONTROLLER://:0']],
  ['lower case listener names', ['listeners=plaintext://h:9092,controller://:9093']],
  ['blanks', ['listeners= PLAINTEXT://:9092 , CONTROLLER://:9093 ']],
  ['unlimited retention', ['log.retention.minutes=-1']],
])('%s is accepted', (_, overrides) => {
  expect(messages({ overrides: [...combined, ...overrides] })).toEqual([]);
});

test('nothing that was given can begin a line of its own in a message', () => {
  const evil = 'x\n[ERROR] forged\r\u001b[2J';
  const sources: ConfigurationSources[] = [
    { overrides: [`num.partitions=${evil}`] },
    { overrides: [`listeners=${evil}`] },
    { overrides: [`listener.security.protocol.map=${evil}`] },
    { overrides: [`inter.broker.listener.name=${evil}`] },
    { overrides: [`controller.quorum.voters=${evil}`] },
    { overrides: [`process.roles=${evil}`] },
    { overrides: [evil] },
    { overrides: [`${evil}=1`] },
    { overrides: [`zookeeper.${evil}=1`] },
    { overrides: [`log.dirs=${evil},${evil}`] },
    { overrides: [`early.start.listeners=${evil}`] },
  ];
  for (const source of sources) {
    const outcome = readConfiguration(source);
    const said = [
      ...outcome.warnings,
      ...(outcome.kind === 'invalid' ? outcome.errors.map(({ message }) => message) : []),
    ];
    expect(said.length).toBeGreaterThan(0);
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(said.join('')).not.toMatch(/[\u0000-\u001f]/);
  }
});
