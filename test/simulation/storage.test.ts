import { appendFileSync } from 'node:fs';
import type { Disk } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import { runSeeds } from './storage-run';
import { tracedDisk } from './traced-disk';

/*
 * SEED, EVENTS and LOGS say what is run: `EVENTS=20000000 LOGS=1000 npx jest test/simulation/storage.test` is the long
 * run. TRACE=path writes down what the disk is asked to do, and by whom.
 */
const given = process.env['SEED'];
const firstSeed = given === undefined ? Date.now() % 1_000_000_000 : Number(given);
const events = Number(process.env['EVENTS'] ?? casesOf(30_000, 100_000));
const logs = process.env['LOGS'];
const trace = process.env['TRACE'];
const say = trace === undefined ? undefined : (line: string) => appendFileSync(trace, `${line}\n`);

describe('a log directory, crashed at any event,', () => {
  test.each(logs === undefined ? [1, 5, 60] : [Number(logs)])(
    'loses nothing acknowledged and shows nothing taken back, with %d logs',
    async (logCount) => {
      const counts = await runSeeds({
        firstSeed,
        logCount,
        events,
        ...(say === undefined ? {} : { say, through: (disk: Disk) => tracedDisk(disk, say) }),
      });
      process.stdout.write(
        `storage simulation, ${logCount} logs, from seed ${firstSeed}: ${JSON.stringify(counts)}\n`,
      );
      expect(counts.lives).toBeGreaterThan(0);
      expect(counts.checkedBatches).toBeGreaterThan(0);
    },
    24 * 3_600_000,
  );
});
