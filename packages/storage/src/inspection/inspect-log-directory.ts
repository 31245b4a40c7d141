import type { Clock, Disk } from '@kafkaesque/kernel';
import { BufferPool, Failure, SeededRandom, hasCode, silentLogger, silentMetrics } from '@kafkaesque/kernel';
import type { DirectoryContext } from '../directory-context';
import { lockDirectory } from '../directory-lock';
import { IndexCache } from '../index-cache';
import { defaultLogConfig } from '../log';
import { defaultLogDirectoryLimits } from '../log-directory';
import type { LockDirectory, RecoveryReport } from '../log-directory';
import { CLEAN_SHUTDOWN_FILE, NO_BROKER_EPOCH, readMarker } from '../marker-files';
import { readMetaProperties } from '../meta-properties';
import type { MetaProperties } from '../meta-properties';
import { OpenFiles } from '../open-files';
import { recoverDirectory } from '../recovery';
import { ensureDirectory } from '../small-file';
import { SpaceReserve } from '../space-reserve';
import { storageMetrics } from '../storage-metrics';
import { openTailMemory } from '../tail-memory';
import type { BatchMemory } from '../tail-memory';
import { inspectLog } from './inspected-log';
import type { InspectedLog } from './inspected-log';
import { openOverlayDisk } from './overlay-disk';

/** A log directory as the next start would find and repair it. Kept from nodes until it is disposed of. */
export interface InspectedDirectory extends MetaProperties, AsyncDisposable {
  readonly path: string;
  /** What the next start would find and do. */
  readonly report: RecoveryReport;
  /** By topic id, then by partition. */
  readonly logs: readonly InspectedLog[];
}

/** Which directory, on which disk. */
export interface InspectionOptions {
  readonly disk: Disk;
  /** Absolute. */
  readonly path: string;
  /** `level`'s LOCK by default, where the directory has been locked before; simulated disks pass their own. */
  readonly lock?: LockDirectory;
}

/** Nothing that an inspection does depends on when it is done. */
const noClock: Clock = { monotonicMs: () => 0, wallMs: () => 0, wakeAt: () => () => undefined };
const KEPT_BYTES = 16 << 20;
const OPEN_FILES = 64;
const INDEX_BYTES = 1 << 20;

/**
 * Recovers the directory over a disk that keeps what is written in memory, and reads all batches of what results: so what
 * is torn, damaged or missing is judged by the rules of a start. Nothing is written to the directory. Fails with `LOCKED`
 * while a node has it, `NO_LOG_DIRECTORY` where no node ever had it, and with what makes a start fail.
 */
export const inspectLogDirectory = async (options: InspectionOptions): Promise<InspectedDirectory> => {
  const { path } = options;
  const owner = await readMetaProperties(options.disk, path);
  if (owner === undefined)
    throw new Failure('NO_LOG_DIRECTORY', `${path} has no meta.properties: is it one of log.dirs?`);
  const unlock = await lockIfThere(options);
  try {
    const context = await inspectionContext(openOverlayDisk(options.disk), path);
    const isClean =
      (await readMarker(context.disk, path, CLEAN_SHUTDOWN_FILE, owner.directoryId)).brokerEpoch !==
      NO_BROKER_EPOCH;
    const recovered = await recoverDirectory(context, owner.directoryId, defaultLogConfig, isClean);
    const states = [...recovered.logs].sort((a, b) =>
      a.topicId === b.topicId ? a.partition - b.partition : a.topicId < b.topicId ? -1 : 1,
    );
    const logs: InspectedLog[] = [];
    for (const state of states) logs.push(await inspectLog(context, state));
    return { ...owner, path, report: recovered.report, logs, [Symbol.asyncDispose]: unlock };
  } catch (error) {
    await unlock();
    throw error;
  }
};

const lockIfThere = async ({ disk, path, lock }: InspectionOptions): Promise<() => Promise<void>> => {
  if (lock !== undefined) return lock(path);
  const nothing = (): Promise<void> => Promise.resolve();
  if (!(await disk.list(path)).some(({ name }) => name === 'lock')) return nothing;
  try {
    return await lockDirectory(path);
  } catch (error) {
    // A copy that may not be written to is nobody's.
    if (hasCode(error, 'CANNOT_LOCK')) return nothing;
    throw error;
  }
};

const inspectionContext = async (disk: Disk, path: string): Promise<DirectoryContext> => {
  const pool = new BufferPool({ keptBytes: KEPT_BYTES });
  const random = new SeededRandom(1, 'inspection');
  for (const name of ['topics', 'journal']) await ensureDirectory(disk, `${path}/${name}`);
  const context: DirectoryContext = {
    disk,
    path,
    clock: noClock,
    random,
    logger: silentLogger,
    pool,
    memory: openTailMemory(pool) as BatchMemory,
    limits: defaultLogDirectoryLimits,
    metrics: storageMetrics(silentMetrics, path),
    files: new OpenFiles(disk, OPEN_FILES),
    indexes: new IndexCache(INDEX_BYTES),
    reserve: await SpaceReserve.find({
      disk,
      path,
      clock: noClock,
      logger: silentLogger,
      random,
      sizeBytes: 0,
    }),
    writtenBytes: 0,
    topicNames: new Map(),
    failure: undefined,
    offline: false,
    fail: (cause) => {
      context.offline = true;
      context.failure = cause;
    },
  };
  return context;
};
