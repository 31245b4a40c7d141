import { array, int16, int32, int8, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v1 pattern types (KIP-290) · v2 flexible · v3 resource type user (KIP-373). */
export const CreateAclsRequest = message({
  name: 'CreateAclsRequest',
  versions: '1-3',
  flexible: '2+',
  fields: {
    creations: array({
      resourceType: int8,
      resourceName: string,
      resourcePatternType: int8.versions('1+').default(3),
      principal: string,
      host: string,
      operation: int8,
      permissionType: int8,
    }),
  },
});
export type CreateAclsRequest = Infer<typeof CreateAclsRequest>;

export const CreateAclsResponse = message({
  name: 'CreateAclsResponse',
  versions: '1-3',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32.default(0),
    results: array({
      errorCode: int16,
      errorMessage: string.nullable(),
    }),
  },
});
export type CreateAclsResponse = Infer<typeof CreateAclsResponse>;
