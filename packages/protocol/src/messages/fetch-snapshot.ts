import type { BrokerId, LeaderEpoch, Offset } from '@kafkaesque/kernel';
import { array, int16, int32, int64, records, string, struct, uint16, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Between quorum members (KIP-630). v1 directory id, the leader's endpoint (KIP-853). */
export const FetchSnapshotRequest = message({
  name: 'FetchSnapshotRequest',
  versions: '0-1',
  flexible: '0+',
  fields: {
    clusterId: string.nullable().default(null).tagged(0),
    replicaId: int32.default(-1).as<BrokerId>(),
    maxBytes: int32.default(0x7fffffff),
    topics: array({
      name: string,
      partitions: array({
        partition: int32,
        currentLeaderEpoch: int32.as<LeaderEpoch>(),
        snapshotId: struct({
          endOffset: int64.as<Offset>(),
          epoch: int32.as<LeaderEpoch>(),
        }),
        position: int64,
        replicaDirectoryId: uuid.tagged(0, '1+').ignorable(),
      }),
    }),
  },
});
export type FetchSnapshotRequest = Infer<typeof FetchSnapshotRequest>;

export const FetchSnapshotResponse = message({
  name: 'FetchSnapshotResponse',
  versions: '0-1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0).ignorable(),
    errorCode: int16,
    topics: array({
      name: string,
      partitions: array({
        index: int32,
        errorCode: int16,
        snapshotId: struct({
          endOffset: int64.as<Offset>(),
          epoch: int32.as<LeaderEpoch>(),
        }),
        currentLeader: struct({
          leaderId: int32.as<BrokerId>(),
          leaderEpoch: int32.as<LeaderEpoch>(),
        }).tagged(0),
        size: int64,
        position: int64,
        unalignedRecords: records,
      }),
    }),
    nodeEndpoints: array({
      nodeId: int32.as<BrokerId>(),
      host: string,
      port: uint16,
    }).tagged(0, '1+'),
  },
});
export type FetchSnapshotResponse = Infer<typeof FetchSnapshotResponse>;
