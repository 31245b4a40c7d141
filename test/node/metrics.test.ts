import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BrokerId, PartitionIndex } from '@kafkaesque/kernel';
import { apis, crc32c, encodeRequestFrame } from '@kafkaesque/protocol';
import { MetricsRegistry, openHealth, watchEventLoop, watchProcess } from '@kafkaesque/telemetry';
import type { HealthServer } from '@kafkaesque/telemetry';
import { silentLogger } from '@kafkaesque/kernel';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import type { BadClient } from '../bad-input/client';
import { batchOf, connectTo, createdTopic, deletedTopic, fetched, produced } from './node-client';

const registry = new MetricsRegistry();
let cluster: Cluster;
let client: BadClient;
let health: HealthServer;
let watched: readonly Disposable[];
beforeAll(async () => {
  cluster = await createCluster({ world: { metrics: registry } });
  client = await connectTo(cluster);
  watched = [watchEventLoop(registry), watchProcess(registry)];
  health = await openHealth({
    port: 0,
    isDefaultPort: false,
    isLive: () => true,
    unreadyReasons: cluster.node.unreadyReasons,
    metrics: registry,
    logger: silentLogger,
  });
});
afterAll(async () => {
  await health.close();
  for (const one of watched) one[Symbol.dispose]();
  await client[Symbol.asyncDispose]();
  await cluster.close();
});

/** Values of a scrape over HTTP, by name and labels as they are written. */
const scraped = async (): Promise<ReadonlyMap<string, number>> => {
  const answer = await fetch(`http://127.0.0.1:${health.port}/metrics`);
  const values = new Map<string, number>();
  for (const line of (await answer.text()).split('\n')) {
    const at = line.lastIndexOf(' ');
    if (line !== '' && !line.startsWith('#')) values.set(line.slice(0, at), Number(line.slice(at + 1)));
  }
  return values;
};

/** How much each value grew. */
const growth = (
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  names: readonly string[],
): Readonly<Record<string, number>> =>
  Object.fromEntries(names.map((name) => [name, (after.get(name) ?? NaN) - (before.get(name) ?? 0)]));

const TRAFFIC = 'kafka_server_brokertopicmetrics';
const REQUESTS = 'kafka_network_requestmetrics';

describe('a scrape', () => {
  test('counts what clients sent and received, for the broker and for the topic', async () => {
    await createdTopic(client, 'counted', {}, 2);
    const batch = batchOf(['a', 'b', 'c']);
    const before = await scraped();
    for (let i = 0; i < 5; i++) expect((await produced(client, 'counted', batch)).errorCode).toBe(0);
    await produced(client, 'counted', batch, { partition: 1, acks: 1 });
    const { records } = await fetched(client, 'counted', 0);
    expect(records).toHaveLength(5 * batch.length);
    const after = await scraped();
    const expected = {
      messagesin: 18,
      bytesin: 6 * batch.length,
      bytesout: 5 * batch.length,
      totalproducerequests: 6,
      failedproducerequests: 0,
      totalfetchrequests: 1,
      failedfetchrequests: 0,
      bytesrejected: 0,
    };
    for (const labels of ['', '{topic="counted"}']) {
      const named = Object.fromEntries(
        Object.entries(expected).map(([name, value]) => [`${TRAFFIC}_${name}_total${labels}`, value]),
      );
      expect(growth(before, after, Object.keys(named))).toEqual(named);
    }
    expect(after.get('kafka_log_log_size{topic="counted",partition="0"}')).toBe(5 * batch.length);
    expect(after.get('kafka_log_log_logendoffset{topic="counted",partition="0"}')).toBe(15);
    expect(after.get('kafka_log_log_logendoffset{topic="counted",partition="1"}')).toBe(3);
    expect(after.get('kafka_log_log_logstartoffset{topic="counted",partition="0"}')).toBe(0);
  });

  test('counts requests by version, and their times by phase', async () => {
    await createdTopic(client, 'timed');
    const batch = batchOf(['x']);
    const before = await scraped();
    for (let i = 0; i < 7; i++) await produced(client, 'timed', batch);
    await fetched(client, 'timed', 0);
    // Nothing is there beyond the end: the request waits in the purgatory.
    await fetched(client, 'timed', 7, { maxWaitMs: 50 });
    const after = await scraped();
    const expected = {
      [`${REQUESTS}_requests_total{request="Produce",version="9"}`]: 7,
      [`${REQUESTS}_requests_total{request="Fetch",version="12"}`]: 2,
      [`${REQUESTS}_totaltimems_count{request="Produce"}`]: 7,
      [`${REQUESTS}_totaltimems_count{request="Fetch"}`]: 2,
      [`${REQUESTS}_totaltimems_count{request="FetchConsumer"}`]: 2,
      [`${REQUESTS}_requestbytes_count{request="Produce"}`]: 7,
    };
    expect(growth(before, after, Object.keys(expected))).toEqual(expected);
    const sums = (request: string): Readonly<Record<string, number>> => {
      const phases = [
        'total',
        'requestqueue',
        'local',
        'remote',
        'throttle',
        'responsequeue',
        'responsesend',
      ];
      return Object.fromEntries(
        phases.map((phase) => {
          const name = `${REQUESTS}_${phase}timems_sum{request="${request}"}`;
          return [phase, growth(before, after, [name])[name] ?? NaN];
        }),
      );
    };
    for (const request of ['Produce', 'Fetch']) {
      const { total = NaN, ...parts } = sums(request);
      expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBeCloseTo(total, 6);
    }
    // The wait for records is the broker's remote time; it never ends before its deadline, which counts from local time on.
    const { local = NaN, remote = NaN } = sums('Fetch');
    expect(remote).toBeGreaterThan(0);
    expect(local + remote).toBeGreaterThanOrEqual(50);
    const journal = [...after.keys()].filter((name) => name.startsWith('kafkaesque_storage_flush_ms_count'));
    expect(journal).toHaveLength(1);
    expect(Object.values(growth(before, after, journal))[0]).toBeGreaterThanOrEqual(7);
  });

  test('does not count what the client is to blame for as a failure, and counts what was too large', async () => {
    await createdTopic(client, 'narrow', { 'max.message.bytes': '100' });
    const batch = batchOf(['y'.repeat(500)]);
    const before = await scraped();
    expect((await produced(client, 'narrow', batch)).errorCode).toBe(10);
    const expected = {
      [`${TRAFFIC}_bytesrejected_total{topic="narrow"}`]: batch.length,
      [`${TRAFFIC}_totalproducerequests_total{topic="narrow"}`]: 1,
      [`${TRAFFIC}_failedproducerequests_total{topic="narrow"}`]: 0,
      [`${TRAFFIC}_messagesin_total{topic="narrow"}`]: 0,
    };
    expect(growth(before, await scraped(), Object.keys(expected))).toEqual(expected);
  });

  test('counts the errors of answers by request, and flawed batches by their flaw', async () => {
    await createdTopic(client, 'flawed', { 'cleanup.policy': 'compact' });
    const before = await scraped();
    const broken = batchOf(['x']);
    broken.writeUInt32BE(broken.readUInt32BE(17) ^ 1, 17);
    expect((await produced(client, 'flawed', broken)).errorCode).toBe(2);
    expect((await produced(client, 'flawed', batchOf(['no', 'keys']))).errorCode).toBe(87);
    const old = batchOf(['x']);
    old.writeInt8(1, 16);
    expect((await produced(client, 'flawed', old)).errorCode).toBe(87);
    const holes = batchOf(['x']);
    holes.writeInt32BE(5, 23);
    holes.writeUInt32BE(crc32c(holes.subarray(21)), 17);
    expect((await produced(client, 'flawed', holes)).errorCode).toBe(87);
    await fetched(client, 'flawed', 99);
    const expected = {
      [`${REQUESTS}_errors_total{request="Produce",error="CORRUPT_MESSAGE"}`]: 1,
      [`${REQUESTS}_errors_total{request="Produce",error="INVALID_RECORD"}`]: 3,
      [`${REQUESTS}_errors_total{request="Fetch",error="OFFSET_OUT_OF_RANGE"}`]: 1,
      // The answer itself was no error, but its only partition was.
      [`${REQUESTS}_errors_total{request="Fetch",error="NONE"}`]: 1,
      [`${TRAFFIC}_invalidmessagecrcrecords_total`]: 1,
      [`${TRAFFIC}_nokeycompactedtopicrecords_total`]: 2,
      [`${TRAFFIC}_invalidmagicnumberrecords_total`]: 1,
      [`${TRAFFIC}_invalidoffsetorsequencerecords_total`]: 1,
    };
    expect(growth(before, await scraped(), Object.keys(expected))).toEqual(expected);
  });

  test('counts the error of a produce that asked for no answer', async () => {
    await createdTopic(client, 'unanswered');
    const before = await scraped();
    await using silent = await connectTo(cluster);
    const broken = batchOf(['x']);
    broken.writeUInt32BE(broken.readUInt32BE(17) ^ 1, 17);
    const frame = encodeRequestFrame(apis.Produce, 9, 1, null, {
      transactionalId: null,
      acks: 0,
      timeoutMs: 1000,
      topicData: [{ name: 'unanswered', partitionData: [{ index: PartitionIndex(0), records: broken }] }],
    });
    await silent.send(Buffer.concat(frame));
    await silent.closed;
    const errors = `${REQUESTS}_errors_total{request="Produce",error="CORRUPT_MESSAGE"}`;
    expect(growth(before, await scraped(), [errors])).toEqual({ [errors]: 1 });
  });

  test('counts the bytes of a listener, and those that a Produce request took to be compressed anew', async () => {
    await createdTopic(client, 'pressed', { 'compression.type': 'gzip' });
    const batch = batchOf(['a'.repeat(20_000)]);
    const before = await scraped();
    expect((await produced(client, 'pressed', batch)).errorCode).toBe(0);
    const { records } = await fetched(client, 'pressed', 0);
    const after = await scraped();
    const socket = 'kafka_server_socket_server_metrics';
    const incoming = `${socket}_incoming_byte_total{listener="PLAINTEXT",networkProcessor="0"}`;
    const outgoing = `${socket}_outgoing_byte_total{listener="PLAINTEXT",networkProcessor="0"}`;
    const temporary = `${REQUESTS}_temporarymemorybytes_sum{request="Produce"}`;
    const grown = growth(before, after, [incoming, outgoing, temporary]);
    expect(grown[incoming]).toBeGreaterThan(batch.length);
    expect(grown[incoming]).toBeLessThan(batch.length + 1000);
    expect(grown[outgoing]).toBeGreaterThan(records?.length ?? NaN);
    expect(grown[outgoing]).toBeLessThan((records?.length ?? NaN) + 1000);
    expect(grown[temporary]).toBe(records?.length);
  });

  test('tells how long metadata took to be committed', async () => {
    await createdTopic(client, 'committed');
    const now = await scraped();
    const average = now.get('kafka_server_raftmetrics_commit_latency_avg');
    expect(average).toBeGreaterThan(0);
    expect(now.get('kafka_server_raftmetrics_commit_latency_max')).toBeGreaterThanOrEqual(average ?? NaN);
    expect(now.get('kafka_server_raftmetrics_append_records_rate')).toBeGreaterThan(0);
  });

  test('shows connections, requests that wait, and the state of the cluster', async () => {
    await createdTopic(client, 'shown', {}, 3);
    const before = await scraped();
    const waiting = await connectTo(cluster);
    const answer = fetched(waiting, 'shown', 0, { maxWaitMs: 5000 });
    const waits = 'kafka_server_delayedoperationpurgatory_purgatorysize{delayedOperation="Fetch"}';
    let now = await scraped();
    while (now.get(waits) !== 1) now = await scraped();
    const labels = '{listener="PLAINTEXT",networkProcessor="0"}';
    const socket = 'kafka_server_socket_server_metrics';
    const expected = {
      [`${socket}_connection_count${labels}`]: 1,
      [`${socket}_connection_creation_total${labels}`]: 1,
      [`${socket}_connection_close_total${labels}`]: 0,
    };
    expect(now.get(`${socket}_connection_creation_rate${labels}`)).toBeGreaterThan(0);
    expect(growth(before, now, Object.keys(expected))).toEqual(expected);
    await produced(client, 'shown', batchOf(['z']));
    await answer;
    // Nobody writes to the end of this one: its time runs out.
    await fetched(waiting, 'shown', 1, { maxWaitMs: 10 });
    const expired = 'kafka_server_delayedfetchmetrics_expires_total{fetcherType="consumer"}';
    expect(growth(now, await scraped(), [expired])).toEqual({ [expired]: 1 });
    await waiting[Symbol.asyncDispose]();
    const closed = `${socket}_connection_close_total${labels}`;
    while ((now.get(closed) ?? 0) === (before.get(closed) ?? 0)) now = await scraped();
    expect(now.get(waits)).toBe(0);
    const partitions = now.get('kafka_controller_kafkacontroller_globalpartitioncount');
    expect(partitions).toBeGreaterThanOrEqual(3);
    const state = {
      kafka_controller_kafkacontroller_activecontrollercount: 1,
      kafka_controller_kafkacontroller_activebrokercount: 1,
      kafka_controller_kafkacontroller_offlinepartitionscount: 0,
      kafka_controller_controllerstats_uncleanleaderelections_total: 0,
      'kafka_server_raftmetrics_current_state{current_state="leader"}': 1,
      kafka_server_raftmetrics_current_leader: BrokerId(1),
      kafka_server_raftmetrics_current_vote: BrokerId(1),
      kafka_server_kafkaserver_brokerstate: 3,
      kafka_server_replicamanager_partitioncount: partitions,
      kafka_server_replicamanager_leadercount: partitions,
      kafka_server_replicamanager_underreplicatedpartitions: 0,
      kafka_server_replicamanager_offlinereplicacount: 0,
      kafka_log_logmanager_offlinelogdirectorycount: 0,
    };
    expect(Object.fromEntries(Object.keys(state).map((name) => [name, now.get(name)]))).toEqual(state);
  });

  test('forgets a deleted topic, but not what it added to the broker’s own counts', async () => {
    await createdTopic(client, 'fleeting');
    await produced(client, 'fleeting', batchOf(['a']));
    const before = await scraped();
    await deletedTopic(client, 'fleeting');
    const after = await scraped();
    expect([...before.keys()].filter((name) => name.includes('"fleeting"')).length).toBeGreaterThan(8);
    expect([...after.keys()].filter((name) => name.includes('"fleeting"'))).toEqual([]);
    const total = `${TRAFFIC}_messagesin_total`;
    expect(after.get(total)).toBe(before.get(total));
  });
});

/** What two dashboards for Kafka (Strimzi's, for Kafka and for KRaft) and their alerts ask a broker for. */
const ASKED_BY_DASHBOARDS = [
  'jvm_gc_collection_seconds_count',
  'jvm_gc_collection_seconds_sum',
  'jvm_memory_used_bytes',
  'jvm_threads_current',
  'kafka_cluster_partition_atminisr',
  'kafka_cluster_partition_replicascount',
  'kafka_cluster_partition_underminisr',
  'kafka_controller_controllerstats_uncleanleaderelections_total',
  'kafka_controller_kafkacontroller_activecontrollercount',
  'kafka_controller_kafkacontroller_offlinepartitionscount',
  'kafka_log_log_size',
  'kafka_log_logmanager_offlinelogdirectorycount',
  'kafka_network_socketserver_networkprocessoravgidle_percent',
  'kafka_server_brokertopicmetrics_bytesin_total',
  'kafka_server_brokertopicmetrics_bytesout_total',
  'kafka_server_brokertopicmetrics_failedfetchrequests_total',
  'kafka_server_brokertopicmetrics_failedproducerequests_total',
  'kafka_server_brokertopicmetrics_messagesin_total',
  'kafka_server_brokertopicmetrics_totalfetchrequests_total',
  'kafka_server_brokertopicmetrics_totalproducerequests_total',
  'kafka_server_kafkarequesthandlerpool_requesthandleravgidle_percent',
  'kafka_server_kafkaserver_linux_disk_read_bytes',
  'kafka_server_kafkaserver_linux_disk_write_bytes',
  'kafka_server_raftmetrics_append_records_rate',
  'kafka_server_raftmetrics_commit_latency_avg',
  'kafka_server_raftmetrics_current_epoch',
  'kafka_server_raftmetrics_current_leader',
  'kafka_server_raftmetrics_current_state',
  'kafka_server_raftmetrics_current_vote',
  'kafka_server_raftmetrics_high_watermark',
  'kafka_server_raftmetrics_log_end_offset',
  'kafka_server_replicamanager_leadercount',
  'kafka_server_replicamanager_partitioncount',
  'kafka_server_replicamanager_underminisrpartitioncount',
  'kafka_server_replicamanager_underreplicatedpartitions',
  'kafka_server_socket_server_metrics_connection_count',
  'process_open_fds',
];

test('dashboards made for Kafka find what they ask for', async () => {
  const told = new Set([...(await scraped()).keys()].map((line) => line.replace(/\{.*/, '')));
  const onLinuxAlone = /linux|threads|open_fds/;
  const asked = ASKED_BY_DASHBOARDS.filter(
    (name) => process.platform === 'linux' || !onLinuxAlone.test(name),
  );
  expect(asked.filter((name) => !told.has(name) && !told.has(`${name}_count`))).toEqual([]);
});

test('docs/metrics.md says what each metric means', async () => {
  const path = join(__dirname, '../../docs/metrics.md');
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const rows = [...registry.descriptions]
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .map(({ name, type, help }) => `| \`${name}\` | ${type} | ${cell(help)} |`);
  const table = ['| name | type | meaning |', '|---|---|---|', ...rows].join('\n');
  const text = await readFile(path, 'utf8');
  const [before = '', rest = ''] = text.split('<!-- table of metrics -->\n\n');
  const after = rest.slice(rest.indexOf('\n\n'));
  const renewed = `${before}<!-- table of metrics -->\n\n${table}${after}`;
  if (process.env['UPDATE_DOCS'] === '1') await writeFile(path, renewed);
  else expect(text).toBe(renewed);
  for (const { help } of registry.descriptions) expect(help).toMatch(/\.$/);
});
