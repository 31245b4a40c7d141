import { appendFileSync } from 'node:fs';
import type { Disk } from '@kafkaesque/kernel';
import { noDiskFaults } from '@kafkaesque/sim';
import { listenTo, work } from './log-workers';
import { tracedDisk } from './traced-disk';
import { StorageWorld, describeFailure, zeroCounts } from './storage-world';
import type { WorldCounts } from './storage-world';

const WORKERS = 4;

/** One seed: a world that lives, crashes and recovers until it has seen its share of events. */
const run = async (
  seed: number,
  logCount: number,
  events: number,
  counts: WorldCounts,
  through?: (disk: Disk) => Disk,
  say?: (line: string) => void,
): Promise<StorageWorld> => {
  const world = new StorageWorld(seed, logCount, counts, through, say);
  while (world.scheduler.eventCount < events) {
    const directory = await world.start();
    await world.check(directory);
    world.counts.lives += 1;
    for (const model of world.models) if (model.log !== undefined) listenTo(world, model, model.log);
    for (let worker = 0; worker < WORKERS + Math.floor(logCount / 50); worker++) void work(world);
    const lifeEvents = 1 + world.random.below(2 * world.shape.lifeEvents);
    await world.scheduler.run({
      until: () => world.violation !== undefined || world.offline,
      maximumEvents: lifeEvents,
    });
    if (world.violation !== undefined) throw world.violation as Error;
    if (!world.offline && world.random.below(6) === 0) {
      world.disk.faults = noDiskFaults;
      world.resting = true;
      await world.scheduler.run({
        until: () => world.violation !== undefined || world.models.every((model) => !model.busy),
        maximumEvents: 1_000_000,
      });
      if (!world.offline) await world.stop(directory);
      world.resting = false;
    }
    if (world.violation !== undefined) throw world.violation as Error;
    world.crash();
    world.disk.faults = world.shape.faults;
  }
  counts.events += world.scheduler.eventCount;
  return world;
};

const runSeeds = async (firstSeed: number, logCount: number, events: number): Promise<WorldCounts> => {
  const counts = zeroCounts();
  const eventsPerSeed = Math.min(events, 20_000 * Math.ceil(logCount / 50));
  for (let seed = firstSeed; counts.events < events; seed++) {
    try {
      await run(seed, logCount, eventsPerSeed, counts, traced, say);
    } catch (cause) {
      throw new Error(`SEED=${seed} LOGS=${logCount}: ${describeFailure(cause)}`, { cause });
    }
  }
  return counts;
};

/** TRACE=path: what the disk is asked to do, and by whom. */
const trace = process.env['TRACE'];
const say = trace === undefined ? undefined : (line: string) => appendFileSync(trace, `${line}\n`);
const traced = say === undefined ? undefined : (disk: Disk) => tracedDisk(disk, say);

const seed = Number(process.env['SEED'] ?? 1);
const events = Number(process.env['EVENTS'] ?? 60_000);
const logs = process.env['LOGS'];

describe('a log directory, crashed at any event,', () => {
  test.each(logs === undefined ? [1, 5] : [Number(logs)])(
    'loses nothing acknowledged and shows nothing taken back, with %d logs',
    async (logCount) => {
      const counts = await runSeeds(seed, logCount, events);
      process.stdout.write(
        `storage simulation from seed ${seed}, ${logCount} logs: ${JSON.stringify(counts)}\n`,
      );
      expect(counts.lives).toBeGreaterThan(0);
      expect(counts.checkedBatches).toBeGreaterThan(0);
    },
    24 * 3_600_000,
  );
});
