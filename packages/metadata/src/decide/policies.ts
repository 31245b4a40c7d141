import type { BrokerId } from '@kafkaesque/kernel';
import type { ConfigResource } from '../image/metadata-image';
import type { CommandError } from './commands';

/** What a policy is asked about a new topic (KIP-108): counts, or else the assignment that was given. */
export interface NewTopicRequest {
  readonly topic: string;
  readonly numPartitions: number | null;
  readonly replicationFactor: number | null;
  /** Replicas of each partition. */
  readonly replicasAssignments: readonly (readonly BrokerId[])[] | null;
  readonly configs: ReadonlyMap<string, string>;
}

/** What a policy is asked about a change of configs (KIP-133): what is named and differs; null takes an override away. */
export interface ConfigChangeRequest {
  readonly resource: ConfigResource;
  readonly configs: ReadonlyMap<string, string | null>;
}

/** The operator's own rules, beyond Kafka's; undefined: allowed. Synchronous, and the same answer each time. */
export interface Policies {
  readonly createTopic?: (request: NewTopicRequest) => CommandError | undefined;
  readonly alterConfigs?: (request: ConfigChangeRequest) => CommandError | undefined;
}
