import type { BrokerEpoch, BrokerId } from '@kafkaesque/kernel';
import { array, bool, int16, int32, int64, int8, string, uint16, uuid } from '../../schema/field';
import { message, type Infer } from '../../schema/message';

/**
 * Brokers. Registration: v1 controlled shutdown · v2 migration from ZooKeeper · v3 log directories (KIP-858) · v4 cordoned ones (KIP-1066).
 */
export const RegisterBrokerRecord = message({
  name: 'RegisterBrokerRecord',
  versions: '0-4',
  flexible: '0+',
  fields: {
    brokerId: int32.as<BrokerId>(),
    isMigratingZkBroker: bool.versions('2+').default(false),
    incarnationId: uuid,
    brokerEpoch: int64.as<BrokerEpoch>(),
    endPoints: array({
      name: string,
      host: string,
      port: uint16,
      securityProtocol: int16,
    }),
    features: array({
      name: string,
      minSupportedVersion: int16,
      maxSupportedVersion: int16,
    }),
    rack: string.nullable(),
    fenced: bool.default(true),
    inControlledShutdown: bool.versions('1+').default(false),
    logDirs: array(uuid).tagged(0, '3+'),
    cordonedLogDirs: array(uuid).nullable().default(null).tagged(1, '4+'),
  },
});
export type RegisterBrokerRecord = Infer<typeof RegisterBrokerRecord>;

export const UnregisterBrokerRecord = message({
  name: 'UnregisterBrokerRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: int32.as<BrokerId>(),
    brokerEpoch: int64.as<BrokerEpoch>(),
  },
});
export type UnregisterBrokerRecord = Infer<typeof UnregisterBrokerRecord>;

export const BrokerRegistrationChangeRecord = message({
  name: 'BrokerRegistrationChangeRecord',
  versions: '0-3',
  flexible: '0+',
  fields: {
    brokerId: int32.as<BrokerId>(),
    brokerEpoch: int64.as<BrokerEpoch>(),
    fenced: int8.tagged(0),
    inControlledShutdown: int8.tagged(1, '1+'),
    logDirs: array(uuid).tagged(2, '2+'),
    cordonedLogDirs: array(uuid).nullable().default(null).tagged(3, '3+'),
  },
});
export type BrokerRegistrationChangeRecord = Infer<typeof BrokerRegistrationChangeRecord>;

export const FenceBrokerRecord = message({
  name: 'FenceBrokerRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    id: int32.as<BrokerId>(),
    epoch: int64.as<BrokerEpoch>(),
  },
});
export type FenceBrokerRecord = Infer<typeof FenceBrokerRecord>;

export const UnfenceBrokerRecord = message({
  name: 'UnfenceBrokerRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    id: int32.as<BrokerId>(),
    epoch: int64.as<BrokerEpoch>(),
  },
});
export type UnfenceBrokerRecord = Infer<typeof UnfenceBrokerRecord>;
