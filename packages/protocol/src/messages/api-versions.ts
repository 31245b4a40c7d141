import { array, bool, int16, int32, int64, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * v1 throttle time · v3 flexible, name and version of the client (KIP-511), features (KIP-584) · v4 a feature may begin at 0.
 * The answer's header is always v0, and a version that the server lacks is answered in v0.
 */
export const ApiVersionsRequest = message({
  name: 'ApiVersionsRequest',
  versions: '0-4',
  flexible: '3+',
  fields: {
    clientSoftwareName: string.versions('3+').ignorable(),
    clientSoftwareVersion: string.versions('3+').ignorable(),
  },
});
export type ApiVersionsRequest = Infer<typeof ApiVersionsRequest>;

export const ApiVersionsResponse = message({
  name: 'ApiVersionsResponse',
  versions: '0-4',
  flexible: '3+',
  fields: {
    errorCode: int16,
    apiKeys: array({
      apiKey: int16,
      minVersion: int16,
      maxVersion: int16,
    }),
    throttleTimeMs: int32.versions('1+').ignorable(),
    supportedFeatures: array({
      name: string,
      minVersion: int16,
      maxVersion: int16,
    })
      .tagged(0, '3+')
      .ignorable(),
    finalizedFeaturesEpoch: int64.default(-1).tagged(1, '3+').ignorable(),
    finalizedFeatures: array({
      name: string,
      maxVersionLevel: int16,
      minVersionLevel: int16,
    })
      .tagged(2, '3+')
      .ignorable(),
    zkMigrationReady: bool.default(false).tagged(3, '3+').ignorable(),
  },
});
export type ApiVersionsResponse = Infer<typeof ApiVersionsResponse>;
