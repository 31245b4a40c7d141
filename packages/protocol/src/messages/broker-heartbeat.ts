import type { BrokerEpoch, BrokerId } from '@kafkaesque/kernel';
import { array, bool, int16, int32, int64, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Broker to controller. v1 offline log directories (KIP-858) · v2 cordoned ones (KIP-1066). */
export const BrokerHeartbeatRequest = message({
  name: 'BrokerHeartbeatRequest',
  versions: '0-2',
  flexible: '0+',
  fields: {
    brokerId: int32.as<BrokerId>(),
    brokerEpoch: int64.default(-1).as<BrokerEpoch>(),
    currentMetadataOffset: int64,
    wantFence: bool,
    wantShutDown: bool,
    offlineLogDirs: array(uuid).tagged(0, '1+'),
    cordonedLogDirs: array(uuid).nullable().default(null).tagged(1, '2+'),
  },
});
export type BrokerHeartbeatRequest = Infer<typeof BrokerHeartbeatRequest>;

export const BrokerHeartbeatResponse = message({
  name: 'BrokerHeartbeatResponse',
  versions: '0-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    isCaughtUp: bool.default(false),
    isFenced: bool.default(true),
    shouldShutDown: bool,
  },
});
export type BrokerHeartbeatResponse = Infer<typeof BrokerHeartbeatResponse>;
