import { GroupMachine } from '@kafkaesque/coordinator';
import type { GroupAnswer, GroupRequest } from '@kafkaesque/coordinator';
import type { MetadataImage } from '@kafkaesque/metadata';
import { topicByName } from '@kafkaesque/metadata';
import type { GroupRecord } from '@kafkaesque/protocol';
import type { Replicas } from '../broker/replicas';
import type { GroupCounts, GroupLag, GroupsView } from '../metrics/group-metrics';
import type { CoordinatorHost } from './coordinator-host';

/** The groups that are coordinated here, for metrics: nothing is kept for them, everything is read when it is asked for. */
export const groupsView = (
  host: CoordinatorHost<GroupRecord, GroupRequest, GroupAnswer>,
  replicas: Pick<Replicas, 'find'>,
  image: () => MetadataImage,
): GroupsView => {
  function* machines(): Generator<GroupMachine, void, undefined> {
    for (const { runtime } of host.all)
      if (runtime.phase === 'active' && runtime.machine instanceof GroupMachine) yield runtime.machine;
  }
  function* lags(): Generator<GroupLag, void, undefined> {
    for (const { committedOffsets } of machines())
      for (const groupId of committedOffsets.groupIds)
        for (const [topic, partitions] of committedOffsets.ofGroup(groupId) ?? []) {
          const topicId = topicByName(image(), topic)?.topicId;
          for (const [partition, { offset: committedOffset }] of partitions) {
            const replica = topicId === undefined ? undefined : replicas.find(topicId, partition);
            const highWatermark = replica?.machine.highWatermark;
            const lag =
              highWatermark === undefined ? undefined : Math.max(0, highWatermark - committedOffset);
            yield { groupId, topic, partition, committedOffset, lag };
          }
        }
  }
  return {
    counts: () => countsOf(machines()),
    partitionsIn: (phase) => host.countOf(phase),
    lags,
  };
};

const countsOf = (machines: Iterable<GroupMachine>): GroupCounts => {
  const classic = new Map<string, number>();
  const consumer = new Map<string, number>();
  let offsets = 0;
  for (const { groups, committedOffsets } of machines) {
    offsets += committedOffsets.size;
    for (const { kind, state } of groups.values()) {
      const counts = kind === 'classic' ? classic : consumer;
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
  }
  return { classic, consumer, offsets };
};
