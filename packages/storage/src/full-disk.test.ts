import { BrokerEpoch, Offset, SeededRandom, hasCode, silentLogger } from '@kafkaesque/kernel';
import { baseOffsetOf, computeCrc } from '@kafkaesque/protocol';
import { Scheduler, SimulatedDisk, VirtualClock } from '@kafkaesque/sim';
import type { AppendBatch, FlushPolicy, Log } from './log';
import type { LogDirectory } from './log-directory';
import {
  OTHER_TOPIC,
  PATH,
  TOPIC,
  appendAll,
  batchAt,
  config,
  durable,
  openTestDirectory,
  partition,
  readAll,
} from './testing/test-directory';

const CAPACITY_BYTES = 4 << 20;
const RESERVE_BYTES = CAPACITY_BYTES / 32;
const VALUE_BYTES = 20_000;

const testWorld = () => {
  const scheduler = new Scheduler();
  const disk = new SimulatedDisk({
    random: new SeededRandom(1, 'disk'),
    capacityBytes: CAPACITY_BYTES,
  });
  const clock = new VirtualClock({ scheduler });
  const said: string[] = [];
  const logger = {
    ...silentLogger,
    info: (message: string) => said.push(message),
    warn: (message: string) => said.push(message),
    error: (message: string) => said.push(message),
  };
  return {
    disk,
    scheduler,
    said,
    open: (reserveBytes = 64 << 20) =>
      openTestDirectory(disk.mount(), clock, {
        logger,
        limits: { journalFileBytes: 300_000, reserveBytes, segmentWriteBytes: 100_000 },
      }),
    /** Lets time pass until it is so. */
    until: async (isSo: () => boolean) => {
      for (let turns = 0; !isSo(); turns += 1) {
        if (turns > 10_000) throw new Error('it never comes so far');
        await scheduler.run({ until: isSo, maximumEvents: 1 });
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
};
type World = ReturnType<typeof testWorld>;

const reserveIn = ({ disk }: World): number =>
  disk.files().find(({ path }) => path === `${PATH}/reserve`)?.sizeBytes ?? 0;

const newLog = (
  directory: LogDirectory,
  flushPolicy: FlushPolicy = 'ack',
  topic = TOPIC,
  retentionBytes = -1,
): Log =>
  directory.createLog(
    topic,
    partition(0),
    config({ flushPolicy, segmentBytes: 300_000, retentionBytes, retentionMs: -1 }),
  );

/** Appends until nothing more is taken; gives what was acknowledged. */
const fill = async (log: Log): Promise<AppendBatch[]> => {
  const kept: AppendBatch[] = [];
  for (;;) {
    const batch = batchAt(log.endOffset, { valueBytes: VALUE_BYTES });
    try {
      log.append([batch]);
      await durable(log);
    } catch {
      return kept;
    }
    kept.push(batch);
  }
};

/** Offset and checksum of each batch; of what is read, the checksum that its bytes have. */
const sums = (batches: readonly Buffer[]): string[] =>
  batches.map((bytes) => `${baseOffsetOf(bytes)}: ${computeCrc(bytes)}`);
const sumsOf = (batches: readonly AppendBatch[]): string[] => sums(batches.map(({ bytes }) => bytes));
const shown = async (log: Log | undefined): Promise<string[]> =>
  log === undefined ? [] : sums(await readAll(log));

describe.each(['ack', 'replication'] as const)('a full disk (flush.policy=%s)', (flushPolicy) => {
  test('takes no records, shows what there is, and takes records again once a deletion has given room', async () => {
    const world = testWorld();
    const directory = await world.open();
    const kept = newLog(directory, flushPolicy, OTHER_TOPIC);
    const keptBatches = await appendAll(kept, 10, { valueBytes: VALUE_BYTES });
    const log = newLog(directory, flushPolicy);
    const batches = await fill(log);
    expect(directory.isFull).toBe(true);
    expect(world.said).toEqual([expect.stringContaining('the disk is full')]);
    expect(() => kept.append([batchAt(kept.endOffset)])).toThrow(/is full/);
    await log.repair();
    expect(log.endOffset).toBe(batches.length);
    expect(await shown(log)).toEqual(sumsOf(batches));

    await directory.deleteLog(TOPIC, partition(0));
    await world.until(() => !directory.isFull);
    expect(reserveIn(world)).toBe(RESERVE_BYTES);
    expect(world.said.at(-1)).toContain('there is room on the disk again');
    const more = await appendAll(kept, 10, { valueBytes: VALUE_BYTES });
    world.disk.crash('kill');
    const after = await world.open();
    expect(after.log(TOPIC, partition(0))).toBeUndefined();
    const found = after.log(OTHER_TOPIC, partition(0));
    expect(await shown(found)).toEqual(sumsOf([...keptBatches, ...more]));
  });

  test.each(['retention', 'deleted records'])('gets room from %s', async (what) => {
    const world = testWorld();
    const directory = await world.open();
    const log = newLog(directory, flushPolicy, TOPIC, 600_000);
    const batches = await fill(log);
    await log.repair();
    if (what === 'retention') await log.applyRetention(0, log.durableEndOffset);
    else await log.raiseLogStart(Offset(batches.length - 10));
    await world.until(() => !directory.isFull);
    const more = await appendAll(log, 10, { valueBytes: VALUE_BYTES, epoch: 1 });
    expect(log.logStartOffset).toBeGreaterThan(0);
    expect(await shown(log)).toEqual(sumsOf([...batches.slice(log.logStartOffset), ...more]));
  });

  test('gets room from a truncation', async () => {
    const world = testWorld();
    const directory = await world.open();
    const log = newLog(directory, flushPolicy);
    const batches = await fill(log);
    await log.repair();
    await log.truncateTo(Offset(5));
    await world.until(() => !directory.isFull);
    const more = await appendAll(log, 10, { valueBytes: VALUE_BYTES, epoch: 1 });
    expect(await shown(log)).toEqual(sumsOf([...batches.slice(0, 5), ...more]));
  });

  test('is stopped cleanly', async () => {
    const world = testWorld();
    const directory = await world.open();
    const batches = await fill(newLog(directory, flushPolicy));
    await directory.close({ brokerEpoch: BrokerEpoch(3) });
    world.disk.resize(2 * CAPACITY_BYTES);
    const after = await world.open();
    expect(after.report).toMatchObject({ cleanShutdown: true, scannedBytes: 0, suspectLogs: 0 });
    const log = after.log(TOPIC, partition(0));
    expect(await shown(log)).toEqual(sumsOf(batches));
  });

  test('lets a node start, and delete', async () => {
    const world = testWorld();
    const directory = await world.open();
    const batches = await fill(newLog(directory, flushPolicy));
    world.disk.crash('kill');
    const usedBytes = world.disk.files().reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
    world.disk.resize(usedBytes + RESERVE_BYTES / 2);
    const after = await world.open();
    const log = after.log(TOPIC, partition(0));
    expect(await shown(log)).toEqual(sumsOf(batches));
    expect(after.isFull).toBe(true);
    await after.deleteLog(TOPIC, partition(0));
    await world.until(() => !after.isFull);
    await appendAll(newLog(after, flushPolicy, OTHER_TOPIC), 10, { valueBytes: VALUE_BYTES });
  });

  test('without a reserve is told by failures, and a stop leaves the rest to the next start', async () => {
    const world = testWorld();
    const directory = await world.open(0);
    const log = newLog(directory, flushPolicy);
    const batches = await fill(log);
    expect(directory.isFull).toBe(false);
    expect(hasCode(log.failure, 'ENOSPC')).toBe(true);
    await directory.close({ brokerEpoch: BrokerEpoch(3) });
    world.disk.resize(2 * CAPACITY_BYTES);
    const after = await world.open(0);
    const found = after.log(TOPIC, partition(0));
    expect(await shown(found)).toEqual(sumsOf(batches));
  });
});

test('room that others take is no reason to take records, and room that others give is', async () => {
  const world = testWorld();
  const directory = await world.open();
  const log = newLog(directory);
  await appendAll(log, 10, { valueBytes: VALUE_BYTES });
  world.disk.resize(1);
  expect(await fill(log)).toEqual([]);
  await expect(log.repair()).rejects.toMatchObject({ code: 'ENOSPC' });
  await world.scheduler.run({ untilMs: 10_000 });
  expect(directory.isFull).toBe(true);
  world.disk.resize(CAPACITY_BYTES);
  await world.until(() => !directory.isFull);
  await log.repair();
  await appendAll(log, 10, { valueBytes: VALUE_BYTES, epoch: 1 });
  expect(log.endOffset).toBe(20);
});

test('nothing is kept back before as much has been taken, where there is plenty', async () => {
  const world = testWorld();
  const directory = await world.open();
  const log = newLog(directory);
  await appendAll(log, 1);
  expect(reserveIn(world)).toBe(0);
  while (log.sizeBytes < RESERVE_BYTES) await appendAll(log, 1, { valueBytes: VALUE_BYTES });
  await world.until(() => reserveIn(world) === RESERVE_BYTES);
});
