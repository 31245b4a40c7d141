import type { BrokerEpoch, BrokerId, ProducerId } from '@kafkaesque/kernel';
import { int16, int32, int64 } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Broker to controller: the next block of producer ids (KIP-730). */
export const AllocateProducerIdsRequest = message({
  name: 'AllocateProducerIdsRequest',
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: int32.as<BrokerId>(),
    brokerEpoch: int64.default(-1).as<BrokerEpoch>(),
  },
});
export type AllocateProducerIdsRequest = Infer<typeof AllocateProducerIdsRequest>;

export const AllocateProducerIdsResponse = message({
  name: 'AllocateProducerIdsResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    producerIdStart: int64.as<ProducerId>(),
    producerIdLen: int32,
  },
});
export type AllocateProducerIdsResponse = Infer<typeof AllocateProducerIdsResponse>;
