import type { BrokerEpoch, BrokerId } from '@kafkaesque/kernel';
import { int32, int64 } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * A record of our own (from key 10000 on): the epoch that a broker showed when it registered, and was believed. It counts
 * beside the new one until that has been in service.
 */
export const ProvedEpochRecord = message({
  name: 'ProvedEpochRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: int32.as<BrokerId>(),
    /** Of the registration. */
    brokerEpoch: int64.as<BrokerEpoch>(),
    /** Of the registration before it that was in service last. */
    provedEpoch: int64.as<BrokerEpoch>(),
  },
});
export type ProvedEpochRecord = Infer<typeof ProvedEpochRecord>;
