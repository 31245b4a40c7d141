/** A level that another feature must have reached first. */
export interface FeatureLevel {
  readonly feature: string;
  readonly level: number;
}

/** A feature of Kafka other than `metadata.version`. */
export interface KafkaFeature {
  readonly name: string;
  /** From 0 (off) to this. */
  readonly maxLevel: number;
  /** Which level a release turns on by itself: from a level of `metadata.version` on. */
  readonly defaultFrom: readonly { readonly metadataVersion: number; readonly level: number }[];
  readonly dependencies: readonly {
    readonly level: number;
    readonly needs: readonly FeatureLevel[];
  }[];
}

/** The feature that counts releases. */
export const METADATA_VERSION = 'metadata.version';
/** The feature that the quorum itself keeps. */
export const KRAFT_VERSION = 'kraft.version';

/** Features of Kafka 4.3, in the order in which its tools list them. */
export const kafkaFeatures: readonly KafkaFeature[] = [
  {
    name: KRAFT_VERSION,
    maxLevel: 1,
    defaultFrom: [{ metadataVersion: 21, level: 1 }],
    dependencies: [],
  },
  {
    name: 'transaction.version',
    maxLevel: 2,
    defaultFrom: [{ metadataVersion: 24, level: 2 }],
    dependencies: [],
  },
  {
    name: 'group.version',
    maxLevel: 1,
    defaultFrom: [{ metadataVersion: 22, level: 1 }],
    dependencies: [],
  },
  {
    name: 'eligible.leader.replicas.version',
    maxLevel: 1,
    defaultFrom: [{ metadataVersion: 26, level: 1 }],
    dependencies: [{ level: 1, needs: [{ feature: METADATA_VERSION, level: 23 }] }],
  },
  {
    name: 'share.version',
    maxLevel: 1,
    defaultFrom: [{ metadataVersion: 28, level: 1 }],
    dependencies: [],
  },
  {
    name: 'streams.version',
    maxLevel: 1,
    defaultFrom: [{ metadataVersion: 29, level: 1 }],
    dependencies: [],
  },
];

export const kafkaFeature = (name: string): KafkaFeature | undefined =>
  kafkaFeatures.find((feature) => feature.name === name);

/** The level that a cluster of this metadata version begins with. */
export const defaultLevel = ({ defaultFrom }: KafkaFeature, metadataVersion: number): number =>
  defaultFrom.findLast((step) => step.metadataVersion <= metadataVersion)?.level ?? 0;

/** What a level needs; nothing for most. */
export const dependenciesOf = ({ dependencies }: KafkaFeature, level: number): readonly FeatureLevel[] =>
  dependencies.find((one) => one.level === level)?.needs ?? [];
