import type { BrokerId, LeaderEpoch } from '@kafkaesque/kernel';
import { array, int16, int32, string, uint16, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Between voters. v1 flexible, voter key, the leader's endpoints (KIP-853). */
export const BeginQuorumEpochRequest = message({
  name: 'BeginQuorumEpochRequest',
  versions: '0-1',
  flexible: '1+',
  fields: {
    clusterId: string.nullable().default(null),
    voterId: int32.versions('1+').default(-1).ignorable().as<BrokerId>(),
    topics: array({
      topicName: string,
      partitions: array({
        partitionIndex: int32,
        voterDirectoryId: uuid.versions('1+').ignorable(),
        leaderId: int32.as<BrokerId>(),
        leaderEpoch: int32.as<LeaderEpoch>(),
      }),
    }),
    leaderEndpoints: array({
      name: string,
      host: string,
      port: uint16,
    })
      .versions('1+')
      .ignorable(),
  },
});
export type BeginQuorumEpochRequest = Infer<typeof BeginQuorumEpochRequest>;

export const BeginQuorumEpochResponse = message({
  name: 'BeginQuorumEpochResponse',
  versions: '0-1',
  flexible: '1+',
  fields: {
    errorCode: int16,
    topics: array({
      topicName: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        leaderId: int32.as<BrokerId>(),
        leaderEpoch: int32.as<LeaderEpoch>(),
      }),
    }),
    nodeEndpoints: array({
      nodeId: int32.as<BrokerId>(),
      host: string,
      port: uint16,
    }).tagged(0, '1+'),
  },
});
export type BeginQuorumEpochResponse = Infer<typeof BeginQuorumEpochResponse>;
