import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ErrorCode } from '@kafkaesque/protocol';
import type { SpawnedBroker } from '../durability/spawned-broker';
import { spawnBroker } from '../durability/spawned-broker';
import { BadClient } from './client';
import {
  classicJoin,
  classicMember,
  commitAlone,
  committedAlone,
  consumerJoin,
  coordinated,
} from './group-requests';
import { onlyOurs } from './target';
import { createTopic, freshName } from './topics';

/** Crowds of group members at a node in a process of its own: what they cost it, and what other groups notice. */
const MEMBERS = 5_000;
const CONNECTIONS = 50;
const PARKED = 1_000;
const MIB = 1024 * 1024;

let broker: SpawnedBroker;
let port = 0;
const directory = mkdtempSync(join(tmpdir(), 'group-crowds-'));
beforeAll(async () => {
  const properties = {
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    'offsets.topic.num.partitions': 4,
  };
  broker = spawnBroker({ ...{ directory, port: 0, environment: {} }, properties });
  ({ port } = await broker.ready);
});
afterAll(async () => {
  if (!broker.hasEnded) await broker.kill();
  rmSync(directory, { recursive: true, force: true });
});

const connect = (): Promise<BadClient> => BadClient.open('127.0.0.1', port);
const connectMany = async (count: number): Promise<readonly BadClient[]> => {
  const clients: BadClient[] = [];
  while (clients.length < count)
    clients.push(...(await Promise.all(Array.from({ length: Math.min(100, count) }, connect))));
  return clients;
};
const closeAll = async (clients: readonly BadClient[]): Promise<void> => {
  await Promise.all(clients.map((client) => client.reset()));
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

/** Another group, which joins, commits and reads what it has committed. */
const neighbourWorks = async (topic: string, times: number): Promise<void> => {
  const groupId = freshName('neighbour');
  await using client = await coordinated(await connect(), groupId);
  for (let time = 1; time <= times; time += 1) {
    expect(await commitAlone(client, groupId, topic, { offset: time })).toBe(0);
    expect(await committedAlone(client, groupId, topic)).toBe(time);
  }
  expect((await classicMember(client, freshName('neighbour'))).errorCode).toBe(0);
};

/** What each of these clients is told, one answer after the other, by so many questions of each. */
const askedOfEach = async <Answer>(
  clients: readonly BadClient[],
  times: number,
  ask: (client: BadClient) => Promise<Answer>,
): Promise<readonly Answer[]> => {
  const answers = await Promise.all(
    clients.map(async (client) => {
      const own: Answer[] = [];
      while (own.length < times) own.push(await ask(client));
      return own;
    }),
  );
  return answers.flat();
};

const kindsOf = (answers: readonly { readonly errorCode: number }[]): readonly number[] => [
  ...new Set(answers.map(({ errorCode }) => errorCode)),
];

onlyOurs(
  `B14: ${MEMBERS} members that join one group of KIP-848 at once cost less than 150 MB, and hold no other group up`,
  async () => {
    const groupId = freshName('crowd');
    await using client = await coordinated(await connect(), groupId);
    const topic = await createTopic(client);
    await neighbourWorks(topic.name, 50);
    const before = residentBytes();
    const crowd = await connectMany(CONNECTIONS);
    const joining = askedOfEach(crowd, MEMBERS / CONNECTIONS, (one) =>
      consumerJoin(one, groupId, { topics: [topic.name] }),
    );
    await neighbourWorks(topic.name, 20);
    expect(kindsOf(await joining)).toEqual([0]);
    await neighbourWorks(topic.name, 20);
    expectGrowthBelow(150e6, before);
    const { groups } = await client.ask('ConsumerGroupDescribe', 1, {
      ...{ groupIds: [groupId], includeAuthorizedOperations: false },
    });
    expect(groups[0]?.members).toHaveLength(MEMBERS);
    await closeAll(crowd);
  },
  120_000,
);

onlyOurs(
  `B14: ${MEMBERS} members that are given ids by a classic group and never come back cost less than 64 MB`,
  async () => {
    const groupId = freshName('ghosts');
    await using client = await coordinated(await connect(), groupId);
    const topic = await createTopic(client);
    await neighbourWorks(topic.name, 50);
    const before = residentBytes();
    const crowd = await connectMany(CONNECTIONS);
    const answers = await askedOfEach(crowd, MEMBERS / CONNECTIONS, (one) => classicJoin(one, groupId));
    // An id for each, or an answer that there are too many.
    for (const { errorCode } of answers)
      expect([ErrorCode.MEMBER_ID_REQUIRED, ErrorCode.GROUP_MAX_SIZE_REACHED]).toContain(errorCode);
    await neighbourWorks(topic.name, 20);
    expectGrowthBelow(64 * MIB, before);
    await closeAll(crowd);
  },
  120_000,
);

onlyOurs(
  `B14: ${PARKED} members that join a classic group and never sync are thrown out after their time, and hold no other group up`,
  async () => {
    const groupId = freshName('deaf');
    await using client = await coordinated(await connect(), groupId);
    const topic = await createTopic(client);
    await neighbourWorks(topic.name, 50);
    const before = residentBytes();
    const crowd = await connectMany(PARKED);
    // Whoever comes later begins another rebalance, in which those before him do not join again.
    const joined = Promise.all(
      crowd.map((one) =>
        classicMember(one, groupId, {
          sessionMs: 2000,
          rebalanceMs: 2000,
          metadata: Buffer.alloc(1000),
        }).catch(() => undefined),
      ),
    );
    await neighbourWorks(topic.name, 20);
    expect((await joined).filter((answer) => answer?.errorCode === 0).length).toBeGreaterThan(0);
    await neighbourWorks(topic.name, 20);
    expectGrowthBelow(150e6, before);
    await closeAll(crowd);
    // Nobody is left but the one who does as he is told.
    const decent = await classicMember(client, groupId, { sessionMs: 30_000, rebalanceMs: 2000 });
    expect(decent.errorCode).toBe(0);
    for (let turn = decent; ;) {
      const { generationId, memberId } = turn;
      const { errorCode } = await client.ask('SyncGroup', 5, {
        ...{ groupId, generationId, memberId, protocolType: 'consumer', protocolName: 'range' },
        assignments: [{ memberId, assignment: Buffer.alloc(10) }],
      });
      const { groups } = await client.ask('DescribeGroups', 5, { groups: [groupId] });
      if (errorCode === 0 && groups[0]?.groupState === 'Stable' && groups[0].members.length === 1) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
      turn = await classicJoin(client, groupId, { memberId, sessionMs: 30_000, rebalanceMs: 2000 });
    }
  },
  120_000,
);

onlyOurs(
  'B14: members with a mebibyte of metadata each cost what the group may hold, and hold no other group up',
  async () => {
    const groupId = freshName('heavy');
    await using client = await coordinated(await connect(), groupId);
    const topic = await createTopic(client);
    await neighbourWorks(topic.name, 50);
    const before = residentBytes();
    const crowd = await connectMany(100);
    const joined = Promise.all(
      crowd.map((one) =>
        classicMember(one, groupId, {
          ...{ sessionMs: 2000, rebalanceMs: 2000, metadata: Buffer.alloc(MIB) },
        }).catch(() => undefined),
      ),
    );
    await neighbourWorks(topic.name, 20);
    await joined;
    // A hundred subscriptions, their frames, the answer to the leader, and what the collector has not looked at yet.
    expectGrowthBelow(600 * MIB, before);
    await closeAll(crowd);
    await neighbourWorks(topic.name, 20);
  },
  120_000,
);

onlyOurs(
  'B14: a flood of heartbeats of members that nobody knows is answered with Kafka’s errors, and leaves nothing behind',
  async () => {
    const groupId = freshName('unknown');
    await using client = await coordinated(await connect(), groupId);
    const topic = await createTopic(client);
    await neighbourWorks(topic.name, 50);
    const before = residentBytes();
    const crowd = await connectMany(20);
    let count = 0;
    const answers = await askedOfEach(crowd, 500, (one) => {
      count += 1;
      return count % 2 === 0
        ? one.ask('Heartbeat', 4, { groupId: `${groupId}-${count}`, generationId: 1, memberId: 'nobody' })
        : one.ask('ConsumerGroupHeartbeat', 1, {
            ...{ groupId: `${groupId}-${count}`, memberId: 'nobody', memberEpoch: 1 },
          });
    });
    expect([...kindsOf(answers)].sort((a, b) => a - b)).toEqual([
      ErrorCode.UNKNOWN_MEMBER_ID,
      ErrorCode.GROUP_ID_NOT_FOUND,
    ]);
    await neighbourWorks(topic.name, 20);
    expectGrowthBelow(64 * MIB, before);
    await closeAll(crowd);
  },
  120_000,
);
