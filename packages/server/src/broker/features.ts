import type { SupportedFeature } from '@kafkaesque/metadata';

/** One feature and the levels this release can work with, under the names of Kafka 4.3 (`kafka-features`). */
export interface FeatureRange {
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

/**
 * A level is named only when it is implemented: clients switch protocols by it (transaction.version 2, group.version 1).
 * `kafkaesque.version` gates our own formats and internal messages.
 */
export const supportedFeatures: readonly FeatureRange[] = [
  { name: 'metadata.version', min: 7, max: 30 },
  { name: 'kraft.version', min: 0, max: 0 },
  { name: 'transaction.version', min: 0, max: 0 },
  { name: 'group.version', min: 0, max: 0 },
  { name: 'eligible.leader.replicas.version', min: 0, max: 0 },
  { name: 'share.version', min: 0, max: 0 },
  { name: 'streams.version', min: 0, max: 0 },
  { name: 'kafkaesque.version', min: 1, max: 1 },
];

/** As a broker registers them. */
export const registeredFeatures: readonly SupportedFeature[] = supportedFeatures.map(
  ({ name, min, max }) => ({
    name,
    minSupportedVersion: min,
    maxSupportedVersion: max,
  }),
);
