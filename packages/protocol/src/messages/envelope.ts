import { bytes, int16 } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Broker to controller: another client's request, forwarded with its principal (KIP-590). */
export const EnvelopeRequest = message({
  name: 'EnvelopeRequest',
  versions: '0',
  flexible: '0+',
  fields: {
    requestData: bytes,
    requestPrincipal: bytes.nullable(),
    clientHostAddress: bytes,
  },
});
export type EnvelopeRequest = Infer<typeof EnvelopeRequest>;

export const EnvelopeResponse = message({
  name: 'EnvelopeResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    responseData: bytes.nullable().default(null),
    errorCode: int16,
  },
});
export type EnvelopeResponse = Infer<typeof EnvelopeResponse>;
