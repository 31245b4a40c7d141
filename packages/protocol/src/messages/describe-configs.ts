import { array, bool, int16, int32, int8, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v1 sources and synonyms (KIP-226) · v3 types and documentation (KIP-569) · v4 flexible. */
export const DescribeConfigsRequest = message({
  name: 'DescribeConfigsRequest',
  versions: '1-4',
  flexible: '4+',
  fields: {
    resources: array({
      resourceType: int8,
      resourceName: string,
      configurationKeys: array(string).nullable(),
    }),
    includeSynonyms: bool.versions('1+').default(false),
    includeDocumentation: bool.versions('3+').default(false),
  },
});
export type DescribeConfigsRequest = Infer<typeof DescribeConfigsRequest>;

export const DescribeConfigsResponse = message({
  name: 'DescribeConfigsResponse',
  versions: '1-4',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32.default(0),
    results: array({
      errorCode: int16,
      errorMessage: string.nullable(),
      resourceType: int8,
      resourceName: string,
      configs: array({
        name: string,
        value: string.nullable(),
        readOnly: bool,
        configSource: int8.versions('1+').default(-1).ignorable(),
        isSensitive: bool,
        synonyms: array({
          name: string,
          value: string.nullable(),
          source: int8,
        })
          .versions('1+')
          .ignorable(),
        configType: int8.versions('3+').default(0).ignorable(),
        documentation: string.versions('3+').nullable().ignorable(),
      }),
    }),
  },
});
export type DescribeConfigsResponse = Infer<typeof DescribeConfigsResponse>;
