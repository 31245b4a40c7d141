import type { BadClient } from './client';
import { LeapingClock, PATIENT_CONTROLLER } from './leaping-clock';
import { onlyOurs, openTarget } from './target';
import { createTopic } from './topics';

/** Kafka's limits of connections, at a whole node. The rules are tried in steps in `transport/src/tcp`. */
const ask = (client: BadClient): Promise<number> =>
  client.ask('ApiVersions', 0, {}).then(({ errorCode }) => errorCode);

/** Long enough for a loopback connection to be answered, were it served. */
const soon = (): Promise<string> => new Promise((resolve) => setTimeout(() => resolve('not yet'), 200));

onlyOurs('B14: beyond max.connections a client waits, and is served when another one has gone', async () => {
  await using target = await openTarget({
    properties: { 'max.connections': 2, 'socket.listen.backlog.size': 1 },
  });
  const first = await target.connect();
  await using second = await target.connect();
  expect([await ask(first), await ask(second)]).toEqual([0, 0]);
  await using third = await target.connect();
  const answer = ask(third);
  expect(await Promise.race([answer, soon()])).toBe('not yet');
  // The backlog holds one.
  await using fourth = await target.connect();
  await fourth.closed;
  expect(await ask(second)).toBe(0);
  await first.finish();
  expect(await answer).toBe(0);
});

onlyOurs('B14: beyond max.connections.per.ip a connection is closed, and the others stay', async () => {
  await using target = await openTarget({
    properties: {
      'max.connections.per.ip': 100,
      'max.connections.per.ip.overrides': '127.0.0.1:2,10.0.0.1:7',
    },
  });
  const first = await target.connect();
  await using second = await target.connect();
  expect([await ask(first), await ask(second)]).toEqual([0, 0]);
  await using third = await target.connect();
  await third.closed;
  expect(await ask(second)).toBe(0);
  await first.finish();
  await using again = await target.connect();
  expect(await ask(again)).toBe(0);
});

onlyOurs(
  'B14: a flood of connections is admitted at max.connection.creation.rate',
  async () => {
    await using target = await openTarget({ properties: { 'max.connection.creation.rate': 5 } });
    const flood = await Promise.all(Array.from({ length: 30 }, () => target.connect()));
    await using last = await target.connect();
    const answer = ask(last);
    expect(await Promise.race([answer, soon()])).toBe('not yet');
    expect(await answer).toBe(0);
    expect(flood.filter(({ isClosed }) => isClosed)).toEqual([]);
    await Promise.all(flood.map((client) => client.reset()));
  },
  30_000,
);

onlyOurs(
  'B14: who is silent for connections.max.idle.ms is closed, who waits for an answer is not',
  async () => {
    const clock = new LeapingClock();
    await using target = await openTarget({
      properties: { ...PATIENT_CONTROLLER, 'connections.max.idle.ms': 60_000 },
      world: { clock },
    });
    await using silent = await target.connect();
    await using waiting = await target.connect();
    await using busy = await target.connect();
    const topic = await createTopic(busy);
    expect([await ask(silent), await ask(waiting)]).toEqual([0, 0]);
    const fetch = waiting.ask('Fetch', 12, {
      ...{ maxWaitMs: 90_000, minBytes: 1, maxBytes: 1000 },
      topics: [
        { topic: topic.name, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] },
      ],
    } as never);
    while (!silent.isClosed) {
      expect(await ask(busy)).toBe(0);
      clock.leap(1_000);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect([waiting.isClosed, busy.isClosed]).toEqual([false, false]);
    clock.leap(90_000);
    expect((await fetch).errorCode).toBe(0);
  },
);
