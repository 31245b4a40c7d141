import type { BrokerEpoch, BrokerId, TopicId } from '@kafkaesque/kernel';
import { array, int16, int32, int64, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Broker to controller: which log directory holds a replica (KIP-858). */
export const AssignReplicasToDirsRequest = message({
  name: 'AssignReplicasToDirsRequest',
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: int32.as<BrokerId>(),
    brokerEpoch: int64.default(-1).as<BrokerEpoch>(),
    directories: array({
      id: uuid,
      topics: array({
        topicId: uuid.as<TopicId>(),
        partitions: array({
          partitionIndex: int32,
        }),
      }),
    }),
  },
});
export type AssignReplicasToDirsRequest = Infer<typeof AssignReplicasToDirsRequest>;

export const AssignReplicasToDirsResponse = message({
  name: 'AssignReplicasToDirsResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    directories: array({
      id: uuid,
      topics: array({
        topicId: uuid.as<TopicId>(),
        partitions: array({
          partitionIndex: int32,
          errorCode: int16,
        }),
      }),
    }),
  },
});
export type AssignReplicasToDirsResponse = Infer<typeof AssignReplicasToDirsResponse>;
