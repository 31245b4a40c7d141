import { int16, int32, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v1 throttle time · v3 static members (KIP-345) · v4 flexible. */
export const HeartbeatRequest = message({
  name: 'HeartbeatRequest',
  versions: '0-4',
  flexible: '4+',
  fields: {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: string.versions('3+').nullable().default(null),
  },
});
export type HeartbeatRequest = Infer<typeof HeartbeatRequest>;

export const HeartbeatResponse = message({
  name: 'HeartbeatResponse',
  versions: '0-4',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32.versions('1+').ignorable(),
    errorCode: int16,
  },
});
export type HeartbeatResponse = Infer<typeof HeartbeatResponse>;
