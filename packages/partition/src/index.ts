export { defaultPartitionConfig } from './partition-config';
export type { PartitionConfig } from './partition-config';
export { Partition } from './partition';
export type { ProducerSnapshot, RecoveredLog } from './partition';
export { mayBecome, transitions } from './roles';
export type { Followership, LeaderRecoveryState, Leadership, Role } from './roles';
export type { Effect, InSyncReplica, Positions } from './effects';
export type { BrokersView } from './replica-progress';
export type { AlterPartitionAnswer, Proposal } from './in-sync';
export type { ReplicaPlan, ReplicaQuestion } from './subscription';
export type { FetchPosition, FollowerAppend, FollowerProgress, Reset, Truncation } from './follower';
export type { EpochEntry } from './epochs';
export type {
  AppendAccepted,
  AppendAnswer,
  AppendDuplicate,
  AppendOutcome,
  AppendRecompress,
  AppendRejected,
  AppendRequest,
  Awaits,
  PlacedBatch,
} from './append';
export { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot';
export type { ProducerEntry, RememberedBatch } from './producer-state';
export type {
  AbortedTransaction,
  FetchDiverging,
  FetchError,
  FetchPlan,
  FetchQuestion,
  FetchRead,
  Isolation,
} from './fetch-plan';
export {
  EARLIEST_LOCAL_TIMESTAMP,
  EARLIEST_PENDING_UPLOAD_TIMESTAMP,
  EARLIEST_TIMESTAMP,
  LATEST_TIERED_TIMESTAMP,
  LATEST_TIMESTAMP,
  MAX_TIMESTAMP,
} from './offsets';
export type {
  DeleteRecordsPlan,
  EpochEnd,
  FoundTimestamp,
  ListedOffset,
  OffsetError,
  OffsetLookup,
  OffsetQuestion,
} from './offsets';
export { Purgatory } from './purgatory';
export type {
  FetchOperation,
  FetchWait,
  Operation,
  OwnerId,
  ProduceOperation,
  ProduceProgress,
  ProduceWait,
  PurgatorySizes,
  WatchOptions,
} from './purgatory';
export type { ReadableReplica } from './readers';
