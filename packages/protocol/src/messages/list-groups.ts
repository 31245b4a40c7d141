import { array, int16, int32, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v1 throttle time · v3 flexible · v4 states (KIP-518) · v5 types (KIP-848). */
export const ListGroupsRequest = message({
  name: 'ListGroupsRequest',
  versions: '0-5',
  flexible: '3+',
  fields: {
    statesFilter: array(string).versions('4+'),
    typesFilter: array(string).versions('5+'),
  },
});
export type ListGroupsRequest = Infer<typeof ListGroupsRequest>;

export const ListGroupsResponse = message({
  name: 'ListGroupsResponse',
  versions: '0-5',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32.versions('1+').ignorable(),
    errorCode: int16,
    groups: array({
      groupId: string,
      protocolType: string,
      groupState: string.versions('4+').ignorable(),
      groupType: string.versions('5+').ignorable(),
    }),
  },
});
export type ListGroupsResponse = Infer<typeof ListGroupsResponse>;
