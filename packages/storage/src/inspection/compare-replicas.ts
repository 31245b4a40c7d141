import { baseOffsetOf, lastOffsetOf, leaderEpochOf } from '@kafkaesque/protocol';
import type { InspectedLog, StandingBatch } from './inspected-log';

/** One replica of a partition, and whose it is. */
export interface ComparedReplica {
  readonly nodeId: number;
  readonly log: InspectedLog;
}

/** Where two replicas of a partition differ first. */
export interface ReplicaDifference {
  /**
   * `different`: two things stand at one offset of one leader epoch, which must never be. `diverging`: of different epochs,
   * as an old leader's unacknowledged tail is until the newer one's followers cut it.
   */
  readonly kind: 'different' | 'diverging';
  readonly offset: number;
  readonly message: string;
}

/** What all replicas have, compared byte by byte. */
export interface ReplicaComparison {
  /** The offsets that were compared: from the greatest log start up to the least end. */
  readonly from: number;
  readonly to: number;
  readonly differences: readonly ReplicaDifference[];
}

/** Compares each replica with the first, up to the least end of all. */
export const compareReplicas = async (replicas: readonly ComparedReplica[]): Promise<ReplicaComparison> => {
  const from = Math.max(...replicas.map(({ log }) => log.logStart));
  const to = Math.min(...replicas.map(({ log }) => log.endOffset));
  const differences: ReplicaDifference[] = [];
  const [first, ...others] = replicas;
  if (first !== undefined && from < to) {
    for (const other of others) {
      const difference = await firstDifference(first, other, from, to);
      if (difference !== undefined) differences.push(difference);
    }
  }
  return { from, to: Math.max(from, to), differences };
};

const firstDifference = async (
  one: ComparedReplica,
  other: ComparedReplica,
  from: number,
  to: number,
): Promise<ReplicaDifference | undefined> => {
  const batches = [one, other].map(({ log }) => log.batchesFrom(from)[Symbol.asyncIterator]());
  const [ones, others] = batches;
  if (ones === undefined || others === undefined) return undefined;
  try {
    for (let offset = from; offset < to;) {
      const [a, b] = [await ones.next(), await others.next()];
      const difference = differenceOf(
        { replica: one, batch: a.done === true ? undefined : a.value },
        { replica: other, batch: b.done === true ? undefined : b.value },
        offset,
      );
      if (difference !== undefined) return difference;
      if (a.done === true) return undefined;
      offset = lastOffsetOf(a.value.bytes) + 1;
    }
    return undefined;
  } finally {
    for (const batch of batches) await batch.return?.();
  }
};

interface Side {
  readonly replica: ComparedReplica;
  readonly batch: StandingBatch | undefined;
}

const differenceOf = (one: Side, other: Side, offset: number): ReplicaDifference | undefined => {
  if (one.batch !== undefined && other.batch !== undefined) {
    if (one.batch.bytes.equals(other.batch.bytes)) return undefined;
    const isSameEpoch = leaderEpochOf(one.batch.bytes) === leaderEpochOf(other.batch.bytes);
    return {
      kind: isSameEpoch ? 'different' : 'diverging',
      offset,
      message: `${placeOf(one)}, and ${placeOf(other)}`,
    };
  }
  // Both are cut off by damage, which is told elsewhere.
  if (one.batch === undefined && other.batch === undefined) return undefined;
  return { kind: 'different', offset, message: `${placeOf(one)}, and ${placeOf(other)}` };
};

const placeOf = ({ replica, batch }: Side): string => {
  if (batch === undefined) return `node ${replica.nodeId} has no batch that can be read`;
  const { path, position, bytes } = batch;
  return (
    `node ${replica.nodeId} has a batch of ${bytes.length} bytes from ${baseOffsetOf(bytes)} to ${lastOffsetOf(bytes)}, ` +
    `epoch ${leaderEpochOf(bytes)}, at ${position} of ${path}`
  );
};
