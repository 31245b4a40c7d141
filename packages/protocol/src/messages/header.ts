import { int16, int32, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v1 client id, with its old length prefix in every version · v2 flexible. Chosen by the request's own flexibility. */
export const RequestHeader = message({
  name: 'RequestHeader',
  versions: '1-2',
  flexible: '2+',
  fields: {
    requestApiKey: int16,
    requestApiVersion: int16,
    correlationId: int32,
    clientId: string.versions('1+').nullable().inflexible(),
  },
});
export type RequestHeader = Infer<typeof RequestHeader>;

/** v1 flexible. ApiVersions is always answered with v0, so that a client can read the refusal of its version. */
export const ResponseHeader = message({
  name: 'ResponseHeader',
  versions: '0-1',
  flexible: '1+',
  fields: {
    correlationId: int32,
  },
});
export type ResponseHeader = Infer<typeof ResponseHeader>;
