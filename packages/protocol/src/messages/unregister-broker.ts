import type { BrokerId } from '@kafkaesque/kernel';
import { int16, int32, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Forgets a broker that will not come back (KIP-500). */
export const UnregisterBrokerRequest = message({
  name: 'UnregisterBrokerRequest',
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: int32.as<BrokerId>(),
  },
});
export type UnregisterBrokerRequest = Infer<typeof UnregisterBrokerRequest>;

export const UnregisterBrokerResponse = message({
  name: 'UnregisterBrokerResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
  },
});
export type UnregisterBrokerResponse = Infer<typeof UnregisterBrokerResponse>;
