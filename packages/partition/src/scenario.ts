import {
  BrokerId,
  LeaderEpoch,
  Offset,
  PartitionIndex,
  ProducerEpoch,
  ProducerId,
  TimestampMs,
  TopicId,
} from '@kafkaesque/kernel';
import { encodeBatch } from '@kafkaesque/protocol';
import type { BatchDraft } from '@kafkaesque/protocol';
import type { AppendOutcome, AppendRequest } from './append';
import { Partition } from './partition';
import type { RecoveredLog } from './partition';
import { defaultPartitionConfig } from './partition-config';
import type { PartitionConfig } from './partition-config';

/** Words that the tests of this package are written in. */
export const TOPIC = TopicId('AAAAAAAAAAAAAAAAAAAAAQ');
export const FIRST = PartitionIndex(0);
export const SELF = BrokerId(1);
/** The broker's time in tests. */
export const WALL = TimestampMs(1_700_000_000_000);

/** Batches of `count` small records; `[pid, epoch, sequence]` makes them idempotent. */
export const batchOf = (
  count: number,
  producer?: readonly [producerId: number, epoch: number, baseSequence: number],
  draft: BatchDraft & { readonly timestampMs?: number; readonly key?: Buffer | null } = {},
): Buffer =>
  encodeBatch({
    ...(producer === undefined
      ? {}
      : {
          producerId: ProducerId(producer[0]),
          producerEpoch: ProducerEpoch(producer[1]),
          baseSequence: producer[2],
        }),
    timestampMs: WALL,
    ...draft,
    records: Array.from({ length: count }, (_, i) => ({
      key: draft.key === undefined ? Buffer.from(`k${i}`) : draft.key,
      value: Buffer.from(`value ${i}`),
    })),
  });

export const emptyLog: RecoveredLog = { logStartOffset: Offset(0), endOffset: Offset(0), epochs: [] };

export const openPartition = (
  config: Partial<PartitionConfig> = {},
  log: RecoveredLog = emptyLog,
): Partition => new Partition(TOPIC, FIRST, { ...defaultPartitionConfig, ...config }, log);

/** The only replica, leading in epoch 1. */
export const leaderOf = (config: Partial<PartitionConfig> = {}, log: RecoveredLog = emptyLog): Partition => {
  const partition = openPartition(config, log);
  lead(partition, 1);
  return partition;
};

export const lead = (
  partition: Partition,
  epoch: number,
  inSyncReplicas: readonly BrokerId[] = [SELF],
  replicas: readonly BrokerId[] = inSyncReplicas,
): ReturnType<Partition['becomeLeader']> =>
  partition.becomeLeader({ leaderEpoch: LeaderEpoch(epoch), self: SELF, replicas, inSyncReplicas });

export const produce = (
  partition: Partition,
  records: Buffer,
  request: Partial<AppendRequest> = {},
  nowMs = 0,
): AppendOutcome =>
  partition.append(records, { acks: -1, origin: 'client', apiVersion: 12, ...request }, nowMs, WALL);

/** Everything appended so far has become durable. */
export const settle = (partition: Partition): ReturnType<Partition['durable']> =>
  partition.durable(partition.endOffset, partition.epochs.at(-1)?.leaderEpoch ?? LeaderEpoch(-1));
