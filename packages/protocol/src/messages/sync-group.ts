import { array, bytes, int16, int32, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * v1 throttle time · v3 static members (KIP-345) · v4 flexible · v5 protocol type and name are checked (KIP-559).
 */
export const SyncGroupRequest = message({
  name: 'SyncGroupRequest',
  versions: '0-5',
  flexible: '4+',
  fields: {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: string.versions('3+').nullable().default(null),
    protocolType: string.versions('5+').nullable().default(null).ignorable(),
    protocolName: string.versions('5+').nullable().default(null).ignorable(),
    assignments: array({
      memberId: string,
      assignment: bytes,
    }),
  },
});
export type SyncGroupRequest = Infer<typeof SyncGroupRequest>;

export const SyncGroupResponse = message({
  name: 'SyncGroupResponse',
  versions: '0-5',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32.versions('1+').ignorable(),
    errorCode: int16,
    protocolType: string.versions('5+').nullable().default(null).ignorable(),
    protocolName: string.versions('5+').nullable().default(null).ignorable(),
    assignment: bytes,
  },
});
export type SyncGroupResponse = Infer<typeof SyncGroupResponse>;
