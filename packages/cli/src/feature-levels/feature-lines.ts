import { UsageError } from '../command-line/usage-error';
import { METADATA_VERSION, defaultLevels, dependenciesOf, isKafkaFeature } from './kafka-features';
import type { FeatureLevel } from './kafka-features';
import {
  latestStableVersion,
  metadataVersionNamed,
  metadataVersionOf,
  metadataVersions,
  unknownRelease,
} from './metadata-versions';

/** `version-mapping`: the levels that a release begins a cluster with. Fails with UsageError. */
export const versionMapping = (release: string | undefined): string => {
  const version = release === undefined ? latestStableVersion : metadataVersionNamed(release);
  if (version === undefined) throw new UsageError(unknownRelease(release ?? '', metadataVersions));
  const lines = defaultLevels(version.level).map(({ feature, level }) => `${feature}=${level}`);
  return [`${METADATA_VERSION}=${version.level} (${release ?? version.name})`, ...lines, ''].join('\n');
};

/** What a feature at a level is called in a list: `metadata.version` also by its release. */
const called = ({ feature, level }: FeatureLevel): string => {
  const version = feature === METADATA_VERSION ? metadataVersionOf(level) : undefined;
  return `${feature}=${level}${version === undefined ? '' : ` (${version.name})`}`;
};

/** `feature-dependencies` of one level. `unsupported` is the tool's sentence about a level that there is not. */
export const dependencyLines = (
  asked: FeatureLevel,
  unsupported: (asked: FeatureLevel) => string,
): string => {
  const { feature: name, level } = asked;
  if (name === METADATA_VERSION) {
    if (metadataVersionOf(level) === undefined) throw new UsageError(`Unknown metadata.version ${level}`);
    return `${called(asked)} has no dependencies.\n`;
  }
  if (!isKafkaFeature(name)) throw new UsageError(`Unknown feature: ${name}`);
  const needs = dependenciesOf(asked);
  if (needs === undefined) throw new UsageError(unsupported(asked));
  if (needs.length === 0) return `${called(asked)} has no dependencies.\n`;
  return [`${called(asked)} requires:`, ...needs.map((need) => `    ${called(need)}`), ''].join('\n');
};

/** A number that fits in 16 bits, as Java reads it; undefined for anything else. */
const shortOf = (text: string): number | undefined => {
  const number = Number(text);
  return /^[-+]?\d+$/.test(text) && number >= -(2 ** 15) && number < 2 ** 15 ? number : undefined;
};

/** Reads `name=level`. Fails with UsageError. */
export const parseFeatureLevel = (text: string): FeatureLevel => {
  const at = text.indexOf('=');
  if (at < 0) throw new UsageError(`Can't parse feature=level string ${text}: equals sign not found.`);
  const levelText = text.slice(at + 1).trim();
  const level = shortOf(levelText);
  if (level === undefined)
    throw new UsageError(
      `Can't parse feature=level string ${text}: unable to parse ${levelText} as a short.`,
    );
  return { feature: text.slice(0, at).trim(), level };
};

/** As `parseFeatureLevel`, in the words of the storage tool's `feature-dependencies`. */
export const parseFeatureVersion = (text: string): FeatureLevel => {
  const at = text.indexOf('=');
  if (at < 0)
    throw new UsageError(
      `Invalid feature format: ${text}. Expected format: 'feature=version' (e.g. 'group.version=1')`,
    );
  const feature = text.slice(0, at).trim();
  const levelText = text.slice(at + 1).trim();
  const level = shortOf(levelText);
  if (level === undefined)
    throw new UsageError(`Invalid version format: ${levelText} for feature ${feature}`);
  return { feature, level };
};
