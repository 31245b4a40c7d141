import { bytes, int16, int32, wideInt64 } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v2 flexible. A negative period expires the token now. */
export const ExpireDelegationTokenRequest = message({
  name: 'ExpireDelegationTokenRequest',
  versions: '1-2',
  flexible: '2+',
  fields: {
    hmac: bytes,
    expiryTimePeriodMs: wideInt64,
  },
});
export type ExpireDelegationTokenRequest = Infer<typeof ExpireDelegationTokenRequest>;

export const ExpireDelegationTokenResponse = message({
  name: 'ExpireDelegationTokenResponse',
  versions: '1-2',
  flexible: '2+',
  fields: {
    errorCode: int16,
    expiryTimestampMs: wideInt64,
    throttleTimeMs: int32.default(0),
  },
});
export type ExpireDelegationTokenResponse = Infer<typeof ExpireDelegationTokenResponse>;
