import type { TopicId } from '@kafkaesque/kernel';
import { sameAssignment, type Assignment } from '../partitions';
import type { Assignor, AssignorMember } from './assignor';

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** Static members first, by instance id, so that they keep their ranges whatever ids they come back with. */
const inOrder = (members: readonly AssignorMember[]): AssignorMember[] =>
  [...members].sort((one, other) => {
    if (one.instanceId !== null && other.instanceId !== null)
      return compare(one.instanceId, other.instanceId);
    if (one.instanceId !== null) return -1;
    if (other.instanceId !== null) return 1;
    return compare(one.memberId, other.memberId);
  });

/** How the ranges of one topic go on. */
interface Ranges {
  readonly partitionCount: number;
  subscribers: number;
  served: number;
  next: number;
}

const nextRange = (ranges: Ranges): readonly number[] | undefined => {
  const least = Math.floor(ranges.partitionCount / ranges.subscribers);
  const size = least + (ranges.served < ranges.partitionCount % ranges.subscribers ? 1 : 0);
  const first = ranges.next;
  ranges.served += 1;
  ranges.next += size;
  return size === 0 ? undefined : Array.from({ length: size }, (_, at) => first + at);
};

/**
 * Kafka's `range`: each topic's partitions in runs of equal length over its subscribers in their order. Topics with
 * the same subscribers and as many partitions are divided alike, so that a member gets the same numbers of each.
 */
export const assignRange: Assignor = (members) => {
  const ordered = inOrder(members);
  const rangesByTopic = new Map<TopicId, Ranges>();
  for (const { topics } of ordered) {
    for (const { topicId, partitionCount } of topics) {
      const ranges = rangesByTopic.get(topicId);
      if (ranges === undefined)
        rangesByTopic.set(topicId, { partitionCount, subscribers: 1, served: 0, next: 0 });
      else ranges.subscribers += 1;
    }
  }
  const assignments = new Map<string, Assignment>();
  for (const { memberId, topics, current } of ordered) {
    const assignment = new Map<TopicId, readonly number[]>();
    for (const { topicId } of topics) {
      const ranges = rangesByTopic.get(topicId);
      const range = ranges === undefined ? undefined : nextRange(ranges);
      if (range !== undefined) assignment.set(topicId, range);
    }
    assignments.set(memberId, sameAssignment(assignment, current) ? current : assignment);
  }
  return assignments;
};
