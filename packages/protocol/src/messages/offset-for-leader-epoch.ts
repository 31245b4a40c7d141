import type { BrokerId, LeaderEpoch, Offset } from '@kafkaesque/kernel';
import { array, int16, int32, int64, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * v2 current leader epoch (KIP-320), throttle time · v3 replica id, -2 for a consumer that debugs · v4 flexible.
 */
export const OffsetForLeaderEpochRequest = message({
  name: 'OffsetForLeaderEpochRequest',
  versions: '2-4',
  flexible: '4+',
  fields: {
    replicaId: int32.versions('3+').default(-2).ignorable().as<BrokerId>(),
    topics: array({
      topic: string,
      partitions: array({
        partition: int32,
        currentLeaderEpoch: int32.versions('2+').default(-1).ignorable().as<LeaderEpoch>(),
        leaderEpoch: int32.as<LeaderEpoch>(),
      }),
    }),
  },
});
export type OffsetForLeaderEpochRequest = Infer<typeof OffsetForLeaderEpochRequest>;

export const OffsetForLeaderEpochResponse = message({
  name: 'OffsetForLeaderEpochResponse',
  versions: '2-4',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32.versions('2+').ignorable(),
    topics: array({
      topic: string,
      partitions: array({
        errorCode: int16,
        partition: int32,
        leaderEpoch: int32.versions('1+').default(-1).ignorable().as<LeaderEpoch>(),
        endOffset: int64.default(-1).as<Offset>(),
      }),
    }),
  },
});
export type OffsetForLeaderEpochResponse = Infer<typeof OffsetForLeaderEpochResponse>;
