export { openNodeDisk } from './node-disk';
export { defaultLogConfig } from './log';
export { compactionJobs } from './compaction/compaction-jobs';
export type {
  AppendBatch,
  Cleanable,
  CleaningOptions,
  CleaningOutcome,
  EpochStart,
  FlushPolicy,
  Log,
  LogConfig,
  LogListener,
  LogRecovery,
  ProducerSnapshotFile,
  Slices,
  Suspicion,
  TimestampedOffset,
} from './log';
export { lockDirectory } from './directory-lock';
export { defaultLogDirectoryLimits, openLogDirectory } from './log-directory';
export type {
  LockDirectory,
  LogDirectory,
  LogDirectoryLimits,
  LogDirectoryOptions,
  RecoveryReport,
} from './log-directory';
export { NO_BROKER_EPOCH } from './marker-files';
export type { DirectoryMember, RecordedEpoch } from './marker-files';
export type { MoveMark, MoveMarks } from './move-marks';
export { checkOwner, randomUuid, readMetaProperties, writeMetaProperties } from './meta-properties';
export type { MetaProperties } from './meta-properties';
export { defaultTailMemoryLimits, openTailMemory } from './tail-memory';
export type { TailMemory, TailMemoryLimits } from './tail-memory';
export { openWriteAheadLog } from './write-ahead-log/write-ahead-log';
export type {
  DurableWrite,
  WriteAheadLog,
  WriteAheadLogOptions,
  WriteAheadLogWrite,
} from './write-ahead-log/write-ahead-log';
export { initialHardState, logBeginning } from './write-ahead-log/records';
export type {
  Candidate,
  HardState,
  LogPosition,
  WriteAheadLogEntry,
  WriteAheadLogRecord,
} from './write-ahead-log/records';
export { inspectLogFile, verifyMetadata } from './write-ahead-log/inspection';
export type { FileFinding, InspectedFrame, InspectedLogFile } from './write-ahead-log/inspection';
export { decodeFileHeader } from './write-ahead-log/file-header';
export type { FileHeader, PlacedHeader } from './write-ahead-log/file-header';
export { decodeFrame, frameHeaderAt } from './write-ahead-log/frames';
export type { FrameHeader } from './write-ahead-log/frames';
export type { WriteAheadLogReport } from './write-ahead-log/recovery';
export { listSnapshots, loadSnapshot, readSnapshot, writeSnapshot } from './write-ahead-log/snapshot-files';
export type {
  LoadedSnapshot,
  SnapshotDraft,
  SnapshotName,
  SnapshotPlace,
} from './write-ahead-log/snapshot-files';
export { readSnapshotPart, receiveSnapshot } from './write-ahead-log/incoming-snapshot';
export type { IncomingSnapshot } from './write-ahead-log/incoming-snapshot';
export { openLazyDisk } from './faults/lazy-disk';
export type { LazyDiskOptions, LazyMode } from './faults/lazy-disk';
export { dropUnsynced } from './faults/power-loss';
export type { PowerLoss, PowerLossOptions } from './faults/power-loss';
export { inspectLogDirectory } from './inspection/inspect-log-directory';
export type { InspectedDirectory, InspectionOptions } from './inspection/inspect-log-directory';
export type { InspectedLog, LogFinding, StandingBatch } from './inspection/inspected-log';
export { compareReplicas } from './inspection/compare-replicas';
export type { ComparedReplica, ReplicaComparison, ReplicaDifference } from './inspection/compare-replicas';
export { openToldDisk, toldFileOf } from './faults/told-disk';
