import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeededRandom } from '@kafkaesque/kernel';
import { crashCases, diskCases } from '@kafkaesque/kernel/conformance';
import type { Disk } from '@kafkaesque/kernel';
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

const createIn = async (disk: Disk, path: string): Promise<void> => {
  const file = await disk.open(path, 'create');
  await file.close();
};

describe('a directory whose removal or move is durable takes with it what happened in it:', () => {
  test.each(['lazy', 'lazy-kill'] as const)('%s, removed', async (mode) => {
    for (let seed = 0; seed < 20; seed++) {
      const world = worldOf(mode, seed);
      const disk = await world.mount();
      await disk.makeDirectory(`${world.directory}/x`);
      await createIn(disk, `${world.directory}/x/file`);
      await disk.syncDirectory(`${world.directory}/x`);
      await disk.unlink(`${world.directory}/x/file`);
      await disk.removeDirectory(`${world.directory}/x`);
      await disk.syncDirectory(world.directory);
      await world.losePower();
      await world.mount();
      expect(readdirSync(world.directory)).toEqual([]);
    }
  });

  test.each(['lazy', 'lazy-kill'] as const)('%s, moved', async (mode) => {
    const found = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      const world = worldOf(mode, seed);
      const disk = await world.mount();
      const [here, there] = [`${world.directory}/here`, `${world.directory}/there`];
      await disk.makeDirectory(here);
      await createIn(disk, `${here}/file`);
      await disk.rename(here, there);
      await disk.makeDirectory(here);
      await disk.syncDirectory(world.directory);
      await createIn(disk, `${here}/file`);
      await disk.syncDirectory(here);
      await world.losePower();
      await world.mount();
      expect(existsSync(`${here}/file`)).toBe(true);
      found.add(readdirSync(there).length);
    }
    expect([...found].sort()).toEqual([0, 1]);
  });
});
