import type { TopicPartition } from '../../records';
import type { AssignableTopic, PartitionAssignor, SubscribedMember } from './assignor';
import { compareMembers } from './member-order';

/**
 * Kafka's range assignor: of each topic every subscriber gets a run of partitions, the first ones one more where they
 * do not divide evenly. Members are in order of their instance ids, then of their member ids.
 */
export const rangeAssignor: PartitionAssignor = {
  name: 'range',
  isCooperative: false,
  assign: (topics, members) => {
    const assignments = new Map<string, TopicPartition[]>();
    const ordered = [...members].sort(compareMembers);
    for (const { memberId } of ordered) assignments.set(memberId, []);
    for (const topic of topics.values()) assignTopic(topic, ordered, assignments);
    return assignments;
  },
};

const assignTopic = (
  { topic, partitions }: AssignableTopic,
  members: readonly SubscribedMember[],
  assignments: ReadonlyMap<string, TopicPartition[]>,
): void => {
  const subscribers = members.filter(({ topics }) => topics.includes(topic));
  const whole = Math.floor(partitions.length / subscribers.length);
  const withOneMore = partitions.length % subscribers.length;
  let next = 0;
  subscribers.forEach(({ memberId }, index) => {
    const count = whole + (index < withOneMore ? 1 : 0);
    for (const { partition } of partitions.slice(next, next + count)) {
      assignments.get(memberId)?.push({ topic, partition });
    }
    next += count;
  });
};
