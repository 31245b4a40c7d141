// Records what five foreign client libraries, and for the rest our own, send to a node: seeds for the fuzzer
// (test/bad-input/recordings).
//
//   npm run build && node scripts/record-frames.mjs [CLIENT ...]
//
// Needs kcat, and a Python with confluent-kafka and aiokafka (build/python, or PYTHON=path); the others come from npm.
// A few frames of each API, version and length are kept, so the recordings stay small.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { openClient } from '@kafkaesque/client';
import { createCluster } from '@kafkaesque/testkit';
import kafkaJs from 'kafkajs';

const { Kafka, CompressionTypes, ConfigResourceTypes, logLevel } = kafkaJs;
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const into = join(root, 'test/bad-input/recordings');
const programs = join(root, 'test/interop/clients');
const python = process.env['PYTHON'] ?? join(root, 'build/python/bin/python');

const TOPIC = 'recorded';
const LARGEST_FRAME_BYTES = 4096;
const KEPT_OF_A_KIND = 6;

/** Stands between the clients and the node, and keeps what the clients send. */
const openProxy = async () => {
  const kept = new Map();
  let target = { host: '', port: 0 };
  const note = (frame) => {
    if (frame.length > LARGEST_FRAME_BYTES) return;
    const kind = `${frame.readInt16BE(0)}.${frame.readInt16BE(2)}`;
    const frames = kept.get(kind) ?? [];
    if (frames.length >= KEPT_OF_A_KIND || frames.some(({ length }) => length === frame.length)) return;
    kept.set(kind, [...frames, frame]);
  };
  const server = createServer((client) => {
    const upstream = connect({ ...target, noDelay: true });
    let pending = Buffer.alloc(0);
    client.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
        const end = 4 + pending.readInt32BE(0);
        note(Buffer.from(pending.subarray(4, end)));
        pending = pending.subarray(end);
      }
    });
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      socket.on('error', () => {
        client.destroy();
        upstream.destroy();
      });
    }
  });
  await new Promise((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, resolve));
  return {
    port: server.address().port,
    pointAt: (host, port) => (target = { host, port }),
    taken: () => {
      const frames = [...kept.entries()]
        .sort(([one], [other]) => Number(one) - Number(other))
        .flatMap(([, some]) => some);
      kept.clear();
      return frames;
    },
    close: () => server.close(),
  };
};

const run = (command, args, input = '') =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['pipe', 'ignore', 'inherit'],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ${args.join(' ')} ended with ${code}`)),
    );
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });

const base64 = (text) => Buffer.from(text).toString('base64');
const rows = [0, 1, 2, 0].map((partition, index) =>
  JSON.stringify({
    partition,
    key: base64(`key ${index}`),
    value: base64(`value ${index} `.repeat(4)),
    timestampMs: 1_700_000_000_000 + index,
    headers: [['header', base64('content')]],
  }),
);
const rowLines = `${rows.join('\n')}\n`;
const startsAt = JSON.stringify({ topic: TOPIC, from: { 0: 0, 1: 0, 2: 0 } });
const questions = (name) =>
  [
    { ask: 'create', topic: name, partitions: 2, configs: { 'retention.ms': '100000' } },
    { ask: 'extend', topic: name, total: 3 },
    { ask: 'list' },
    { ask: 'describe', topic: TOPIC },
    { ask: 'cluster' },
    { ask: 'configs', kind: 'topic', name: TOPIC },
    { ask: 'configs', kind: 'broker', name: '1' },
    { ask: 'offset', topic: TOPIC, partition: 0, at: 'earliest' },
    { ask: 'offset', topic: TOPIC, partition: 1, at: 'latest' },
    { ask: 'offset', topic: TOPIC, partition: 2, at: 1_700_000_000_000 },
    { ask: 'delete', topic: name },
  ]
    .map((question) => `${JSON.stringify(question)}\n`)
    .join('');
const furtherQuestions = {
  alter: {
    ...{ ask: 'alter', kind: 'topic', name: TOPIC },
    ...{ put: { 'retention.ms': '86400000' }, remove: ['segment.bytes'] },
  },
  replace: { ask: 'replace', kind: 'topic', name: TOPIC, configs: { 'retention.ms': '86400000' } },
  truncate: { ask: 'truncate', topic: TOPIC, partition: 0, before: 1 },
  details: { ask: 'details', topic: TOPIC },
  coordinator: { ask: 'coordinator', group: 'group' },
  directories: { ask: 'directories', topic: TOPIC, partitions: [0, 1, 2] },
};
const furtherLines = (asks) => asks.map((ask) => `${JSON.stringify(furtherQuestions[ask])}\n`).join('');

/** Produces in every codec, reads, and administers, through programs of one shape. */
const conversation = async (command, program, adminProgram, bootstrap, { codecs, reads = true, asks }) => {
  for (const codec of codecs) {
    const settings = JSON.stringify({ codec, acks: 'all', idempotent: codec === 'none' });
    await run(command, [join(programs, program), 'produce', bootstrap, TOPIC, settings], rowLines);
  }
  if (reads) await run(command, [join(programs, program), 'consume', bootstrap, startsAt]);
  const asked = questions(`made-by-${program.split('.')[0]}`) + furtherLines(asks);
  await run(command, [join(programs, adminProgram), bootstrap], asked);
};

const kcat = async (bootstrap) => {
  const all = ['-b', bootstrap, '-m', '20'];
  await run('kcat', ['-L', ...all]);
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    const idempotent = ['-X', `enable.idempotence=${String(codec === 'none')}`];
    await run(
      'kcat',
      ['-P', ...all, '-t', TOPIC, '-p', '0', '-K', ':', '-z', codec, ...idempotent],
      `a:${'b'.repeat(99)}\nc:d\n`,
    );
  }
  await run('kcat', ['-C', ...all, '-t', TOPIC, '-o', 'beginning', '-e', '-q']);
  await run('kcat', ['-Q', ...all, '-t', `${TOPIC}:0:1700000000000`]);
  const group = ['-X', 'auto.offset.reset=earliest', '-c', '3', '-q', '-G', 'kcats', TOPIC];
  await run('kcat', ['-b', bootstrap, '-m', '20', ...group]);
};

const kafkajs = async (bootstrap) => {
  const kafka = new Kafka({ clientId: 'kafkajs', brokers: [bootstrap], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const topic = 'made-by-kafkajs';
  await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] });
  await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
  await admin.fetchTopicMetadata({ topics: [TOPIC] });
  await admin.fetchTopicOffsets(TOPIC);
  await admin.fetchTopicOffsetsByTimestamp(TOPIC, 1_700_000_000_000);
  await admin.describeCluster();
  await admin.describeConfigs({
    includeSynonyms: true,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: TOPIC }],
  });
  const configEntries = [{ name: 'retention.ms', value: '86400000' }];
  await admin.alterConfigs({
    validateOnly: true,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: TOPIC, configEntries }],
  });
  await admin.deleteTopicRecords({ topic: TOPIC, partitions: [{ partition: 0, offset: '1' }] });
  await admin.deleteTopics({ topics: [topic] });
  await kafkajsGroup(kafka, admin);
  await admin.disconnect();
  for (const [idempotent, compression] of [
    [false, CompressionTypes.None],
    [false, CompressionTypes.GZIP],
    [true, CompressionTypes.None],
  ]) {
    const producer = kafka.producer({ idempotent });
    await producer.connect();
    const messages = [{ key: 'key', value: 'value', partition: 1, headers: { header: 'content' } }];
    await producer.send({ topic: TOPIC, compression, messages });
    await producer.disconnect();
  }
};

/** A member of a group that reads, commits and leaves, and what an administrator asks about the group. */
const kafkajsGroup = async (kafka, admin) => {
  const groupId = 'kafkajs-group';
  const consumer = kafka.consumer({ groupId, heartbeatInterval: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
  const seen = new Promise((resolve) => {
    void consumer.run({ autoCommit: false, eachMessage: ({ message }) => Promise.resolve(resolve(message)) });
  });
  const { offset } = await seen;
  await new Promise((resolve) => setTimeout(resolve, 500));
  await consumer.commitOffsets([{ topic: TOPIC, partition: 0, offset, metadata: 'noted' }]);
  await admin.describeGroups([groupId]);
  await consumer.disconnect();
  await admin.listGroups();
  await admin.fetchOffsets({ groupId, topics: [TOPIC] });
  await admin.setOffsets({ groupId, topic: TOPIC, partitions: [{ partition: 0, offset: '1' }] });
  await admin.deleteGroups([groupId]);
};

/** Groups by both protocols, and all that can be asked of them. */
const kafkaesqueGroups = async (client, admin) => {
  await client.producer().send({ topic: TOPIC, partition: 0, key: 'key', value: 'value' });
  for (const groupProtocol of ['classic', 'consumer']) {
    const groupId = `group-of-${groupProtocol}`;
    const settings = { groupId, groupProtocol, autoOffsetReset: 'earliest', groupInstanceId: 'an-instance' };
    const consumer = client.consumer(settings);
    consumer.subscribe([TOPIC]);
    for (let records = 0; records === 0;) {
      records = (await consumer.poll({ timeoutMs: 1_000 })).length;
    }
    await consumer.commit();
    await admin.describeConsumerGroups([groupId], { includeAuthorizedOperations: true });
    await consumer.close();
    await admin.removeMembersFromGroup(groupId).catch(() => undefined);
  }
  const groupId = 'group-of-nobody';
  const place = { topic: TOPIC, partition: 0 };
  await admin.alterGroupOffsets(groupId, [{ ...place, offset: 1, metadata: 'noted' }]);
  await admin.listGroupOffsets([{ groupId }, { groupId, partitions: [place] }], { requireStable: true });
  await admin.listGroups();
  await admin.listGroups({ states: ['Empty', 'Stable'], types: ['Classic', 'Consumer'] });
  await admin.describeClassicGroups([groupId, 'nobody'], { includeAuthorizedOperations: true });
  await admin.deleteGroupOffsets(groupId, [place]);
  await admin.deleteGroups([groupId, 'nobody']);
};

/** What no foreign library of these can send, or not in the newest version. */
const kafkaesque = async (bootstrap) => {
  const client = openClient({ bootstrapServers: bootstrap });
  const admin = client.admin();
  const places = [0, 1, 2].map((partition) => ({ topic: TOPIC, partition }));
  const resource = { type: 'topic', name: TOPIC };
  const [described] = await admin.describeTopics([TOPIC]);
  await admin.describeTopicsById([described.value.topicId]);
  await admin.describeProducers(places);
  for (const types of [undefined, ['topic'], ['broker', 'broker-logger', 'client-metrics', 'group']]) {
    await admin.listConfigResources(types);
  }
  await admin.describeLogDirs([1]);
  await admin.describeCluster({ includeFenced: true });
  const voter = { nodeId: 9, directoryId: described.value.topicId };
  const endpoints = [{ name: 'CONTROLLER', host: 'localhost', port: 9093 }];
  await admin.describeQuorum();
  await admin.updateFeatures([{ feature: 'metadata.version', level: 30 }], { validateOnly: true });
  for (const refused of [
    admin.addRaftVoter({ ...voter, endpoints }, { timeoutMs: 10 }),
    admin.removeRaftVoter(voter),
    admin.unregisterBroker(77),
  ])
    await refused.catch(() => undefined);
  const [first, second] = places;
  await admin.electLeaders('preferred', places);
  await admin.electLeaders('unclean', [first]);
  await admin.alterPartitionReassignments([
    { ...first, replicas: [1] },
    { ...second, replicas: undefined },
  ]);
  await admin.listPartitionReassignments();
  await admin.listPartitionReassignments({ partitions: places });
  await admin.alterReplicaLogDirs([{ ...first, broker: 1, path: '/nowhere' }]);
  const change = (name, operation, value) => ({ name, operation, value });
  for (const [type, name, changes] of [
    ['topic', TOPIC, [change('cleanup.policy', 'append', 'compact'), change('retention.ms', 'delete', null)]],
    [
      'broker',
      '1',
      [change('log.retention.ms', 'set', '86400000'), change('log.segment.bytes', 'delete', null)],
    ],
    ['broker', '', [change('log.retention.ms', 'set', '86400000')]],
    ['broker-logger', '1', [change('kafka.server.KafkaApis', 'set', 'WARN')]],
    ['client-metrics', 'metrics', [change('interval.ms', 'set', '1000')]],
  ]) {
    await admin.incrementalAlterConfigs([{ resource: { type, name }, changes }]);
    await admin.describeConfigs([{ type, name }], { synonyms: true, documentation: true });
  }
  await admin.alterConfigs([
    { resource, configs: { 'retention.ms': '86400000', 'min.insync.replicas': '1' } },
    { resource: { type: 'broker', name: '1' }, configs: { 'log.retention.ms': '86400000' } },
  ]);
  await admin.deleteRecords(places.map((place) => ({ ...place, beforeOffset: 1 })));
  const consumer = client.consumer({ autoOffsetReset: 'earliest', isolation: 'read_committed' });
  consumer.assign(places);
  await consumer.poll({ timeoutMs: 1_000 });
  await kafkaesqueGroups(client, admin);
  await client.close();
};

const everyCodec = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const clients = {
  kcat,
  'confluent-kafka': (bootstrap) =>
    conversation(python, 'confluent.py', 'confluent_admin.py', bootstrap, {
      codecs: everyCodec,
      asks: ['alter', 'replace', 'truncate', 'details'],
    }),
  aiokafka: (bootstrap) =>
    conversation(python, 'aio.py', 'aio_admin.py', bootstrap, {
      codecs: everyCodec,
      asks: ['replace', 'truncate', 'coordinator'],
    }),
  platformatic: (bootstrap) =>
    conversation(process.execPath, 'platformatic.mjs', 'platformatic-admin.mjs', bootstrap, {
      codecs: everyCodec.slice(0, 4),
      reads: false,
      asks: ['alter', 'replace', 'truncate', 'directories'],
    }),
  kafkajs,
  kafkaesque,
};

/** A node of its own for each: what one deletes, the next one would miss. */
const openNode = async (proxy) => {
  const cluster = await createCluster({
    properties: {
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${proxy.port}`,
      'group.initial.rebalance.delay.ms': '0',
    },
  });
  const [host, port] = cluster.bootstrapServers.split(':');
  proxy.pointAt(host, Number(port));
  const client = openClient({ bootstrapServers: `127.0.0.1:${proxy.port}` });
  await client.admin().createTopics([{ name: TOPIC, partitions: 3 }]);
  const producer = client.producer();
  await Promise.all(
    [0, 1, 2].map((partition) => producer.send({ topic: TOPIC, partition, key: 'key', value: 'value' })),
  );
  await client.close();
  proxy.taken();
  return cluster;
};

const proxy = await openProxy();
mkdirSync(into, { recursive: true });
const asked = process.argv.slice(2);
for (const [name, record] of Object.entries(clients)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const cluster = await openNode(proxy);
  await record(`127.0.0.1:${proxy.port}`);
  await cluster.close();
  const frames = proxy.taken();
  const recording = { client: name, topic: TOPIC, frames: frames.map((frame) => frame.toString('base64')) };
  writeFileSync(join(into, `${name}.json`), `${JSON.stringify(recording, null, 2)}\n`);
  process.stdout.write(`${name}: ${frames.length} frames\n`);
}
proxy.close();
