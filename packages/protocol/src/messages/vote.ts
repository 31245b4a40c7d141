import type { BrokerId, LeaderEpoch, Offset } from '@kafkaesque/kernel';
import { array, bool, int16, int32, int64, string, uint16, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Between voters. v1 voter key (KIP-853) · v2 pre-vote (KIP-996). */
export const VoteRequest = message({
  name: 'VoteRequest',
  versions: '0-2',
  flexible: '0+',
  fields: {
    clusterId: string.nullable().default(null),
    voterId: int32.versions('1+').default(-1).ignorable().as<BrokerId>(),
    topics: array({
      topicName: string,
      partitions: array({
        partitionIndex: int32,
        replicaEpoch: int32.as<LeaderEpoch>(),
        replicaId: int32.as<BrokerId>(),
        replicaDirectoryId: uuid.versions('1+').ignorable(),
        voterDirectoryId: uuid.versions('1+').ignorable(),
        lastOffsetEpoch: int32.as<LeaderEpoch>(),
        lastOffset: int64.as<Offset>(),
        preVote: bool.versions('2+'),
      }),
    }),
  },
});
export type VoteRequest = Infer<typeof VoteRequest>;

export const VoteResponse = message({
  name: 'VoteResponse',
  versions: '0-2',
  flexible: '0+',
  fields: {
    errorCode: int16,
    topics: array({
      topicName: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        leaderId: int32.as<BrokerId>(),
        leaderEpoch: int32.as<LeaderEpoch>(),
        voteGranted: bool,
      }),
    }),
    nodeEndpoints: array({
      nodeId: int32.as<BrokerId>(),
      host: string,
      port: uint16,
    }).tagged(0, '1+'),
  },
});
export type VoteResponse = Infer<typeof VoteResponse>;
