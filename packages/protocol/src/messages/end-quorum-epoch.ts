import type { BrokerId, LeaderEpoch } from '@kafkaesque/kernel';
import { array, int16, int32, string, uint16, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Between voters. v1 flexible, preferred candidates instead of successors (KIP-853). */
export const EndQuorumEpochRequest = message({
  name: 'EndQuorumEpochRequest',
  versions: '0-1',
  flexible: '1+',
  fields: {
    clusterId: string.nullable().default(null),
    topics: array({
      topicName: string,
      partitions: array({
        partitionIndex: int32,
        leaderId: int32.as<BrokerId>(),
        leaderEpoch: int32.as<LeaderEpoch>(),
        preferredSuccessors: array(int32).versions('0').ignorable(),
        preferredCandidates: array({
          candidateId: int32.as<BrokerId>(),
          candidateDirectoryId: uuid,
        })
          .versions('1+')
          .ignorable(),
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
export type EndQuorumEpochRequest = Infer<typeof EndQuorumEpochRequest>;

export const EndQuorumEpochResponse = message({
  name: 'EndQuorumEpochResponse',
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
export type EndQuorumEpochResponse = Infer<typeof EndQuorumEpochResponse>;
