import type { BrokerId } from '@kafkaesque/kernel';

/** Where the replicas of a partition are, and what is under way (KIP-455). */
export interface Assignment {
  /** The target first, in preferred order, then what is to be removed. */
  readonly replicas: readonly BrokerId[];
  readonly addingReplicas: readonly BrokerId[];
  readonly removingReplicas: readonly BrokerId[];
}

export const isReassigning = ({
  addingReplicas,
  removingReplicas,
}: Pick<Assignment, 'addingReplicas' | 'removingReplicas'>): boolean =>
  addingReplicas.length > 0 || removingReplicas.length > 0;

const without = (ids: readonly BrokerId[], others: readonly BrokerId[]): readonly BrokerId[] =>
  ids.filter((id) => !others.includes(id));

/** Where the replicas were before the reassignment that is under way. */
export const originalReplicas = ({ replicas, addingReplicas }: Assignment): readonly BrokerId[] =>
  without(replicas, addingReplicas);

/** How many replicas there are when what is under way has come to its end. */
export const targetSize = ({ replicas, removingReplicas }: Assignment): number =>
  without(replicas, removingReplicas).length;

/**
 * The assignment on the way to `target`. Another target may be under way: what it was adding counts as added only once
 * that is done, and what of it is not wanted any more is removed like the rest.
 */
export const towards = (current: Assignment, target: readonly BrokerId[]): Assignment => {
  const ascending = (a: BrokerId, b: BrokerId): number => a - b;
  const removingReplicas = [...without(current.replicas, target)].sort(ascending);
  return {
    replicas: [...target, ...removingReplicas],
    addingReplicas: [...without(target, originalReplicas(current))].sort(ascending),
    removingReplicas,
  };
};

/**
 * Drops what is to be removed once that does no harm: everything added is in sync, somebody is in sync who stays, and a
 * smaller number of replicas are all in sync. Kafka asks for no more. Here the in-sync set may not fall below
 * `minInsyncReplicas` by it either: as many disks as before must be able to fail.
 */
export const completed = (
  assignment: Assignment,
  isr: readonly BrokerId[],
  minInsyncReplicas: number,
): { readonly assignment: Assignment; readonly isr: readonly BrokerId[] } => {
  const unfinished = { assignment, isr };
  if (!isReassigning(assignment)) return unfinished;
  const { addingReplicas, removingReplicas } = assignment;
  const replicas = without(assignment.replicas, removingReplicas);
  const staying = without(isr, removingReplicas);
  if (replicas.length === 0 || staying.length === 0) return unfinished;
  if (!addingReplicas.every((id) => staying.includes(id))) return unfinished;
  const shrinks = addingReplicas.length < removingReplicas.length;
  if (shrinks && !replicas.every((id) => staying.includes(id))) return unfinished;
  if (staying.length < isr.length && staying.length < Math.min(minInsyncReplicas, replicas.length))
    return unfinished;
  return { assignment: { replicas, addingReplicas: [], removingReplicas: [] }, isr: staying };
};
