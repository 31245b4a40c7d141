import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Offset } from '@kafkaesque/kernel';
import { apis, encodeRequestFrame } from '@kafkaesque/protocol';
import { spawnBroker } from '../durability/spawned-broker';
import type { SpawnedBroker } from '../durability/spawned-broker';
import { int32 } from './bytes';
import { BadClient } from './client';
import { onlyOurs } from './target';
import { createTopic, endOffset, fetchBatch, goodBatch, produce } from './topics';
import type { CreatedTopic } from './topics';

/** Crowds at a node in a process of its own: what they cost it, and what its other clients notice. */
const IDLE_CONNECTIONS = 2_000;
const WAITING_FETCHES = 1_000;
const MIB = 1024 * 1024;

let broker: SpawnedBroker;
let port = 0;
const directory = mkdtempSync(join(tmpdir(), 'crowds-'));
beforeAll(async () => {
  broker = spawnBroker({ ...{ directory, port: 0, environment: {} }, properties: {} });
  ({ port } = await broker.ready);
});
afterAll(async () => {
  if (!broker.hasEnded) await broker.kill();
  rmSync(directory, { recursive: true, force: true });
});

const connect = (): Promise<BadClient> => BadClient.open('127.0.0.1', port);

const openMany = async (count: number): Promise<readonly BadClient[]> => {
  const clients: BadClient[] = [];
  while (clients.length < count)
    clients.push(...(await Promise.all(Array.from({ length: Math.min(100, count) }, connect))));
  return clients;
};

/** What the node's process keeps in memory; undefined where the system does not tell. */
const residentBytes = (): number | undefined => {
  const path = `/proc/${broker.pid}/status`;
  if (!existsSync(path)) return undefined;
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(path, 'utf8')) ?? [];
  return kib === undefined ? undefined : Number(kib) * 1024;
};

const expectGrowthBelow = (limitBytes: number, before: number | undefined): void => {
  const now = residentBytes();
  if (before === undefined || now === undefined)
    process.stderr.write('The memory of a process is not told here, and was not looked at.\n');
  else expect(now - before).toBeLessThan(limitBytes);
};

/** Writes and reads back, so many times. */
const neighbourWorks = async (neighbour: BadClient, topic: CreatedTopic, times: number): Promise<void> => {
  const from = await endOffset(neighbour, topic);
  for (let time = 0; time < times; time += 1) {
    const { errorCode, baseOffset } = await produce(neighbour, topic, goodBatch(`value ${time}`));
    expect([errorCode, baseOffset]).toEqual([0, from + time]);
    expect((await fetchBatch(neighbour, topic, from + time)).includes(`value ${time}`)).toBe(true);
  }
};

const fetchRequest = (topic: CreatedTopic, draft: { minBytes: number; maxWaitMs: number }): Buffer =>
  Buffer.concat(
    encodeRequestFrame(apis.Fetch, 12, 7, 'crowd', {
      ...{ ...draft, maxBytes: 1 << 30 },
      topics: [
        {
          topic: topic.name,
          partitions: [{ partition: 0, fetchOffset: Offset(0), partitionMaxBytes: 1 << 30 }],
        },
      ],
      forgottenTopicsData: [],
    }),
  );

onlyOurs(
  `B14: ${IDLE_CONNECTIONS} idle connections and ${WAITING_FETCHES} waiting fetches cost less than 200 MB`,
  async () => {
    await using neighbour = await connect();
    const topic = await createTopic(neighbour);
    await neighbourWorks(neighbour, topic, 300);
    const before = residentBytes();
    const crowd = await openMany(IDLE_CONNECTIONS + WAITING_FETCHES);
    const greeted = await Promise.all(
      crowd.map((client) =>
        client.ask('ApiVersions', 3, { clientSoftwareName: 'crowd', clientSoftwareVersion: '1' }),
      ),
    );
    expect(greeted.filter(({ errorCode }) => errorCode === 0)).toHaveLength(crowd.length);
    // More than there will ever be, of the partition that the neighbour writes to.
    const waiting = fetchRequest(topic, { minBytes: 1 << 30, maxWaitMs: 600_000 });
    await Promise.all(crowd.slice(IDLE_CONNECTIONS).map((client) => client.send(waiting)));
    await neighbourWorks(neighbour, topic, 300);
    expectGrowthBelow(200e6, before);
    expect(crowd.filter(({ isClosed, unreadBytes }) => isClosed || unreadBytes > 0)).toEqual([]);
    // Some go by themselves; the others are there when the node stops.
    await Promise.all(crowd.filter((_, index) => index % 2 === 0).map((client) => client.reset()));
    await neighbourWorks(neighbour, topic, 10);
    await broker.stop();
    await Promise.all(crowd.map(({ closed }) => closed));
    broker = spawnBroker({ ...{ directory, port, environment: {} }, properties: {} });
    await broker.ready;
    await using again = await connect();
    expect(await endOffset(again, topic)).toBe(610);
  },
  120_000,
);

onlyOurs(
  'B14: consumers that never read hold a bounded amount of memory, and nobody else up',
  async () => {
    await using neighbour = await connect();
    const large = await createTopic(neighbour);
    const topic = await createTopic(neighbour);
    for (let time = 0; time < 64; time += 1)
      expect((await produce(neighbour, large, goodBatch('x'.repeat(1_000_000)))).errorCode).toBe(0);
    await neighbourWorks(neighbour, topic, 100);
    const before = residentBytes();
    const deaf = await openMany(100);
    for (const { socket } of deaf) socket.pause();
    // Each asks for 50 times 55 MB, and takes none of it.
    const greedy = fetchRequest(large, { minBytes: 1, maxWaitMs: 1 });
    await Promise.all(deaf.map((client) => client.send(Buffer.concat(Array<Buffer>(50).fill(greedy)))));
    await neighbourWorks(neighbour, topic, 100);
    // 72 MiB of answers, what the system keeps of files, and what the collector has not looked at yet.
    expectGrowthBelow(256 * MIB, before);
    await Promise.all(deaf.map((client) => client.reset()));
    await neighbourWorks(neighbour, topic, 10);
  },
  60_000,
);

onlyOurs(
  'B14: producers that never end their frame cost what they sent, up to the budget, and hold nobody up',
  async () => {
    await using neighbour = await connect();
    const topic = await createTopic(neighbour);
    await neighbourWorks(neighbour, topic, 100);
    const before = residentBytes();
    // 500 times 100 MB are announced; a kilobyte of each comes.
    const endless = await openMany(500);
    const start = Buffer.concat([int32(100_000_000), Buffer.alloc(1_000)]);
    await Promise.all(endless.map((client) => client.send(start)));
    await neighbourWorks(neighbour, topic, 100);
    expectGrowthBelow(64 * MIB, before);
    // Then as much as the system takes, of 10 MB each.
    const rest = Buffer.alloc(10_000_000);
    for (const client of endless.slice(0, 100)) void client.send(rest);
    await neighbourWorks(neighbour, topic, 100);
    expectGrowthBelow(256 * MIB, before);
    await Promise.all(endless.map((client) => client.reset()));
    await neighbourWorks(neighbour, topic, 10);
  },
  60_000,
);

onlyOurs(
  'B14: a flood of connections that come and go leaves nothing behind, and holds nobody up',
  async () => {
    await using neighbour = await connect();
    const topic = await createTopic(neighbour);
    await neighbourWorks(neighbour, topic, 100);
    const before = residentBytes();
    for (let round = 0; round < 10; round += 1) {
      const flood = await openMany(300);
      await neighbourWorks(neighbour, topic, 5);
      await Promise.all(flood.map((client, index) => (index % 2 === 0 ? client.reset() : client.finish())));
    }
    await neighbourWorks(neighbour, topic, 10);
    expectGrowthBelow(64 * MIB, before);
  },
  60_000,
);
