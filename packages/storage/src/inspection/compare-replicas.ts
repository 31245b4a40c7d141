import {
  baseOffsetOf,
  computeCrc,
  crcOf,
  decodeBatch,
  lastOffsetOf,
  leaderEpochOf,
} from '@kafkaesque/protocol';
import type { DecodedRecord } from '@kafkaesque/protocol';
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

/** What all replicas have, compared byte by byte, or, where one was compacted, record by record. */
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
      const isCompacted = first.log.isCompacted || other.log.isCompacted;
      const difference = await (isCompacted ? firstOtherRecord : firstDifference)(first, other, from, to);
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

interface StandingRecord {
  readonly record: DecodedRecord;
  readonly leaderEpoch: number;
}

/** Records that stand in both and are not the same; each replica is compacted by itself, so either may lack any. */
const firstOtherRecord = async (
  one: ComparedReplica,
  other: ComparedReplica,
  from: number,
  to: number,
): Promise<ReplicaDifference | undefined> => {
  const ones = recordsOf(one.log, from, to);
  const others = recordsOf(other.log, from, to);
  try {
    let a = await ones.next();
    let b = await others.next();
    while (a.done !== true && b.done !== true) {
      const { offset } = a.value.record;
      if (offset < b.value.record.offset) a = await ones.next();
      else if (offset > b.value.record.offset) b = await others.next();
      else {
        if (!isSameRecord(a.value, b.value))
          return {
            kind: a.value.leaderEpoch === b.value.leaderEpoch ? 'different' : 'diverging',
            offset,
            message:
              `node ${one.nodeId} has a record of epoch ${a.value.leaderEpoch} at offset ${offset}, ` +
              `node ${other.nodeId} another one of epoch ${b.value.leaderEpoch}`,
          };
        a = await ones.next();
        b = await others.next();
      }
    }
    return undefined;
  } finally {
    await ones.return();
    await others.return();
  }
};

async function* recordsOf(
  log: InspectedLog,
  from: number,
  to: number,
): AsyncGenerator<StandingRecord, void, undefined> {
  for await (const { bytes } of log.batchesFrom(from)) {
    // What is damaged is told elsewhere.
    if (computeCrc(bytes) !== crcOf(bytes)) continue;
    const leaderEpoch = leaderEpochOf(bytes);
    for (const record of decodeBatch(bytes).records)
      if (record.offset >= from && record.offset < to) yield { record, leaderEpoch };
  }
}

const isSameRecord = (one: StandingRecord, other: StandingRecord): boolean =>
  one.leaderEpoch === other.leaderEpoch &&
  one.record.timestampMs === other.record.timestampMs &&
  isSameBytes(one.record.key, other.record.key) &&
  isSameBytes(one.record.value, other.record.value);

const isSameBytes = (one: Buffer | null, other: Buffer | null): boolean =>
  one === null || other === null ? one === other : one.equals(other);

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
