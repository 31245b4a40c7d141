export { defaultPartitionConfig } from './partition-config';
export type { PartitionConfig } from './partition-config';
export { Partition } from './partition';
export type { ProducerSnapshot, RecoveredLog } from './partition';
export { mayBecome, transitions } from './roles';
export type { Followership, Leadership, Role } from './roles';
export type { Effect, Positions } from './effects';
export type { EpochEntry } from './epochs';
export type {
  AppendAccepted,
  AppendDuplicate,
  AppendOrigin,
  AppendOutcome,
  AppendRecompress,
  AppendRejected,
  AppendRequest,
  Awaits,
  CodecName,
  PlacedBatch,
  RecordError,
} from './append';
export type { AbortedTransaction, FetchPlan, FetchQuestion, Isolation } from './fetch-plan';
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
export { Purgatory, fetchOperation, fetchWait, produceOperation, produceWait } from './purgatory';
export type {
  FetchOperation,
  FetchWait,
  Operation,
  OwnerId,
  ProduceOperation,
  ProduceWait,
  PurgatorySizes,
  WaitState,
} from './purgatory';
