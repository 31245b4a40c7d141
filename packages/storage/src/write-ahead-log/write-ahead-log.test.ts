import { crc32 } from 'node:zlib';
import { BrokerId, SeededRandom, hasCode, silentLogger } from '@kafkaesque/kernel';
import { Scheduler, SimulatedDisk, VirtualClock } from '@kafkaesque/sim';
import { encodeFileHeader } from './file-header';
import { fileName } from './recovery';
import type { WriteAheadLog, WriteAheadLogOptions } from './write-ahead-log';
import { openWriteAheadLog } from './write-ahead-log';
import type { WriteAheadLogEntry } from './records';

const directory = '/data/metadata';

const entry = (index: number, term = 1, text = `entry ${index} of term ${term}`): WriteAheadLogEntry => ({
  index,
  term,
  type: 0,
  bytes: Buffer.from(text),
});

const world = (
  seed = 1,
): {
  readonly machine: SimulatedDisk;
  readonly scheduler: Scheduler;
  readonly open: (options?: Partial<WriteAheadLogOptions>) => Promise<WriteAheadLog>;
} => {
  const random = new SeededRandom(seed, 'write-ahead-log');
  const scheduler = new Scheduler();
  const machine = new SimulatedDisk({ random: random.fork('disk'), directories: ['/data'] });
  const clock = new VirtualClock({ scheduler });
  return {
    machine,
    scheduler,
    open: (options) =>
      openWriteAheadLog({
        disk: machine.mount(),
        directory,
        clock,
        random: random.fork('log'),
        logger: silentLogger,
        ...options,
      }),
  };
};

const textOf = (log: WriteAheadLog): readonly string[] =>
  log.entries(log.firstIndex, log.lastIndex + 1).map(({ term, bytes }) => `${term}:${bytes.toString()}`);

const newestFile = (machine: SimulatedDisk): string =>
  machine
    .files()
    .filter(({ path }) => path.endsWith('.wal'))
    .at(-1)!.path;

/** Where the bytes of some text stand in a file. */
const positionOf = (machine: SimulatedDisk, path: string, text: string): number => {
  const position = machine.contentOf(path).indexOf(text);
  expect(position).toBeGreaterThan(0);
  return position;
};

describe('the write-ahead log', () => {
  test('begins empty, at index 1 and term 0', async () => {
    const log = await world().open();
    expect(log).toMatchObject({ firstIndex: 1, lastIndex: 0, durableIndex: 0, fileCount: 1 });
    expect(log.hardState).toEqual({ term: 0, votedFor: null });
    await log.close();
  });

  test('waits for room as long as it is told to, and goes on in a new file', async () => {
    const { machine, open } = world();
    let asked = 0;
    const log = await open({
      outOfSpace: () => {
        asked += 1;
        if (asked === 3) machine.resize(Infinity);
        return Promise.resolve(true);
      },
    });
    await log.append({ entries: [entry(1)] });
    machine.resize(machine.files().reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 20));
    await Promise.all([log.append({ entries: [entry(2)] }), log.append({ entries: [entry(3)] })]);
    expect({ asked, failed: log.failed, fileCount: log.fileCount }).toEqual({
      asked: 3,
      failed: undefined,
      fileCount: 2,
    });
    machine.crash('power');
    machine.resize(Infinity);
    const after = await open();
    expect(textOf(after)).toEqual(['1:entry 1 of term 1', '1:entry 2 of term 1', '1:entry 3 of term 1']);
    await after.close();
  });

  test('has failed once it is told not to wait any more', async () => {
    const { machine, open } = world();
    const log = await open({ outOfSpace: () => Promise.resolve(false) });
    machine.resize(1);
    await expect(log.append({ entries: [entry(1)] })).rejects.toMatchObject({
      code: 'WRITE_AHEAD_LOG_FAILED',
    });
    expect(hasCode(log.failed, 'ENOSPC')).toBe(true);
    await log.close();
  });

  test('has after a clean stop what was appended before, the vote included', async () => {
    const { open } = world();
    const first = await open();
    const votedFor = { nodeId: BrokerId(3), directoryId: 'x'.repeat(22) };
    await first.append({ hardState: { term: 7, votedFor }, entries: [entry(1, 7), entry(2, 7)] });
    await first.append({ voters: Buffer.from('three voters'), entries: [entry(3, 7)] });
    await first.close();
    const second = await open();
    expect(second.hardState).toEqual({ term: 7, votedFor });
    expect(second.voters.toString()).toBe('three voters');
    expect(textOf(second)).toEqual(['7:entry 1 of term 7', '7:entry 2 of term 7', '7:entry 3 of term 7']);
    await second.close();
  });

  test('shows an append at once and counts it as durable when the flush has returned', async () => {
    const log = await world().open();
    const durable = log.append({ entries: [entry(1), entry(2)] });
    expect(log).toMatchObject({ lastIndex: 2, durableIndex: 0 });
    await expect(durable).resolves.toEqual({ token: 1, term: 1, lastIndex: 2 });
    expect(log.durableIndex).toBe(2);
    await log.close();
  });

  test('puts what arrives during a flush into one next write', async () => {
    const { open, machine } = world();
    const log = await open();
    const before = machine.counts.operations;
    await Promise.all(Array.from({ length: 100 }, (_, i) => log.append({ entries: [entry(i + 1)] })));
    // The first append is written alone, the other 99 together: two writes and two flushes.
    expect(machine.counts.operations - before).toBe(4);
    await log.close();
  });

  test('overrides all entries from the index of a new one on', async () => {
    const { open } = world();
    const first = await open();
    await first.append({ entries: [entry(1), entry(2), entry(3)] });
    await first.append({ entries: [entry(2, 2)] });
    expect(textOf(first)).toEqual(['1:entry 1 of term 1', '2:entry 2 of term 2']);
    await first.close();
    const second = await open();
    expect(textOf(second)).toEqual(['1:entry 1 of term 1', '2:entry 2 of term 2']);
    await second.close();
  });

  test('does not take the flush of an overridden entry for that of the entry in its place', async () => {
    const log = await world().open();
    const old = log.append({ entries: [entry(1), entry(2)] });
    const young = log.append({ entries: [entry(2, 2)] });
    await expect(old).resolves.toMatchObject({ term: 1, lastIndex: 2 });
    expect(log.durableIndex).toBe(1);
    await expect(young).resolves.toMatchObject({ term: 2, lastIndex: 2 });
    expect(log.durableIndex).toBe(2);
    await log.close();
  });

  test('goes on in new files as they grow, and drops those that a snapshot covers', async () => {
    const { open } = world();
    const first = await open({ fileBytes: 20_000 });
    for (let index = 1; index <= 50; index++)
      await first.append({ entries: [entry(index, 1, 'x'.repeat(2000))] });
    const filesBefore = first.fileCount;
    expect(filesBefore).toBeGreaterThan(5);
    await first.append({ start: { index: 40, term: 1 } });
    await first.append({ voters: Buffer.from('after the files were dropped') });
    expect(first.fileCount).toBeLessThan(filesBefore / 2);
    expect(first).toMatchObject({ firstIndex: 41, lastIndex: 50 });
    await first.close();
    const second = await open();
    expect(second).toMatchObject({ firstIndex: 41, lastIndex: 50 });
    expect(second.term(40)).toBe(1);
    expect(second.term(39)).toBeUndefined();
    await second.close();
  });

  test('keeps the vote when the file that carried it is dropped', async () => {
    const { open } = world();
    const votedFor = { nodeId: BrokerId(2), directoryId: 'y'.repeat(22) };
    const first = await open({ fileBytes: 10_000 });
    await first.append({ hardState: { term: 4, votedFor }, voters: Buffer.from('voters') });
    for (let index = 1; index <= 20; index++)
      await first.append({ entries: [entry(index, 4, 'x'.repeat(3000))] });
    await first.append({ start: { index: 20, term: 4 } });
    await first.close();
    const second = await open();
    expect(second.fileCount).toBe(1);
    expect(second.hardState).toEqual({ term: 4, votedFor });
    expect(second.voters.toString()).toBe('voters');
    await second.close();
  });

  test('drops no file that it needs until a later start is durable', async () => {
    const random = new SeededRandom(1, 'two starts');
    const scheduler = new Scheduler();
    const machine = new SimulatedDisk({ random, scheduler, directories: ['/data'] });
    const clock = new VirtualClock({ scheduler });
    const open = (): Promise<WriteAheadLog> =>
      scheduler.settle(
        openWriteAheadLog({
          disk: machine.mount(),
          directory,
          clock,
          random,
          logger: silentLogger,
          fileBytes: 10_000,
        }),
      );
    const first = await open();
    for (let index = 1; index <= 50; index++)
      await scheduler.settle(first.append({ entries: [entry(index, 1, 'x'.repeat(2000))] }));
    const early = first.append({ start: { index: 10, term: 1 } });
    void first.append({ start: { index: 50, term: 1 } }).catch(() => undefined);
    await scheduler.settle(early);
    await scheduler.run({ until: () => machine.files().length <= 2, maximumEvents: 100 });
    machine.crash('kill');
    const second = await open();
    expect([10, 50]).toContain(second.start.index);
    expect(second.lastIndex).toBe(50);
    await scheduler.settle(second.close());
  });

  test('starts over behind a snapshot that contradicts it', async () => {
    const { open } = world();
    const first = await open();
    await first.append({ entries: [entry(1), entry(2), entry(3), entry(4)] });
    await first.append({ start: { index: 3, term: 2 } });
    expect(first).toMatchObject({ firstIndex: 4, lastIndex: 3, durableIndex: 3 });
    await first.append({ entries: [entry(4, 2)] });
    await first.close();
    const second = await open();
    expect(textOf(second)).toEqual(['2:entry 4 of term 2']);
    await second.close();
  });

  test('returns as many entries as fit, and at least one', async () => {
    const log = await world().open();
    await log.append({ entries: [entry(1, 1, 'x'.repeat(100)), entry(2, 1, 'x'.repeat(100)), entry(3)] });
    expect(log.entries(1, 4, 150).map(({ index }) => index)).toEqual([1]);
    expect(log.entries(1, 4, 200).map(({ index }) => index)).toEqual([1, 2]);
    expect(log.entries(2, 4, 0).map(({ index }) => index)).toEqual([2]);
    expect(log.entries(4, 9)).toEqual([]);
    await log.close();
  });

  test('refuses the log of another cluster', async () => {
    const { open } = world();
    await (await open({ clusterId: 'this one' })).close();
    await expect(open({ clusterId: 'another' })).rejects.toMatchObject({ code: 'INCONSISTENT_CLUSTER_ID' });
  });

  test('takes nothing more after a write has failed', async () => {
    const { open, machine } = world();
    const log = await open();
    await log.append({ entries: [entry(1)] });
    machine.faults = { ...machine.faults, syncError: 1 };
    await expect(log.append({ entries: [entry(2)] })).rejects.toMatchObject({
      code: 'WRITE_AHEAD_LOG_FAILED',
    });
    machine.faults = { ...machine.faults, syncError: 0 };
    await expect(log.append({ entries: [entry(3)] })).rejects.toMatchObject({
      code: 'WRITE_AHEAD_LOG_FAILED',
    });
    expect(hasCode(log.failed, 'EIO')).toBe(true);
    await log.close();
  });
});

describe('damage to the write-ahead log', () => {
  test('in an entry that another write followed is refused, naming the file', async () => {
    const { open, machine } = world();
    const log = await open();
    await log.append({ entries: [entry(1, 1, 'the first')] });
    await log.append({ entries: [entry(2, 1, 'the second')] });
    machine.crash('power');
    const path = newestFile(machine);
    machine.flip(path, positionOf(machine, path, 'the first'));
    await expect(open()).rejects.toMatchObject({
      code: 'CORRUPT_WRITE_AHEAD_LOG',
      message: expect.stringContaining(path) as string,
    });
  });

  test('in the last write is refused once it was sealed', async () => {
    const { open, machine, scheduler } = world();
    const log = await open();
    await log.append({ entries: [entry(1, 1, 'the only one')] });
    await scheduler.run({ untilMs: 100 });
    machine.crash('power');
    const path = newestFile(machine);
    machine.flip(path, positionOf(machine, path, 'the only one'));
    await expect(open()).rejects.toMatchObject({ code: 'CORRUPT_WRITE_AHEAD_LOG' });
  });

  test('in the last write before its seal passes for a torn tail, and is counted', async () => {
    const { open, machine } = world();
    const log = await open();
    await log.append({ entries: [entry(1)] });
    await log.append({ entries: [entry(2, 1, 'the unsealed')] });
    machine.crash('power');
    const path = newestFile(machine);
    machine.flip(path, positionOf(machine, path, 'the unsealed'));
    const again = await open();
    expect(again.lastIndex).toBe(1);
    expect(again.report.tornBytes).toBeGreaterThan(0);
    await again.close();
  });

  test('in one sector never takes a vote, not even an unsealed one', async () => {
    const votedFor = { nodeId: BrokerId(2), directoryId: 'z'.repeat(22) };
    const prepared = async (): Promise<{ machine: SimulatedDisk; open: () => Promise<WriteAheadLog> }> => {
      const { open, machine } = world();
      const log = await open();
      await log.append({ hardState: { term: 9, votedFor } });
      machine.crash('power');
      return { machine, open };
    };
    const { machine } = await prepared();
    const path = newestFile(machine);
    const sectors = Math.ceil(machine.contentOf(path).length / 4096);
    // The file's header lies in the first two sectors, which are durable from the start and damaged in another test.
    for (let sector = 2; sector < sectors; sector++) {
      const damaged = await prepared();
      const size = damaged.machine.contentOf(path).length;
      for (let at = sector * 4096; at < Math.min(size, (sector + 1) * 4096); at += 7)
        damaged.machine.flip(path, at, 3);
      const log = await damaged.open();
      expect(log.hardState).toEqual({ term: 9, votedFor });
      await log.close();
    }
  });

  test('that left only a copy of a vote is survived by the vote, also over further starts', async () => {
    const { open, machine } = world();
    const log = await open();
    const votedFor = { nodeId: BrokerId(2), directoryId: 'z'.repeat(22) };
    await log.append({ entries: [entry(1)] });
    await log.append({ hardState: { term: 9, votedFor }, entries: [entry(2, 9, 'beside the vote')] });
    machine.crash('power');
    const path = newestFile(machine);
    machine.flip(path, positionOf(machine, path, 'beside the vote'));
    for (let start = 0; start < 3; start++) {
      const again = await open();
      expect(again.lastIndex).toBe(1);
      expect(again.hardState).toEqual({ term: 9, votedFor });
      await again.close();
    }
  });

  test('to one copy of a file header does no harm, to both it is refused', async () => {
    const { open, machine } = world();
    const log = await open();
    await log.append({ entries: [entry(1)] });
    machine.crash('power');
    const path = newestFile(machine);
    const image = machine.snapshot();
    machine.flip(path, 30);
    const survived = await open();
    expect(survived.lastIndex).toBe(1);
    await survived.close();
    machine.restore(image);
    machine.flip(path, 30);
    machine.flip(path, 4096 + 30);
    await expect(open()).rejects.toMatchObject({ code: 'CORRUPT_WRITE_AHEAD_LOG' });
  });

  test('in the making of the first file is none: however often that fails, the log begins anew', async () => {
    const { open, machine } = world();
    const disk = machine.mount();
    await disk.makeDirectory(directory);
    // What is left of a first file that no flush covered.
    const path = `${directory}/${fileName(1)}`;
    const file = await disk.open(path, 'create');
    await file.write([Buffer.alloc(5000, 'half a header')], 0);
    await file.sync();
    await file.close();
    await disk.syncDirectory(directory);
    const log = await open();
    await log.append({ entries: [entry(1)] });
    await log.close();
    expect(machine.files().map(({ path }) => path)).toEqual([path]);
    const again = await open();
    expect(again.lastIndex).toBe(1);
    await again.close();
  });

  test('that loses a file in the middle is refused', async () => {
    const { open, machine } = world();
    const log = await open({ fileBytes: 10_000 });
    for (let index = 1; index <= 20; index++)
      await log.append({ entries: [entry(index, 1, 'x'.repeat(3000))] });
    await log.close();
    const files = machine.files().filter(({ path }) => path.endsWith('.wal'));
    const disk = machine.mount();
    await disk.unlink(files[2]!.path);
    await disk.syncDirectory(directory);
    await expect(open()).rejects.toMatchObject({ code: 'CORRUPT_WRITE_AHEAD_LOG' });
  });

  test('an unknown format version is refused by its number', async () => {
    const { open, machine } = world();
    await (await open()).close();
    const path = newestFile(machine);
    const header = encodeFileHeader({
      number: 1,
      salt: Buffer.alloc(8),
      previousNumber: 0,
      previousEnd: 0,
      firstLsn: 1,
      clusterId: '',
      hardState: { term: 0, votedFor: null },
      voters: Buffer.alloc(0),
      start: { index: 0, term: 0 },
      last: { index: 0, term: 0 },
    });
    const copy = header.subarray(0, header.readUInt32BE(12));
    copy.writeUInt32BE(2, 8);
    copy.writeUInt32BE(crc32(copy.subarray(20), crc32(copy.subarray(0, 16))), 16);
    const file = await machine.mount().open(path, 'write');
    await file.write([copy], 0);
    await file.sync();
    await expect(open()).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
  });
});
