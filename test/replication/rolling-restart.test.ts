import { spawn } from 'node:child_process';
import { openClient } from '@kafkaesque/client';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import { found } from '../interop/found-clients';
import type { SendingLane } from '../processes/sending-lanes';
import { kafkajsLane, ownLane, platformaticLanes } from '../processes/sending-lanes';

// Three nodes are stopped and started in turn, each when the one before is in sync again.
jest.setTimeout(120_000);

const PARTITIONS = 3;
const PAUSE_MS = 10;

/** Somebody who sends numbered values until told to stop. */
interface Application {
  /** Ends it; resolves with every value that it was told is written, and every error that reached it. */
  stop(): Promise<{ readonly written: readonly string[]; readonly errors: readonly string[] }>;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** One lane for each partition, each with one send at a time. */
const sendingOver = (lanes: readonly SendingLane[], topic: string): Application => {
  let isOver = false;
  const written: string[] = [];
  const errors: string[] = [];
  const send = async (lane: SendingLane, partition: number): Promise<void> => {
    for (let count = 0; !isOver; count++) {
      const value = `${partition}-${count}`;
      const outcome = await lane.send({ topic, partition, value });
      if (outcome.kind === 'ok') written.push(value);
      else errors.push(`${value}: ${outcome.why}`);
      await sleep(PAUSE_MS);
    }
  };
  const running = lanes.map((lane, partition) => send(lane, partition));
  return {
    stop: async () => {
      isOver = true;
      await Promise.all(running);
      await Promise.all(lanes.map((lane) => lane.close()));
      return { written, errors };
    },
  };
};

/** kcat takes lines, and says at its end with its exit code whether all of them were written. */
const kcat = (command: string, bootstrapServers: string, topic: string): Application => {
  const settings = ['enable.idempotence=true', 'linger.ms=1'].flatMap((setting) => ['-X', setting]);
  const child = spawn(command, ['-P', '-b', bootstrapServers, '-t', topic, ...settings]);
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const written: string[] = [];
  const timer = setInterval(() => {
    const value = `line-${written.length}`;
    written.push(value);
    child.stdin.write(`${value}\n`);
  }, PAUSE_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      child.stdin.end();
      const code = await ended;
      const failures = complaints.split('\n').filter((line) => /deliver|fatal/i.test(line));
      return { written, errors: code === 0 ? failures : [`exit code ${String(code)}: ${complaints}`] };
    },
  };
};

const each = (make: (partition: number) => SendingLane): readonly SendingLane[] =>
  Array.from({ length: PARTITIONS }, (_, partition) => make(partition));

type Opened = (bootstrapServers: string, topic: string) => Application;

const applications: readonly (readonly [string, Opened])[] = [
  [
    'kafkajs',
    (at, topic) =>
      sendingOver(
        each((partition) => kafkajsLane(at, `rolled-${partition}`)),
        topic,
      ),
  ],
  ['@platformatic/kafka', (at, topic) => sendingOver(platformaticLanes(at, PARTITIONS), topic)],
  [
    '@kafkaesque/client',
    (at, topic) =>
      sendingOver(
        each((partition) => ownLane(at, `rolled-${partition}`)),
        topic,
      ),
  ],
  ...(found.kcat === undefined
    ? []
    : [['kcat', (at, topic) => kcat(found.kcat ?? '', at, topic)] satisfies [string, Opened]]),
];

test('kcat is on this machine, or is said to be missing', () => {
  if (found.kcat === undefined) process.stderr.write('replication: kcat is not here, so not asked\n');
  expect(applications).toHaveLength(found.kcat === undefined ? 3 : 4);
});

describe('a rolling restart of three nodes', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await createCluster({ brokers: 3, properties: { 'auto.leader.rebalance.enable': false } });
  });
  afterAll(() => cluster.close());

  const areAllInSync = (topic: string): boolean =>
    cluster.nodes.every(({ running }) =>
      Array.from({ length: PARTITIONS }, (_, partition) => running?.partition(topic, partition)).every(
        (one) => one?.leader !== undefined && one.inSyncReplicas.length === 3,
      ),
    );

  const valuesOf = async (topic: string): Promise<readonly string[]> => {
    await using client = openClient({ bootstrapServers: cluster.bootstrapServers });
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }));
    const ends = await client.admin().listOffsets(partitions.map((one) => ({ ...one, spec: 'latest' })));
    let left = ends.reduce((sum, one) => sum + (one.kind === 'done' ? Number(one.value.offset) : 0), 0);
    await using consumer = client.consumer({ autoOffsetReset: 'earliest' });
    consumer.assign(partitions);
    const values: string[] = [];
    for await (const { value } of consumer) {
      values.push(value?.toString() ?? '');
      left -= 1;
      if (left === 0) break;
    }
    return values;
  };

  const topicOf = (name: string): string => `rolled-${name.replaceAll(/\W/g, '')}`;
  const outcomes = new Map<string, Awaited<ReturnType<Application['stop']>>>();

  // All of them at once, each with a topic of its own: they ride through the same restarts.
  beforeAll(async () => {
    await using client = openClient({ bootstrapServers: cluster.bootstrapServers });
    const topics = applications.map(([name]) => topicOf(name));
    const configs = { 'min.insync.replicas': '2' };
    await client
      .admin()
      .createTopics(topics.map((name) => ({ name, partitions: PARTITIONS, replicationFactor: 3, configs })));
    const partitions = topics.flatMap((topic) =>
      Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition })),
    );
    const running = applications.map(([name, open]) => ({
      name,
      application: open(cluster.bootstrapServers, topicOf(name)),
    }));
    await sleep(1000);
    for (const node of cluster.nodes) {
      await cluster.stop(node);
      await sleep(300);
      await cluster.restart(node);
      await cluster.waitFor(() => topics.every(areAllInSync));
      // As operators do: leaderships go back before the next one stops. Clients connect to who leads, and kcat ends when
      // all the connections are down that it once had.
      await client.admin().electLeaders('preferred', partitions);
      await sleep(2000);
    }
    await Promise.all(
      running.map(async ({ name, application }) => outcomes.set(name, await application.stop())),
    );
  });

  test.each(applications)(
    '%s rides through without an error, and each record is there once',
    async (name) => {
      const { written = [], errors = ['it did not run'] } = outcomes.get(name) ?? {};
      expect(errors).toEqual([]);
      expect(written.length).toBeGreaterThan(100);
      expect([...(await valuesOf(topicOf(name)))].sort()).toEqual([...written].sort());
    },
  );
});
