import type { TopicPartition } from '../../records';
import type { PartitionAssignor } from './assignor';
import { compareMembers } from './member-order';

/** Kafka's round-robin assignor: all partitions in order, one after the other to the next member that subscribes them. */
export const roundRobinAssignor: PartitionAssignor = {
  name: 'roundrobin',
  isCooperative: false,
  assign: (topics, members) => {
    const ordered = [...members].sort(compareMembers);
    const subscribed = ordered.map((member) => new Set(member.topics));
    const assignments = new Map(ordered.map(({ memberId }) => [memberId, [] as TopicPartition[]]));
    let turn = 0;
    for (const name of [...topics.keys()].sort()) {
      if (!subscribed.some((names) => names.has(name))) continue;
      for (const { partition } of topics.get(name)?.partitions ?? []) {
        while (subscribed[turn]?.has(name) !== true) turn = (turn + 1) % ordered.length;
        assignments.get(ordered[turn]?.memberId ?? '')?.push({ topic: name, partition });
        turn = (turn + 1) % ordered.length;
      }
    }
    return assignments;
  },
};
