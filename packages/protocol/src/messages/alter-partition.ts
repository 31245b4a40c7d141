import type { BrokerEpoch, BrokerId, LeaderEpoch, TopicId } from '@kafkaesque/kernel';
import { array, int16, int32, int64, int8, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Broker to controller. v2 topic ids (KIP-841) · v3 broker epochs of the new ISR (KIP-903). */
export const AlterPartitionRequest = message({
  name: 'AlterPartitionRequest',
  versions: '2-3',
  flexible: '0+',
  fields: {
    brokerId: int32.as<BrokerId>(),
    brokerEpoch: int64.default(-1).as<BrokerEpoch>(),
    topics: array({
      topicId: uuid.versions('2+').ignorable().as<TopicId>(),
      partitions: array({
        partitionIndex: int32,
        leaderEpoch: int32.as<LeaderEpoch>(),
        newIsr: array(int32.as<BrokerId>()).versions('0-2'),
        newIsrWithEpochs: array({
          brokerId: int32.as<BrokerId>(),
          brokerEpoch: int64.default(-1).as<BrokerEpoch>(),
        }).versions('3+'),
        leaderRecoveryState: int8.versions('1+').default(0),
        partitionEpoch: int32,
      }),
    }),
  },
});
export type AlterPartitionRequest = Infer<typeof AlterPartitionRequest>;

export const AlterPartitionResponse = message({
  name: 'AlterPartitionResponse',
  versions: '2-3',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    topics: array({
      topicId: uuid.versions('2+').ignorable().as<TopicId>(),
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        leaderId: int32.as<BrokerId>(),
        leaderEpoch: int32.as<LeaderEpoch>(),
        isr: array(int32.as<BrokerId>()),
        leaderRecoveryState: int8.versions('1+').default(0).ignorable(),
        partitionEpoch: int32,
      }),
    }),
  },
});
export type AlterPartitionResponse = Infer<typeof AlterPartitionResponse>;
