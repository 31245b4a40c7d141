/** A level of a feature: one that it has, is to have, or that another one needs. */
export interface FeatureLevel {
  readonly feature: string;
  readonly level: number;
}

/** The feature that counts releases. */
export const METADATA_VERSION = 'metadata.version';
/** The feature that the quorum itself keeps. */
export const KRAFT_VERSION = 'kraft.version';

interface KafkaFeature {
  /** From 0 (off) to this. */
  readonly maxLevel: number;
  /** What a new cluster begins with, and from which level of `metadata.version` on. */
  readonly level: number;
  readonly since: number;
  readonly needs: readonly FeatureLevel[];
}

/** Kafka 4.3's features other than `metadata.version`, in the order in which its tools list them. */
const kafkaFeatures: Readonly<Record<string, KafkaFeature>> = {
  [KRAFT_VERSION]: { maxLevel: 1, level: 1, since: 21, needs: [] },
  'transaction.version': { maxLevel: 2, level: 2, since: 24, needs: [] },
  'group.version': { maxLevel: 1, level: 1, since: 22, needs: [] },
  'eligible.leader.replicas.version': {
    ...{ maxLevel: 1, level: 1, since: 26 },
    needs: [{ feature: METADATA_VERSION, level: 23 }],
  },
  'share.version': { maxLevel: 1, level: 1, since: 28, needs: [] },
  'streams.version': { maxLevel: 1, level: 1, since: 29, needs: [] },
};

/** Whether Kafka 4.3 has such a feature; `metadata.version` is not among these. */
export const isKafkaFeature = (name: string): boolean => Object.hasOwn(kafkaFeatures, name);

/** The levels that a cluster of this metadata version begins with, in the order in which Kafka's tools list them. */
export const defaultLevels = (metadataVersion: number): readonly FeatureLevel[] =>
  Object.entries(kafkaFeatures).map(([feature, { level, since }]) => ({
    feature,
    level: metadataVersion >= since ? level : 0,
  }));

/** What a level needs; nothing for most. Undefined: there is no such feature or level. */
export const dependenciesOf = ({
  feature: name,
  level,
}: FeatureLevel): readonly FeatureLevel[] | undefined => {
  const feature = isKafkaFeature(name) ? kafkaFeatures[name] : undefined;
  if (feature === undefined || level < 0 || level > feature.maxLevel) return undefined;
  return level === 0 ? [] : feature.needs;
};
