import { LeaderEpoch, Offset, ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { TopicId } from '@kafkaesque/kernel';
import type { FetchedOffset, OffsetPartition } from '@kafkaesque/coordinator';
import type { Draft, OffsetFetchRequest, OffsetFetchResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import type { Reply, RequestContext } from './handler';

type Answer = Draft<typeof OffsetFetchResponse>;
type GroupAsked = OffsetFetchRequest['groups'][number];
type TopicAsked = NonNullable<GroupAsked['topics']>[number];

/** From here on an answer has an error for the whole of a group. */
const FIRST_WITH_GROUP_ERROR = 2;
const FIRST_WITH_MANY_GROUPS = 8;
/** From here on topics are named by id. */
const FIRST_BY_ID = 10;
/** Partitions that one request may ask about: each costs a client four bytes, and the broker far more. */
const MAX_PARTITIONS = 200_000;

interface PartitionAnswer {
  readonly partitionIndex: number;
  readonly committedOffset: Offset;
  readonly committedLeaderEpoch: LeaderEpoch;
  readonly metadata: string;
  readonly errorCode: number;
}
interface TopicAnswer {
  readonly name: string;
  readonly topicId: TopicId;
  readonly partitions: readonly PartitionAnswer[];
}
interface GroupAnswer {
  readonly errorCode: number;
  readonly topics: readonly TopicAnswer[];
}

/** OffsetFetch (9): of one group, or of many (KIP-709). */
export const offsetFetch =
  (broker: Broker) =>
  async (context: RequestContext, request: OffsetFetchRequest): Promise<Reply<Answer>> => {
    const { apiVersion } = context;
    const { requireStable } = request;
    if (apiVersion >= FIRST_WITH_MANY_GROUPS) {
      const isTooMuch = request.groups.reduce((sum, group) => sum + askedBy(group), 0) > MAX_PARTITIONS;
      const groups = await Promise.all(
        onceForAll(request.groups).map(async (group) => {
          const { errorCode, topics } = isTooMuch
            ? TOO_MUCH
            : await ofGroup(broker, context, group, requireStable);
          return { groupId: group.groupId, errorCode, topics };
        }),
      );
      return { kind: 'answer', response: { groups } };
    }
    const { groupId } = request;
    const asked = request.topics?.map((topic) => ({ ...topic, topicId: ZERO_TOPIC_ID })) ?? null;
    const group = { groupId, memberId: null, memberEpoch: -1, topics: asked };
    const { errorCode, topics } =
      askedBy(group) > MAX_PARTITIONS ? TOO_MUCH : await ofGroup(broker, context, group, requireStable);
    if (errorCode === ErrorCode.NONE || apiVersion >= FIRST_WITH_GROUP_ERROR)
      return { kind: 'answer', response: { errorCode, topics } };
    if (errorCode === ErrorCode.INVALID_REQUEST)
      return { kind: 'close', why: `more than ${MAX_PARTITIONS} partitions in one OffsetFetch` };
    const refused = (asked ?? []).map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((index) => nothing(index, errorCode)),
    }));
    return { kind: 'answer', response: { topics: refused } };
  };

const TOO_MUCH: GroupAnswer = { errorCode: ErrorCode.INVALID_REQUEST, topics: [] };

const askedBy = ({ topics }: GroupAsked): number =>
  (topics ?? []).reduce((sum, { partitionIndexes }) => sum + partitionIndexes.length, 0);

/** A group that is asked for everything many times answers it once. */
const onceForAll = (groups: readonly GroupAsked[]): readonly GroupAsked[] => {
  const asked = new Set<string>();
  return groups.filter(({ groupId, topics }) => {
    if (topics !== null) return true;
    const isNew = !asked.has(groupId);
    asked.add(groupId);
    return isNew;
  });
};

const ofGroup = async (
  broker: Broker,
  context: RequestContext,
  group: GroupAsked,
  requireStable: boolean,
): Promise<GroupAnswer> => {
  if (!broker.isAllowed(context, 'DESCRIBE', 'GROUP', group.groupId))
    return { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED, topics: [] };
  const { groupId, memberId, memberEpoch } = group;
  const ask = (
    partitions: readonly OffsetPartition[] | null,
  ): Promise<{ readonly errorCode: number; readonly offsets: readonly FetchedOffset[] }> =>
    broker.groups.ask(groupId, {
      kind: 'fetch-offsets',
      groupId,
      memberId,
      memberEpoch,
      partitions,
      requireStable,
    });
  if (group.topics === null) {
    const { errorCode, offsets } = await ask(null);
    return { errorCode, topics: allTopics(broker, context, offsets) };
  }
  const topics = group.topics.map((asked) => ({ asked, ...resolved(broker, context, asked) }));
  const partitions = topics.flatMap(({ asked, errorCode, topic, topicId }) =>
    errorCode === ErrorCode.NONE
      ? asked.partitionIndexes.map((partition) => ({ topicId, topic, partition }))
      : [],
  );
  const { errorCode, offsets } = await ask(partitions);
  if (errorCode !== ErrorCode.NONE) return { errorCode, topics: [] };
  let at = 0;
  return {
    errorCode,
    topics: topics.map(({ asked, errorCode: refusal }) => ({
      name: asked.name,
      topicId: asked.topicId,
      partitions: asked.partitionIndexes.map((index) => {
        const offset = refusal === ErrorCode.NONE ? offsets[at++] : undefined;
        return offset === undefined ? nothing(index, refusal) : partitionAnswer(offset);
      }),
    })),
  };
};

/** All that the group has committed, as far as the asker may know of the topics. */
const allTopics = (
  broker: Broker,
  context: RequestContext,
  offsets: readonly FetchedOffset[],
): readonly TopicAnswer[] => {
  const topics = new Map<string, { name: string; topicId: TopicId; partitions: PartitionAnswer[] }>();
  const hidden = new Set<string>();
  for (const offset of offsets) {
    const { topic: name } = offset;
    let topic = topics.get(name);
    if (topic === undefined) {
      if (hidden.has(name)) continue;
      const topicId = offset.topicId === ZERO_TOPIC_ID ? broker.topicByName(name)?.topicId : offset.topicId;
      // Where topics are named by id, one that is gone has no name.
      const isNameless = context.apiVersion >= FIRST_BY_ID && topicId === undefined;
      if (isNameless || !broker.isAllowed(context, 'DESCRIBE', 'TOPIC', name)) {
        hidden.add(name);
        continue;
      }
      topic = { name, topicId: topicId ?? ZERO_TOPIC_ID, partitions: [] };
      topics.set(name, topic);
    }
    topic.partitions.push(partitionAnswer(offset));
  }
  return [...topics.values()];
};

const resolved = (
  broker: Broker,
  context: RequestContext,
  asked: TopicAsked,
): { readonly topicId: TopicId; readonly topic: string; readonly errorCode: number } => {
  const isById = context.apiVersion >= FIRST_BY_ID;
  const found = isById
    ? asked.topicId === ZERO_TOPIC_ID
      ? undefined
      : broker.topicById(asked.topicId)
    : broker.topicByName(asked.name);
  const topic = isById ? (found?.name ?? '') : asked.name;
  const topicId = found?.topicId ?? ZERO_TOPIC_ID;
  if (isById && found === undefined) return { topicId, topic, errorCode: ErrorCode.UNKNOWN_TOPIC_ID };
  const errorCode = broker.isAllowed(context, 'DESCRIBE', 'TOPIC', topic)
    ? ErrorCode.NONE
    : ErrorCode.TOPIC_AUTHORIZATION_FAILED;
  return { topicId, topic, errorCode };
};

const partitionAnswer = ({
  partition,
  offset,
  leaderEpoch,
  metadata,
  errorCode,
}: FetchedOffset): PartitionAnswer => ({
  partitionIndex: partition,
  committedOffset: offset,
  committedLeaderEpoch: leaderEpoch,
  metadata,
  errorCode,
});

const nothing = (partitionIndex: number, errorCode: number): PartitionAnswer => ({
  partitionIndex,
  committedOffset: Offset(-1),
  committedLeaderEpoch: LeaderEpoch(-1),
  metadata: '',
  errorCode,
});
