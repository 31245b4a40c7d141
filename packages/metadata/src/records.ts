import type { MetadataRecord as StoredRecord, RegisterBrokerRecord } from '@kafkaesque/protocol';

export type {
  BrokerRegistrationChangeRecord,
  ConfigRecord,
  FeatureLevelRecord,
  PartitionChangeRecord,
  PartitionRecord,
  ProducerIdsRecord,
  ProvedEpochRecord,
  RegisterBrokerRecord,
  RegisterControllerRecord,
  RemoveTopicRecord,
  TopicRecord,
  UnregisterBrokerRecord,
} from '@kafkaesque/protocol';

/** Where a broker can be reached under one listener name. */
export type Endpoint = RegisterBrokerRecord['endPoints'][number];

/** The levels of one feature that a broker can work with. */
export type SupportedFeature = RegisterBrokerRecord['features'][number];

/** The records that this release applies, under Kafka's names. One of another kind ends the start of a node. */
export const appliedKinds = [
  'RegisterBrokerRecord',
  'RegisterControllerRecord',
  'UnregisterBrokerRecord',
  'BrokerRegistrationChangeRecord',
  'TopicRecord',
  'RemoveTopicRecord',
  'PartitionRecord',
  'PartitionChangeRecord',
  'ConfigRecord',
  'FeatureLevelRecord',
  'ProducerIdsRecord',
  'ClearElrRecord',
  'NoOpRecord',
  'StateHashRecord',
  'ProvedEpochRecord',
] as const;

/** One fact of the cluster. A batch of them is decided, stored and applied as one. */
export type MetadataRecord = Extract<StoredRecord, { readonly kind: (typeof appliedKinds)[number] }>;
