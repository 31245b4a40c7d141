import type { Api } from '@kafkaesque/protocol';
import { ClientError } from '../errors';
import type { Capabilities } from './wire';

/** Bounds that the request's meaning puts on its version. */
export interface VersionBounds {
  readonly minVersion?: number | undefined;
  readonly maxVersion?: number | undefined;
}

/** The highest version that both sides know and that lies within the bounds. Fails with kind `unsupported`. */
export const chooseVersion = (
  api: Api,
  capabilities: Capabilities,
  bounds: VersionBounds,
  where: string,
): number => {
  const theirs = capabilities.apis.get(api.key);
  if (theirs === undefined) {
    throw new ClientError(
      'unsupported',
      'UNSUPPORTED_VERSION',
      `The broker at ${where} does not support ${api.name}`,
    );
  }
  const max = Math.min(api.advertised.max, theirs.max, bounds.maxVersion ?? Infinity);
  const min = Math.max(api.request.versions.min, theirs.min, bounds.minVersion ?? 0);
  if (max < min) {
    const least = Math.max(api.request.versions.min, bounds.minVersion ?? 0);
    throw new ClientError(
      'unsupported',
      'UNSUPPORTED_VERSION',
      `The broker at ${where} offers ${api.name} in versions ${theirs.min} to ${theirs.max}; ` +
        `this call needs ${least} to ${Math.min(api.advertised.max, bounds.maxVersion ?? Infinity)}`,
    );
  }
  return max;
};
