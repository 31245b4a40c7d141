import type { BrokerEpoch, LeaderEpoch, Offset, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import { array, int16, int32, int64, records, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/*
 * What a follower and a leader say to each other. One channel, dialled by the follower, carries all partitions that it
 * follows there. Handles are drawn by the follower, and never again within a channel: what still comes for one that is
 * gone is dropped.
 */

/** The first message of a follower. */
export const ReplicationOpen = message({
  name: 'ReplicationOpen',
  versions: '0',
  flexible: '0+',
  fields: {
    brokerEpoch: int64.as<BrokerEpoch>(),
    /** Bytes of records that may be under way to this follower, over all partitions. */
    creditBytes: int64,
  },
});
export type ReplicationOpen = Infer<typeof ReplicationOpen>;

/** Wants everything from `fetchOffset` on, in this leader epoch. One of a later epoch waits for the leader's image. */
export const ReplicaSubscribe = message({
  name: 'ReplicaSubscribe',
  versions: '0',
  flexible: '0+',
  fields: {
    partitions: array({
      handle: int32,
      topicId: uuid.as<TopicId>(),
      partition: int32.as<PartitionIndex>(),
      leaderEpoch: int32.as<LeaderEpoch>(),
      /** The end of the follower's log. */
      fetchOffset: int64.as<Offset>(),
      /** Of the last batch below it; -1: there is none. */
      lastFetchedEpoch: int32.as<LeaderEpoch>(),
      logStartOffset: int64.as<Offset>(),
      /** Bytes of this partition that may be under way; more follow with acknowledgements. */
      creditBytes: int64,
    }),
  },
});
export type ReplicaSubscribe = Infer<typeof ReplicaSubscribe>;

/** Wants no more of these. */
export const ReplicaUnsubscribe = message({
  name: 'ReplicaUnsubscribe',
  versions: '0',
  flexible: '0+',
  fields: {
    handles: array(int32),
  },
});
export type ReplicaUnsubscribe = Infer<typeof ReplicaUnsubscribe>;

/** What has become durable, and bytes that may be sent again. */
export const ReplicaAck = message({
  name: 'ReplicaAck',
  versions: '0',
  flexible: '0+',
  fields: {
    /** Given back for the channel. */
    creditBytes: int64,
    acks: array({
      handle: int32,
      /** The follower's log is durable up to here. */
      durableEnd: int64.as<Offset>(),
      /** Of the follower's log: DeleteRecords answers with the oldest. */
      logStartOffset: int64.as<Offset>(),
      /** Given back for this partition. */
      takenBytes: int64,
    }),
  },
});
export type ReplicaAck = Infer<typeof ReplicaAck>;

/** Records of partitions, unchanged, each behind what was sent of it before. */
export const ReplicaBatches = message({
  name: 'ReplicaBatches',
  versions: '0',
  flexible: '0+',
  fields: {
    partitions: array({
      handle: int32,
      leaderEpoch: int32.as<LeaderEpoch>(),
      highWatermark: int64.as<Offset>(),
      logStartOffset: int64.as<Offset>(),
      /** Below it every assigned replica has everything; 0: not known, or of no use. */
      fullyReplicatedOffset: int64.as<Offset>(),
      records,
    }),
  },
});
export type ReplicaBatches = Infer<typeof ReplicaBatches>;

/** How far consumers may read, where logs begin, and how far all replicas are. */
export const ReplicaWatermarks = message({
  name: 'ReplicaWatermarks',
  versions: '0',
  flexible: '0+',
  fields: {
    partitions: array({
      handle: int32,
      highWatermark: int64.as<Offset>(),
      logStartOffset: int64.as<Offset>(),
      fullyReplicatedOffset: int64.as<Offset>(),
    }),
  },
});
export type ReplicaWatermarks = Infer<typeof ReplicaWatermarks>;

/** The follower has what this leader has not (KIP-101, KIP-595): its epoch ends there. The subscription is over. */
export const ReplicaDiverging = message({
  name: 'ReplicaDiverging',
  versions: '0',
  flexible: '0+',
  fields: {
    handle: int32,
    epoch: int32.as<LeaderEpoch>(),
    endOffset: int64.as<Offset>(),
  },
});
export type ReplicaDiverging = Infer<typeof ReplicaDiverging>;

/** The leader cannot serve this subscription: it is over. */
export const ReplicaReset = message({
  name: 'ReplicaReset',
  versions: '0',
  flexible: '0+',
  fields: {
    handle: int32,
    errorCode: int16,
    /** Of OFFSET_OUT_OF_RANGE: where the leader's log begins. */
    logStartOffset: int64.as<Offset>(),
  },
});
export type ReplicaReset = Infer<typeof ReplicaReset>;
