import { ErrorCode } from '@kafkaesque/protocol';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import type { BadClient } from '../bad-input/client';
import { batchOf, connectTo, createdTopic, fetched, listed, produced } from './node-client';

const SEGMENT_BYTES = 1 << 20;
const VALUE = 'v'.repeat(64 * 1024);
const HOUR_MS = 3_600_000;
/** Times of ListOffsets. */
const EARLIEST = -2;
const LATEST = -1;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await createCluster({
    properties: { 'log.initial.task.delay.ms': 20, 'log.retention.check.interval.ms': 20 },
  });
});
afterAll(() => cluster.close());

const send = async (client: BadClient, topic: string, timestampMs: number): Promise<number> => {
  const { errorCode, baseOffset } = await produced(client, topic, batchOf([VALUE], { timestampMs }));
  expect(errorCode).toBe(ErrorCode.NONE);
  return baseOffset;
};
const BATCH_BYTES = batchOf([VALUE]).length;
const BATCHES_PER_SEGMENT = Math.floor(SEGMENT_BYTES / BATCH_BYTES);

const startOf = async (client: BadClient, topic: string): Promise<number> =>
  (await listed(client, topic, EARLIEST)).offset;

/** Reads to `end`; where what it wants is gone it goes on at the first that is there. Gives the offsets, and how often. */
const readTo = async (
  client: BadClient,
  topic: string,
  end: number,
): Promise<{ readonly offsets: readonly number[]; readonly resets: number }> => {
  const offsets: number[] = [];
  let resets = 0;
  for (let next = 0; next < end;) {
    const { errorCode, records } = await fetched(client, topic, next, { maxWaitMs: 100, maxBytes: 1 });
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      resets += 1;
      const start = await startOf(client, topic);
      expect(start).toBeGreaterThan(next);
      next = start;
      continue;
    }
    expect(errorCode).toBe(ErrorCode.NONE);
    if (records === null || records.length === 0) continue;
    // One record a batch, one batch an answer.
    expect(Number(records.readBigInt64BE(0))).toBe(next);
    offsets.push(next);
    next += 1;
  }
  return { offsets, resets };
};

test('retention.bytes holds within one segment while records come in, and a reader that is too slow recovers', async () => {
  const retentionBytes = 2 * SEGMENT_BYTES;
  const topic = 'limited-by-size';
  await using producer = await connectTo(cluster);
  await using other = await connectTo(cluster);
  await createdTopic(producer, topic, {
    ...{ 'segment.bytes': String(SEGMENT_BYTES), 'retention.bytes': String(retentionBytes) },
    'retention.ms': '-1',
  });
  const batches = 10 * BATCHES_PER_SEGMENT;
  for (let at = 0; at < batches; at += 1) {
    expect(await send(producer, topic, 1_000)).toBe(at);
    // Never too little: what is kept is at least what was promised, or everything.
    const start = await startOf(other, topic);
    expect(start === 0 || (at + 1 - start) * BATCH_BYTES >= retentionBytes).toBe(true);
  }
  // Never too much for long: at the next check no whole segment lies beyond the limit.
  const kept = async (): Promise<number> => (batches - (await startOf(other, topic))) * BATCH_BYTES;
  while ((await kept()) >= retentionBytes + SEGMENT_BYTES);
  expect(await kept()).toBeGreaterThanOrEqual(retentionBytes);
  expect((await fetched(other, topic, 0)).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE);
  const { offsets, resets } = await readTo(other, topic, batches);
  expect(resets).toBe(1);
  expect(offsets.at(-1)).toBe(batches - 1);
  expect((await listed(other, topic, LATEST)).offset).toBe(batches);
});

test('retention.ms holds within one segment: what is young stays, across a restart too', async () => {
  const topic = 'limited-by-time';
  const old = 3 * BATCHES_PER_SEGMENT;
  {
    await using client = await connectTo(cluster);
    await createdTopic(client, topic, {
      'segment.bytes': String(SEGMENT_BYTES),
      'retention.ms': String(HOUR_MS),
    });
    // The young one keeps its segment, and the old ones in it.
    for (let at = 0; at < old; at += 1) await send(client, topic, Date.now() - 2 * HOUR_MS);
    const firstYoung = await send(client, topic, Date.now());
    for (let at = 0; at < BATCHES_PER_SEGMENT; at += 1) await send(client, topic, Date.now());
    while ((await startOf(client, topic)) <= firstYoung - BATCHES_PER_SEGMENT);
    expect(await startOf(client, topic)).toBeLessThanOrEqual(firstYoung);
    expect((await fetched(client, topic, firstYoung)).errorCode).toBe(ErrorCode.NONE);
  }
  await cluster.restart('crash');
  await using client = await connectTo(cluster);
  const start = await startOf(client, topic);
  expect([start > 0, start <= old + 1]).toEqual([true, true]);
  const { offsets } = await readTo(client, topic, old + 1 + BATCHES_PER_SEGMENT);
  expect(offsets).toEqual(
    Array.from({ length: old + 1 + BATCHES_PER_SEGMENT - start }, (_, at) => start + at),
  );
});
