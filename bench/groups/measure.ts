import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Offset } from '@kafkaesque/kernel';
import { apis } from '@kafkaesque/protocol';
import type { Sample } from '../figures';
import { LoadConnection, requestFrame } from '../load/connection';
import { processorSeconds } from '../machine';
import type { RunningServer } from '../servers/server';
import { assignedWithin, bareMember, coordinated } from './members';
import type { AssignScenario, CommitScenario, HeartbeatScenario } from './scenarios';

const COMMIT_VERSION = 8;
/** What the newer protocol tells its members unless a group is configured otherwise. */
const HEARTBEAT_MS = 5000;
/** Members that share a connection: heartbeats wait for nothing. */
const MEMBERS_EACH = 20;
/** Error code of the first partition of a commit's answer: behind the header, the throttle time, the lengths and the topic. */
const okay = (frame: Buffer): boolean => frame.subarray(-4, -2).equals(Buffer.alloc(2));

let count = 0;
const fresh = (what: string): string => `${what}-${process.pid}-${(count += 1)}`;

const connected = async (port: number, connections: number): Promise<readonly LoadConnection[]> => {
  const open: LoadConnection[] = [];
  while (open.length < connections) open.push(await LoadConnection.open(port));
  return open;
};

/** Groups that a server has assigned before one is measured: nobody's first group after a start is of interest. */
const GROUPS_BEFORE = 3;

/** One assignment of a fresh group, by a server that has assigned others. */
export const measureAssign = async (
  { protocol, members }: AssignScenario,
  server: RunningServer,
  topic: string,
): Promise<Sample> => {
  const connections = await connected(server.port, members);
  try {
    const [first] = connections;
    if (first === undefined) throw new Error('a group has members');
    const freshGroup = async (): Promise<string> => {
      const group = fresh('assign');
      await coordinated(first, group);
      return group;
    };
    for (let count = 0; count < GROUPS_BEFORE; count++)
      await assignedWithin(protocol, connections, await freshGroup(), topic);
    const group = await freshGroup();
    const before = processorSeconds(server.pid);
    const assignedMs = await assignedWithin(protocol, connections, group, topic);
    return { assignedMs, processorMs: (processorSeconds(server.pid) - before) * 1000 };
  } finally {
    for (const connection of connections) connection.close();
  }
};

const commitFrame = (groupId: string, topic: string, partitions: number, offset: number): Buffer =>
  requestFrame(apis.OffsetCommit, COMMIT_VERSION, {
    ...{ groupId, generationIdOrMemberEpoch: -1, memberId: '' },
    topics: [
      {
        name: topic,
        partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({
          ...{ partitionIndex, committedOffset: Offset(offset), committedMetadata: '' },
        })),
      },
    ],
  });

/** Each group commits again as soon as it is answered. */
export const measureCommits = async (
  { groups, partitions }: CommitScenario,
  server: RunningServer,
  topic: string,
  seconds: number,
): Promise<Sample> => {
  const connections = await connected(server.port, groups);
  let committed = 0;
  try {
    const frames = await Promise.all(
      connections.map(async (connection) => {
        const group = fresh('commits');
        await coordinated(connection, group);
        return commitFrame(group, topic, partitions, 1);
      }),
    );
    const before = processorSeconds(server.pid);
    const beganMs = performance.now();
    const endMs = beganMs + seconds * 1000;
    await Promise.all(
      connections.map((connection, at) =>
        Promise.race([
          connection.failed,
          new Promise<void>((resolve) => {
            const frame = frames[at] ?? Buffer.alloc(0);
            const next = (): void => {
              if (performance.now() > endMs) resolve();
              else
                connection.send(frame, (answer) => {
                  if (!okay(answer)) throw new Error('a commit was refused');
                  committed += 1;
                  next();
                });
            };
            next();
          }),
        ]),
      ),
    );
    const took = (performance.now() - beganMs) / 1000;
    const used = processorSeconds(server.pid) - before;
    return { commitsPerSecond: committed / took, microsecondsPerCommit: (used * 1e6) / committed };
  } finally {
    for (const connection of connections) connection.close();
  }
};

const COMMITTERS = 20;

/** Commits an offset for each partition of each group. */
export const commitAll = async (
  port: number,
  topic: string,
  groups: readonly string[],
  partitions: number,
): Promise<void> => {
  const connections = await connected(port, COMMITTERS);
  try {
    await Promise.all(
      connections.map(async (connection, at) => {
        for (let group = at; group < groups.length; group += COMMITTERS) {
          const groupId = groups[group] ?? '';
          if (group < 10 * COMMITTERS) await coordinated(connection, groupId);
          await Promise.race([
            connection.failed,
            new Promise<void>((resolve) => {
              connection.send(commitFrame(groupId, topic, partitions, group + 1), (answer) => {
                if (!okay(answer)) throw new Error('a commit was refused');
                resolve();
              });
            }),
          ]);
        }
      }),
    );
  } finally {
    for (const connection of connections) connection.close();
  }
};

/** Milliseconds until each of these groups, which lie in all partitions of the offsets topic, is told its offset. */
export const loadedWithin = async (
  port: number,
  topic: string,
  groups: readonly (readonly [string, number])[],
): Promise<number> => {
  const beganMs = performance.now();
  const connection = await LoadConnection.open(port);
  try {
    for (const [groupId, offset] of groups)
      for (;;) {
        const answer = await connection.request(apis.OffsetFetch, 7, {
          groupId,
          topics: [{ name: topic, partitionIndexes: [0] }],
        });
        if (answer.errorCode === 0 && answer.topics[0]?.partitions[0]?.errorCode === 0) {
          if (answer.topics[0].partitions[0].committedOffset !== offset)
            throw new Error(`${groupId} has lost what it had committed`);
          break;
        }
        await sleep(1);
      }
    return performance.now() - beganMs;
  } finally {
    connection.close();
  }
};

/** Members join one after the other, and send heartbeats as often as they are told; measured once all have their part. */
export const measureHeartbeats = async (
  { members }: HeartbeatScenario,
  server: RunningServer,
  topic: string,
  { seconds, size }: { readonly seconds: number; readonly size: number },
): Promise<Sample> => {
  const total = Math.max(1, Math.ceil(members * size));
  const connections = await connected(server.port, Math.ceil(total / MEMBERS_EACH));
  const group = fresh('heartbeats');
  let isOver = false;
  try {
    const [first] = connections;
    if (first === undefined) throw new Error('a group has members');
    await coordinated(first, group);
    const bare = Array.from({ length: total }, (_, at) =>
      bareMember('consumer', connections[at % connections.length] ?? first, group, topic),
    );
    const lives = Promise.all(
      bare.map(async (member, at) => {
        await sleep((at * HEARTBEAT_MS) / total);
        await member.live(() => isOver, HEARTBEAT_MS);
      }),
    );
    const failed = lives.then(() => new Promise<never>(() => undefined));
    const measured = async (): Promise<Sample> => {
      while (!bare.every(({ partitions }) => partitions > 0)) await sleep(100);
      // What each of them has is not news any more.
      await sleep(HEARTBEAT_MS);
      const before = processorSeconds(server.pid);
      const beganMs = performance.now();
      await sleep(Math.max(seconds * 1000, HEARTBEAT_MS));
      const took = (performance.now() - beganMs) / 1000;
      return { processorShare: (processorSeconds(server.pid) - before) / took };
    };
    const sample = await Promise.race([measured(), failed]);
    isOver = true;
    return sample;
  } finally {
    isOver = true;
    for (const connection of connections) connection.close();
  }
};

export const groupNames = (groups: number): readonly string[] =>
  Array.from({ length: groups }, () => randomUUID());
