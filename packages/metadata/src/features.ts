import type { QuorumView } from './decide/quorum-view';
import type { SupportedFeature } from './records';

/** The feature that keeps eligible leader replicas (KIP-966). */
export const ELR_VERSION = 'eligible.leader.replicas.version';

/**
 * What this release can do, under Kafka's names and numbers; a feature that is not implemented is not here.
 * `metadata.version` 30 is 4.3-IV0; `kafkaesque.version` gates formats and messages of our own.
 */
export const supportedFeatures: readonly (SupportedFeature & {
  /** Level of a new cluster. */
  readonly defaultLevel: number;
})[] = [
  { name: 'kafkaesque.version', minSupportedVersion: 1, maxSupportedVersion: 1, defaultLevel: 1 },
  { name: 'metadata.version', minSupportedVersion: 30, maxSupportedVersion: 30, defaultLevel: 30 },
  { name: ELR_VERSION, minSupportedVersion: 0, maxSupportedVersion: 1, defaultLevel: 1 },
];

/** The feature that the quorum keeps in records of its own; it is in no image. */
export const KRAFT_VERSION = 'kraft.version';

/** What a broker or controller says of itself when it registers: all that this release can do, the quorum's included. */
export const registeredFeatures = ({
  supportedKraftVersions: { min, max },
}: Pick<QuorumView, 'supportedKraftVersions'>): readonly SupportedFeature[] => [
  ...supportedFeatures.map(({ name, minSupportedVersion, maxSupportedVersion }) => ({
    name,
    minSupportedVersion,
    maxSupportedVersion,
  })),
  ...(max === 0 ? [] : [{ name: KRAFT_VERSION, minSupportedVersion: min, maxSupportedVersion: max }]),
];

/** What this release supports of a feature; undefined when it does not know it. */
export const supportedFeature = (name: string): SupportedFeature | undefined =>
  supportedFeatures.find((feature) => feature.name === name);
