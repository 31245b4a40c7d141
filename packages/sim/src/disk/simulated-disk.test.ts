import { SeededRandom, hasCode } from '@kafkaesque/kernel';
import type { Disk, DiskFile } from '@kafkaesque/kernel';
import { Scheduler } from '../scheduler';
import { drawDiskFaults } from './faults';
import type { DiskFaults } from './faults';
import { SimulatedDisk } from './simulated-disk';

const PATH = '/data/a';

const diskWith = (faults: Partial<DiskFaults>, seed = 1): SimulatedDisk =>
  new SimulatedDisk({ random: new SeededRandom(seed), faults, directories: ['/data'] });

const written = async (disk: Disk, content: Buffer): Promise<DiskFile> => {
  const file = await disk.open(PATH, 'create');
  await file.write([content], 0);
  await file.sync();
  await disk.syncDirectory('/data');
  return file;
};

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'none';
  } catch (cause) {
    return ['ENOSPC', 'EIO', 'ENOENT', 'DEAD_PROCESS'].find((code) => hasCode(cause, code)) ?? String(cause);
  }
};

describe('faults of the simulated disk:', () => {
  test('a write without room fails with ENOSPC and may leave a part', async () => {
    const lengths = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      const disk = diskWith({}, seed);
      const file = await disk.mount().open(PATH, 'create');
      disk.faults = { ...disk.faults, noSpace: 1 };
      expect(await codeOf(file.write([Buffer.alloc(1000)], 0))).toBe('ENOSPC');
      lengths.add(await file.sizeBytes());
      expect(disk.counts.noSpace).toBe(1);
    }
    expect(lengths.size).toBeGreaterThan(10);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(1000);
  });

  test('a full disk refuses what does not fit, and takes it when room was made', async () => {
    const random = new SeededRandom(1);
    const disk = new SimulatedDisk({ random, capacityBytes: 1000, directories: ['/data'] });
    const mount = disk.mount();
    const first = await mount.open('/data/first', 'create');
    await first.write([Buffer.alloc(700)], 0);
    expect(await mount.space('/data')).toEqual({ freeBytes: 300, totalBytes: 1000 });
    await first.write([Buffer.alloc(700)], 0);
    const second = await mount.open('/data/second', 'create');
    expect(await codeOf(second.write([Buffer.alloc(500)], 0))).toBe('ENOSPC');
    await mount.unlink('/data/first');
    await second.truncate(0);
    expect(await codeOf(second.write([Buffer.alloc(500)], 0))).toBe('none');
    disk.crash('kill');
    expect(disk.freeBytes).toBe(500);
  });

  test('after a failed sync the next succeeds, readers see the data, and a loss of power takes it', async () => {
    let lost = 0;
    for (let seed = 0; seed < 20; seed++) {
      const disk = diskWith({}, seed);
      const file = await written(disk.mount(), Buffer.from('old'));
      await file.write([Buffer.from('new')], 0);
      disk.faults = { ...disk.faults, syncError: 1 };
      expect(await codeOf(file.sync())).toBe('EIO');
      disk.faults = { ...disk.faults, syncError: 0 };
      expect(await codeOf(file.sync())).toBe('none');
      expect(disk.contentOf(PATH).toString()).toBe('new');
      disk.crash('power');
      if (disk.contentOf(PATH).toString() === 'old') lost += 1;
    }
    expect(lost).toBeGreaterThan(3);
    expect(lost).toBeLessThan(17);
  });

  test('a lying sync makes nothing durable', async () => {
    const contents = new Set<string>();
    for (let seed = 0; seed < 30; seed++) {
      const disk = diskWith({}, seed);
      const file = await written(disk.mount(), Buffer.from('old'));
      disk.faults = { ...disk.faults, lyingSync: 1 };
      await file.write([Buffer.from('new')], 0);
      await file.sync();
      expect(disk.counts.lyingSyncs).toBe(1);
      disk.crash('power');
      contents.add(disk.contentOf(PATH).toString());
    }
    expect([...contents].sort()).toEqual(['new', 'old']);
  });

  test('a misdirected write shows once the cache is gone', async () => {
    let elsewhere = 0;
    for (let seed = 0; seed < 10; seed++) {
      const disk = diskWith({}, seed);
      const file = await written(disk.mount(), Buffer.alloc(8192, 'o'));
      disk.faults = { ...disk.faults, misdirected: 1 };
      await file.write([Buffer.alloc(512, 'n')], 1024);
      await file.sync();
      expect(disk.contentOf(PATH).indexOf('n')).toBe(1024);
      disk.crash('power');
      const content = disk.contentOf(PATH);
      expect(content.length).toBe(8192);
      expect(content.lastIndexOf('n') - content.indexOf('n')).toBe(511);
      if (content.indexOf('n') !== 1024) elsewhere += 1;
    }
    expect(elsewhere).toBeGreaterThan(5);
  });

  test('a broken directory fails everything in it with EIO until it is repaired, and loses nothing', async () => {
    const disk = diskWith({});
    const mount = disk.mount();
    const file = await written(mount, Buffer.alloc(100, 1));
    disk.break('/data');
    const into = Buffer.alloc(100);
    const works = [
      file.write([into], 0),
      file.sync(),
      file.read(into, 0),
      file.truncate(0),
      mount.list('/data'),
      mount.unlink(PATH),
      mount.open('/data/b', 'create'),
      mount.syncDirectory('/data'),
    ];
    expect(await Promise.all(works.map(codeOf))).toEqual(works.map(() => 'EIO'));
    expect(() => file.readNow(into, 0)).toThrow('EIO');
    disk.repair('/data');
    expect(await file.read(into, 0)).toBe(100);
    expect(into).toEqual(Buffer.alloc(100, 1));
  });

  test('an unreadable sector fails reads with EIO until it is written again', async () => {
    const disk = diskWith({});
    const file = await written(disk.mount(), Buffer.alloc(4096, 'o'));
    disk.damage(PATH, 1000);
    const into = Buffer.alloc(100);
    expect(await codeOf(file.read(into, 512))).toBe('EIO');
    expect(() => file.readNow(into, 950)).toThrow('EIO');
    expect(await file.read(into, 1024)).toBe(100);
    expect(await codeOf(file.read(Buffer.alloc(1024), 0))).toBe('EIO');
    await file.write([Buffer.alloc(512, 'n')], 512);
    expect(await file.read(into, 512)).toBe(100);
    disk.faults = { ...disk.faults, readError: 1 };
    expect(await codeOf(file.read(into, 0))).toBe('EIO');
    expect(disk.counts.readErrors).toBe(4);
  });

  test('a flipped bit is seen at once and stays', async () => {
    const disk = diskWith({});
    await written(disk.mount(), Buffer.from([1, 2, 3]));
    disk.flip(PATH, 1, 0);
    expect(disk.contentOf(PATH)).toEqual(Buffer.from([1, 3, 3]));
    disk.crash('power');
    expect(disk.contentOf(PATH)).toEqual(Buffer.from([1, 3, 3]));
    disk.flip(PATH, 1, 0);
    expect(disk.contentOf(PATH)).toEqual(Buffer.from([1, 2, 3]));
  });

  test('a draw of faults leaves each family out in some seeds and has it in others', () => {
    const drawn = Array.from({ length: 50 }, (_, seed) => drawDiskFaults(new SeededRandom(seed)));
    for (const family of ['noSpace', 'writeError', 'syncError', 'slow'] as const) {
      expect(drawn.some((faults) => faults[family] === 0)).toBe(true);
      expect(drawn.some((faults) => faults[family] > 0)).toBe(true);
    }
    expect(
      drawn.every(({ misdirected, lyingSync, readError }) => misdirected + lyingSync + readError === 0),
    ).toBe(true);
  });
});

describe('the machine of the simulated disk:', () => {
  test('a dead process gets no answers and changes nothing any more', async () => {
    const disk = diskWith({});
    const mount = disk.mount();
    const file = await written(mount, Buffer.from('old'));
    disk.crash('kill');
    const answered = jest.fn();
    const work = [file.write([Buffer.from('new')], 0), file.sync(), file.close(), mount.unlink(PATH)];
    for (const each of work) each.then(answered, answered);
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(answered).not.toHaveBeenCalled();
    expect(() => file.readNow(Buffer.alloc(1), 0)).toThrow('ended');
    expect(disk.contentOf(PATH).toString()).toBe('old');
  });

  test('what was under way when the process died happened wholly, in part, or not at all', async () => {
    const lengths = new Set<number>();
    for (let seed = 0; seed < 40; seed++) {
      const scheduler = new Scheduler();
      const disk = new SimulatedDisk({ random: new SeededRandom(seed), scheduler, directories: ['/data'] });
      const file = await scheduler.settle(disk.mount().open(PATH, 'create'));
      void file.write([Buffer.alloc(3000), Buffer.alloc(2000)], 0);
      disk.crash('kill');
      expect(await scheduler.run()).toBe('idle');
      lengths.add(disk.contentOf(PATH).length);
    }
    expect(lengths.has(0)).toBe(true);
    expect(lengths.has(5000)).toBe(true);
    expect(lengths.size).toBeGreaterThan(5);
  });

  test('a sync does not cover a write that was asked for after it, even when the write overtakes it', async () => {
    let overtaken = 0;
    let lost = 0;
    for (let seed = 0; seed < 60; seed++) {
      const scheduler = new Scheduler();
      const disk = new SimulatedDisk({ random: new SeededRandom(seed), scheduler, directories: ['/data'] });
      const file = await scheduler.settle(written(disk.mount(), Buffer.from('..')));
      const order: string[] = [];
      await scheduler.settle(file.write([Buffer.from('1')], 0));
      const synced = file.sync().then(() => order.push('synced'));
      const second = file.write([Buffer.from('2')], 1).then(() => order.push('written'));
      await scheduler.settle(Promise.all([synced, second]));
      disk.crash('power');
      const content = disk.contentOf(PATH).toString();
      expect(content[0]).toBe('1');
      if (order[0] === 'written') overtaken += 1;
      if (order[0] === 'written' && content[1] === '.') lost += 1;
    }
    expect(overtaken).toBeGreaterThan(5);
    expect(lost).toBeGreaterThan(1);
  });

  test('operations overtake one another, and slow ones take their time', async () => {
    const scheduler = new Scheduler();
    const faults = { slow: 0.2, slowMs: 500 };
    const disk = new SimulatedDisk({
      random: new SeededRandom(1),
      scheduler,
      faults,
      directories: ['/data'],
    });
    const file = await scheduler.settle(disk.mount().open(PATH, 'create'));
    const order: number[] = [];
    const writes = Array.from({ length: 20 }, (_, i) =>
      file.write([Buffer.alloc(1)], i).then(() => order.push(i)),
    );
    await scheduler.settle(Promise.all(writes));
    expect(order).not.toEqual([...order].sort((a, b) => a - b));
    expect(scheduler.nowMs).toBeGreaterThan(50);
    expect(disk.counts.slowOperations).toBeGreaterThan(0);
  });

  test('an old copy can be restored, again and again, and does not change with the disk', async () => {
    const disk = diskWith({});
    const file = await written(disk.mount(), Buffer.alloc(10_000, 'o'));
    const image = disk.snapshot();
    await file.write([Buffer.alloc(10_000, 'n')], 5_000);
    await file.sync();
    for (let i = 0; i < 2; i++) {
      disk.restore(image);
      disk.crash('power');
      expect(disk.contentOf(PATH)).toEqual(Buffer.alloc(10_000, 'o'));
      const again = await disk.mount().open(PATH, 'write');
      await again.write([Buffer.alloc(10_000, 'x')], 0);
      await again.sync();
    }
  });

  test('a wiped disk is empty', async () => {
    const disk = diskWith({});
    await written(disk.mount(), Buffer.from('old'));
    disk.wipe(['/data']);
    expect(disk.files()).toEqual([]);
    expect(await disk.mount().list('/')).toEqual([{ name: 'data', kind: 'directory' }]);
  });

  test('the same seed gives the same run, another seed another', async () => {
    const runOf = async (seed: number): Promise<string> => {
      const scheduler = new Scheduler();
      const random = new SeededRandom(seed);
      const disk = new SimulatedDisk({
        random,
        scheduler,
        faults: drawDiskFaults(random),
        directories: ['/data'],
      });
      for (let life = 0; life < 20; life++) {
        await scheduler.settle(busy(disk.mount(), random.fork('work'), life)).catch(() => undefined);
        disk.crash(random.below(2) === 0 ? 'kill' : 'power');
      }
      const contents = disk.files().map(({ path }) => `${path}:${disk.contentOf(path).toString('base64')}`);
      return `${scheduler.trace.value} ${scheduler.eventCount} ${JSON.stringify(disk.counts)} ${contents.join()}`;
    };
    const first = await runOf(7);
    expect(await runOf(7)).toBe(first);
    expect(await runOf(8)).not.toBe(first);
  });
});

/** Some of everything. */
const busy = async (
  disk: Disk,
  random: SeededRandom | ReturnType<SeededRandom['fork']>,
  life: number,
): Promise<void> => {
  const path = `/data/${life}`;
  const file = await disk.open(path, 'create');
  for (let i = 0; i < 30; i++) {
    await Promise.all([
      file.write([random.bytes(random.below(3000))], random.below(10_000)),
      random.below(3) === 0 ? file.sync() : file.sizeBytes(),
    ]);
    if (random.below(10) === 0) await file.truncate(random.below(10_000));
    if (random.below(10) === 0) await disk.syncDirectory('/data');
  }
  await disk.rename(path, `/data/last`);
};

describe('who looks on', () => {
  test('sees what no loss of power takes, and is told when it grew', async () => {
    const disk = diskWith({});
    const told: string[] = [];
    disk.synced = (path) => told.push(path);
    const mount = disk.mount();
    const file = await mount.open(PATH, 'create');
    await file.write([Buffer.from('first')], 0);
    await file.sync();
    expect([disk.durableNames('/data'), disk.durableContentOf(PATH)]).toEqual([[], undefined]);
    await mount.syncDirectory('/data');
    await file.write([Buffer.from('second')], 5);
    expect(disk.durableNames('/data')).toEqual(['a']);
    expect(disk.durableContentOf(PATH)?.toString()).toBe('first');
    await file.sync();
    expect(disk.durableContentOf(PATH, 5)?.toString()).toBe('second');
    await mount.rename(PATH, '/data/b');
    expect(disk.durableNames('/data')).toEqual(['a']);
    expect(told).toEqual([PATH, '/data', PATH]);
  });
});
