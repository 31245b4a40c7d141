import { BrokerEpoch, Offset, SeededRandom, hasCode } from '@kafkaesque/kernel';
import { batchSizeBytes } from '@kafkaesque/protocol';
import { Scheduler, SimulatedDisk, VirtualClock } from '@kafkaesque/sim';
import { CHECK_AGAIN_AFTER_MS } from './checked-ranges';
import type { Log } from './log';
import type { LogDirectory } from './log-directory';
import {
  TOPIC,
  appendAll,
  config,
  openTestDirectory,
  partition,
  readAll,
  readable,
  testPool,
} from './testing/test-directory';

const scheduler = new Scheduler();
const clock = new VirtualClock({ scheduler });
const pool = testPool();
const open = (disk: SimulatedDisk): Promise<LogDirectory> =>
  openTestDirectory(disk.mount(), clock, { pool, limits: { unsyncedBytes: 100_000 } });

/** A log with ten rounds in the journal, none of them settled; sealed or not. */
const written = async (ending: 'sealed' | 'unsealed' | 'clean stop') => {
  const disk = new SimulatedDisk({ random: new SeededRandom(3, 'disk') });
  const directory = await open(disk);
  const log = directory.createLog(TOPIC, partition(0), config());
  const batches: Buffer[] = [];
  for (let round = 0; round < 10; round++)
    batches.push(...(await appendAll(log, 1, { epoch: round >> 1 })).map((batch) => batch.bytes));
  if (ending === 'sealed') await scheduler.run({ untilMs: scheduler.nowMs + 150 });
  if (ending === 'clean stop') await directory.close({ brokerEpoch: BrokerEpoch(1) });
  disk.crash('kill');
  return { disk, image: disk.snapshot(), batches };
};

const pathsOf = (disk: SimulatedDisk, ending: string): readonly { path: string; sizeBytes: number }[] =>
  disk.files().filter((file) => file.path.endsWith(ending));

describe('a flipped bit in the journal', () => {
  test('is told from a torn write, and makes suspect, wherever a seal follows', async () => {
    const { disk, image, batches } = await written('sealed');
    const [journal] = pathsOf(disk, '.journal');
    let suspects = 0;
    for (let at = 0; at < journal!.sizeBytes; at += 11) {
      disk.restore(image);
      disk.flip(journal!.path, at);
      const directory = await open(disk);
      const log = directory.log(TOPIC, partition(0))!;
      if (log.suspect === undefined) {
        // Only the seal itself may be taken for torn: nothing was acknowledged by it.
        expect(await readAll(log)).toEqual(batches);
        expect(directory.report.corruption).toEqual([]);
        expect(at).toBeGreaterThanOrEqual(journal!.sizeBytes - 100);
      } else {
        suspects += 1;
        expect(directory.report.corruption).not.toEqual([]);
        expect(disk.files().some((file) => file.path.endsWith('.journal.damaged'))).toBe(true);
      }
      await directory.close();
    }
    expect(suspects).toBeGreaterThan(50);
  });

  test('costs at most the last round where no seal followed, and that is counted', async () => {
    const { disk, image, batches } = await written('unsealed');
    const [journal] = pathsOf(disk, '.journal');
    let counted = 0;
    for (let at = 0; at < journal!.sizeBytes; at += 11) {
      disk.restore(image);
      disk.flip(journal!.path, at);
      const directory = await open(disk);
      const log = directory.log(TOPIC, partition(0));
      if (log?.suspect === undefined) {
        counted += 1;
        expect(directory.report.journal.unsealedTails).toBe(1);
        expect(await readAll(log!)).toEqual(batches.slice(0, 9));
      }
      await directory.close();
    }
    expect(counted).toBeGreaterThan(5);
  });
});

describe('a flipped bit in a segment', () => {
  test('is never given to a reader', async () => {
    const { disk, image } = await written('clean stop');
    const [segment] = pathsOf(disk, '.log');
    for (let at = 0; at < segment!.sizeBytes; at += 7) {
      disk.restore(image);
      disk.flip(segment!.path, at);
      const directory = await open(disk);
      expect(await readable(directory.log(TOPIC, partition(0))!)).toBe('damaged');
      await directory.close();
    }
  });

  test('is read up to, and makes the log suspect', async () => {
    const { disk, batches } = await written('clean stop');
    const [segment] = pathsOf(disk, '.log');
    disk.flip(segment!.path, batches[0]!.length * 5 + 80);
    const directory = await open(disk);
    const log = directory.log(TOPIC, partition(0))!;
    expect(log.suspect).toBeUndefined();
    expect(await shownFrom(log, 0)).toEqual(batches.slice(0, 5));
    expect(await shownFrom(log, 5)).toBe('damaged');
    expect(log.suspect?.reason).toMatch(/is damaged near offset 5/);
    // What lies behind it is whole.
    expect(await shownFrom(log, 6)).toEqual(batches.slice(6));
    await appendAll(log, 1, { epoch: 9 });
    expect(log.endOffset).toBe(11);
    await directory.close();
  });

  test('is found by the next reader, or a minute after the last one who found all well', async () => {
    const { disk, batches } = await written('clean stop');
    const [segment] = pathsOf(disk, '.log');
    const directory = await open(disk);
    const log = directory.log(TOPIC, partition(0))!;
    expect(await readAll(log)).toEqual(batches);
    disk.flip(segment!.path, batches[0]!.length * 5 + 80);
    scheduler.after(CHECK_AGAIN_AFTER_MS, 'a minute', () => undefined);
    await scheduler.run();
    expect(await shownFrom(log, 0)).toEqual(batches.slice(0, 5));
    expect(await shownFrom(log, 5)).toBe('damaged');
    // What was found damaged vouches for nothing.
    expect(await shownFrom(log, 5)).toBe('damaged');
    await directory.close();
  });

  // Their CRC leaves these out, because brokers assign them: what stands around them speaks for them.
  test.each([
    ['base offset', [0, 5, 6, 7]],
    ['leader epoch', [12, 14, 15]],
  ])('in the %s of a batch never shows, wherever a reader begins', async (_name, bytes) => {
    const { disk, image, batches } = await written('clean stop');
    const [segment] = pathsOf(disk, '.log');
    const size = batches[0]!.length;
    let refusals = 0;
    for (const number of [0, 1, 5, 9])
      for (const byte of bytes)
        for (const bit of [0, 1, 6]) {
          disk.restore(image);
          disk.flip(segment!.path, number * size + byte, bit);
          const directory = await open(disk);
          const log = directory.log(TOPIC, partition(0))!;
          for (const from of [number, 0, 1, 5, 9]) {
            const shown = await shownFrom(log, from);
            if (shown === 'damaged') refusals += 1;
            else expect(shown).toEqual(batches.slice(from, from + shown.length));
          }
          await directory.close();
        }
    expect(refusals).toBeGreaterThan(50);
  });

  test('behind what is flushed is cut with what follows it, and behind far batches is damage', async () => {
    const disk = new SimulatedDisk({ random: new SeededRandom(4, 'disk') });
    const first = await open(disk);
    const log = first.createLog(TOPIC, partition(0), config({ flushPolicy: 'replication' }));
    const before = (await appendAll(log, 5)).map((batch) => batch.bytes);
    // A truncation leaves a checkpoint behind, which knows that the log writes directly.
    await appendAll(log, 1);
    await log.truncateTo(Offset(5));
    await appendAll(log, 80, { valueBytes: 5000 });
    disk.crash('kill');
    const image = disk.snapshot();
    const [segment] = pathsOf(disk, '.log');
    const at = before.reduce((sum, bytes) => sum + bytes.length, 0);
    disk.flip(segment!.path, at + 1000);
    const damaged = await open(disk);
    expect(damaged.log(TOPIC, partition(0))!.recovery.kind).toBe('corrupt');
    expect(() => damaged.log(TOPIC, partition(0))!.append([])).toThrow(/truncated/);
    await damaged.close();
    disk.restore(image);
    disk.flip(segment!.path, segment!.sizeBytes - 1000);
    const torn = await open(disk);
    const recovered = torn.log(TOPIC, partition(0))!;
    expect(recovered.recovery.kind).toBe('torn');
    expect(recovered.suspect).toBeUndefined();
    expect(recovered.endOffset).toBe(84);
    await torn.close();
  });
});

test('a damaged log stays suspect over restarts, until it is truncated, filled again and trusted', async () => {
  const { disk, batches } = await written('clean stop');
  const [segment] = pathsOf(disk, '.log');
  const mounted = disk.mount();
  const file = await mounted.open(segment!.path, 'write');
  await file.truncate(batches[0]!.length * 4 + 10);
  await file.sync();
  await (await open(disk)).close();
  const again = await open(disk);
  const log = again.log(TOPIC, partition(0))!;
  expect(log.suspect?.reason).toMatch(/ends at 4 and had been durable up to 10/);
  expect(await readAll(log)).toEqual(batches.slice(0, 4));
  expect(await log.truncateTo(log.endOffset)).toBe(4);
  const more = (await appendAll(log, 6, { epoch: 9 })).map((batch) => batch.bytes);
  expect(log.suspect).toBeDefined();
  await log.trust();
  disk.crash('power');
  const last = await open(disk);
  const recovered = last.log(TOPIC, partition(0))!;
  expect(recovered.suspect).toBeUndefined();
  expect(await readAll(recovered)).toEqual([...batches.slice(0, 4), ...more]);
  await last.close();
});

/** What one read from `from` on returns. */
const shownFrom = async (log: Log, from: number): Promise<readonly Buffer[] | 'damaged'> => {
  try {
    const slices = await log.read(Offset(from), log.endOffset, 1000, { atLeastOne: true });
    const bytes = Buffer.concat(slices.parts);
    slices.release();
    const batches: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += batchSizeBytes(bytes, at))
      batches.push(bytes.subarray(at, at + batchSizeBytes(bytes, at)));
    return batches;
  } catch (cause) {
    if (hasCode(cause, 'LOG_CORRUPT')) return 'damaged';
    throw cause;
  }
};
