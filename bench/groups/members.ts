import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TopicId } from '@kafkaesque/kernel';
import { apis, ErrorCode } from '@kafkaesque/protocol';
import type { LoadConnection } from '../load/connection';
import type { GroupProtocol } from './scenarios';

/** A member of a group that does no more than the protocol asks. */
export interface BareMember {
  /** Its partitions now; empty: none yet. */
  readonly partitions: number;
  /** Joins, and sends heartbeats until it is told to end. Rejects when it is refused. */
  live(isOver: () => boolean, paceMs: number): Promise<void>;
}

const SESSION_MS = 45_000;
const REBALANCE_MS = 60_000;
const LATER = new Set<number>([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
]);

const refused = (what: string, errorCode: number): Error => new Error(`${what}: error ${errorCode}`);

/** Waits until a group has a coordinator: its topic is made when somebody first asks. */
export const coordinated = async (connection: LoadConnection, group: string): Promise<void> => {
  for (;;) {
    const { errorCode } = await connection.request(apis.FindCoordinator, 3, { key: group, keyType: 0 });
    if (errorCode === 0) {
      const { groups } = await connection.request(apis.DescribeGroups, 5, { groups: [group] });
      if (!LATER.has(groups[0]?.errorCode ?? 0)) return;
    } else if (!LATER.has(errorCode)) throw refused('FindCoordinator', errorCode);
    await sleep(20);
  }
};

/** Computes what a leader computes, one partition for each member in turn; its bytes are its own. */
const classicMember = (connection: LoadConnection, group: string, topic: string): BareMember => {
  let memberId = '';
  let partitions = 0;
  const metadata = Buffer.concat([
    Buffer.from([0, 0, 0, 0, 0, 1, 0, topic.length]),
    Buffer.from(topic),
    Buffer.alloc(4),
  ]);
  const join = async (): Promise<number> => {
    const joined = await connection.request(apis.JoinGroup, 7, {
      ...{ groupId: group, sessionTimeoutMs: SESSION_MS, rebalanceTimeoutMs: REBALANCE_MS },
      ...{ memberId, protocolType: 'consumer', protocols: [{ name: 'range', metadata }] },
    });
    if (joined.errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
      ({ memberId } = joined);
      return join();
    }
    if (LATER.has(joined.errorCode)) {
      await sleep(20);
      return join();
    }
    if (joined.errorCode !== 0) throw refused('JoinGroup', joined.errorCode);
    const isLeader = joined.leader === joined.memberId;
    const { errorCode, assignment } = await connection.request(apis.SyncGroup, 5, {
      ...{ groupId: group, generationId: joined.generationId, memberId },
      ...{ protocolType: 'consumer', protocolName: 'range' },
      assignments: isLeader
        ? joined.members.map((member) => ({ memberId: member.memberId, assignment: Buffer.alloc(40, 1) }))
        : [],
    });
    if (errorCode === ErrorCode.REBALANCE_IN_PROGRESS || LATER.has(errorCode)) return join();
    if (errorCode !== 0) throw refused('SyncGroup', errorCode);
    partitions = assignment.length > 0 ? 1 : 0;
    return joined.generationId;
  };
  return {
    get partitions() {
      return partitions;
    },
    async live(isOver, paceMs) {
      let generationId = await join();
      while (!isOver()) {
        await sleep(paceMs);
        const { errorCode } = await connection.request(apis.Heartbeat, 4, {
          ...{ groupId: group, generationId, memberId },
        });
        if (errorCode === ErrorCode.REBALANCE_IN_PROGRESS) {
          partitions = 0;
          generationId = await join();
        } else if (errorCode !== 0 && !LATER.has(errorCode)) throw refused('Heartbeat', errorCode);
      }
    },
  };
};

const consumerMember = (connection: LoadConnection, group: string, topic: string): BareMember => {
  const memberId = randomUUID();
  let memberEpoch = 0;
  let owned: readonly { topicId: TopicId; partitions: readonly number[] }[] = [];
  const heartbeat = async (): Promise<void> => {
    const answer = await connection.request(apis.ConsumerGroupHeartbeat, 1, {
      ...{ groupId: group, memberId, memberEpoch },
      ...(memberEpoch === 0 ? { rebalanceTimeoutMs: REBALANCE_MS, subscribedTopicNames: [topic] } : {}),
      topicPartitions: owned.map(({ topicId, partitions }) => ({ topicId, partitions: [...partitions] })),
    });
    if (LATER.has(answer.errorCode)) return;
    if (answer.errorCode !== 0) throw refused('ConsumerGroupHeartbeat', answer.errorCode);
    ({ memberEpoch } = answer);
    if (answer.assignment !== null) owned = answer.assignment.topicPartitions;
  };
  return {
    get partitions() {
      return owned.reduce((sum, { partitions }) => sum + partitions.length, 0);
    },
    async live(isOver, paceMs) {
      await heartbeat();
      while (!isOver()) {
        await sleep(paceMs);
        await heartbeat();
      }
    },
  };
};

export const bareMember = (
  protocol: GroupProtocol,
  connection: LoadConnection,
  group: string,
  topic: string,
): BareMember => (protocol === 'classic' ? classicMember : consumerMember)(connection, group, topic);

/** Milliseconds from the last join until every member has one partition, of as many as there are members. */
export const assignedWithin = async (
  protocol: GroupProtocol,
  connections: readonly LoadConnection[],
  group: string,
  topic: string,
): Promise<number> => {
  let isOver = false;
  // Heartbeats as quick as a machine takes from so many: their interval is not what is measured.
  const paceMs = Math.max(20, connections.length);
  const members = connections.map((connection) => bareMember(protocol, connection, group, topic));
  const beganMs = performance.now();
  const lives = Promise.all(members.map((member) => member.live(() => isOver, paceMs)));
  const watch = async (): Promise<number> => {
    while (!members.every(({ partitions }) => partitions === 1)) await sleep(1);
    return performance.now() - beganMs;
  };
  try {
    const failed = lives.then(() => new Promise<never>(() => undefined));
    return await Promise.race([watch(), failed]);
  } finally {
    isOver = true;
    await lives.catch(() => undefined);
  }
};
