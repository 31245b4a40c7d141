import type { Reassignment } from '@kafkaesque/client';
import type { Assignment } from './assignment-file';
import { partitionName } from './assignment-file';

/** One partition on its way: whoever has it now, and whoever gets it. */
export interface PartitionMove {
  readonly topic: string;
  readonly partition: number;
  readonly sources: readonly number[];
  readonly destinations: readonly number[];
}

/** What is under way together with what is proposed, which goes before it. */
export const movesOf = (
  underWay: readonly Reassignment[],
  proposed: readonly Assignment[],
  current: readonly Assignment[],
): readonly PartitionMove[] => {
  const moves = new Map<string, PartitionMove>();
  for (const { topic, partition, replicas, addingReplicas } of underWay) {
    const sources = replicas.filter((id) => !addingReplicas.includes(id));
    moves.set(partitionName({ topic, partition }), {
      ...{ topic, partition, sources },
      destinations: addingReplicas,
    });
  }
  const replicasNow = new Map(current.map((one) => [partitionName(one), one.replicas]));
  for (const { topic, partition, replicas } of proposed) {
    const name = partitionName({ topic, partition });
    const sources = moves.get(name)?.sources ?? replicasNow.get(name) ?? [];
    const destinations = replicas.filter((id) => !sources.includes(id));
    moves.set(name, { topic, partition, sources, destinations });
  }
  return [...moves.values()];
};

/** The topics' throttled replicas: those that send, and those that receive, as `partition:broker,…`. */
export const throttledReplicas = (
  moves: readonly PartitionMove[],
): readonly { readonly topic: string; readonly leaders: string; readonly followers: string }[] => {
  const topics = [...new Set(moves.map(({ topic }) => topic))].sort();
  return topics.map((topic) => {
    const own = moves.filter((move) => move.topic === topic);
    const listed = (of: (move: PartitionMove) => readonly number[]): string =>
      [...new Set(own.flatMap((move) => of(move).map((broker) => `${move.partition}:${broker}`)))]
        .sort()
        .join(',');
    return { topic, leaders: listed(({ sources }) => sources), followers: listed((one) => one.destinations) };
  });
};

/** All brokers that have a part in it, by id. */
export const movingBrokers = (moves: readonly PartitionMove[]): readonly number[] =>
  [...new Set(moves.flatMap(({ sources, destinations }) => [...sources, ...destinations]))].sort(
    (a, b) => a - b,
  );
