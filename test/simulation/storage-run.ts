import type { Disk } from '@kafkaesque/kernel';
import { clean, listenTo, work } from './log-workers';
import { StorageWorld, describeFailure, zeroCounts } from './storage-world';
import type { WorldCounts, WorldShape } from './storage-world';

const WORKERS = 4;
const CLEANERS = 2;

export interface RunOptions {
  readonly firstSeed: number;
  readonly logCount: number;
  readonly events: number;
  /** What is not left to chance. */
  readonly shape?: Partial<WorldShape>;
  /** Puts something between storage and the disk. */
  readonly through?: (disk: Disk) => Disk;
  readonly say?: (line: string) => void;
}

/** Runs one seed after the other until they have seen so many events; a violation names its seed. */
export const runSeeds = async (options: RunOptions): Promise<WorldCounts> => {
  const { firstSeed, logCount, events } = options;
  const counts = zeroCounts();
  const eventsPerSeed = Math.min(events, 20_000 * Math.ceil(logCount / 50));
  for (let seed = firstSeed; counts.events < events; seed++) {
    try {
      await runSeed(seed, eventsPerSeed, counts, options);
    } catch (cause) {
      throw new Error(`SEED=${seed} LOGS=${logCount}: ${describeFailure(cause)}`, { cause });
    }
  }
  return counts;
};

/** One world that lives, crashes and recovers until it has seen its share of events. */
const runSeed = async (
  seed: number,
  events: number,
  counts: WorldCounts,
  options: RunOptions,
): Promise<void> => {
  const world = new StorageWorld(seed, counts, options);
  await liveThrough(world, events);
  counts.events += world.scheduler.eventCount;
};

/** Lets a world live, crash and recover until it has seen so many events; throws the first violation. */
export const liveThrough = async (world: StorageWorld, events: number): Promise<void> => {
  while (world.scheduler.eventCount < events) {
    const directory = await world.start();
    await world.check(directory);
    world.counts.lives += 1;
    for (const model of world.models) if (model.log !== undefined) listenTo(world, model, model.log);
    for (let worker = 0; worker < WORKERS + Math.floor(world.shape.logCount / 50); worker++) void work(world);
    if (world.models.some(({ compacted }) => compacted))
      for (let cleaner = 0; cleaner < CLEANERS; cleaner++) void clean(world);
    await world.scheduler.run({
      until: () => world.violation !== undefined || world.offline,
      maximumEvents: 1 + world.random.below(2 * world.shape.lifeEvents),
    });
    throwViolation(world);
    if (!world.offline && world.random.below(6) === 0) await world.rest(directory);
    throwViolation(world);
    world.crash();
    world.heal(false);
  }
};

const throwViolation = (world: StorageWorld): void => {
  if (world.violation !== undefined) throw world.violation as Error;
};
