import { UsageError } from '../command-line/usage-error';
import {
  KRAFT_VERSION,
  METADATA_VERSION,
  defaultLevels,
  dependenciesOf,
  isKafkaFeature,
} from '../feature-levels/kafka-features';
import type { FeatureLevel } from '../feature-levels/kafka-features';
import {
  metadataVersionNamed,
  metadataVersionOf,
  metadataVersions,
  unknownRelease,
} from '../feature-levels/metadata-versions';
import type { MetadataVersion } from '../feature-levels/metadata-versions';

/** What this release can do of a feature, and what a new cluster begins with. */
export interface FeatureRange {
  readonly name: string;
  readonly minSupportedVersion: number;
  readonly maxSupportedVersion: number;
  readonly defaultLevel: number;
}

/** What the command line says of features. */
export interface FeatureChoice {
  /** `--release-version`. */
  readonly release: MetadataVersion | undefined;
  /** `--feature`; the last of several for the same feature counts. */
  readonly levels: ReadonlyMap<string, number>;
}

/** Levels that a new cluster begins with: `metadata.version` first, then those above 0 by name. */
export interface BootstrapFeatures {
  readonly metadataVersion: MetadataVersion;
  readonly levels: readonly FeatureLevel[];
}

/** Reads `--release-version`. Fails with UsageError for a release whose metadata this one cannot write. */
export const chosenRelease = (
  text: string | undefined,
  ranges: readonly FeatureRange[],
): MetadataVersion | undefined => {
  if (text === undefined) return undefined;
  const { minSupportedVersion: min, maxSupportedVersion: max } = rangeOf(ranges, METADATA_VERSION);
  const version = metadataVersionNamed(text);
  if (version !== undefined && version.level >= min && version.level <= max) return version;
  const supported = metadataVersions.filter(({ level }) => level >= min && level <= max);
  throw new UsageError(unknownRelease(text, supported));
};

/**
 * The levels to begin with, checked in Kafka's order and words. Fails with UsageError: a level is never promised that
 * this release does not implement.
 */
export const bootstrapFeatures = (
  choice: FeatureChoice,
  ranges: readonly FeatureRange[],
  hasStaticVoters: boolean,
): BootstrapFeatures => {
  const metadataVersion = chosenMetadataVersion(choice, ranges);
  const others = new Map([...choice.levels].filter(([name]) => name !== METADATA_VERSION));
  checkNames([...others.keys()], others, ranges);
  checkKraftVersion(others.get(KRAFT_VERSION), hasStaticVoters);
  // The quorum keeps it with its voters, not as a record.
  others.delete(KRAFT_VERSION);
  const levels = new Map(
    ranges
      .filter(({ name }) => name !== METADATA_VERSION)
      .map((range) => [range.name, levelOf(range, metadataVersion.level)]),
  );
  for (const [name, level] of others) levels.set(name, level);
  for (const [name, level] of levels) checkLevel({ feature: name, level }, metadataVersion, ranges);
  const sorted = [...levels]
    .filter(([, level]) => level > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([feature, level]) => ({ feature, level }));
  return {
    metadataVersion,
    levels: [{ feature: METADATA_VERSION, level: metadataVersion.level }, ...sorted],
  };
};

const rangeOf = (ranges: readonly FeatureRange[], name: string): FeatureRange =>
  ranges.find((range) => range.name === name) ?? {
    name,
    minSupportedVersion: 0,
    maxSupportedVersion: 0,
    defaultLevel: 0,
  };

const chosenMetadataVersion = (
  { release, levels }: FeatureChoice,
  ranges: readonly FeatureRange[],
): MetadataVersion => {
  const range = rangeOf(ranges, METADATA_VERSION);
  const level = levels.get(METADATA_VERSION);
  if (release !== undefined && level !== undefined)
    throw new UsageError('Use --release-version instead of --feature metadata.version=X to avoid ambiguity.');
  if (release !== undefined) return release;
  const chosen = metadataVersionOf(level ?? range.defaultLevel);
  const { minSupportedVersion: min, maxSupportedVersion: max } = range;
  if (chosen !== undefined && chosen.level > max)
    throw new UsageError(`metadata.version ${chosen.name} is not yet stable.`);
  if (chosen === undefined || chosen.level < min)
    throw new UsageError(
      `No MetadataVersion with feature level ${level}. Valid feature levels are from ${min} to ${max}.`,
    );
  return chosen;
};

/** A feature of Kafka's that is not implemented may be switched off, because it is. */
const checkNames = (
  names: readonly string[],
  levels: ReadonlyMap<string, number>,
  ranges: readonly FeatureRange[],
): void => {
  const known = [...ranges.map(({ name }) => name), KRAFT_VERSION].filter(
    (name) => name !== METADATA_VERSION,
  );
  for (const name of names) {
    if (known.includes(name)) continue;
    if (isKafkaFeature(name) && levels.get(name) === 0) continue;
    throw new UsageError(
      `Unsupported feature: ${name}. Supported features are: ${[...new Set(known)].sort().join(', ')}`,
    );
  }
};

const FLAGS = '--standalone, --initial-controllers, or --no-initial-controllers';

const checkKraftVersion = (level: number | undefined, hasStaticVoters: boolean): void => {
  if (level === undefined) return;
  if (level === 0 && !hasStaticVoters)
    throw new UsageError(
      `Cannot set kraft.version to 0 if controller.quorum.voters is empty and one of the flags ${FLAGS} is used. ` +
        'For dynamic controllers support, try removing the --feature flag for kraft.version.',
    );
  if (level !== 0 && hasStaticVoters)
    throw new UsageError(
      `Cannot set kraft.version to ${level} unless controller.quorum.voters is empty and one of the flags ${FLAGS} is used. ` +
        `For dynamic controllers support, try using one of ${FLAGS} and removing controller.quorum.voters.`,
    );
  if (dependenciesOf({ feature: KRAFT_VERSION, level }) === undefined)
    throw new UsageError(`No feature:${KRAFT_VERSION} with feature level ${level}`);
};

/** A feature of Kafka's comes with its release; one of our own with this one. */
const levelOf = (range: FeatureRange, metadataVersion: number): number => {
  const kafkas = defaultLevels(metadataVersion).find(({ feature }) => feature === range.name);
  return kafkas === undefined ? range.defaultLevel : Math.min(kafkas.level, range.maxSupportedVersion);
};

const checkLevel = (
  { feature, level }: FeatureLevel,
  metadataVersion: MetadataVersion,
  ranges: readonly FeatureRange[],
): void => {
  const { minSupportedVersion: min, maxSupportedVersion: max } = rangeOf(ranges, feature);
  if (level !== 0 && (level < min || level > max))
    throw new UsageError(`No feature:${feature} with feature level ${level}`);
  for (const need of dependenciesOf({ feature, level }) ?? [])
    if (need.feature === METADATA_VERSION && need.level > metadataVersion.level)
      throw new UsageError(
        `${feature} could not be set to ${level} because it depends on ${need.feature} level ${need.level}`,
      );
};
