import { array, bool, bytes, int16, int32, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * v1 throttle time · v3 authorized operations · v4 static members · v5 flexible · v6 GROUP_ID_NOT_FOUND (KIP-1043).
 */
export const DescribeGroupsRequest = message({
  name: 'DescribeGroupsRequest',
  versions: '0-6',
  flexible: '5+',
  fields: {
    groups: array(string),
    includeAuthorizedOperations: bool.versions('3+'),
  },
});
export type DescribeGroupsRequest = Infer<typeof DescribeGroupsRequest>;

export const DescribeGroupsResponse = message({
  name: 'DescribeGroupsResponse',
  versions: '0-6',
  flexible: '5+',
  fields: {
    throttleTimeMs: int32.versions('1+').ignorable(),
    groups: array({
      errorCode: int16,
      errorMessage: string.versions('6+').nullable().default(null),
      groupId: string,
      groupState: string,
      protocolType: string,
      protocolData: string,
      members: array({
        memberId: string,
        groupInstanceId: string.versions('4+').nullable().default(null).ignorable(),
        clientId: string,
        clientHost: string,
        memberMetadata: bytes,
        memberAssignment: bytes,
      }),
      authorizedOperations: int32.versions('3+').default(-2147483648),
    }),
  },
});
export type DescribeGroupsResponse = Infer<typeof DescribeGroupsResponse>;
