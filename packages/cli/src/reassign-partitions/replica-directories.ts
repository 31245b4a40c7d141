import { BrokerId } from '@kafkaesque/kernel';
import type { Admin } from '@kafkaesque/client';
import type { Placement, Replica } from './assignment-file';
import { byReplica, partitionName, replicaName } from './assignment-file';

/** In which directory a replica is, and into which it is being moved. */
export interface ReplicaDirectories {
  readonly current: string | undefined;
  readonly future: string | undefined;
}

/** Asks the brokers of these replicas; by `replicaName`, without those that are nowhere. */
export const replicaDirectories = async (
  admin: Admin,
  replicas: readonly Replica[],
): Promise<ReadonlyMap<string, ReplicaDirectories>> => {
  const found = new Map<string, ReplicaDirectories>();
  const brokers = [...new Set(replicas.map(({ broker }) => broker))];
  if (brokers.length === 0) return found;
  const asked = new Set(replicas.map(replicaName));
  for (const outcome of await admin.describeLogDirs(brokers.map((id) => BrokerId(id)))) {
    if (outcome.kind === 'failed') throw outcome.error;
    for (const { path, error, replicas: held } of outcome.value) {
      if (error !== undefined) continue;
      for (const { topic, partition, future } of held) {
        const name = replicaName({ topic, partition, broker: outcome.key });
        if (!asked.has(name)) continue;
        const known = found.get(name) ?? { current: undefined, future: undefined };
        found.set(name, future ? { ...known, future: path } : { ...known, current: path });
      }
    }
  }
  return found;
};

/** How far a replica's move between directories has come. */
export type DirectoryMove = Placement &
  (
    | { readonly kind: 'missing' }
    | { readonly kind: 'completed' }
    | { readonly kind: 'cancelled'; readonly current: string }
    | { readonly kind: 'active'; readonly current: string; readonly future: string }
  );

export const directoryMoves = async (
  admin: Admin,
  placements: readonly Placement[],
): Promise<readonly DirectoryMove[]> => {
  const directories = await replicaDirectories(admin, placements);
  return [...placements].sort(byReplica).map((placement): DirectoryMove => {
    const { current, future } = directories.get(replicaName(placement)) ?? {};
    if (current === undefined) return { ...placement, kind: 'missing' };
    if (future !== undefined) return { ...placement, kind: 'active', current, future };
    return current === placement.path
      ? { ...placement, kind: 'completed' }
      : { ...placement, kind: 'cancelled', current };
  });
};

export const directoryMoveLine = (move: DirectoryMove): string => {
  const partition = `Partition ${partitionName(move)}`;
  switch (move.kind) {
    case 'missing':
      return (
        `${partition} is not found in any live log dir on broker ${move.broker}. There is likely an offline log ` +
        'directory on the broker.'
      );
    case 'completed':
      return `Reassignment of replica ${replicaName(move)} completed successfully.`;
    case 'cancelled':
      return `${partition} on broker ${move.broker} is not being moved from log dir ${move.current} to ${move.path}.`;
    case 'active':
      return move.future === move.path
        ? `Reassignment of replica ${replicaName(move)} is still in progress.`
        : `${partition} on broker ${move.broker} is being moved to log dir ${move.future} instead of ${move.path}.`;
  }
};
