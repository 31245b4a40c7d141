import type { CoordinatorSettings, GroupSettings } from '../world';

/** Kafka's defaults. */
export const kafkaSettings: CoordinatorSettings = {
  initialRebalanceDelayMs: 3000,
  minSessionTimeoutMs: 6000,
  maxSessionTimeoutMs: 1_800_000,
  maxSize: 2_147_483_647,
  consumerMaxSize: 2_147_483_647,
  protocols: ['classic', 'consumer'],
  assignors: ['uniform', 'range'],
  migrationPolicy: 'bidirectional',
  regexRefreshIntervalMs: 600_000,
  offsetMetadataMaxBytes: 4096,
  offsetsRetentionMs: 604_800_000,
  offsetsRetentionCheckIntervalMs: 600_000,
};

/** What holds for a group that sets nothing of its own. */
export const kafkaGroupSettings: GroupSettings = {
  consumerSessionTimeoutMs: 45_000,
  consumerHeartbeatIntervalMs: 5000,
  consumerAssignmentIntervalMs: 1000,
  isAssignmentIntervalSet: false,
};
