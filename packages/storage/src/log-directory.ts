import { Failure, hasCode } from '@kafkaesque/kernel';
import type {
  BrokerEpoch,
  BrokerId,
  BufferPool,
  Clock,
  Disk,
  DiskEntry,
  Logger,
  Metrics,
  PartitionIndex,
  Random,
  TopicId,
} from '@kafkaesque/kernel';
import { CHECKPOINT_FILE } from './checkpoint-writer';
import type { DirectoryContext } from './directory-context';
import { lockDirectory } from './directory-lock';
import { IndexCache } from './index-cache';
import { defaultLogConfig } from './log';
import type { Log, LogConfig } from './log';
import {
  BROKER_EPOCH_FILE,
  CLEAN_SHUTDOWN_FILE,
  NO_BROKER_EPOCH,
  readMarker,
  removeMarker,
} from './marker-files';
import type { RecordedEpoch } from './marker-files';
import { checkOwner, randomUuid, readMetaProperties, writeMetaProperties } from './meta-properties';
import { openMoveMarks, readMoveMarks } from './move-marks';
import type { MoveMarks } from './move-marks';
import { OpenFiles } from './open-files';
import { OpenLogDirectory } from './open-log-directory';
import { recoverDirectory } from './recovery';
import { directoryOf, ensureDirectory } from './small-file';
import { SpaceReserve } from './space-reserve';
import { storageMetrics } from './storage-metrics';
import { openTailMemory } from './tail-memory';
import type { BatchMemory, TailMemory } from './tail-memory';

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
  /** A `replication` log waits for the disk once this much of it is in no flush: it bounds what recovery may call torn. */
  readonly unsyncedBytes: number;
  /** Longest time between an acknowledgement and its seal. */
  readonly sealMs: number;
  /** Segment files held open. */
  readonly openFiles: number;
  /** Room that is kept back for a full disk, or 1/32 of the file system if that is less; 0: none. */
  readonly reserveBytes: number;
}

/** The limits of a broker. */
export const defaultLogDirectoryLimits: LogDirectoryLimits = {
  journalFileBytes: 64 << 20,
  journalLimitBytes: 512 << 20,
  roundBytes: 16 << 20,
  segmentWriteBytes: 1 << 20,
  segmentWriteMs: 1000,
  flushMs: 100,
  unsyncedBytes: 32 << 20,
  sealMs: 100,
  openFiles: 1024,
  reserveBytes: 64 << 20,
};

/** Whose log directory it is, where, and through which ports it reaches the world. */
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
  /** The broker epoch recorded last, clean or not, with the node's directories of that time. */
  readonly recorded: RecordedEpoch;
  readonly report: RecoveryReport;
  /** Why the directory is offline; undefined while it is not. */
  readonly offlineReason: unknown;
  /** Its disk is full: logs take no records until there is room again. */
  readonly isFull: boolean;
  /** What moves of logs from and to other directories have left undone. */
  readonly moves: MoveMarks;
  logs(): Iterable<Log>;
  log(topicId: TopicId, partition: PartitionIndex): Log | undefined;
  /** A new, empty log; costs no disk access. A mistake if it is there already. */
  createLog(topicId: TopicId, partition: PartitionIndex, config: LogConfig): Log;
  /**
   * Only ever for a committed deletion, or for a log that another directory has whole (absence is not deletion).
   * Resolves once it can never be undone.
   */
  deleteLog(topicId: TopicId, partition: PartitionIndex): Promise<void>;
  /** For others who share its disk, after ENOSPC: gives up the room kept back. False: there was none to give. */
  makeRoom(): Promise<boolean>;
  /** Durable on return; before the broker is unfenced. What fails otherwise than for want of room takes it offline. */
  record(epoch: RecordedEpoch): Promise<void>;
  /**
   * Settles everything and leaves the clean-shutdown marker. Without an epoch, closes as a crash would. Where the disk
   * has no room even for that, it says so and leaves the rest to the next start.
   */
  close(options?: { readonly brokerEpoch: BrokerEpoch }): Promise<void>;
}

const INDEX_CACHE_BYTES = 32 << 20;
/** Kafka's name of a partition directory. */
const FOREIGN_DIRECTORY = /^[A-Za-z0-9._-]+-\d+$/;

/**
 * Locks the directory, checks that it belongs to this cluster and node, and recovers what it holds. Fails with `LOCKED`,
 * `WRONG_CLUSTER_ID`, `WRONG_NODE_ID`, `UNSUPPORTED_FORMAT`, `MISPLACED_FILES`, `DAMAGED_META_PROPERTIES`,
 * `DAMAGED_MOVE_MARK` and the disk's own codes.
 */
export const openLogDirectory = async (options: LogDirectoryOptions): Promise<LogDirectory> => {
  await ensurePath(options.disk, options.path);
  const unlock = await (options.lock ?? lockDirectory)(options.path);
  try {
    return await openLocked(options, unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
};

const openLocked = async (
  options: LogDirectoryOptions,
  unlock: () => Promise<void>,
): Promise<LogDirectory> => {
  const { disk, path } = options;
  const directoryId = await identify(options);
  const clean = await readMarker(disk, path, CLEAN_SHUTDOWN_FILE, directoryId);
  const previousBrokerEpoch = clean.brokerEpoch;
  const recorded = await readMarker(disk, path, BROKER_EPOCH_FILE, directoryId);
  const marks = await readMoveMarks(disk, path, directoryId);
  await removeMarker(disk, path, CLEAN_SHUTDOWN_FILE);
  const limits = { ...defaultLogDirectoryLimits, ...options.limits };
  const reserve = await SpaceReserve.find({
    disk,
    path,
    clock: options.clock,
    logger: options.logger,
    random: options.random.fork('reserve'),
    sizeBytes: limits.reserveBytes,
  });
  const opened: { directory?: OpenLogDirectory } = {};
  const context: DirectoryContext = {
    disk,
    path,
    clock: options.clock,
    random: options.random,
    logger: options.logger,
    pool: options.pool,
    memory: (options.tailMemory ?? openTailMemory(options.pool)) as BatchMemory,
    limits,
    metrics: storageMetrics(options.metrics, path),
    files: new OpenFiles(disk, limits.openFiles),
    indexes: new IndexCache(INDEX_CACHE_BYTES),
    reserve,
    writtenBytes: 0,
    topicNames: new Map(),
    failure: undefined,
    offline: false,
    fail: (cause) => {
      if (context.offline) return;
      context.offline = true;
      context.failure = cause;
      options.logger.error('Log directory is offline', { path, cause });
      opened.directory?.abandon(cause);
      options.offline?.(cause);
    },
  };
  const isClean = previousBrokerEpoch !== NO_BROKER_EPOCH;
  const recovered = await recoverDirectory(
    context,
    directoryId,
    options.logConfig ?? defaultLogConfig,
    isClean,
  );
  const directory = new OpenLogDirectory(
    context,
    {
      directoryId,
      previousBrokerEpoch,
      recorded,
      moves: openMoveMarks(context, directoryId, marks),
    },
    recovered,
    limits.journalFileBytes,
    unlock,
  );
  opened.directory = directory;
  return directory;
};

/** Whose directory it is; an empty one becomes ours. */
const identify = async (options: LogDirectoryOptions): Promise<string> => {
  const { disk, path, clusterId, nodeId } = options;
  const entries = await disk.list(path);
  for (const { name, kind } of entries)
    if (kind === 'directory' && FOREIGN_DIRECTORY.test(name))
      throw new Failure(
        'MISPLACED_FILES',
        `${path}/${name} looks like a partition of Apache Kafka, whose data cannot be used in place: choose an empty log.dirs and copy the topics over the network`,
      );
  const found = await readMetaProperties(disk, path);
  if (found !== undefined) checkOwner(path, found, clusterId, nodeId);
  else if (await holdsData(disk, path, entries))
    throw new Failure(
      'DAMAGED_META_PROPERTIES',
      `${path} holds topics but no meta.properties: restore the file (cluster.id, node.id, directory.id, version=1) or, if the directory holds nothing of value, empty it`,
    );
  for (const name of ['topics', 'journal']) await ensureDirectory(disk, `${path}/${name}`);
  await disk.syncDirectory(path);
  if (found !== undefined) return found.directoryId;
  const directoryId = randomUuid(options.random);
  await writeMetaProperties(disk, path, { clusterId, nodeId, directoryId });
  return directoryId;
};

const holdsData = async (disk: Disk, path: string, entries: readonly DiskEntry[]): Promise<boolean> => {
  for (const { name } of entries) {
    if (name === CHECKPOINT_FILE) return true;
    if ((name === 'topics' || name === 'journal') && (await disk.list(`${path}/${name}`)).length > 0)
      return true;
  }
  return false;
};

/** Makes the directory with its parents, and their names durable: an earlier start may have died in between. */
const ensurePath = async (disk: Disk, path: string): Promise<void> => {
  const parent = directoryOf(path) || '/';
  try {
    await ensureDirectory(disk, path);
  } catch (error) {
    if (!hasCode(error, 'ENOENT') || parent === '/') throw error;
    await ensurePath(disk, parent);
    await ensureDirectory(disk, path);
  }
  try {
    await disk.syncDirectory(parent);
  } catch (error) {
    // Where the parent may not even be read, somebody else made the directory for us.
    if (!hasCode(error, 'EACCES')) throw error;
  }
};
