import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openNodeDisk } from '../node-disk';
import { openToldDisk, toldFileOf } from './told-disk';

let parent = '';
let directory = '';
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'told-disk-'));
  directory = join(parent, 'data');
  mkdirSync(directory);
});
afterEach(() => rmSync(parent, { recursive: true }));

const tell = (order: string): void => writeFileSync(toldFileOf(directory), order);

const bytes = [Buffer.from('abc')];

test('a disk that is told nothing is as the one below it', async () => {
  const disk = openToldDisk(openNodeDisk(), directory);
  const file = await disk.open(join(directory, 'file'), 'create');
  await file.write(bytes, 0);
  await file.sync();
  expect(await file.sizeBytes()).toBe(3);
  await file.close();
});

test('one that is told to be full takes nothing, and takes it again afterwards', async () => {
  const disk = openToldDisk(openNodeDisk(), directory);
  const file = await disk.open(join(directory, 'file'), 'create');
  tell('full');
  await expect(file.write(bytes, 0)).rejects.toMatchObject({ code: 'ENOSPC' });
  await expect(disk.open(join(directory, 'other'), 'create')).rejects.toMatchObject({ code: 'ENOSPC' });
  expect((await disk.space(directory)).freeBytes).toBe(0);
  await (await disk.open(join(parent, 'outside'), 'create')).close();
  rmSync(toldFileOf(directory));
  await file.write(bytes, 0);
  await file.close();
});

test('one that is told to fail once fails one sync', async () => {
  const disk = openToldDisk(openNodeDisk(), directory);
  const file = await disk.open(join(directory, 'file'), 'create');
  tell('fail-once');
  await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
  expect(existsSync(toldFileOf(directory))).toBe(false);
  await file.sync();
  await file.close();
});

test('one that is told to be slow takes its time for every sync', async () => {
  const disk = openToldDisk(openNodeDisk(), directory);
  const file = await disk.open(join(directory, 'file'), 'create');
  tell('slow 60');
  const sinceMs = performance.now();
  await file.sync();
  await disk.syncDirectory(directory);
  expect(performance.now() - sinceMs).toBeGreaterThan(110);
  await file.close();
});
