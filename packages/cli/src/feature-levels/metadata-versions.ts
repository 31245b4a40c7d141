/** A level of `metadata.version`, and the release and step that brought it. */
export interface MetadataVersion {
  readonly level: number;
  /** `4.3-IV0`. */
  readonly name: string;
}

const FIRST_LEVEL = 7;
/** Kafka 4.3 knows it, and will not use it before it is stable. */
const UNSTABLE = '4.4-IV0';

/** All that Kafka 4.3 knows, in order. */
export const metadataVersions: readonly MetadataVersion[] = [
  ...['3.3-IV3', '3.4-IV0', '3.5-IV0', '3.5-IV1', '3.5-IV2', '3.6-IV0', '3.6-IV1', '3.6-IV2'],
  ...['3.7-IV0', '3.7-IV1', '3.7-IV2', '3.7-IV3', '3.7-IV4', '3.8-IV0', '3.9-IV0'],
  ...['4.0-IV0', '4.0-IV1', '4.0-IV2', '4.0-IV3', '4.1-IV0', '4.1-IV1', '4.2-IV0', '4.2-IV1', '4.3-IV0'],
  UNSTABLE,
].map((name, index) => ({ level: FIRST_LEVEL + index, name }));

/** What Kafka 4.3 begins a cluster with. */
export const latestStableVersion = metadataVersions.findLast(({ name }) => name !== UNSTABLE);

/** The name of a level; undefined for one that Kafka 4.3 does not know. */
export const metadataVersionOf = (level: number): MetadataVersion | undefined =>
  metadataVersions.find((version) => version.level === level);

/**
 * What a user calls a release: `4.3-IV0`, `4.3` for the last step of that release, `4.3.1` for the same. Undefined when
 * there is no such release.
 */
export const metadataVersionNamed = (text: string): MetadataVersion | undefined => {
  // Kafka looks at no more than the first two numbers, and calls nothing a release that is not stable.
  const key = text.split('.').slice(0, 2).join('.');
  return metadataVersions.findLast(
    ({ name }) => name === key || (name !== UNSTABLE && name.slice(0, name.indexOf('-')) === key),
  );
};

/** Kafka's sentence about a release that is not among `supported`. */
export const unknownRelease = (text: string, supported: readonly MetadataVersion[]): string =>
  `Unknown metadata.version '${text}'. Supported metadata.version are: ${supported.map(({ name }) => name).join(', ')}`;
