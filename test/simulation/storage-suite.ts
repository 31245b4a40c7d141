import { SeededRandom } from '@kafkaesque/kernel';
import type { SeedOptions, SeedReport, Suite } from './runner/suite';
import { violationOf } from './runner/suite';
import { liveThrough } from './storage-run';
import { StorageWorld, Violation, zeroCounts } from './storage-world';

const EVENTS = 20_000;

/** One log directory that crashes and recovers, with a number of logs drawn from the seed. */
const run = async ({ seed, maximumEvents = EVENTS, trace }: SeedOptions): Promise<SeedReport> => {
  const counts = zeroCounts();
  const logCount = [1, 3, 5, 60][new SeededRandom(seed, 'storage-suite').below(4)] ?? 1;
  const events = maximumEvents * Math.ceil(logCount / 50);
  const world = new StorageWorld(seed, counts, { logCount, ...(trace === undefined ? {} : { say: trace }) });
  let violation: SeedReport['violation'];
  try {
    await liveThrough(world, events);
  } catch (cause) {
    violation =
      cause instanceof Violation
        ? { invariant: 'what is acknowledged stays, and nothing else is shown', message: cause.message }
        : violationOf(cause);
  }
  const {
    operations: _,
    readErrors: _r,
    misdirectedWrites: _m,
    lyingSyncs: _l,
    flips: _f,
    restores: _s,
    wipes: _w,
    ...faults
  } = world.disk.counts;
  const { crashes: _c, ...work } = counts;
  return {
    events: world.scheduler.eventCount,
    simulatedMs: world.scheduler.nowMs,
    hash: world.scheduler.trace.value,
    faults: { ...faults },
    work: { ...work },
    ...(violation === undefined ? {} : { violation }),
  };
};

/** Storage on one simulated disk. */
export const storageSuite: Suite = { name: 'storage', families: [], run };
