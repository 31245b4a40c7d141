import { createdTopic } from '../node/node-client';
import type { Both, Change } from './both-brokers';
import {
  answerTo,
  BROKER,
  BROKER_LOGGER,
  CLIENT_METRICS,
  GROUP,
  openBoth,
  shown,
  TOPIC,
} from './both-brokers';
import { apachePorts } from './apache-kafka';
import { javaTools } from './found-clients';

// Apache Kafka is a Java process of its own.
jest.setTimeout(120_000);

const PORT = String(apachePorts.changedConfigs);

/** For all brokers, one key at a time; in this order, because some values are judged beside earlier ones. */
const CLUSTER_WIDE = `
  log.retention.ms=1000000 log.retention.ms=0 log.retention.ms=x log.retention.hours=5
  log.roll.ms=0 log.roll.jitter.ms=-1 log.roll.ms=5000000
  log.local.retention.ms=99999999999 log.local.retention.ms=-3 log.local.retention.ms=-1 log.local.retention.ms=1000
  log.retention.ms=999 log.local.retention.ms= log.local.retention.bytes=100 log.retention.bytes=99
  log.retention.bytes=200 log.local.retention.bytes=201 log.local.retention.bytes=-1
  min.insync.replicas=0 min.insync.replicas=x
  max.connections=-1 max.connections=0 max.connections.per.ip=0 max.connections.per.ip=-1
  max.connections.per.ip.overrides=bad|host:5 max.connections.per.ip.overrides=127.0.0.1:500 max.connections.per.ip=0
  max.connections.per.ip=500 max.connection.creation.rate=0 max.connection.creation.rate=-1
  num.io.threads=1 num.io.threads=0 num.io.threads=17 num.io.threads=16 num.network.threads=100 num.replica.fetchers=3
  num.recovery.threads.per.data.dir=5 background.threads=4 background.threads=21
  remote.log.reader.threads=100 remote.log.manager.copier.thread.pool.size=100
  remote.log.manager.expiration.thread.pool.size=100 remote.log.manager.follower.thread.pool.size=100
  log.cleaner.threads=20 log.cleaner.threads=2 log.cleaner.dedupe.buffer.size=10 log.cleaner.io.buffer.size=-1
  log.cleaner.io.buffer.load.factor=2 log.cleaner.backoff.ms=-1 log.cleaner.min.cleanable.ratio=2
  log.cleaner.min.compaction.lag.ms=-5 log.cleaner.max.compaction.lag.ms=0
  message.max.bytes=-1 log.segment.bytes=10 log.cleanup.policy=bogus log.cleanup.policy=compact,compact
  log.cleanup.policy= compression.type=lz5 compression.gzip.level=0 compression.gzip.level=10
  compression.lz4.level=99 compression.zstd.level=99 log.message.timestamp.type=x
  log.message.timestamp.after.max.ms=-1 log.message.timestamp.before.max.ms=-1 unclean.leader.election.enable=maybe
  producer.id.expiration.ms=0 transaction.partition.verification.enable=no log.index.size.max.bytes=3
  log.index.interval.bytes=-1 log.segment.delete.delay.ms=-1 log.preallocate=x log.flush.interval.messages=0
  ssl.keystore.location=x node.id=5 process.roles=x auto.create.topics.enable=false log.dirs=/x quota.window.num=3
  remote.fetch.max.wait.ms=0 remote.log.index.file.cache.total.size.bytes=0 follower.fetch.last.tiered.offset.enable=x
  group.consumer.assignment.interval.ms=99999 group.share.assignment.interval.ms=-1
  group.share.assignment.interval.ms=15001 group.streams.assignment.interval.ms=99999
  group.coordinator.cached.buffer.max.bytes=1 cordoned.log.dirs=* sasl.jaas.config=x my.own.key=x my.own.key=
`;
const OF_TOPIC = `
  retention.ms=-2 retention.ms=x retention.bytes=-7 local.retention.ms=999999999999 local.retention.bytes=5
  remote.storage.enable=true remote.log.copy.disable=true remote.log.delete.on.disable=true nonsense=1 nonsense=
  min.insync.replicas=0 min.insync.replicas=5 segment.bytes=1000
  leader.replication.throttled.replicas=x leader.replication.throttled.replicas=0:1,1:x
  leader.replication.throttled.replicas=0:1 follower.replication.throttled.replicas=* compression.gzip.level=0
  cleanup.policy=bogus message.timestamp.type=x unclean.leader.election.enable=x preallocate=|TRUE|
  max.message.bytes=|10| max.message.bytes=2147483648 flush.ms=-1 flush.messages=0 delete.retention.ms=-1
  internal.segment.bytes=x segment.jitter.ms=-1 segment.ms=0 index.interval.bytes=-1
`;

const OF_CLIENT_METRICS = `
  interval.ms=1 interval.ms=x interval.ms=5000 interval.ms=3600001 nonsense=1 nonsense= metrics=* metrics=a,b match=x
  match=client_id=( match=nokey=a match=client_id=abc,client_software_name=x.* match=client_id=a=b interval.ms=
`;
const OF_GROUP = `
  nonsense=1 nonsense= consumer.session.timeout.ms=1 consumer.session.timeout.ms=0 consumer.session.timeout.ms=x
  consumer.session.timeout.ms=50000 consumer.session.timeout.ms=99999999 consumer.heartbeat.interval.ms=1
  consumer.heartbeat.interval.ms=99999 consumer.heartbeat.interval.ms=6000 consumer.heartbeat.interval.ms=
  consumer.assignment.interval.ms=-1 consumer.assignment.interval.ms=99999 share.auto.offset.reset=x
  share.auto.offset.reset=earliest share.auto.offset.reset=by_duration:x share.auto.offset.reset=by_duration:P
  share.auto.offset.reset=by_duration:-PT1H share.auto.offset.reset=by_duration:PT share.auto.offset.reset=by_duration:P1DT
  share.auto.offset.reset=by_duration:P1DT2H3M4.5S share.auto.offset.reset=by_duration:pt1h
  share.isolation.level=x share.isolation.level=read_committed share.record.lock.duration.ms=1
  share.record.lock.duration.ms=14000 share.record.lock.duration.ms=999999 share.record.lock.duration.ms=99999999
  share.session.timeout.ms=1 share.heartbeat.interval.ms=1 share.delivery.count.limit=1 share.delivery.count.limit=11
  share.delivery.count.limit=99 share.partition.max.record.locks=1 share.partition.max.record.locks=99999
  share.renew.acknowledge.enable=x share.renew.acknowledge.enable=false share.assignment.interval.ms=99999
  streams.session.timeout.ms=1 streams.heartbeat.interval.ms=99999 streams.num.standby.replicas=99
  streams.num.standby.replicas=-1 streams.num.standby.replicas=1 streams.initial.rebalance.delay.ms=-1
  streams.initial.rebalance.delay.ms=0 streams.assignment.interval.ms=99999
`;

/** `key=value` parted by blanks; \`|\` stands for a blank, no value for a deletion. */
const changesOf = (resourceType: number, resourceName: string, text: string): readonly Change[] =>
  text
    .trim()
    .split(/\s+/)
    .map((assignment) => {
      const at = assignment.indexOf('=');
      const value = assignment.slice(at + 1).replaceAll('|', ' ');
      return [resourceType, resourceName, { [assignment.slice(0, at)]: value === '' ? null : value }];
    });

const CHANGES: readonly Change[] = [
  ...changesOf(BROKER, '', CLUSTER_WIDE),
  [BROKER, '1', { 'log.retention.ms': '0' }],
  [BROKER, '', { 'log.retention.bytes': '100', 'log.local.retention.bytes': '201' }],
  [BROKER, '', { 'node.id': '5', 'broker.id': '6' }],
  [BROKER, '', { 'metric.reporters': '', '': 'x' }],
  [BROKER, '1', { 'ssl.keystore.location': 'x' }],
  [BROKER, '1', { 'advertised.listeners': 'PLAINTEXT://a:1' }],
  [BROKER, '1', { 'cordoned.log.dirs': '/nowhere' }],
  [BROKER, '1', { 'cordoned.log.dirs': '*' }],
  [BROKER, '1', { 'log.cleanup.policy': 'compact' }, 2],
  [BROKER, '1', { 'log.cleanup.policy': 'delete' }, 3],
  [BROKER, '1', { 'message.max.bytes': '1' }, 2],
  [BROKER, '1', { 'my.own.key': '1' }, 3],
  [BROKER, '1', { 'my.own.key': '1' }, 9],
  [BROKER, '1', { 'my.own.key': null }, 0],
  [BROKER, '2', { 'log.retention.ms': '1' }],
  [BROKER, 'x', { 'log.retention.ms': '1' }],
  [BROKER, '-1', { 'log.retention.ms': '1' }],
  ...changesOf(TOPIC, 'plain', OF_TOPIC),
  [TOPIC, 'plain', { 'min.compaction.lag.ms': '100', 'max.compaction.lag.ms': '50' }],
  [TOPIC, 'plain', { 'cleanup.policy': 'compact' }, 2],
  [TOPIC, 'plain', { 'cleanup.policy': 'delete' }, 3],
  [TOPIC, 'plain', { 'cleanup.policy': '' }],
  [TOPIC, 'plain', { 'retention.ms': '5' }, 2],
  [TOPIC, 'nowhere', { 'retention.ms': '1' }],
  [TOPIC, '', { 'retention.ms': '1' }],
  [TOPIC, 'b d', { 'retention.ms': '1' }],
  [BROKER_LOGGER, '1', { nowhere: 'INFO' }],
  [BROKER_LOGGER, '2', { root: 'INFO' }],
  [BROKER_LOGGER, '', { root: 'INFO' }],
  [BROKER_LOGGER, 'x', { root: 'INFO' }],
  [BROKER_LOGGER, '1', { root: 'INFO' }, 2],
  ...changesOf(CLIENT_METRICS, 'sub', OF_CLIENT_METRICS),
  [CLIENT_METRICS, '', { 'interval.ms': '5000' }],
  [CLIENT_METRICS, 'sub', { metrics: 'a' }, 2],
  [CLIENT_METRICS, 'sub', { metrics: '' }],
  ...changesOf(GROUP, 'g', OF_GROUP),
  [GROUP, 'g', { 'share.isolation.level': 'x' }, 2],
  [GROUP, '', { 'consumer.session.timeout.ms': '50000' }],
  [77, 'x', { a: 'b' }],
  [0, 'x', { a: 'b' }],
];

const isAccepted = (answers: readonly unknown[]): boolean => JSON.stringify(answers) === '[[0,null]]';

if (javaTools === undefined) {
  test('answers to changes are not compared with Apache Kafka’s, which was not asked for or is not here', () => {
    process.stderr.write('interop: skipped the comparison of changes (npm run test:peers asks for it)\n');
    expect(javaTools).toBeUndefined();
  });
} else {
  const script = javaTools;
  let both: Both;
  beforeAll(async () => {
    both = await openBoth(script, PORT);
    for (const client of [both.ours, both.kafka]) await createdTopic(client, 'plain');
  });
  afterAll(() => both[Symbol.asyncDispose]());

  test('every change gets Kafka’s code and sentence', async () => {
    const different: unknown[] = [];
    for (const change of CHANGES) {
      const [kafkas, ours] = [await answerTo(both.kafka, change), await answerTo(both.ours, change)];
      if (change[0] === BROKER && isAccepted(kafkas)) await shown(both.kafka, change);
      if (JSON.stringify(kafkas) !== JSON.stringify(ours)) different.push({ change, kafkas, ours });
    }
    expect(different).toEqual([]);
  });
}
