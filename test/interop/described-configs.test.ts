import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BadClient } from '../bad-input/client';
import { createdTopic } from '../node/node-client';
import type { Both, Change } from './both-brokers';
import { answerTo, BROKER, CLIENT_METRICS, GROUP, openBoth, TOPIC } from './both-brokers';
import { apachePorts } from './apache-kafka';
import { javaTools } from './found-clients';

// Apache Kafka is a Java process of its own.
jest.setTimeout(120_000);

const PORT = String(apachePorts.describedConfigs);

interface ResourceName {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** Set in the file of both: other units than the shown key's, secrets, names that nobody knows, a hidden key. */
const PROPERTIES = {
  'compression.type': 'gzip',
  'group.consumer.session.timeout.ms': '50000',
  'listener.name.other.ssl.truststore.location': '/nowhere',
  'listener.name.other.ssl.truststore.password': 'secret',
  'log.flush.scheduler.interval.ms': '5000',
  'log.initial.task.delay.ms': '20000',
  'log.retention.hours': '24',
  'log.roll.jitter.hours': '1',
  'my.plugin.key': 'secret',
  'ssl.keystore.password': 'secret',
};

/** Keys whose values are this machine's ports and directories; only what stands around the values is compared. */
const ADDRESSES = ['controller.quorum.bootstrap.servers', 'listeners', 'log.dirs'];

/** Keys of our own, which the reference shows in italics. */
const OWN_KEYS = new Set(
  [
    ...readFileSync(join(__dirname, '../../docs/configuration.md'), 'utf8').matchAll(/^\| \*`([^`]+)`\*/gm),
  ].map(([, name]) => name),
);

/**
 * Where our answers differ on purpose, key by key: Kafka's and ours as `factsOf` writes them, '' for a key that is not
 * there. docs/decisions/0013 gives the reasons.
 */
type Differences = Readonly<Record<string, readonly [kafkas: string, ours: string]>>;
const TOPIC_ON_PURPOSE: Differences = {};
const BROKER_ON_PURPOSE: Differences = {
  'broker.heartbeat.interval.ms': [
    '2000 (5), type 3, read-only, broker.heartbeat.interval.ms=2000 (5)',
    '500 (5), type 3, read-only, broker.heartbeat.interval.ms=500 (5)',
  ],
  'broker.session.timeout.ms': [
    '9000 (5), type 3, read-only, broker.session.timeout.ms=9000 (5)',
    '3000 (5), type 3, read-only, broker.session.timeout.ms=3000 (5)',
  ],
  'controller.listener.names': [
    'CONTROLLER (4), type 7, read-only, controller.listener.names=CONTROLLER (4)',
    'CONTROLLER (4), type 7, read-only, controller.listener.names=CONTROLLER (4), controller.listener.names=CONTROLLER (5)',
  ],
  'controller.quorum.election.timeout.ms': [
    '1000 (5), type 3, read-only, controller.quorum.election.timeout.ms=1000 (5)',
    '600 (5), type 3, read-only, controller.quorum.election.timeout.ms=600 (5)',
  ],
  'controller.quorum.fetch.timeout.ms': [
    '2000 (5), type 3, read-only, controller.quorum.fetch.timeout.ms=2000 (5)',
    '1500 (5), type 3, read-only, controller.quorum.fetch.timeout.ms=1500 (5)',
  ],
  'controller.quorum.voters': [
    ' (5), type 7, read-only, controller.quorum.voters= (5)',
    ' (4), type 7, read-only, controller.quorum.voters= (4), controller.quorum.voters= (5)',
  ],
  'listener.security.protocol.map': [
    'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT (4), type 2, listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT (4), listener.security.protocol.map=SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT (5)',
    'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT (4), type 2, read-only, listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT (4), listener.security.protocol.map=SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT (5)',
  ],
  listeners: [
    '* (4), type 7, listeners=* (4), listeners=PLAINTEXT://:9092 (5)',
    '* (4), type 7, read-only, listeners=* (4), listeners=PLAINTEXT://:9092,CONTROLLER://:9093 (5)',
  ],
  'log.dir': [
    '/tmp/kafka-logs (5), type 7, read-only, log.dir=/tmp/kafka-logs (5)',
    './data (5), type 7, read-only, log.dir=./data (5)',
  ],
  'node.id': [
    '1 (4), type 3, read-only, node.id=1 (4)',
    '1 (4), type 3, read-only, node.id=1 (4), node.id=1 (5)',
  ],
  'offsets.topic.replication.factor': [
    '1 (4), type 4, read-only, offsets.topic.replication.factor=1 (4), offsets.topic.replication.factor=3 (5)',
    '1 (4), type 4, read-only, offsets.topic.replication.factor=1 (4), offsets.topic.replication.factor=1 (5)',
  ],
  'process.roles': [
    'broker,controller (4), type 7, read-only, process.roles=broker,controller (4)',
    'broker,controller (4), type 7, read-only, process.roles=broker,controller (4), process.roles=broker,controller (5)',
  ],
  'replica.lag.time.max.ms': [
    '30000 (5), type 5, read-only, replica.lag.time.max.ms=30000 (5)',
    '10000 (5), type 5, read-only, replica.lag.time.max.ms=10000 (5)',
  ],
  'share.coordinator.state.topic.min.isr': [
    '1 (4), type 4, read-only, share.coordinator.state.topic.min.isr=1 (4), share.coordinator.state.topic.min.isr=2 (5)',
    '1 (4), type 4, read-only, share.coordinator.state.topic.min.isr=1 (4), share.coordinator.state.topic.min.isr=1 (5)',
  ],
  'share.coordinator.state.topic.replication.factor': [
    '1 (4), type 4, read-only, share.coordinator.state.topic.replication.factor=1 (4), share.coordinator.state.topic.replication.factor=3 (5)',
    '1 (4), type 4, read-only, share.coordinator.state.topic.replication.factor=1 (4), share.coordinator.state.topic.replication.factor=1 (5)',
  ],
  'transaction.state.log.min.isr': [
    '1 (4), type 3, read-only, transaction.state.log.min.isr=1 (4), transaction.state.log.min.isr=2 (5)',
    '1 (4), type 3, read-only, transaction.state.log.min.isr=1 (4), transaction.state.log.min.isr=1 (5)',
  ],
  'transaction.state.log.replication.factor': [
    '1 (4), type 4, read-only, transaction.state.log.replication.factor=1 (4), transaction.state.log.replication.factor=3 (5)',
    '1 (4), type 4, read-only, transaction.state.log.replication.factor=1 (4), transaction.state.log.replication.factor=1 (5)',
  ],
};
/** Once a finer unit is set while running, Kafka shows the coarser one's default, beside the synonym that was given. */
const AFTER_CHANGES_ON_PURPOSE = ['log.flush.scheduler.interval.ms', 'log.retention.hours'];

/** Set while both run. */
const CHANGES: readonly Change[] = [
  [CLIENT_METRICS, 'sub', { 'interval.ms': '5000', match: 'client_id=a,client_software_name=b.*' }],
  [GROUP, 'g', { 'share.auto.offset.reset': 'by_duration:PT1H', 'consumer.heartbeat.interval.ms': '6000' }],
  [BROKER, '', { 'group.share.assignment.interval.ms': '2000' }],
  [BROKER, '', { 'log.retention.ms': '1000000', 'log.roll.ms': '5000000', 'log.flush.interval.ms': '77' }],
  [BROKER, '1', { 'log.retention.ms': '2000000', 'message.max.bytes': '2000000' }],
  [BROKER, '', { 'my.plugin.key': 'dynamic' }],
  [BROKER, '1', { 'my.other.key': 'dynamic', 'listener.name.other.ssl.keystore.password': 'dynamic' }],
  [BROKER, '1', { 'listener.name.other.plain.sasl.jaas.config': 'dynamic', 'max.connections': '1000' }],
  [BROKER, '1', { 'sasl.jaas.config': 'dynamic', 'log.cleanup.policy': 'compact,delete' }],
  [TOPIC, 'plain', { 'retention.ms': '12345', 'cleanup.policy': 'compact,delete', 'segment.ms': ' 7777 ' }],
  [TOPIC, 'plain', { 'internal.segment.bytes': '1000', 'min.insync.replicas': '1', preallocate: 'TRUE' }],
];

/** What a server says of each key, as one text, so that two servers can be compared. */
const factsOf = async (client: BadClient, resource: ResourceName): Promise<ReadonlyMap<string, string>> => {
  const { results } = await client.ask('DescribeConfigs', 4, {
    resources: [{ ...resource, configurationKeys: null }],
    includeSynonyms: true,
    includeDocumentation: true,
  });
  const [result] = results;
  if (result?.errorCode !== 0) return new Map([['error', `${result?.errorCode}: ${result?.errorMessage}`]]);
  return new Map(
    result.configs.map((config) => {
      const { name, value, configSource, readOnly, isSensitive, configType, synonyms, documentation } =
        config;
      const isAddress = ADDRESSES.includes(name);
      const facts = [
        `${isAddress ? '*' : value} (${configSource})`,
        `type ${configType}`,
        ...(readOnly ? ['read-only'] : []),
        ...(isSensitive ? ['sensitive'] : []),
        ...((documentation ?? '') === '' ? ['not documented'] : []),
        ...synonyms.map(
          (synonym) =>
            `${synonym.name}=${isAddress && synonym.source < 5 ? '*' : synonym.value} (${synonym.source})`,
        ),
      ];
      return [name, facts.join(', ')];
    }),
  );
};

if (javaTools === undefined) {
  test('described configs are not compared with Apache Kafka’s, which was not asked for or is not here', () => {
    process.stderr.write('interop: skipped the comparison of configs (npm run test:peers asks for it)\n');
    expect(javaTools).toBeUndefined();
  });
} else {
  const script = javaTools;
  let both: Both;
  beforeAll(async () => {
    both = await openBoth(script, PORT, PROPERTIES);
    for (const client of [both.ours, both.kafka]) await createdTopic(client, 'plain');
  });
  afterAll(() => both[Symbol.asyncDispose]());

  /** The keys of which the two say different things. */
  const differences = async (resource: ResourceName): Promise<Record<string, readonly [string, string]>> => {
    const [kafkas, own] = [await factsOf(both.kafka, resource), await factsOf(both.ours, resource)];
    const names = [...new Set([...kafkas.keys(), ...own.keys()])].sort();
    return Object.fromEntries(
      names
        .map((name) => [name, [kafkas.get(name) ?? '', own.get(name) ?? '']] as const)
        .filter(([name, [left, right]]) => left !== right && !(left === '' && OWN_KEYS.has(name))),
    );
  };

  test('of a topic and of a broker, as the file sets them', async () => {
    expect(OWN_KEYS).toContain('flush.policy');
    expect(await differences({ resourceType: TOPIC, resourceName: 'plain' })).toEqual(TOPIC_ON_PURPOSE);
    expect(await differences({ resourceType: BROKER, resourceName: '1' })).toEqual(BROKER_ON_PURPOSE);
  });

  test('of a topic, of a broker and of all brokers, after changes', async () => {
    for (const change of CHANGES)
      for (const client of [both.ours, both.kafka])
        expect(await answerTo(client, change)).toEqual([[0, null]]);
    const resources = [
      { resourceType: TOPIC, resourceName: 'plain' },
      { resourceType: BROKER, resourceName: '1' },
      { resourceType: BROKER, resourceName: '' },
    ];
    const expected = [
      Object.keys(TOPIC_ON_PURPOSE),
      [...Object.keys(BROKER_ON_PURPOSE), ...AFTER_CHANGES_ON_PURPOSE].sort(),
      [],
    ];
    // Kafka answers before its broker has applied a change.
    let told: (readonly string[])[] = [];
    for (let round = 0; round < 50; round++) {
      told = [];
      for (const resource of resources) told.push(Object.keys(await differences(resource)));
      if (JSON.stringify(told) === JSON.stringify(expected)) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(told).toEqual(expected);
  });
  test('of groups and of subscriptions to metrics', async () => {
    for (const resourceType of [CLIENT_METRICS, GROUP])
      for (const resourceName of ['sub', 'g', 'nothing', ''])
        expect(await differences({ resourceType, resourceName })).toEqual({});
  });
}
