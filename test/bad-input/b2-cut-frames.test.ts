import { apis, encodeRequestFrame } from '@kafkaesque/protocol';
import { int32 } from './bytes';
import { LeapingClock, PATIENT_CONTROLLER } from './leaping-clock';
import type { Target } from './target';
import { onlyOurs, openTarget } from './target';
import type { CreatedTopic } from './topics';
import { createTopic, endOffset, goodBatch } from './topics';

/** Every cut within the reader is proved in `transport/src/tcp/listener.test.ts`; here the whole server hears them. */
const clock = new LeapingClock();
let target: Target;
let topic: CreatedTopic;
beforeAll(async () => {
  target = await openTarget({ properties: PATIENT_CONTROLLER, world: { clock } });
  await using client = await target.connect();
  topic = await createTopic(client);
});
afterAll(() => target[Symbol.asyncDispose]());

/** A request that leaves a trace when it is handled. */
const produceRequest = (): Buffer =>
  Buffer.concat(
    encodeRequestFrame(apis.Produce, 7, 1, 'bad-input', {
      transactionalId: null,
      acks: 1,
      timeoutMs: 30_000,
      topicData: [{ name: topic.name, partitionData: [{ index: 0, records: goodBatch() }] }],
    }),
  );

const cutsOf = (bytes: Buffer): readonly Buffer[] =>
  Array.from({ length: bytes.length - 1 }, (_, index) => bytes.subarray(0, index + 1));

const recordsSoFar = async (): Promise<number> => {
  await using client = await target.connect();
  return await endOffset(client, topic);
};

test('B2: a frame cut at every byte, then FIN, is not handled, and the connection closes', async () => {
  const before = await recordsSoFar();
  for (const start of cutsOf(produceRequest())) {
    await using client = await target.connect();
    await client.send(start);
    await client.finish();
    expect(client.unreadBytes).toBe(0);
  }
  expect(await recordsSoFar()).toBe(before);
});

test('B2: a frame cut at every byte, then RST, is not handled', async () => {
  const before = await recordsSoFar();
  for (const start of cutsOf(produceRequest())) {
    await using client = await target.connect();
    await client.send(start);
    await client.reset();
  }
  expect(await recordsSoFar()).toBe(before);
});

test('B2: a frame in two pieces, cut at every byte, is handled once', async () => {
  const before = await recordsSoFar();
  const request = produceRequest();
  await using client = await target.connect();
  for (const start of cutsOf(request)) {
    await client.send(start);
    // The pieces travel apart only if the loop turns in between.
    await new Promise((resolve) => setImmediate(resolve));
    await client.send(request.subarray(start.length));
    expect(await client.receive()).toBeDefined();
  }
  expect(await recordsSoFar()).toBe(before + request.length - 1);
});

onlyOurs(
  'B2: a frame cut at every byte, then silence, is closed at the deadline and not handled',
  async () => {
    const before = await recordsSoFar();
    const starts = cutsOf(produceRequest());
    const stalled = await Promise.all(starts.map(() => target.connect()));
    await Promise.all(stalled.map((client, index) => client.send(starts[index] ?? Buffer.alloc(0))));
    await using idle = await target.connect();
    await idle.ask('ApiVersions', 0, {});
    expect(await target.isServing()).toBe(true);
    // The deadline counts from when the server has seen the bytes: leap until all have gone.
    while (stalled.some(({ isClosed }) => !isClosed)) {
      clock.leap(1_000);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    // Who is between two frames may be silent.
    expect((await idle.ask('ApiVersions', 0, {})).errorCode).toBe(0);
    expect(await recordsSoFar()).toBe(before);
  },
);

onlyOurs('B2: large frames that were given up leave nothing behind', async () => {
  const start = Buffer.concat([int32(2 * 1024 * 1024), Buffer.alloc(1024 * 1024)]);
  const rounds = async (count: number): Promise<void> => {
    for (let round = 0; round < count; round += 1) {
      const clients = await Promise.all(Array.from({ length: 8 }, () => target.connect()));
      await Promise.all(clients.map((client) => client.send(start)));
      await Promise.all(clients.map((client, index) => (index % 2 === 0 ? client.finish() : client.reset())));
    }
  };
  await rounds(3);
  const before = process.memoryUsage().rss;
  await rounds(10);
  // 160 MiB went through; what a leak of frames would leave is half of that.
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
});
