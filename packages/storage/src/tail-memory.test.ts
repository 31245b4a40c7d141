import { BrokerEpoch, Offset, SeededRandom } from '@kafkaesque/kernel';
import { Scheduler, SimulatedDisk, VirtualClock } from '@kafkaesque/sim';
import { BATCH_OVERHEAD_BYTES, openTailMemory } from './tail-memory';
import {
  OTHER_TOPIC,
  TOPIC,
  appendAll,
  batchAt,
  config,
  durable,
  openTestDirectory,
  partition,
  readAll,
  testPool,
} from './testing/test-directory';

const world = () => {
  const disk = new SimulatedDisk({ random: new SeededRandom(1, 'disk') });
  return { disk, clock: new VirtualClock({ scheduler: new Scheduler() }), pool: testPool() };
};

describe('the tail', () => {
  test('answers readers without the disk and without copying, in slices that follow one another', async () => {
    const { disk, clock, pool } = world();
    const directory = await openTestDirectory(disk.mount(), clock, { pool });
    const log = directory.createLog(TOPIC, partition(0), config());
    const batches = await appendAll(log, 10);
    const operations = disk.counts.operations;
    const slices = log.read(Offset(0), Offset(10), 1 << 20, { atLeastOne: true });
    if (slices instanceof Promise) throw new Error('the tail answers at once');
    expect(disk.counts.operations).toBe(operations);
    expect(slices).toMatchObject({ firstOffset: 0, nextOffset: 10 });
    // Ten small batches stand one behind the other in one slab: one part.
    expect(slices.parts).toHaveLength(1);
    expect(Buffer.concat(slices.parts)).toEqual(Buffer.concat(batches.map((batch) => batch.bytes)));
    slices.release();
    expect(() => slices.release()).toThrow(/released once/);
    await directory.close();
  });

  test('returns whole batches only, at least one if asked, none that reaches the limit', async () => {
    const { disk, clock, pool } = world();
    const directory = await openTestDirectory(disk.mount(), clock, { pool });
    const log = directory.createLog(TOPIC, partition(0), config());
    const sizes = (await appendAll(log, 3, { records: 10 })).map((batch) => batch.bytes.length);
    const read = async (from: number, upTo: number, maxBytes: number, atLeastOne: boolean) => {
      const slices = await log.read(Offset(from), Offset(upTo), maxBytes, { atLeastOne });
      const shown = { first: slices.firstOffset, next: slices.nextOffset, sizeBytes: slices.sizeBytes };
      slices.release();
      return shown;
    };
    expect(await read(13, 30, 1, true)).toEqual({ first: 10, next: 20, sizeBytes: sizes[1] });
    expect(await read(13, 30, 1, false)).toEqual({ first: 13, next: 13, sizeBytes: 0 });
    expect(await read(0, 20, 1 << 20, true)).toEqual({
      first: 0,
      next: 20,
      sizeBytes: sizes[0]! + sizes[1]!,
    });
    expect(await read(0, 15, 1 << 20, true)).toEqual({ first: 0, next: 10, sizeBytes: sizes[0] });
    expect(await read(30, 30, 1 << 20, true)).toEqual({ first: 30, next: 30, sizeBytes: 0 });
    expect(() => log.read(Offset(31), Offset(40), 1, { atLeastOne: true })).toThrow(/not within/);
    await directory.close();
  });

  test('stays within its budget over all logs, the oldest batch of any going first', async () => {
    const { disk, clock, pool } = world();
    const tailMemory = openTailMemory(pool, { tailBytes: 3000, pendingBytes: 100 });
    const directory = await openTestDirectory(disk.mount(), clock, { pool, tailMemory });
    const logs = [TOPIC, OTHER_TOPIC].map((topic) => directory.createLog(topic, partition(0), config()));
    const batches = [];
    for (let round = 0; round < 20; round++)
      for (const log of logs) batches.push(...(await appendAll(log, 1, { valueBytes: 200 })));
    for (const log of logs) await log.flush();
    expect(tailMemory.tailBytes).toBeLessThanOrEqual(3000);
    expect(tailMemory.tailBytes).toBeGreaterThan(2000);
    expect(tailMemory.pendingBytes).toBe(0);
    for (const log of logs) expect(await readAll(log)).toHaveLength(20);
    await directory.close({ brokerEpoch: BrokerEpoch(1) });
    expect(tailMemory.tailBytes).toBe(0);
  });

  test('counts what a batch takes beside its bytes: many small ones are no way around the budget', async () => {
    const { disk, clock, pool } = world();
    const tailBytes = 100 * BATCH_OVERHEAD_BYTES;
    const tailMemory = openTailMemory(pool, { tailBytes, pendingBytes: 1 << 20 });
    const directory = await openTestDirectory(disk.mount(), clock, { pool, tailMemory });
    const log = directory.createLog(TOPIC, partition(0), config());
    const batches = await appendAll(log, 300);
    await log.flush();
    const sizes = batches.map(({ bytes }) => bytes.length + BATCH_OVERHEAD_BYTES);
    const kept = sizes.toReversed().reduce((sum, size) => (sum + size > tailBytes ? sum : sum + size), 0);
    expect(tailMemory.tailBytes).toBe(kept);
    await directory.close({ brokerEpoch: BrokerEpoch(1) });
  });

  test('keeps the buffer of a large batch, and gives every buffer back in the end', async () => {
    const { disk, clock, pool } = world();
    const directory = await openTestDirectory(disk.mount(), clock, { pool });
    const log = directory.createLog(TOPIC, partition(0), config());
    const large = batchAt(0, { valueBytes: 100_000 });
    const lease = pool.acquire(large.bytes.length);
    large.bytes.copy(lease.buffer);
    log.append([{ ...large, bytes: lease.buffer.subarray(0, large.bytes.length), lease }]);
    lease.release();
    await durable(log);
    const slices = await log.read(Offset(0), Offset(1), 1, { atLeastOne: true });
    expect(slices.parts[0]!.buffer).toBe(lease.buffer.buffer);
    slices.release();
    // In a frame many times larger it is copied, so that a tail does not pin what it does not show.
    const frame = pool.acquire(1 << 20);
    const second = batchAt(1, { valueBytes: 100_000 });
    second.bytes.copy(frame.buffer);
    log.append([{ ...second, bytes: frame.buffer.subarray(0, second.bytes.length), lease: frame }]);
    frame.release();
    await durable(log);
    expect(await readAll(log)).toEqual([large.bytes, second.bytes]);
    await directory.close({ brokerEpoch: BrokerEpoch(1) });
    expect(pool.leasedBytes).toBe(0);
  });
});
