export { openNodeDisk } from './node-disk';
export { defaultLogConfig } from './log';
export type {
  AppendBatch,
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
export { defaultLogDirectoryLimits, openLogDirectory } from './log-directory';
export type {
  LockDirectory,
  LogDirectory,
  LogDirectoryLimits,
  LogDirectoryOptions,
  RecoveryReport,
} from './log-directory';
export { defaultTailMemoryLimits } from './tail-memory';
export type { TailMemory, TailMemoryLimits } from './tail-memory';
