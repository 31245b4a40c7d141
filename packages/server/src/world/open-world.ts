import { createRequire } from 'node:module';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { Disk, FaultHandler, Logger, Metrics } from '@kafkaesque/kernel';
import { Failure, SeededRandom } from '@kafkaesque/kernel';
import { openLazyDisk, openNodeDisk, openToldDisk } from '@kafkaesque/storage';
import type { Loggers, Traces } from '@kafkaesque/telemetry';
import { listen, memberDialer } from '@kafkaesque/transport';
import type { World } from '../node/world';
import { ephemeralStorage } from './ephemeral-storage';
import { openFilesLimit } from './open-files-limit';
import { systemClock } from './system-clock';
import { systemRandom } from './system-random';
import { WorkerCompute } from './worker-compute';

/** What of the world the caller supplies; the rest is the machine's own. */
export interface OpenWorldOptions {
  readonly logger: Logger;
  readonly loggers?: Loggers;
  readonly traces?: Traces;
  readonly metrics: Metrics;
  readonly faults: FaultHandler;
  /**
   * For tests of durability: `FAULT_FS=lazy` chooses a disk on which the death of the process is a loss of power,
   * `lazy-kill` one whose unsynced writes can be taken away afterwards; `FAULT_SEED` says which of them are;
   * `told` one that fails as a file beside the directory says.
   */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The node's log directories and that of its metadata: what a losing disk governs. Their parents exist. */
  readonly directories?: readonly string[];
  /** What collects young garbage when listeners have read much; default: the runtime sees to it. */
  readonly collectYoungGarbage?: () => void;
}

/** The machine's own clock, chance, disk and sockets. Fails with `UNKNOWN_FAULT_FS` and `UNKNOWN_FAULT_SEED`. */
export const openWorld = async (options: OpenWorldOptions): Promise<World> => {
  const { logger, loggers, traces, metrics, faults, collectYoungGarbage } = options;
  const openFiles = await openFilesLimit();
  return {
    disk: await openDisk(options),
    clock: systemClock,
    random: systemRandom,
    logger,
    ...(loggers === undefined ? {} : { loggers }),
    ...(traces === undefined ? {} : { traces }),
    metrics,
    faults,
    listen:
      collectYoungGarbage === undefined
        ? listen
        : (listenOptions) => listen({ ...listenOptions, collectYoungGarbage }),
    dialMembers: () => memberDialer(collectYoungGarbage === undefined ? {} : { collectYoungGarbage }),
    compute: new WorkerCompute(),
    loadModule,
    hostName: hostname(),
    ...(openFiles === undefined ? {} : { openFilesLimit: openFiles }),
    ephemeralStorage,
  };
};

/** A file's name is a path from the working directory; anything else a package that is installed there. */
const loadModule = (specifier: string): unknown =>
  createRequire(join(process.cwd(), 'policies'))(
    /\.[cm]?js$/.test(specifier) ? resolve(specifier) : specifier,
  );

const openDisk = async ({ environment, directories = [], logger }: OpenWorldOptions): Promise<Disk> => {
  const mode = environment['FAULT_FS'];
  if (mode === undefined || mode === '') return openNodeDisk();
  if (mode === 'told') {
    logger.warn('the disk fails when it is told to', { FAULT_FS: mode });
    return outermost(directories).reduce(openToldDisk, openNodeDisk());
  }
  if (mode !== 'lazy' && mode !== 'lazy-kill') {
    throw new Failure('UNKNOWN_FAULT_FS', `FAULT_FS=${mode}: allowed are lazy, lazy-kill and told`);
  }
  const seed = seedOf(environment['FAULT_SEED']);
  logger.warn('the disk loses what is not synced', { FAULT_FS: mode, FAULT_SEED: seed });
  let disk = openNodeDisk();
  for (const directory of outermost(directories)) {
    disk = await openLazyDisk(disk, {
      mode,
      directory,
      random: new SeededRandom(seed, directory),
      onLoss: (loss) => {
        logger.warn('the last process’s death was a loss of power', { directory, ...loss });
      },
    });
  }
  return disk;
};

const seedOf = (text: string | undefined): number => {
  if (text === undefined || text === '') return systemRandom.uint32();
  const seed = Number(text);
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw new Failure('UNKNOWN_FAULT_SEED', `FAULT_SEED=${text}: a whole number, at least 0`);
};

/** Without repetitions, and without what lies in another one. */
const outermost = (directories: readonly string[]): readonly string[] =>
  [...new Set(directories)].filter(
    (directory) => !directories.some((other) => other !== directory && directory.startsWith(`${other}/`)),
  );
