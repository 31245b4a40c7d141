import type { Endpoint, SupportedFeature } from '../records';

/** Field by field, so that this node's image holds what a follower reads back. */
export const endpointsOf = (listeners: readonly Endpoint[]): readonly Endpoint[] =>
  listeners.map(({ name, host, port, securityProtocol }) => ({ name, host, port, securityProtocol }));

/** Field by field, as the endpoints. */
export const featuresOf = (features: readonly SupportedFeature[]): readonly SupportedFeature[] =>
  features.map(({ name, minSupportedVersion, maxSupportedVersion }) => ({
    name,
    minSupportedVersion,
    maxSupportedVersion,
  }));
