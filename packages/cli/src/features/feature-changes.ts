import type { FeatureChange, FeatureChangeKind } from '@kafkaesque/client';
import { UsageError } from '../command-line/usage-error';
import { parseFeatureLevel } from '../feature-levels/feature-lines';
import { METADATA_VERSION, defaultLevels } from '../feature-levels/kafka-features';
import { metadataVersionNamed, metadataVersions, unknownRelease } from '../feature-levels/metadata-versions';
import type { MetadataVersion } from '../feature-levels/metadata-versions';
import type { FeaturesAction, FeaturesFlags } from './features-flags';

/** What the command line asks to be changed, each feature once, by name. Fails with UsageError. */
export const featureChanges = (
  action: FeaturesAction,
  flags: FeaturesFlags,
  warn: (text: string) => void,
): readonly FeatureChange[] => {
  const kind = kindOf(action, flags);
  const levels = action === 'disable' ? disabled(flags) : chosen(flags, warn);
  if (levels.size === 0) throw new UsageError(`You must specify at least one feature to ${action}`);
  return [...levels]
    .map(([feature, level]) => ({ feature, level, kind }))
    .sort((a, b) => (a.feature < b.feature ? -1 : 1));
};

const kindOf = (action: FeaturesAction, { unsafe }: FeaturesFlags): FeatureChangeKind => {
  if (action === 'upgrade') return 'upgrade';
  return unsafe ? 'unsafe-downgrade' : 'safe-downgrade';
};

const disabled = ({ feature = [] }: FeaturesFlags): ReadonlyMap<string, number> => {
  const levels = new Map<string, number>();
  for (const name of feature) add(levels, name, 0);
  return levels;
};

const chosen = (
  { releaseVersion, metadata, feature = [] }: FeaturesFlags,
  warn: (text: string) => void,
): ReadonlyMap<string, number> => {
  const levels = new Map<string, number>();
  if (releaseVersion !== undefined) {
    if (metadata !== undefined || feature.length > 0)
      throw new UsageError('Can not specify `release-version` with other feature flags.');
    const version = releaseNamed(releaseVersion);
    levels.set(METADATA_VERSION, version.level);
    for (const { feature: name, level } of defaultLevels(version.level)) levels.set(name, level);
    return levels;
  }
  if (metadata !== undefined) {
    // To standard output and with a space in front, as Kafka's tool says it.
    warn(' `metadata` flag is deprecated and may be removed in a future release.\n');
    levels.set(METADATA_VERSION, releaseNamed(metadata).level);
  }
  for (const text of feature) {
    const { feature: name, level } = parseFeatureLevel(text);
    add(levels, name, level);
  }
  return levels;
};

const add = (levels: Map<string, number>, name: string, level: number): void => {
  if (levels.has(name)) throw new UsageError(`Feature ${name} was specified more than once.`);
  levels.set(name, level);
};

const releaseNamed = (text: string): MetadataVersion => {
  const version = metadataVersionNamed(text);
  if (version === undefined) throw new UsageError(unknownRelease(text, metadataVersions));
  return version;
};
