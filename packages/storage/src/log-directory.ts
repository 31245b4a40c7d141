import type {
  BrokerEpoch,
  BrokerId,
  BufferPool,
  Clock,
  Disk,
  Logger,
  Metrics,
  PartitionIndex,
  Random,
  TopicId,
} from '@kafkaesque/kernel';
import type { Log, LogConfig } from './log';
import type { TailMemory } from './tail-memory';

/** Takes the directory for this process alone; what it resolves to gives it back. Fails with code `LOCKED`. */
export type LockDirectory = (path: string) => Promise<() => Promise<void>>;

/** Bounds and rhythms of a log directory. */
export interface LogDirectoryLimits {
  /** A journal file is closed when it holds this much. */
  readonly journalFileBytes: number;
  /** Rounds wait while all journal files together hold more. */
  readonly journalLimitBytes: number;
  /** Most bytes of one round; the rest makes the next. */
  readonly roundBytes: number;
  /** A log's batches go to its segment once this much of it waits. */
  readonly segmentWriteBytes: number;
  /** … or once the oldest has waited this long. */
  readonly segmentWriteMs: number;
  /** Rhythm of background flushes of `replication` logs. */
  readonly flushMs: number;
  /** Longest time between an acknowledgement and its seal. */
  readonly sealMs: number;
  /** Segment files held open. */
  readonly openFiles: number;
}

export const defaultLogDirectoryLimits: LogDirectoryLimits = {
  journalFileBytes: 64 << 20,
  journalLimitBytes: 512 << 20,
  roundBytes: 16 << 20,
  segmentWriteBytes: 1 << 20,
  segmentWriteMs: 1000,
  flushMs: 100,
  sealMs: 100,
  openFiles: 1024,
};

export interface LogDirectoryOptions {
  readonly disk: Disk;
  /** Absolute path of one entry of `log.dirs`; made if it is missing. */
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly pool: BufferPool;
  readonly clusterId: string;
  readonly nodeId: BrokerId;
  /** Config of logs that recovery finds, until `updateConfig`. */
  readonly logConfig?: LogConfig;
  readonly limits?: Partial<LogDirectoryLimits>;
  /** Shared by all log directories of a process. */
  readonly tailMemory?: TailMemory;
  /** `level`'s LOCK by default; simulated disks pass their own. */
  readonly lock?: LockDirectory;
  /** The directory failed and takes no more writes; told once (rule 11). */
  readonly offline?: (cause: unknown) => void;
}

/** What recovery found and did. */
export interface RecoveryReport {
  readonly cleanShutdown: boolean;
  /** Bytes of segments whose batches were read and checked. Zero after a clean shutdown. */
  readonly scannedBytes: number;
  readonly journal: {
    readonly files: number;
    readonly rounds: number;
    readonly entries: number;
    /** Bytes of a last, incomplete round. */
    readonly tornBytes: number;
    /** Torn tails that no seal followed: a flipped bit in them could not have been told from a torn write. */
    readonly unsealedTails: number;
  };
  readonly logs: number;
  readonly tornLogs: number;
  readonly cutBytes: number;
  readonly suspectLogs: number;
  /** One sentence for each damage found. */
  readonly corruption: readonly string[];
}

/** All partition logs below one path, with the journal that they share. */
export interface LogDirectory extends AsyncDisposable {
  readonly path: string;
  /** UUID, 22 characters of base64url. */
  readonly directoryId: string;
  /** Broker epoch of the clean shutdown before this start; -1 when there was none (DUR-10). */
  readonly previousBrokerEpoch: BrokerEpoch;
  /** The broker epoch recorded last, clean or not; -1 when none was. */
  readonly recordedBrokerEpoch: BrokerEpoch;
  readonly report: RecoveryReport;
  /** Why the directory is offline. */
  readonly failed: unknown;
  logs(): Iterable<Log>;
  log(topicId: TopicId, partition: PartitionIndex): Log | undefined;
  /** A new, empty log; costs no disk access. A mistake if it is there already. */
  createLog(topicId: TopicId, partition: PartitionIndex, config: LogConfig): Log;
  /** Only ever for a committed deletion (absence is not deletion). Resolves once it can never be undone. */
  deleteLog(topicId: TopicId, partition: PartitionIndex): Promise<void>;
  /** Durable on return; before the broker is unfenced. */
  recordBrokerEpoch(brokerEpoch: BrokerEpoch): Promise<void>;
  /** Settles everything and leaves the clean-shutdown marker. Without an epoch, closes as a crash would. */
  close(options?: { readonly brokerEpoch: BrokerEpoch }): Promise<void>;
}

/**
 * Locks the directory, checks that it belongs to this cluster and node, and recovers what it holds.
 * Fails with `LOCKED`, `WRONG_CLUSTER_ID`, `WRONG_NODE_ID`, `UNSUPPORTED_FORMAT`, `MISPLACED_FILES` and the disk's own codes.
 */
export const openLogDirectory = (options: LogDirectoryOptions): Promise<LogDirectory> =>
  Promise.reject(new Error(`not written yet: ${options.path}`));
