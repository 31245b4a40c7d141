import type { PartitionIndex } from '@kafkaesque/kernel';
import type {
  BrokerImage,
  ConfigResource,
  ControllerImage,
  MetadataImage,
  PartitionImage,
  TopicImage,
} from '../image/metadata-image';

/** A partition before and after; `before` is undefined when it is new. */
export interface PartitionChange {
  readonly partition: PartitionIndex;
  readonly before: PartitionImage | undefined;
  readonly after: PartitionImage;
}

/** A topic that stayed, with the partitions that changed or were added, in ascending order. */
export interface TopicChange {
  readonly before: TopicImage;
  readonly after: TopicImage;
  readonly partitions: readonly PartitionChange[];
}

/** A broker before and after; `after` is undefined when it was unregistered, `before` when it is new. */
export interface BrokerChange {
  readonly before: BrokerImage | undefined;
  readonly after: BrokerImage | undefined;
}

/** A controller before and after; `before` is undefined when it is new. */
export interface ControllerChange {
  readonly before: ControllerImage | undefined;
  readonly after: ControllerImage | undefined;
}

/** The values of one resource that were set (string) or removed (null). */
export interface ConfigChange {
  readonly resource: ConfigResource;
  readonly changed: ReadonlyMap<string, string | null>;
}

/** What a batch changed, for those who act on it: the partition host, configuration listeners, caches. */
export interface MetadataDelta {
  readonly before: MetadataImage;
  readonly after: MetadataImage;
  readonly topicsCreated: readonly TopicImage[];
  /** As they were before removal. */
  readonly topicsRemoved: readonly TopicImage[];
  readonly topicsChanged: readonly TopicChange[];
  readonly brokersChanged: readonly BrokerChange[];
  readonly controllersChanged: readonly ControllerChange[];
  readonly configsChanged: readonly ConfigChange[];
  /** New levels by name; 0 means removed. */
  readonly featuresChanged: ReadonlyMap<string, number>;
}
