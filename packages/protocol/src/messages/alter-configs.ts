import { array, bool, int16, int32, int8, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v2 flexible. Replaces all configs of a resource; IncrementalAlterConfigs does not. */
export const AlterConfigsRequest = message({
  name: 'AlterConfigsRequest',
  versions: '0-2',
  flexible: '2+',
  fields: {
    resources: array({
      resourceType: int8,
      resourceName: string,
      configs: array({
        name: string,
        value: string.nullable(),
      }),
    }),
    validateOnly: bool,
  },
});
export type AlterConfigsRequest = Infer<typeof AlterConfigsRequest>;

export const AlterConfigsResponse = message({
  name: 'AlterConfigsResponse',
  versions: '0-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32.default(0),
    responses: array({
      errorCode: int16,
      errorMessage: string.nullable(),
      resourceType: int8,
      resourceName: string,
    }),
  },
});
export type AlterConfigsResponse = Infer<typeof AlterConfigsResponse>;
