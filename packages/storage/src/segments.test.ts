import { BrokerEpoch, Offset, SeededRandom, TimestampMs } from '@kafkaesque/kernel';
import { baseOffsetOf } from '@kafkaesque/protocol';
import { Scheduler, SimulatedDisk, VirtualClock } from '@kafkaesque/sim';
import type { LogConfig } from './log';
import type { LogDirectory } from './log-directory';
import {
  PATH,
  TOPIC,
  appendAll,
  config,
  openTestDirectory,
  partition,
  readAll,
  testPool,
} from './testing/test-directory';
import type { TestOptions } from './testing/test-directory';

const DIRECTORY = `${PATH}/topics/${TOPIC}/0`;

const world = () => {
  const disk = new SimulatedDisk({ random: new SeededRandom(1, 'disk') });
  const scheduler = new Scheduler();
  const clock = new VirtualClock({ scheduler });
  const pool = testPool();
  const open = (options: TestOptions = {}): Promise<LogDirectory> =>
    openTestDirectory(disk.mount(), clock, { pool, ...options });
  const withLog = async (changes: Partial<LogConfig>, options: TestOptions = {}) => {
    const directory = await open(options);
    return { directory, log: directory.createLog(TOPIC, partition(0), config(changes)) };
  };
  const names = (ending: string): readonly string[] =>
    disk
      .files()
      .filter((file) => file.path.startsWith(DIRECTORY) && file.path.endsWith(ending))
      .map((file) => file.path.slice(DIRECTORY.length + 1));
  const passTime = (ms: number) => scheduler.run({ untilMs: scheduler.nowMs + ms });
  return { disk, open, withLog, names, passTime };
};

describe('segments', () => {
  test('are made at the first append, and no sooner', async () => {
    const { names, withLog, disk } = world();
    const { directory, log } = await withLog({});
    expect(disk.files().some((file) => file.path.includes('/topics/'))).toBe(false);
    await appendAll(log, 1);
    await log.flush();
    expect(names('.log')).toEqual(['00000000000000000000.log']);
    await directory.close();
  });

  test.each([
    { reason: 'size', changes: { segmentBytes: 700 }, timestampStepMs: 0, segments: 4 },
    { reason: 'time between records', changes: { segmentMs: 3500 }, timestampStepMs: 1000, segments: 5 },
    {
      reason: 'a full index',
      changes: { indexIntervalBytes: 50, segmentIndexBytes: 16 },
      timestampStepMs: 0,
      segments: 7,
    },
    { reason: 'nothing', changes: {}, timestampStepMs: 1000, segments: 1 },
  ])('roll for $reason', async ({ changes, timestampStepMs, segments }) => {
    const { withLog } = world();
    const { directory, log } = await withLog(changes);
    for (let number = 0; number < 20; number++)
      await appendAll(log, 1, { timestampMs: 1000 + number * timestampStepMs });
    expect(log.segmentCount).toBe(segments);
    expect(await readAll(log)).toHaveLength(20);
    await directory.close();
  });

  test('are read by several at once after a start, when half of an index is in memory alone', async () => {
    const { open, withLog } = world();
    const changes = { indexIntervalBytes: 150 };
    const first = await withLog(changes);
    const batches = await appendAll(first.log, 12);
    await first.directory.close({ brokerEpoch: BrokerEpoch(1) });
    const directory = await open();
    const log = directory.log(TOPIC, partition(0));
    if (log === undefined) throw new Error('the log is there');
    log.updateConfig(config(changes));
    batches.push(...(await appendAll(log, 12)));
    const reads = await Promise.all([0, 1, 2].map((from) => readAll(log, from)));
    expect(reads.map((read) => read.length)).toEqual([24, 23, 22]);
    expect(reads[0]).toEqual(batches.map(({ bytes }) => bytes));
    await directory.close();
  });

  test('have indexes in Kafka’s formats beside them once they are left', async () => {
    const { disk, names, withLog } = world();
    const { directory, log } = await withLog({ segmentBytes: 1000, indexIntervalBytes: 150 });
    const batches = await appendAll(log, 12);
    await directory.close({ brokerEpoch: BrokerEpoch(1) });
    expect(names('.index')).toEqual(names('.log').map((name) => name.replace('.log', '.index')));
    const segment = disk.contentOf(`${DIRECTORY}/00000000000000000000.log`);
    const index = disk.contentOf(`${DIRECTORY}/00000000000000000000.index`);
    expect(index.length % 8).toBe(0);
    expect(index.length).toBeGreaterThan(8);
    for (let at = 0; at < index.length; at += 8)
      expect(baseOffsetOf(segment, index.readInt32BE(at + 4))).toBe(index.readInt32BE(at));
    const times = disk.contentOf(`${DIRECTORY}/00000000000000000000.timeindex`);
    expect(times.length % 12).toBe(0);
    expect(Number(times.readBigInt64BE(0))).toBe(batches[0]!.maxTimestampMs);
  });

  test('are found again however the index is lost, and by time too', async () => {
    const { disk, open, names, withLog } = world();
    const { directory, log } = await withLog({ segmentBytes: 1000, indexIntervalBytes: 150 });
    for (let number = 0; number < 40; number++) await appendAll(log, 1, { timestampMs: 1000 + number * 10 });
    await directory.close({ brokerEpoch: BrokerEpoch(1) });
    const mounted = disk.mount();
    for (const name of names('.index')) await mounted.unlink(`${DIRECTORY}/${name}`);
    const again = await open();
    expect(again.report.scannedBytes).toBe(0);
    const found = again.log(TOPIC, partition(0))!;
    expect(await readAll(found, 17)).toHaveLength(23);
    expect(await found.offsetForTimestamp(TimestampMs(1235))).toEqual({
      offset: 24,
      timestampMs: 1240,
      leaderEpoch: 0,
    });
    expect(await found.offsetForTimestamp(TimestampMs(0))).toMatchObject({ offset: 0 });
    expect(await found.offsetForTimestamp(TimestampMs(5000))).toBeUndefined();
    expect(await found.maxTimestamp()).toMatchObject({ offset: 39, timestampMs: 1390 });
    await again.close();
  });

  test('are deleted by age, by size and by log start, whole and below the high watermark', async () => {
    const { names, withLog, passTime } = world();
    const { directory, log } = await withLog({
      segmentBytes: 500,
      retentionMs: 5000,
      fileDeleteDelayMs: 60_000,
    });
    for (let number = 0; number < 20; number++) await appendAll(log, 1, { timestampMs: 1000 * number });
    await log.flush();
    const segments = log.segmentCount;
    expect(await log.applyRetention(10_000, Offset(0))).toBe(0);
    const deleted = await log.applyRetention(12_000, Offset(20));
    expect(deleted).toBeGreaterThan(0);
    expect(log.segmentCount).toBe(segments - deleted);
    expect(log.logStartOffset).toBeLessThanOrEqual(7);
    expect(names('.deleted')).not.toEqual([]);
    await passTime(70_000);
    expect(names('.deleted')).toEqual([]);
    log.updateConfig(config({ segmentBytes: 500, retentionMs: -1, retentionBytes: 900 }));
    await log.applyRetention(12_000, Offset(20));
    expect(log.sizeBytes).toBeGreaterThanOrEqual(900);
    expect(log.sizeBytes).toBeLessThan(900 + 500);
    // Everything is old enough: the segment that appends go to is left behind, and goes, too.
    log.updateConfig(config({ segmentBytes: 500, retentionMs: 1 }));
    await log.applyRetention(1_000_000, Offset(20));
    expect(log).toMatchObject({ logStartOffset: 20, endOffset: 20, sizeBytes: 0 });
    await appendAll(log, 2);
    expect(await readAll(log)).toHaveLength(2);
    await directory.close();
  });

  test('stay for ever under an empty or a compacting cleanup policy', async () => {
    const { withLog } = world();
    for (const compact of [false, true]) {
      const { directory, log } = await withLog({
        segmentBytes: 500,
        retentionMs: 1,
        retentionBytes: 1,
        cleanupPolicy: { delete: false, compact },
      });
      await appendAll(log, 10);
      expect(await log.applyRetention(1e12, Offset(10))).toBe(0);
      await log.raiseLogStart(Offset(8));
      await log.applyRetention(1e12, Offset(10));
      expect(await readAll(log)).toHaveLength(2);
      await directory.deleteLog(TOPIC, partition(0));
      await directory.close();
    }
  });

  test('are read with few files open', async () => {
    const { withLog } = world();
    const { directory, log } = await withLog(
      { segmentBytes: 300 },
      { limits: { openFiles: 3 }, memory: { tailBytes: 0 } },
    );
    const batches = await appendAll(log, 60);
    await log.flush();
    expect(log.segmentCount).toBeGreaterThan(10);
    for (let round = 0; round < 3; round++)
      expect(await readAll(log)).toEqual(batches.map((batch) => batch.bytes));
    await directory.close();
  });
});

describe('a log', () => {
  test('visits headers from any offset, on disk and in memory', async () => {
    const { withLog } = world();
    const { directory, log } = await withLog({ segmentBytes: 500 }, { memory: { tailBytes: 300 } });
    await appendAll(log, 20, { records: 2 });
    const seen: number[] = [];
    await log.scanHeaders(Offset(7), (bytes, at) => seen.push(baseOffsetOf(bytes, at)));
    expect(seen).toEqual(Array.from({ length: 17 }, (_, index) => 6 + 2 * index));
    await directory.close();
  });

  test('keeps the newest producer snapshots, and none of what was truncated', async () => {
    const { open, disk, withLog } = world();
    const { log } = await withLog({});
    await appendAll(log, 10);
    for (const offset of [3, 5, 8])
      await log.writeProducerSnapshot(Offset(offset), Buffer.from(`state at ${offset}`));
    expect(await log.latestProducerSnapshot(Offset(7))).toEqual({
      offset: 5,
      bytes: Buffer.from('state at 5'),
    });
    expect(await log.latestProducerSnapshot(Offset(4))).toBeUndefined();
    await log.truncateTo(Offset(6));
    expect((await log.latestProducerSnapshot(Offset(10)))?.offset).toBe(5);
    disk.crash('kill');
    const again = await open();
    expect((await again.log(TOPIC, partition(0))!.latestProducerSnapshot(Offset(10)))?.offset).toBe(5);
    await again.close();
  });

  test('changes its flush policy without losing what is appended meanwhile', async () => {
    const { open, disk, withLog } = world();
    const { directory, log } = await withLog({});
    await appendAll(log, 3);
    for (const flushPolicy of ['replication', 'ack', 'replication'] as const) {
      log.updateConfig(config({ flushPolicy }));
      await appendAll(log, 3);
    }
    expect(await readAll(log)).toHaveLength(12);
    await log.flush();
    await directory.close();
    disk.crash('power');
    const again = await open();
    expect(await readAll(again.log(TOPIC, partition(0))!)).toHaveLength(12);
    await again.close();
  });

  test('resets to an offset beyond its end, and to one below its start', async () => {
    const { open, disk, withLog } = world();
    const { log } = await withLog({});
    await appendAll(log, 5);
    await log.resetTo(Offset(100));
    expect(log).toMatchObject({ logStartOffset: 100, endOffset: 100, sizeBytes: 0 });
    await appendAll(log, 2);
    expect(await log.truncateTo(Offset(40))).toBe(40);
    const batches = await appendAll(log, 2);
    disk.crash('power');
    const again = await open();
    const found = again.log(TOPIC, partition(0))!;
    expect(found.logStartOffset).toBe(40);
    expect(await readAll(found)).toEqual(batches.map((batch) => batch.bytes));
    await again.close();
  });
});
