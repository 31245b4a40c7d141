import {
  BrokerEpoch,
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
import type { BrokersView } from './replica-progress';
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
  brokers?: BrokersView,
): Partition => new Partition(TOPIC, FIRST, { ...defaultPartitionConfig, ...config }, log, brokers);

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
  partitionEpoch = epoch,
): ReturnType<Partition['becomeLeader']> =>
  partition.becomeLeader({
    ...{ leaderEpoch: LeaderEpoch(epoch), self: SELF, replicas, inSyncReplicas },
    ...{ partitionEpoch, leaderRecoveryState: 0 },
  });

/** A follower subscribes whose log ends at `end` and whose last record is of `lastEpoch`. */
export const subscribe = (
  partition: Partition,
  replica: BrokerId,
  end: number,
  lastEpoch: number = end === 0 ? -1 : partition.leaderEpoch,
  nowMs = 0,
): ReturnType<Partition['subscribe']> =>
  partition.subscribe(
    {
      ...{ replica, brokerEpoch: BrokerEpoch(100 + replica), leaderEpoch: partition.leaderEpoch },
      ...{ fetchOffset: Offset(end), lastFetchedEpoch: LeaderEpoch(lastEpoch), logStartOffset: Offset(0) },
    },
    nowMs,
  );

/** Everybody may be in sync, each in the epoch that `subscribe` names. */
export const everyBroker: BrokersView = { eligibleEpoch: (brokerId) => BrokerEpoch(100 + brokerId) };

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
