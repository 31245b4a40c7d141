import type {
  Admin,
  CommittedOffset,
  ConsumerGroupDescription,
  GroupMember,
  TopicPartition,
} from '@kafkaesque/client';
import { groupFailure } from './group-failure';
import type { OffsetRow } from './group-lines';

export const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;

export const byPlace = (a: TopicPartition, b: TopicPartition): number =>
  a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1;

/** What groups have committed, by group, in order of topic and partition; partitions that have nothing are left out. */
export const committedOffsets = async (
  admin: Admin,
  groupIds: readonly string[],
  timeoutMs: number,
): Promise<ReadonlyMap<string, readonly (TopicPartition & CommittedOffset)[]>> => {
  const outcomes = await admin.listGroupOffsets(
    groupIds.map((groupId) => ({ groupId })),
    { timeoutMs },
  );
  return new Map(
    outcomes.map((outcome) => {
      if (outcome.kind === 'failed') throw groupFailure(outcome.error, 'wrapped');
      const offsets = outcome.value.flatMap((one) =>
        one.kind === 'done' && one.value !== undefined ? [{ ...one.key, ...one.value }] : [],
      );
      return [outcome.key, offsets.sort(byPlace)];
    }),
  );
};

/** The ends of partitions; those without a leader, or without a topic, are left out. */
const logEndOffsets = async (
  admin: Admin,
  partitions: readonly TopicPartition[],
  timeoutMs: number,
): Promise<ReadonlyMap<string, number>> => {
  const topics = [...new Set(partitions.map(({ topic }) => topic))];
  const described = await admin.describeTopics(topics, { timeoutMs });
  const led = new Set(
    described.flatMap((outcome) =>
      outcome.kind === 'failed'
        ? []
        : outcome.value.partitions
            .filter(({ leader }) => leader >= 0)
            .map(({ partition }) => nameOf({ topic: outcome.key, partition })),
    ),
  );
  const asked = partitions.filter((one) => led.has(nameOf(one)));
  if (asked.length === 0) return new Map();
  const outcomes = await admin.listOffsets(
    asked.map((one) => ({ ...one, spec: 'latest' as const })),
    { timeoutMs },
  );
  return new Map(
    outcomes.map((outcome) => {
      if (outcome.kind === 'failed') throw groupFailure(outcome.error, 'wrapped');
      return [nameOf(outcome.key), outcome.value.offset];
    }),
  );
};

/** A group's rows: assigned partitions member by member, those of most partitions first, then what nobody reads. */
const rowsOf = (
  { members }: ConsumerGroupDescription,
  committed: readonly (TopicPartition & CommittedOffset)[],
  ends: ReadonlyMap<string, number>,
): readonly OffsetRow[] => {
  const byName = new Map(committed.map((one) => [nameOf(one), one]));
  const row = (place: TopicPartition, member: GroupMember | undefined): OffsetRow => {
    const { topic, partition } = place;
    const offset = byName.get(nameOf(place));
    const logEndOffset = ends.get(nameOf(place));
    const isKnown = offset !== undefined && logEndOffset !== undefined;
    return {
      topic,
      partition,
      leaderEpoch: offset?.leaderEpoch,
      currentOffset: offset?.offset,
      logEndOffset,
      lag: isKnown ? logEndOffset - offset.offset : undefined,
      consumerId: member?.memberId,
      host: member?.host,
      clientId: member?.clientId,
    };
  };
  const assigned = new Set<string>();
  const reading = members
    .filter(({ assignment }) => assignment.length > 0)
    .sort((a, b) => b.assignment.length - a.assignment.length)
    .flatMap((member) =>
      [...member.assignment].sort(byPlace).map((place) => {
        assigned.add(nameOf(place));
        return row(place, member);
      }),
    );
  const left = committed.filter((place) => !assigned.has(nameOf(place)));
  return [...reading, ...left.map((place) => row(place, undefined))];
};

/** Rows of each group, in the order of the descriptions. */
export const describedOffsets = async (
  admin: Admin,
  groups: readonly ConsumerGroupDescription[],
  timeoutMs: number,
): Promise<readonly (readonly OffsetRow[])[]> => {
  const committed = await committedOffsets(
    admin,
    groups.map(({ groupId }) => groupId),
    timeoutMs,
  );
  const partitions = new Map<string, TopicPartition>();
  for (const { groupId, members } of groups) {
    const places = [...members.flatMap(({ assignment }) => assignment), ...(committed.get(groupId) ?? [])];
    for (const { topic, partition } of places)
      partitions.set(nameOf({ topic, partition }), { topic, partition });
  }
  const ends = await logEndOffsets(admin, [...partitions.values()], timeoutMs);
  return groups.map((group) => rowsOf(group, committed.get(group.groupId) ?? [], ends));
};
