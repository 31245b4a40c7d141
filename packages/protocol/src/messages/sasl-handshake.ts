import { array, int16, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * v1 the exchange that follows travels in SaslAuthenticate. Never flexible: old clients negotiate it blindly (KAFKA-9577).
 */
export const SaslHandshakeRequest = message({
  name: 'SaslHandshakeRequest',
  versions: '0-1',
  flexible: 'none',
  fields: {
    mechanism: string,
  },
});
export type SaslHandshakeRequest = Infer<typeof SaslHandshakeRequest>;

export const SaslHandshakeResponse = message({
  name: 'SaslHandshakeResponse',
  versions: '0-1',
  flexible: 'none',
  fields: {
    errorCode: int16,
    mechanisms: array(string),
  },
});
export type SaslHandshakeResponse = Infer<typeof SaslHandshakeResponse>;
