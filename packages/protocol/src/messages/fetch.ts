import type { BrokerEpoch, BrokerId, LeaderEpoch, Offset, ProducerId, TopicId } from '@kafkaesque/kernel';
import { array, int16, int32, int64, int8, records, string, struct, uuid, wideInt64 } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * v4 isolation level, magic 2 · v5 log start offset · v7 sessions (KIP-227) · v9 current leader epoch (KIP-320) · v10 zstd ·
 * v11 rack, preferred replica (KIP-392) · v12 flexible, last fetched and diverging epoch (KIP-595) · v13 topic ids (KIP-516) ·
 * v14 tiered storage (KIP-405) · v15 replica state (KIP-903) · v16 leader hints (KIP-951) · v17 directory id (KIP-853) ·
 * v18 the replica's high watermark (KIP-1166).
 */
export const FetchRequest = message({
  name: 'FetchRequest',
  versions: '4-18',
  flexible: '12+',
  fields: {
    clusterId: string.nullable().default(null).tagged(0, '12+').ignorable(),
    replicaId: int32.versions('0-14').default(-1).as<BrokerId>(),
    replicaState: struct({
      replicaId: int32.default(-1).as<BrokerId>(),
      replicaEpoch: int64.default(-1).as<BrokerEpoch>(),
    }).tagged(1, '15+'),
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: int32.versions('3+').default(0x7fffffff).ignorable(),
    isolationLevel: int8.versions('4+').default(0).ignorable(),
    sessionId: int32.versions('7+').default(0).ignorable(),
    sessionEpoch: int32.versions('7+').default(-1).ignorable(),
    topics: array({
      topic: string.versions('0-12').ignorable(),
      topicId: uuid.versions('13+').ignorable().as<TopicId>(),
      partitions: array({
        partition: int32,
        currentLeaderEpoch: int32.versions('9+').default(-1).ignorable().as<LeaderEpoch>(),
        fetchOffset: int64.as<Offset>(),
        lastFetchedEpoch: int32.versions('12+').default(-1).as<LeaderEpoch>(),
        logStartOffset: int64.versions('5+').default(-1).ignorable().as<Offset>(),
        partitionMaxBytes: int32,
        replicaDirectoryId: uuid.tagged(0, '17+').ignorable(),
        highWatermark: wideInt64.default(Number.MAX_SAFE_INTEGER).tagged(1, '18+').ignorable().as<Offset>(),
      }),
    }),
    forgottenTopicsData: array({
      topic: string.versions('7-12').ignorable(),
      topicId: uuid.versions('13+').ignorable().as<TopicId>(),
      partitions: array(int32),
    }).versions('7+'),
    rackId: string.versions('11+').default('').ignorable(),
  },
});
export type FetchRequest = Infer<typeof FetchRequest>;

export const FetchResponse = message({
  name: 'FetchResponse',
  versions: '4-18',
  flexible: '12+',
  fields: {
    throttleTimeMs: int32.versions('1+').ignorable(),
    errorCode: int16.versions('7+').ignorable(),
    sessionId: int32.versions('7+').default(0),
    responses: array({
      topic: string.versions('0-12').ignorable(),
      topicId: uuid.versions('13+').ignorable().as<TopicId>(),
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        highWatermark: int64.as<Offset>(),
        lastStableOffset: int64.versions('4+').default(-1).ignorable().as<Offset>(),
        logStartOffset: int64.versions('5+').default(-1).ignorable().as<Offset>(),
        divergingEpoch: struct({
          epoch: int32.default(-1).as<LeaderEpoch>(),
          endOffset: int64.default(-1).as<Offset>(),
        }).tagged(0, '12+'),
        currentLeader: struct({
          leaderId: int32.default(-1).as<BrokerId>(),
          leaderEpoch: int32.default(-1).as<LeaderEpoch>(),
        }).tagged(1, '12+'),
        snapshotId: struct({
          endOffset: int64.default(-1).as<Offset>(),
          epoch: int32.default(-1).as<LeaderEpoch>(),
        }).tagged(2, '12+'),
        abortedTransactions: array({
          producerId: int64.as<ProducerId>(),
          firstOffset: int64.as<Offset>(),
        })
          .versions('4+')
          .nullable()
          .ignorable(),
        preferredReadReplica: int32.versions('11+').default(-1).as<BrokerId>(),
        records: records.nullable(),
      }),
    }),
    nodeEndpoints: array({
      nodeId: int32.as<BrokerId>(),
      host: string,
      port: int32,
      rack: string.nullable().default(null),
    }).tagged(0, '16+'),
  },
});
export type FetchResponse = Infer<typeof FetchResponse>;
