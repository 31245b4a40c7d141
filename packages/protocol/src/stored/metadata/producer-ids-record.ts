import type { BrokerEpoch, BrokerId, ProducerId } from '@kafkaesque/kernel';
import { int32, int64 } from '../../schema/field';
import { message, type Infer } from '../../schema/message';

/** The blocks of producer ids that were handed out. */
export const ProducerIdsRecord = message({
  name: 'ProducerIdsRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: int32.as<BrokerId>(),
    brokerEpoch: int64.default(-1).as<BrokerEpoch>(),
    nextProducerId: int64.as<ProducerId>(),
  },
});
export type ProducerIdsRecord = Infer<typeof ProducerIdsRecord>;
