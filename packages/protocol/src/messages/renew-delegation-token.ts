import { bytes, int16, int32, wideInt64 } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v2 flexible. */
export const RenewDelegationTokenRequest = message({
  name: 'RenewDelegationTokenRequest',
  versions: '1-2',
  flexible: '2+',
  fields: {
    hmac: bytes,
    renewPeriodMs: wideInt64,
  },
});
export type RenewDelegationTokenRequest = Infer<typeof RenewDelegationTokenRequest>;

export const RenewDelegationTokenResponse = message({
  name: 'RenewDelegationTokenResponse',
  versions: '1-2',
  flexible: '2+',
  fields: {
    errorCode: int16,
    expiryTimestampMs: wideInt64,
    throttleTimeMs: int32.default(0),
  },
});
export type RenewDelegationTokenResponse = Infer<typeof RenewDelegationTokenResponse>;
