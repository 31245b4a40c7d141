import { array, bytes, int16, int32, string, wideInt64 } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v2 flexible · v3 who asked for the token (KIP-373). */
export const DescribeDelegationTokenRequest = message({
  name: 'DescribeDelegationTokenRequest',
  versions: '1-3',
  flexible: '2+',
  fields: {
    owners: array({
      principalType: string,
      principalName: string,
    }).nullable(),
  },
});
export type DescribeDelegationTokenRequest = Infer<typeof DescribeDelegationTokenRequest>;

export const DescribeDelegationTokenResponse = message({
  name: 'DescribeDelegationTokenResponse',
  versions: '1-3',
  flexible: '2+',
  fields: {
    errorCode: int16,
    tokens: array({
      principalType: string,
      principalName: string,
      tokenRequesterPrincipalType: string.versions('3+'),
      tokenRequesterPrincipalName: string.versions('3+'),
      issueTimestamp: wideInt64,
      expiryTimestamp: wideInt64,
      maxTimestamp: wideInt64,
      tokenId: string,
      hmac: bytes,
      renewers: array({
        principalType: string,
        principalName: string,
      }),
    }),
    throttleTimeMs: int32.default(0),
  },
});
export type DescribeDelegationTokenResponse = Infer<typeof DescribeDelegationTokenResponse>;
