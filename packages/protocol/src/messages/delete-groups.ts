import { array, int16, int32, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v2 flexible. */
export const DeleteGroupsRequest = message({
  name: 'DeleteGroupsRequest',
  versions: '0-2',
  flexible: '2+',
  fields: {
    groupsNames: array(string),
  },
});
export type DeleteGroupsRequest = Infer<typeof DeleteGroupsRequest>;

export const DeleteGroupsResponse = message({
  name: 'DeleteGroupsResponse',
  versions: '0-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32.default(0),
    results: array({
      groupId: string,
      errorCode: int16,
    }),
  },
});
export type DeleteGroupsResponse = Infer<typeof DeleteGroupsResponse>;
