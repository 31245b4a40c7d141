import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeededRandom } from '@kafkaesque/kernel';
import { crashCases, diskCases } from '@kafkaesque/kernel/conformance';
import type { CrashWorld } from '@kafkaesque/kernel/conformance';
import { openNodeDisk } from '../node-disk';
import { openLazyDisk } from './lazy-disk';
import type { LazyMode } from './lazy-disk';
import { dropUnsynced } from './power-loss';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'lazy-disk-'))));
afterEach(() => rmSync(root, { recursive: true }));

describe('the lazy disk keeps the promises of the port:', () => {
  test.each(diskCases)('$name', async ({ run }) => {
    mkdirSync(`${root}/data`);
    const random = new SeededRandom(1);
    const disk = await openLazyDisk(openNodeDisk(), { mode: 'lazy', directory: `${root}/data`, random });
    await run(disk, `${root}/data`);
  });
});

const worldOf = (mode: LazyMode, seed: number): CrashWorld => {
  const directory = `${root}/${seed}`;
  mkdirSync(directory);
  const random = new SeededRandom(seed);
  const inner = openNodeDisk();
  const lost = async (): Promise<void> => {
    await dropUnsynced({ disk: inner, directory, random });
  };
  return {
    directory,
    mount: () => openLazyDisk(inner, { mode, directory, random }),
    kill: () => Promise.resolve(),
    losePower: mode === 'lazy' ? () => Promise.resolve() : lost,
  };
};

describe('death of a process is a loss of power:', () => {
  test.each(crashCases.filter(({ needsKill }) => !needsKill))('$name', ({ run }) =>
    run((seed) => worldOf('lazy', seed)),
  );
});

describe('death of a process keeps the page cache:', () => {
  test.each(crashCases)('$name', ({ run }) => run((seed) => worldOf('lazy-kill', seed)));
});
