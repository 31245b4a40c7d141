import { array, bool, bytes, int16, int32, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * v1 rebalance timeout · v2 throttle time · v4 MEMBER_ID_REQUIRED, a join in two steps (KIP-394) · v5 static members (KIP-345) ·
 * v6 flexible · v7 protocol type in the answer (KIP-559) · v8 reason (KIP-800) · v9 the leader may skip assigning (KIP-814).
 */
export const JoinGroupRequest = message({
  name: 'JoinGroupRequest',
  versions: '0-9',
  flexible: '6+',
  fields: {
    groupId: string,
    sessionTimeoutMs: int32,
    rebalanceTimeoutMs: int32.versions('1+').default(-1).ignorable(),
    memberId: string,
    groupInstanceId: string.versions('5+').nullable().default(null),
    protocolType: string,
    protocols: array({
      name: string,
      metadata: bytes,
    }),
    reason: string.versions('8+').nullable().default(null).ignorable(),
  },
});
export type JoinGroupRequest = Infer<typeof JoinGroupRequest>;

export const JoinGroupResponse = message({
  name: 'JoinGroupResponse',
  versions: '0-9',
  flexible: '6+',
  fields: {
    throttleTimeMs: int32.versions('2+').ignorable(),
    errorCode: int16,
    generationId: int32.default(-1),
    protocolType: string.versions('7+').nullable().default(null).ignorable(),
    protocolName: string.nullable('7+'),
    leader: string,
    skipAssignment: bool.versions('9+').default(false),
    memberId: string,
    members: array({
      memberId: string,
      groupInstanceId: string.versions('5+').nullable().default(null).ignorable(),
      metadata: bytes,
    }),
  },
});
export type JoinGroupResponse = Infer<typeof JoinGroupResponse>;
