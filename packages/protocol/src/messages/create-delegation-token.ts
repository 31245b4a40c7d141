import { array, bytes, int16, int32, string, wideInt64 } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v2 flexible · v3 on behalf of another owner (KIP-373). */
export const CreateDelegationTokenRequest = message({
  name: 'CreateDelegationTokenRequest',
  versions: '1-3',
  flexible: '2+',
  fields: {
    ownerPrincipalType: string.versions('3+').nullable(),
    ownerPrincipalName: string.versions('3+').nullable(),
    renewers: array({
      principalType: string,
      principalName: string,
    }),
    maxLifetimeMs: wideInt64,
  },
});
export type CreateDelegationTokenRequest = Infer<typeof CreateDelegationTokenRequest>;

export const CreateDelegationTokenResponse = message({
  name: 'CreateDelegationTokenResponse',
  versions: '1-3',
  flexible: '2+',
  fields: {
    errorCode: int16,
    principalType: string,
    principalName: string,
    tokenRequesterPrincipalType: string.versions('3+'),
    tokenRequesterPrincipalName: string.versions('3+'),
    issueTimestampMs: wideInt64,
    expiryTimestampMs: wideInt64,
    maxTimestampMs: wideInt64,
    tokenId: string,
    hmac: bytes,
    throttleTimeMs: int32.default(0),
  },
});
export type CreateDelegationTokenResponse = Infer<typeof CreateDelegationTokenResponse>;
