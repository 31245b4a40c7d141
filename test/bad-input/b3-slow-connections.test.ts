import { apis, encodeRequestFrame } from '@kafkaesque/protocol';
import type { BadClient } from './client';
import { LeapingClock, PATIENT_CONTROLLER } from './leaping-clock';
import type { Target } from './target';
import { onlyOurs, openTarget } from './target';
import { createTopic, endOffset, goodBatch, produce } from './topics';

/** Both ends live in this process: two descriptors each. */
const SLOW_CONNECTIONS = 1_000;

const clock = new LeapingClock();
let target: Target;
beforeAll(async () => {
  target = await openTarget({ properties: PATIENT_CONTROLLER, world: { clock } });
});
afterAll(() => target[Symbol.asyncDispose]());

const openSlow = async (): Promise<readonly BadClient[]> => {
  const slow: BadClient[] = [];
  while (slow.length < SLOW_CONNECTIONS) {
    slow.push(...(await Promise.all(Array.from({ length: 100 }, () => target.connect()))));
  }
  return slow;
};

const request = Buffer.concat(
  encodeRequestFrame(apis.Metadata, 12, 1, 'slow', { topics: null, allowAutoTopicCreation: false }),
);

/** The byte at this place of the request, from each of them. */
const drip = (slow: readonly BadClient[], at: number): Promise<unknown> =>
  Promise.all(slow.map((client) => client.send(request.subarray(at, at + 1))));

test('B3: a thousand connections that send a byte at a time hold nobody else up', async () => {
  const slow = await openSlow();
  await using other = await target.connect();
  const topic = await createTopic(other);
  for (let at = 0; at < request.length; at += 1) {
    await drip(slow, at);
    const { errorCode, baseOffset } = await produce(other, topic, goodBatch());
    expect([errorCode, baseOffset]).toEqual([0, at]);
  }
  expect(await endOffset(other, topic)).toBe(request.length);
  // They were slow, not wrong.
  const answers = await Promise.all(slow.map((client) => client.receive()));
  expect(answers.filter((answer) => answer?.readInt32BE(0) === 1)).toHaveLength(SLOW_CONNECTIONS);
  await Promise.all(slow.map((client) => client.reset()));
}, 30_000);

onlyOurs(
  'B3: who sends a byte a second is closed at the deadline, and nobody else is',
  async () => {
    const slow = await openSlow();
    await using other = await target.connect();
    const topic = await createTopic(other);
    await drip(slow, 0);
    for (let at = 1; slow.some(({ isClosed }) => !isClosed); at += 1) {
      // Never a whole request: the last byte stays away.
      if (at < request.length - 1) await drip(slow, at);
      clock.leap(1_000);
      expect((await produce(other, topic, goodBatch())).errorCode).toBe(0);
    }
    expect(slow.some(({ unreadBytes }) => unreadBytes > 0)).toBe(false);
    expect(other.isClosed).toBe(false);
  },
  30_000,
);

onlyOurs('B3: who connects and says nothing is closed at the deadline', async () => {
  const silent = await target.connect();
  expect(await target.isServing()).toBe(true);
  while (!silent.isClosed) {
    clock.leap(1_000);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
});
