import type { BrokerId, LeaderEpoch, Offset } from '@kafkaesque/kernel';
import { array, int16, int32, int64, int8, string, wideInt64 } from '../schema/field';
import { message, type Infer } from '../schema/message';

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
