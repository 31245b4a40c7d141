import type { BrokerId, LeaderEpoch, Offset } from '@kafkaesque/kernel';
import { array, int16, int32, int64, string, struct, uint16, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v1 timestamps of each replica (KIP-836) · v2 messages, nodes, directory ids (KIP-853). */
export const DescribeQuorumRequest = message({
  name: 'DescribeQuorumRequest',
  versions: '0-2',
  flexible: '0+',
  fields: {
    topics: array({
      topicName: string,
      partitions: array({
        partitionIndex: int32,
      }),
    }),
  },
});
export type DescribeQuorumRequest = Infer<typeof DescribeQuorumRequest>;

const ReplicaState = struct({
  replicaId: int32.as<BrokerId>(),
  replicaDirectoryId: uuid.versions('2+'),
  logEndOffset: int64.as<Offset>(),
  lastFetchTimestamp: int64.versions('1+').default(-1).ignorable(),
  lastCaughtUpTimestamp: int64.versions('1+').default(-1).ignorable(),
});

export const DescribeQuorumResponse = message({
  name: 'DescribeQuorumResponse',
  versions: '0-2',
  flexible: '0+',
  fields: {
    errorCode: int16,
    errorMessage: string.versions('2+').nullable().ignorable(),
    topics: array({
      topicName: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: string.versions('2+').nullable().ignorable(),
        leaderId: int32.as<BrokerId>(),
        leaderEpoch: int32.as<LeaderEpoch>(),
        highWatermark: int64.as<Offset>(),
        currentVoters: array(ReplicaState),
        observers: array(ReplicaState),
      }),
    }),
    nodes: array({
      nodeId: int32.as<BrokerId>(),
      listeners: array({
        name: string,
        host: string,
        port: uint16,
      }),
    }).versions('2+'),
  },
});
export type DescribeQuorumResponse = Infer<typeof DescribeQuorumResponse>;
