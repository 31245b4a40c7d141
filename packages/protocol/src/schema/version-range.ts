/** Versions of a message, both ends included. `max` is `Infinity` for an open range. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** How ranges are written down: `'3'`, `'3+'` or `'3-7'`. */
export type VersionSpec = `${number}` | `${number}+` | `${number}-${number}`;

export const ALL_VERSIONS: VersionRange = { min: 0, max: Infinity };

export const parseVersions = (spec: VersionSpec): VersionRange => {
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(spec);
  if (match === null) throw new TypeError(`bad version range: ${spec}`);
  const min = Number(match[1]);
  const max = match[2] !== undefined ? Infinity : Number(match[3] ?? match[1]);
  if (max < min) throw new TypeError(`bad version range: ${spec}`);
  return { min, max };
};

export const coversVersion = (range: VersionRange, version: number): boolean =>
  range.min <= version && version <= range.max;
