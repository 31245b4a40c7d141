import { bytes, int16, string, wideInt64 } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v1 session lifetime (KIP-368) · v2 flexible. */
export const SaslAuthenticateRequest = message({
  name: 'SaslAuthenticateRequest',
  versions: '0-2',
  flexible: '2+',
  fields: {
    authBytes: bytes,
  },
});
export type SaslAuthenticateRequest = Infer<typeof SaslAuthenticateRequest>;

export const SaslAuthenticateResponse = message({
  name: 'SaslAuthenticateResponse',
  versions: '0-2',
  flexible: '2+',
  fields: {
    errorCode: int16,
    errorMessage: string.nullable(),
    authBytes: bytes,
    sessionLifetimeMs: wideInt64.versions('1+').default(0).ignorable(),
  },
});
export type SaslAuthenticateResponse = Infer<typeof SaslAuthenticateResponse>;
