import type { PartitionImage } from '@kafkaesque/metadata';
import type { Partition } from '@kafkaesque/partition';
import { ShadowLog } from './shadow-log';
import type { ShadowBatch } from './shadow-log';

/** What all replicas of one partition must agree on. */
export interface GlobalLog {
  readonly name: string;
  readonly topicId: string;
  /** By the newest metadata its topic was deleted. */
  isDeleted: boolean;
  /** Everything below any high watermark that anybody has had. */
  readonly exposed: ShadowBatch[];
  /** What stands at an offset of an epoch, for ever. */
  readonly placed: Map<string, ShadowBatch>;
  /** Who leads in an epoch. */
  readonly leaders: Map<number, string>;
  /** What the committed metadata say at a partition epoch. */
  readonly appointments: Map<number, PartitionImage>;
  newest: PartitionImage | undefined;
  /** By node, across its lives. */
  readonly shadows: Map<number, ShadowLog>;
  /** By node, logs in whose place others began: one in a directory that was away comes back with it. */
  readonly earlier: Map<number, readonly ShadowLog[]>;
  /** Nodes whose logs the metadata gave up at some time since they were in sync last: those may be gone, or not yet. */
  readonly givenUp: Set<number>;
  /** The last partition epoch in which a node was not in sync. */
  readonly outOfSyncAt: Map<number, number>;
}

export const newGlobalLog = (topicId: string, partition: number): GlobalLog => ({
  ...{ name: `partition ${partition} of ${topicId.slice(0, 6)}`, topicId, isDeleted: false },
  ...{ exposed: [], placed: new Map(), leaders: new Map() },
  ...{ appointments: new Map(), newest: undefined, shadows: new Map(), earlier: new Map() },
  ...{ givenUp: new Set(), outOfSyncAt: new Map() },
});

/** One replica in one life of its broker. */
export interface Watched {
  readonly machine: Partition;
  /** Of the node, once it is known whose it is. */
  shadow: ShadowLog;
  node: number;
  /** What the log held when the rules looked at it last, while nobody knows whose it is. */
  recoveredTo: number;
  highWatermark: number;
  /** Batches of its log that were compared with what was exposed. */
  compared: number;
  leaderEpoch: number;
  wasLeader: boolean;
  /** Where its log is about to be cut; Infinity otherwise. */
  cutTo: number;
}

export const newWatched = (machine: Partition): Watched => ({
  ...{ machine, shadow: new ShadowLog(), node: -1, recoveredTo: 0 },
  ...{ highWatermark: 0, compared: 0, leaderEpoch: -1, wasLeader: false, cutTo: Infinity },
});

export const endOf = (batches: readonly ShadowBatch[]): number =>
  (batches[batches.length - 1]?.lastOffset ?? -1) + 1;

/** Index of the first batch that does not end before an offset. */
export const firstFrom = (batches: readonly ShadowBatch[], offset: number): number => {
  let [low, high] = [0, batches.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((batches[middle]?.lastOffset ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
};
