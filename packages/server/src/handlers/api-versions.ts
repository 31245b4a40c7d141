import type { ApiVersionsRequest, Draft, ApiVersionsResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import { KRAFT_VERSION, registeredFeatures } from '@kafkaesque/metadata';
import type { Administrator } from '../broker/broker';
import type { Reply, RequestContext } from './handler';
import type { Served } from './table';

/** What Kafka accepts as a client's name and version (KIP-511). */
const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

/** ApiVersions (18). v3 client software, features · v4 features with minimum 0. Answered before authentication. */
export const apiVersions =
  (broker: Administrator, served: () => readonly Served[]) =>
  (context: RequestContext, request: ApiVersionsRequest): Reply<Draft<typeof ApiVersionsResponse>> => {
    const apiKeys = served().map(({ key, advertised }) => ({
      apiKey: key,
      minVersion: advertised.min,
      maxVersion: advertised.max,
    }));
    if (context.isUnknownVersion) {
      // Only how far this API itself goes: all that the sender needs to ask again (KIP-511).
      const own = apiKeys.filter(({ apiKey }) => apiKey === context.apiKey);
      return { kind: 'answer', response: { errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys: own } };
    }
    if (context.apiVersion >= 3) {
      const { clientSoftwareName, clientSoftwareVersion } = request;
      if (!SOFTWARE.test(clientSoftwareName) || !SOFTWARE.test(clientSoftwareVersion)) {
        return { kind: 'answer', response: { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] } };
      }
      context.clientSoftware.name = clientSoftwareName;
      context.clientSoftware.version = clientSoftwareVersion;
    }
    const image = broker.image();
    return {
      kind: 'answer',
      response: {
        errorCode: ErrorCode.NONE,
        apiKeys,
        // Clients before version 4 cannot read a feature whose minimum is 0 (KAFKA-17011).
        supportedFeatures: registeredFeatures(broker.quorumFeatures)
          .filter(({ minSupportedVersion }) => context.apiVersion >= 4 || minSupportedVersion > 0)
          .map(({ name, minSupportedVersion, maxSupportedVersion }) => ({
            name,
            minVersion: minSupportedVersion,
            maxVersion: maxSupportedVersion,
          })),
        finalizedFeaturesEpoch: image.offset,
        finalizedFeatures: [
          ...image.features.entries(),
          // The quorum keeps its own level.
          [KRAFT_VERSION, broker.quorumFeatures.kraftVersion] as const,
        ]
          .filter(([, level]) => level > 0)
          .map(([name, level]) => ({ name, maxVersionLevel: level, minVersionLevel: level })),
      },
    };
  };
