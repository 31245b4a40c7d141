import { array, int16, int32, int8, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v0 client metrics only (KIP-714) · v1 resources of any type (KIP-1142). */
export const ListConfigResourcesRequest = message({
  name: 'ListConfigResourcesRequest',
  versions: '0-1',
  flexible: '0+',
  fields: {
    resourceTypes: array(int8).versions('1+'),
  },
});
export type ListConfigResourcesRequest = Infer<typeof ListConfigResourcesRequest>;

export const ListConfigResourcesResponse = message({
  name: 'ListConfigResourcesResponse',
  versions: '0-1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    configResources: array({
      resourceName: string,
      resourceType: int8.versions('1+').default(16).ignorable(),
    }),
  },
});
export type ListConfigResourcesResponse = Infer<typeof ListConfigResourcesResponse>;
