import { SeededRandom } from '@kafkaesque/kernel';
import { crashCases, diskCases } from '@kafkaesque/kernel/conformance';
import { Scheduler } from '../scheduler';
import { SimulatedDisk } from './simulated-disk';

describe('the simulated disk keeps the promises of the port:', () => {
  test.each(diskCases)('$name', async ({ run }) => {
    const disk = new SimulatedDisk({ random: new SeededRandom(1), directories: ['/data'] });
    await run(disk.mount(), '/data');
  });

  test.each(diskCases)('with times of its own: $name', async ({ run }) => {
    for (let seed = 0; seed < 5; seed++) {
      const scheduler = new Scheduler();
      const random = new SeededRandom(seed);
      const disk = new SimulatedDisk({ random, scheduler, directories: ['/data'] });
      await scheduler.settle(run(disk.mount(), '/data'));
    }
  });
});

describe('the simulated disk loses what was not synced:', () => {
  test.each(crashCases)('$name', ({ run }) =>
    run((seed) => {
      const disk = new SimulatedDisk({ random: new SeededRandom(seed), directories: ['/data'] });
      const crash = (kind: 'kill' | 'power'): Promise<void> => {
        disk.crash(kind);
        return Promise.resolve();
      };
      return {
        directory: '/data',
        mount: () => Promise.resolve(disk.mount()),
        kill: () => crash('kill'),
        losePower: () => crash('power'),
      };
    }),
  );
});
