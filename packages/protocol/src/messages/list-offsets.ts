import type { BrokerId, LeaderEpoch, Offset } from '@kafkaesque/kernel';
import { array, int16, int32, int64, int8, string, wideInt64 } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * v1 one offset for each timestamp · v2 isolation level · v4 leader epoch · v6 flexible · v10 timeout for remote logs (KIP-1075).
 * Special timestamps: -1 latest, -2 earliest, -3 largest timestamp (v7), -4 earliest local (v8), -5 latest tiered (v9),
 * -6 earliest not yet uploaded (v11).
 */
export const ListOffsetsRequest = message({
  name: 'ListOffsetsRequest',
  versions: '1-11',
  flexible: '6+',
  fields: {
    replicaId: int32.as<BrokerId>(),
    isolationLevel: int8.versions('2+'),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        currentLeaderEpoch: int32.versions('4+').default(-1).ignorable().as<LeaderEpoch>(),
        timestamp: wideInt64,
      }),
    }),
    timeoutMs: int32.versions('10+').ignorable(),
  },
});
export type ListOffsetsRequest = Infer<typeof ListOffsetsRequest>;

export const ListOffsetsResponse = message({
  name: 'ListOffsetsResponse',
  versions: '1-11',
  flexible: '6+',
  fields: {
    throttleTimeMs: int32.versions('2+').ignorable(),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        timestamp: wideInt64.versions('1+').default(-1),
        offset: int64.versions('1+').default(-1).as<Offset>(),
        leaderEpoch: int32.versions('4+').default(-1).as<LeaderEpoch>(),
      }),
    }),
  },
});
export type ListOffsetsResponse = Infer<typeof ListOffsetsResponse>;
