import type { BrokerEpoch, BrokerId } from '@kafkaesque/kernel';
import { array, bool, int16, int32, int64, string, uint16, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * Broker to controller. v1 migration from ZooKeeper · v2 log directories (KIP-858) · v3 last broker epoch (KIP-966) ·
 * v4 a feature may begin at 0.
 */
export const BrokerRegistrationRequest = message({
  name: 'BrokerRegistrationRequest',
  versions: '0-4',
  flexible: '0+',
  fields: {
    brokerId: int32.as<BrokerId>(),
    clusterId: string,
    incarnationId: uuid,
    listeners: array({
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
    isMigratingZkBroker: bool.versions('1+').default(false),
    logDirs: array(uuid).versions('2+').ignorable(),
    previousBrokerEpoch: int64.versions('3+').default(-1).ignorable().as<BrokerEpoch>(),
  },
});
export type BrokerRegistrationRequest = Infer<typeof BrokerRegistrationRequest>;

export const BrokerRegistrationResponse = message({
  name: 'BrokerRegistrationResponse',
  versions: '0-4',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    brokerEpoch: int64.default(-1).as<BrokerEpoch>(),
  },
});
export type BrokerRegistrationResponse = Infer<typeof BrokerRegistrationResponse>;
