import { array, int16, int32, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v1 throttle time · v3 many members in one request (KIP-345) · v4 flexible · v5 reason (KIP-800). */
export const LeaveGroupRequest = message({
  name: 'LeaveGroupRequest',
  versions: '0-5',
  flexible: '4+',
  fields: {
    groupId: string,
    memberId: string.versions('0-2'),
    members: array({
      memberId: string,
      groupInstanceId: string.nullable().default(null),
      reason: string.versions('5+').nullable().default(null).ignorable(),
    }).versions('3+'),
  },
});
export type LeaveGroupRequest = Infer<typeof LeaveGroupRequest>;

export const LeaveGroupResponse = message({
  name: 'LeaveGroupResponse',
  versions: '0-5',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32.versions('1+').ignorable(),
    errorCode: int16,
    members: array({
      memberId: string,
      groupInstanceId: string.nullable(),
      errorCode: int16,
    }).versions('3+'),
  },
});
export type LeaveGroupResponse = Infer<typeof LeaveGroupResponse>;
