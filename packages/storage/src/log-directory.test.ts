import { BrokerEpoch, Offset, SeededRandom } from '@kafkaesque/kernel';
import { Scheduler, SimulatedDisk, VirtualClock } from '@kafkaesque/sim';
import {
  TOPIC,
  appendAll,
  batchAt,
  config,
  durable,
  partition,
  readAll,
  openTestDirectory,
  testPool,
} from './testing/test-directory';
import type { TestOptions } from './testing/test-directory';

const testWorld = () => {
  const disk = new SimulatedDisk({ random: new SeededRandom(1, 'disk') });
  const scheduler = new Scheduler();
  const clock = new VirtualClock({ scheduler });
  const pool = testPool();
  return {
    disk,
    pool,
    scheduler,
    open: (options: TestOptions = {}) => openTestDirectory(disk.mount(), clock, { pool, ...options }),
  };
};

describe('a log directory', () => {
  test.each(['ack', 'replication'] as const)(
    'reads back what was appended with flush.policy=%s',
    async (flushPolicy) => {
      const world = testWorld();
      const directory = await world.open();
      const log = directory.createLog(TOPIC, partition(0), config({ flushPolicy }));
      const batches = await appendAll(log, 20, { records: 3 });
      expect(log.endOffset).toBe(60);
      expect(await readAll(log)).toEqual(batches.map((batch) => batch.bytes));
      expect(await readAll(log, 31)).toEqual(batches.slice(10).map((batch) => batch.bytes));
      await directory.close({ brokerEpoch: BrokerEpoch(7) });
      expect(world.pool.leasedBytes).toBeLessThanOrEqual(1 << 20);
    },
  );

  test.each(['ack', 'replication'] as const)(
    'finds it again after a clean stop without scanning (%s)',
    async (flushPolicy) => {
      const world = testWorld();
      const first = await world.open();
      const batches = await appendAll(first.createLog(TOPIC, partition(0), config({ flushPolicy })), 50, {
        records: 2,
      });
      await first.close({ brokerEpoch: BrokerEpoch(7) });
      const second = await world.open();
      expect(second.previousBrokerEpoch).toBe(7);
      expect(second.report).toMatchObject({ cleanShutdown: true, scannedBytes: 0, logs: 1, suspectLogs: 0 });
      const log = second.log(TOPIC, partition(0))!;
      expect(await readAll(log)).toEqual(batches.map((batch) => batch.bytes));
      const more = await appendAll(log, 5);
      expect(await readAll(log, 100)).toEqual(more.map((batch) => batch.bytes));
      await second.close();
    },
  );

  test.each(['kill', 'power'] as const)('keeps everything acknowledged after %s', async (kind) => {
    const world = testWorld();
    const first = await world.open();
    const log = first.createLog(TOPIC, partition(0), config());
    const batches = await appendAll(log, 50, { records: 2 });
    log.append([batchAt(100)]);
    world.disk.crash(kind);
    const second = await world.open();
    expect(second.previousBrokerEpoch).toBe(-1);
    const recovered = second.log(TOPIC, partition(0))!;
    expect(recovered.endOffset).toBeGreaterThanOrEqual(100);
    expect((await readAll(recovered)).slice(0, 50)).toEqual(batches.map((batch) => batch.bytes));
    await second.close();
  });

  test('rolls segments, and truncates across them', async () => {
    const world = testWorld();
    const directory = await world.open({ memory: { tailBytes: 2000 } });
    const log = directory.createLog(TOPIC, partition(0), config({ segmentBytes: 1000 }));
    const batches = await appendAll(log, 40);
    expect(log.segmentCount).toBeGreaterThan(3);
    expect(await log.truncateTo(Offset(15))).toBe(15);
    expect(log.endOffset).toBe(15);
    expect(await readAll(log)).toEqual(batches.slice(0, 15).map((batch) => batch.bytes));
    const more = await appendAll(log, 3, { epoch: 2, text: 'new' });
    world.disk.crash('power');
    const again = await world.open();
    const recovered = again.log(TOPIC, partition(0))!;
    expect(await readAll(recovered)).toEqual([...batches.slice(0, 15), ...more].map((batch) => batch.bytes));
    expect(recovered.epochs).toEqual([
      { leaderEpoch: 0, startOffset: 0 },
      { leaderEpoch: 2, startOffset: 15 },
    ]);
    await again.close();
  });

  test('deletes a log for good, and a new one of the same name is empty', async () => {
    const world = testWorld();
    const directory = await world.open();
    await appendAll(directory.createLog(TOPIC, partition(0), config()), 10);
    await directory.deleteLog(TOPIC, partition(0));
    expect(directory.log(TOPIC, partition(0))).toBeUndefined();
    const log = directory.createLog(TOPIC, partition(0), config());
    expect(log.endOffset).toBe(0);
    const batches = await appendAll(log, 2, { text: 'other' });
    world.disk.crash('power');
    const again = await world.open();
    expect(await readAll(again.log(TOPIC, partition(0))!)).toEqual(batches.map((batch) => batch.bytes));
    await again.close();
  });

  test('leaves no timer behind when it is closed, though deleted files are still to be removed', async () => {
    const world = testWorld();
    const directory = await world.open({ memory: { tailBytes: 2000 } });
    const log = directory.createLog(
      TOPIC,
      partition(0),
      config({ segmentBytes: 1000, flushPolicy: 'replication' }),
    );
    await appendAll(log, 40);
    await log.raiseLogStart(Offset(25));
    await directory.deleteLog(TOPIC, partition(0));
    expect(world.scheduler.waitingCount).toBeGreaterThan(0);
    await directory.close({ brokerEpoch: BrokerEpoch(7) });
    expect(world.scheduler.waitingCount).toBe(0);
  });

  test('raises the log start', async () => {
    const world = testWorld();
    const directory = await world.open();
    const log = directory.createLog(TOPIC, partition(0), config({ segmentBytes: 1000 }));
    const batches = await appendAll(log, 40);
    await log.raiseLogStart(Offset(25));
    expect(log.logStartOffset).toBe(25);
    world.disk.crash('power');
    const again = await world.open();
    const recovered = again.log(TOPIC, partition(0))!;
    expect(recovered.logStartOffset).toBe(25);
    expect(await readAll(recovered)).toEqual(batches.slice(25).map((batch) => batch.bytes));
    expect(() => recovered.read(Offset(24), Offset(40), 100, { atLeastOne: true })).toThrow(/not within/);
    await recovered.raiseLogStart(Offset(40));
    expect(recovered.segmentCount).toBe(1);
    await appendAll(recovered, 1);
    await durable(recovered);
    expect(recovered.endOffset).toBe(41);
    await again.close();
  });
});
