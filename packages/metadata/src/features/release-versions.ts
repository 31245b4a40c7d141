/** A level of `metadata.version` under the name that Kafka gives it. */
export interface ReleaseVersion {
  /** As `4.3-IV0`. */
  readonly name: string;
  /** The release that brought it, as `4.3`. */
  readonly release: string;
  readonly level: number;
}

/** How many levels each release of Kafka brought; the first one begins with level 7, which it calls IV3. */
const releases: readonly (readonly [release: string, first: number, count: number])[] = [
  ['3.3', 3, 1],
  ['3.4', 0, 1],
  ['3.5', 0, 3],
  ['3.6', 0, 3],
  ['3.7', 0, 5],
  ['3.8', 0, 1],
  ['3.9', 0, 1],
  ['4.0', 0, 4],
  ['4.1', 0, 2],
  ['4.2', 0, 2],
  ['4.3', 0, 1],
];
const FIRST_LEVEL = 7;

/** Every level of `metadata.version` up to Kafka 4.3's, ascending; which of them this release works at is another matter. */
export const releaseVersions: readonly ReleaseVersion[] = releases
  .flatMap(([release, first, count]) =>
    Array.from({ length: count }, (_, i) => ({ name: `${release}-IV${first + i}`, release })),
  )
  .map((version, i) => ({ ...version, level: FIRST_LEVEL + i }));

/**
 * The level that a name stands for: `4.3-IV0` itself, `4.3` and `4.3.1` the last one of that release. Undefined when
 * there is no such version.
 */
export const metadataVersionOf = (version: string): ReleaseVersion | undefined => {
  const segments = version.split('.');
  const key = segments.length <= 2 ? version : segments.slice(0, 2).join('.');
  return (
    releaseVersions.find(({ name }) => name === key) ??
    releaseVersions.findLast(({ release }) => release === key)
  );
};

interface KafkaFeatureLevel {
  /** From this level of `metadata.version` on a new cluster has it. */
  readonly since: number;
  readonly dependencies: ReadonlyMap<string, number>;
}

const level = (
  since: number,
  dependencies: readonly (readonly [string, number])[] = [],
): KafkaFeatureLevel => ({
  since,
  dependencies: new Map(dependencies),
});

/** Kafka 4.3's other features: the levels above 0, in order. */
const kafkaFeatures: Readonly<Record<string, readonly KafkaFeatureLevel[]>> = {
  'kraft.version': [level(21)],
  'transaction.version': [level(24), level(24)],
  'group.version': [level(22)],
  'eligible.leader.replicas.version': [level(26, [['metadata.version', 23]])],
  'share.version': [level(28)],
  'streams.version': [level(29)],
};

/** Levels of Kafka's other features in a cluster that begins at this level of `metadata.version`, in Kafka's order. */
export const featureLevelsAt = (metadataLevel: number): ReadonlyMap<string, number> =>
  new Map(
    Object.entries(kafkaFeatures).map(([name, levels]) => [
      name,
      levels.filter(({ since }) => since <= metadataLevel).length,
    ]),
  );

/** What must be at which level before a feature may be at this one; undefined: there is no such feature or level. */
export const dependenciesOf = (
  feature: string,
  featureLevel: number,
): ReadonlyMap<string, number> | undefined => {
  if (feature === 'metadata.version')
    return releaseVersions.some((version) => version.level === featureLevel) ? new Map() : undefined;
  const levels = Object.hasOwn(kafkaFeatures, feature) ? kafkaFeatures[feature] : undefined;
  if (levels === undefined) return undefined;
  return featureLevel === 0 ? new Map() : levels[featureLevel - 1]?.dependencies;
};
