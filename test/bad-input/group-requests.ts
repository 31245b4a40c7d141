import { randomUUID } from 'node:crypto';
import { Offset } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { ResponseOf } from '@kafkaesque/protocol';
import type { BadClient } from './client';

const LATER = new Set<number>([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
]);

/** Asks as clients do: again while the coordinator is not there yet. */
export const patiently = async <Answer extends { readonly errorCode: number }>(
  ask: () => Promise<Answer>,
): Promise<Answer> => {
  for (;;) {
    const answer = await ask();
    if (!LATER.has(answer.errorCode)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** The offsets topic is made when somebody first looks for a coordinator. */
export const coordinated = async (client: BadClient, groupId: string): Promise<BadClient> => {
  await patiently(() => client.ask('FindCoordinator', 3, { key: groupId, keyType: 0 }));
  return client;
};

/** Commits one offset without being a member; with the code that it is answered. */
export const commitAlone = async (
  client: BadClient,
  groupId: string,
  topic: string,
  { offset = 7, metadata = null }: { readonly offset?: number; readonly metadata?: string | null } = {},
): Promise<number> => {
  const { errorCode } = await patiently(async () => {
    const { topics } = await client.ask('OffsetCommit', 9, {
      ...{ groupId, generationIdOrMemberEpoch: -1, memberId: '' },
      topics: [
        {
          name: topic,
          partitions: [{ partitionIndex: 0, committedOffset: Offset(offset), committedMetadata: metadata }],
        },
      ],
    });
    return { errorCode: topics[0]?.partitions[0]?.errorCode ?? -1 };
  });
  return errorCode;
};

/** What a group has committed for partition 0; -1: nothing. */
export const committedAlone = async (
  client: BadClient,
  groupId: string,
  topic: string,
): Promise<number | undefined> => {
  const { groups } = await client.ask('OffsetFetch', 8, {
    groups: [{ groupId, topics: [{ name: topic, partitionIndexes: [0] }] }],
  });
  return groups[0]?.topics[0]?.partitions[0]?.committedOffset;
};

/** One member's first heartbeat by KIP-848, with a subscription by names or by an expression. */
export const consumerJoin = (
  client: BadClient,
  groupId: string,
  { topics, regex }: { readonly topics?: readonly string[]; readonly regex?: string },
  memberId: string = randomUUID(),
): Promise<ResponseOf<'ConsumerGroupHeartbeat'>> =>
  patiently(() =>
    client.ask('ConsumerGroupHeartbeat', 1, {
      ...{ groupId, memberId, memberEpoch: 0, rebalanceTimeoutMs: 60_000, topicPartitions: [] },
      subscribedTopicNames: topics === undefined ? null : [...topics],
      subscribedTopicRegex: regex ?? null,
    }),
  );

export interface ClassicJoin {
  readonly memberId?: string;
  readonly metadata?: Buffer;
  readonly sessionMs?: number;
  readonly rebalanceMs?: number;
  readonly protocolType?: string;
}

/** One JoinGroup of the classic protocol. Not answered before the rebalance is, unless it is refused. */
export const classicJoin = (
  client: BadClient,
  groupId: string,
  { memberId = '', metadata, sessionMs = 30_000, rebalanceMs = 60_000, protocolType }: ClassicJoin = {},
): Promise<ResponseOf<'JoinGroup'>> =>
  patiently(() =>
    client.ask('JoinGroup', 9, {
      ...{ groupId, memberId, sessionTimeoutMs: sessionMs, rebalanceTimeoutMs: rebalanceMs },
      protocolType: protocolType ?? 'consumer',
      protocols: [{ name: 'range', metadata: metadata ?? Buffer.alloc(2) }],
    }),
  );

/** Joins in the two steps of KIP-394. */
export const classicMember = async (
  client: BadClient,
  groupId: string,
  join: ClassicJoin = {},
): Promise<ResponseOf<'JoinGroup'>> => {
  const first = await classicJoin(client, groupId, join);
  return first.errorCode === ErrorCode.MEMBER_ID_REQUIRED
    ? classicJoin(client, groupId, { ...join, memberId: first.memberId })
    : first;
};
