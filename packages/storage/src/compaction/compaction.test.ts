import { BrokerEpoch, Offset, SeededRandom, TimestampMs, inlineCompute } from '@kafkaesque/kernel';
import type { Compute } from '@kafkaesque/kernel';
import { baseOffsetOf, decodeBatch, hasDeleteHorizon, lastOffsetOf } from '@kafkaesque/protocol';
import { Scheduler, SimulatedDisk, VirtualClock } from '@kafkaesque/sim';
import { compareReplicas } from '../inspection/compare-replicas';
import { inspectLogDirectory } from '../inspection/inspect-log-directory';
import type { Log, LogConfig } from '../log';
import type { LogDirectory } from '../log-directory';
import {
  appendAtRandom,
  appendRecords,
  cleanNow,
  latestOf,
  readRecords,
} from '../testing/compaction-scenario';
import type { TestRecord } from '../testing/compaction-scenario';
import {
  PATH,
  TOPIC,
  appendBatch,
  config,
  durable,
  openTestDirectory,
  partition,
  readAll,
} from '../testing/test-directory';

const DIRECTORY = `${PATH}/topics/${TOPIC}/0`;
const COMPACTED = { cleanupPolicy: { compact: true, delete: false }, segmentBytes: 500 };

const world = async (changes: Partial<LogConfig> = {}) => {
  const disk = new SimulatedDisk({ random: new SeededRandom(1, 'disk') });
  const scheduler = new Scheduler();
  const clock = new VirtualClock({ scheduler });
  const logConfig = config({ ...COMPACTED, ...changes });
  const open = (): Promise<LogDirectory> => openTestDirectory(disk.mount(), clock, { logConfig });
  const directory = await open();
  const log = directory.createLog(TOPIC, partition(0), logConfig);
  const names = (): readonly string[] =>
    disk
      .files()
      .filter(({ path }) => path.startsWith(DIRECTORY))
      .map(({ path }) => path.slice(DIRECTORY.length + 1));
  const passTime = (ms: number) => {
    clock.wakeAt(clock.monotonicMs() + ms, () => undefined);
    return scheduler.run({ untilMs: scheduler.nowMs + ms });
  };
  const reopened = async (): Promise<{ readonly log: Log; readonly directory: LogDirectory }> => {
    const again = await open();
    const found = again.log(TOPIC, partition(0));
    if (found === undefined) throw new Error('the log is there');
    return { log: found, directory: again };
  };
  return { disk, clock, directory, log, names, passTime, reopened };
};

const inspect = (disk: SimulatedDisk) =>
  inspectLogDirectory({
    ...{ disk: disk.mount(), path: PATH },
    lock: () => Promise.resolve(() => Promise.resolve()),
  });

const put = (key: string, value: string | null): TestRecord => ({ key, value });

/** Fills the segment that takes appends, so that all before it may be compacted. */
const roll = async (log: Log): Promise<void> => {
  const { segmentCount } = log;
  while (log.segmentCount === segmentCount) appendRecords(log, [put('filler', 'x'.repeat(200))]);
  await durable(log);
};

describe('compaction', () => {
  test('keeps the newest record of each key at its offset, and shows the same values as before', async () => {
    const { directory, log } = await world();
    const appended = await appendAtRandom(log, new SeededRandom(7, 'records'), 6);
    const before = latestOf(await readRecords(log));
    expect(await cleanNow(log)).toMatchObject({ kind: 'cleaned' });
    const after = await readRecords(log);
    expect(after.length).toBeLessThan(appended.length);
    for (const record of after) expect(appended[record.offset]).toEqual(record);
    expect(latestOf(after)).toEqual(before);
    await directory.close();
  });

  test('leaves the segment that takes appends, and what lies at or beyond the high watermark', async () => {
    const { directory, log } = await world();
    for (let number = 0; number < 40; number++) appendRecords(log, [put('a', `value ${number}`)]);
    await durable(log);
    const upTo = Offset(13);
    await cleanNow(log, { upTo });
    const kept = (await readRecords(log)).map(({ offset }) => offset);
    expect(kept.filter((offset) => offset >= 13)).toEqual(
      Array.from({ length: 27 }, (_, index) => 13 + index),
    );
    expect(kept.length).toBeLessThan(40);
    await cleanNow(log);
    const batches = await readAll(log);
    expect(lastOffsetOf(batches[batches.length - 1] as Buffer)).toBe(39);
    await directory.close();
  });

  test('does nothing where the policy is to delete, and where nothing is new', async () => {
    const { directory, log } = await world({ cleanupPolicy: { compact: false, delete: true } });
    await appendAtRandom(log, new SeededRandom(1, 'records'), 3);
    expect(log.cleanable(log.endOffset, 0)).toBeUndefined();
    expect(await cleanNow(log)).toEqual({ kind: 'nothing' });
    log.updateConfig(config(COMPACTED));
    expect(log.cleanable(log.endOffset, 0)).toMatchObject({ cleanBytes: 0, dirtyRatio: 1 });
    expect(await cleanNow(log)).toMatchObject({ kind: 'cleaned' });
    expect(await cleanNow(log)).toEqual({ kind: 'nothing' });
    await roll(log);
    expect(log.cleanable(log.endOffset, 0)?.dirtyRatio).toBeLessThan(1);
    await directory.close();
  });

  test('waits until records are as old as min.compaction.lag.ms asks', async () => {
    const { directory, log, passTime } = await world({ minCompactionLagMs: 60_000 });
    for (let number = 0; number < 20; number++)
      appendRecords(log, [{ ...put('a', `value ${number}`), timestampMs: 1_000_000 }]);
    await durable(log);
    expect(log.cleanable(log.endOffset, 1_059_000)).toBeUndefined();
    expect(log.cleanable(log.endOffset, 1_061_000)).toBeDefined();
    await passTime(1);
    await directory.close();
  });

  test('keeps a tombstone for delete.retention.ms after the pass that first met it', async () => {
    const { directory, log, passTime } = await world({ deleteRetentionMs: 5000 });
    appendRecords(log, [put('a', 'one'), put('b', 'two')]);
    appendRecords(log, [put('a', null)]);
    await roll(log);
    await passTime(100_000);
    await cleanNow(log);
    const [first] = await readAll(log);
    expect(await readRecords(log)).toEqual(
      expect.arrayContaining([
        { offset: 1, key: 'b', value: 'two', timestampMs: 1000 },
        { offset: 2, key: 'a', value: null, timestampMs: 1000 },
      ]),
    );
    expect(hasDeleteHorizon(first as Buffer)).toBe(false);
    const marked = (await readAll(log)).find((bytes) => baseOffsetOf(bytes) === 2) as Buffer;
    expect(hasDeleteHorizon(marked)).toBe(true);
    await passTime(4000);
    await roll(log);
    await cleanNow(log);
    expect((await readRecords(log)).some(({ key }) => key === 'a')).toBe(true);
    await passTime(2000);
    await roll(log);
    await cleanNow(log);
    expect((await readRecords(log)).some(({ key }) => key === 'a')).toBe(false);
    expect((await readRecords(log)).some(({ key }) => key === 'b')).toBe(true);
    await directory.close();
  });

  test('keeps a tombstone, however old, that a replica has not come to yet', async () => {
    const { directory, log } = await world({ deleteRetentionMs: 0 });
    appendRecords(log, [put('a', 'one')]);
    appendRecords(log, [put('a', null)]);
    const tombstonesLeft = async (tombstonesBelow: number): Promise<boolean> => {
      await roll(log);
      await cleanNow(log, { tombstonesBelow: () => Offset(tombstonesBelow) });
      return (await readRecords(log)).some(({ key }) => key === 'a');
    };
    // The first pass only writes down from when on it may go.
    expect([await tombstonesLeft(100), await tombstonesLeft(1)]).toEqual([true, true]);
    expect(await tombstonesLeft(2)).toBe(false);
    await directory.close();
  });

  test('gives up a pass when a replica falls back behind a tombstone that would go', async () => {
    const { directory, log, names } = await world({ deleteRetentionMs: 0 });
    appendRecords(log, [put('a', null)]);
    await roll(log);
    await cleanNow(log);
    await roll(log);
    const before = await readRecords(log);
    let bound = 100;
    const compute: Compute = {
      run: async (job, input) => {
        const output = await inlineCompute.run(job, input);
        if (job.name === 'storage.drop-superseded') bound = 0;
        return output;
      },
    };
    const tombstonesBelow = (): Offset => Offset(bound);
    expect(await cleanNow(log, { compute, tombstonesBelow })).toEqual({ kind: 'stopped' });
    expect(bound).toBe(0);
    expect(await readRecords(log)).toEqual(before);
    expect(names().some((name) => name.endsWith('.cleaned'))).toBe(false);
    await directory.close();
  });

  test('merges neighbours that together are no larger than a segment', async () => {
    const { directory, log, names } = await world({ segmentBytes: 2000, indexIntervalBytes: 100 });
    for (let number = 0; number < 200; number++)
      appendRecords(log, [put(`key ${number % 5}`, `value ${number}`)]);
    await durable(log);
    const { segmentCount } = log;
    await cleanNow(log);
    await roll(log);
    await cleanNow(log);
    expect(log.segmentCount).toBeLessThan(segmentCount / 2);
    expect(names().filter((name) => name.endsWith('.log'))).toHaveLength(log.segmentCount);
    expect(names().some((name) => name.endsWith('.cleaned'))).toBe(false);
    await directory.close();
  });

  test('covers a part in each pass where memory for keys is short', async () => {
    const { directory, log } = await world();
    for (let number = 0; number < 120; number++)
      appendRecords(log, [put(`key ${number % 40}`, `value ${number}`)]);
    await durable(log);
    const before = latestOf(await readRecords(log));
    let passes = 0;
    while ((await cleanNow(log, { dedupeBufferBytes: 24 * 16 })).kind === 'cleaned') passes += 1;
    expect(passes).toBeGreaterThan(3);
    expect(latestOf(await readRecords(log))).toEqual(before);
    await directory.close();
  });

  test('has a map for the first batch with keys that count, however small its memory and whatever comes before', async () => {
    const { directory, log } = await world();
    appendRecords(log, [put('a', 'one')], { isTransactional: true, producerId: 7 });
    const keys = Array.from({ length: 30 }, (_, number) => `key ${number}`);
    for (const value of ['old', 'new'])
      appendRecords(
        log,
        keys.map((key) => put(key, value)),
      );
    await roll(log);
    while ((await cleanNow(log, { dedupeBufferBytes: 24 })).kind === 'cleaned');
    const kept = (await readRecords(log)).filter(({ key }) => keys.includes(key));
    expect(kept.map(({ value }) => value)).toEqual(keys.map(() => 'new'));
    await directory.close();
  });

  test('never drops records of transactions for each other, and keeps how far a producer had come', async () => {
    const { directory, log } = await world();
    appendRecords(log, [put('a', 'one')], { isTransactional: true, producerId: 7 });
    appendRecords(log, [put('a', 'two')], { isTransactional: true, producerId: 7 });
    appendRecords(log, [put('b', 'three')], { producerId: 9 });
    appendRecords(log, [put('b', 'four')]);
    await roll(log);
    await cleanNow(log);
    const batches = (await readAll(log)).map((bytes) => decodeBatch(bytes));
    expect(batches.slice(0, 3).map(({ header, records }) => [header.baseOffset, records.length])).toEqual([
      [0, 1],
      [1, 1],
      [2, 0],
    ]);
    expect(batches[2]?.header.producerId).toBe(9);
    await directory.close();
  });

  test('is found by a start, clean or not, and by a search for times', async () => {
    const { directory, log, reopened } = await world({ indexIntervalBytes: 100, segmentBytes: 1500 });
    await appendAtRandom(log, new SeededRandom(3, 'records'), 5);
    await cleanNow(log);
    const shown = await readRecords(log);
    await directory.close();
    const crashed = await reopened();
    expect(await readRecords(crashed.log)).toEqual(shown);
    await crashed.directory.close({ brokerEpoch: BrokerEpoch(1) });
    const restarted = await reopened();
    expect(restarted.directory.report).toMatchObject({
      cleanShutdown: true,
      scannedBytes: 0,
      corruption: [],
    });
    expect(await readRecords(restarted.log)).toEqual(shown);
    for (const timestampMs of [0, 1000, 1010, 1020, 1500]) {
      const found = await restarted.log.offsetForTimestamp(TimestampMs(timestampMs));
      const expected = shown.find((record) => record.timestampMs >= timestampMs);
      expect(found?.offset).toBe(expected?.offset);
    }
    await restarted.directory.close();
  });

  test('survives a checkpoint that is lost: nothing that was replaced comes back out of the journal', async () => {
    const { directory, disk, log, reopened } = await world();
    await appendAtRandom(log, new SeededRandom(3, 'records'), 5);
    await cleanNow(log);
    const shown = await readRecords(log);
    await directory.close();
    disk.flip(`${PATH}/checkpoints`, 40);
    const again = await reopened();
    expect(again.directory.report.corruption).toHaveLength(1);
    expect(again.log.recovery.kind).toBe('intact');
    expect(await readRecords(again.log)).toEqual(shown);
    await again.directory.close();
  });

  test('is no difference between replicas, and no damage to whoever inspects a directory', async () => {
    const { directory, disk, log } = await world();
    await appendAtRandom(log, new SeededRandom(3, 'records'), 5);
    const other = await world();
    for (const bytes of await readAll(log)) other.log.append([appendBatch(bytes)]);
    await durable(other.log);
    await cleanNow(log);
    await directory.close({ brokerEpoch: BrokerEpoch(1) });
    await other.directory.close({ brokerEpoch: BrokerEpoch(1) });
    await using one = await inspect(disk);
    await using two = await inspect(other.disk);
    const [compacted, whole] = [one.logs[0], two.logs[0]];
    if (compacted === undefined || whole === undefined) throw new Error('the logs are there');
    expect(compacted).toMatchObject({ isCompacted: true, findings: [] });
    expect(whole).toMatchObject({ isCompacted: false, findings: [] });
    const replicas = [
      { nodeId: 1, log: compacted },
      { nodeId: 2, log: whole },
    ];
    expect((await compareReplicas(replicas)).differences).toEqual([]);
  });

  test('goes on with truncations, log starts and appends behind it', async () => {
    const { directory, log } = await world();
    await appendAtRandom(log, new SeededRandom(5, 'records'), 6);
    await cleanNow(log);
    const before = await readRecords(log);
    const cut = Offset(Math.floor(log.endOffset / 2));
    const end = await log.truncateTo(cut);
    expect(end).toBeLessThanOrEqual(cut);
    expect(await readRecords(log)).toEqual(before.filter(({ offset }) => offset < end));
    await appendAtRandom(log, new SeededRandom(6, 'records'), 3);
    await log.raiseLogStart(Offset(10));
    await cleanNow(log);
    expect(log.logStartOffset).toBe(10);
    await directory.close();
  });

  test('marks a log whose damage it meets, and leaves it as it is', async () => {
    const { directory, disk, log } = await world();
    await appendAtRandom(log, new SeededRandom(5, 'records'), 3);
    await log.flush();
    const before = log.segmentCount;
    const file = disk.files().find(({ path }) => path.endsWith('00000000000000000000.log'));
    disk.flip(file?.path ?? '', 80);
    await expect(cleanNow(log)).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
    expect(log.segmentCount).toBe(before);
    expect(log.suspect).toBeDefined();
    expect(await cleanNow(log)).toEqual({ kind: 'nothing' });
    await directory.close();
  });
});
