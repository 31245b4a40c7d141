import { BadClient } from './client';
import type { Target } from './target';
import { onlyOurs, openTarget } from './target';

/** Limits of single listeners, the brokers' own listener, and changes of all of them while a node runs. */
const LISTENERS = {
  listeners: 'PLAINTEXT://127.0.0.1:0,EXTERNAL://127.0.0.1:0,CONTROLLER://127.0.0.1:0',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,EXTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'inter.broker.listener.name': 'PLAINTEXT',
};

const connectTo = (target: Target, listenerName: string): Promise<BadClient> => {
  const listener = target.cluster.node.listeners.find(({ name }) => name === listenerName);
  if (listener === undefined) throw new Error(`there is no listener ${listenerName}`);
  return BadClient.open('127.0.0.1', listener.port);
};
const ask = (client: BadClient): Promise<number> =>
  client.ask('ApiVersions', 0, {}).then(({ errorCode }) => errorCode);

/** Long enough for a loopback connection to be answered, were it served. */
const soon = (): Promise<string> => new Promise((resolve) => setTimeout(() => resolve('not yet'), 200));

const SET = 0;
const DELETE = 1;

/** As `kafka-configs --alter` does, for all brokers. */
const alter = async (client: BadClient, name: string, value: string | null): Promise<void> => {
  const configs = [{ name, configOperation: value === null ? DELETE : SET, value }];
  const { responses } = await client.ask('IncrementalAlterConfigs', 1, {
    resources: [{ resourceType: 4, resourceName: '', configs }],
    validateOnly: false,
  });
  expect(responses).toMatchObject([{ errorCode: 0, errorMessage: null }]);
};

onlyOurs(
  'B14: one listener’s max.connections keeps nobody waiting at another, and can be raised',
  async () => {
    await using target = await openTarget({
      properties: { ...LISTENERS, 'listener.name.external.max.connections': 1 },
    });
    await using inside = await connectTo(target, 'EXTERNAL');
    expect(await ask(inside)).toBe(0);
    await using second = await connectTo(target, 'EXTERNAL');
    const answer = ask(second);
    await using broker = await connectTo(target, 'PLAINTEXT');
    expect(await ask(broker)).toBe(0);
    expect(await Promise.race([answer, soon()])).toBe('not yet');
    await alter(broker, 'listener.name.external.max.connections', '2');
    expect(await answer).toBe(0);
    expect(await ask(inside)).toBe(0);
  },
);

onlyOurs(
  'B14: beyond max.connections brokers come in, and the client that was silent for longest goes',
  async () => {
    await using target = await openTarget({ properties: { ...LISTENERS, 'max.connections': 2 } });
    await using silent = await connectTo(target, 'EXTERNAL');
    await using talker = await connectTo(target, 'EXTERNAL');
    expect([await ask(silent), await ask(talker)]).toEqual([0, 0]);
    // Silence is looked at once a second.
    for (const started = performance.now(); performance.now() - started < 2_200;) {
      expect(await ask(talker)).toBe(0);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await using waiting = await connectTo(target, 'EXTERNAL');
    const answer = ask(waiting);
    await using broker = await connectTo(target, 'PLAINTEXT');
    expect(await ask(broker)).toBe(0);
    await silent.closed;
    expect(await ask(talker)).toBe(0);
    expect(await Promise.race([answer, soon()])).toBe('not yet');
    // Lowered, it sends clients away, but no broker.
    await alter(broker, 'max.connections', '1');
    await talker.closed;
    expect(await ask(broker)).toBe(0);
    await alter(broker, 'max.connections', null);
    await alter(broker, 'max.connections', '10');
    expect(await answer).toBe(0);
  },
);

onlyOurs('B14: max.connections.per.ip and its overrides change while a node runs', async () => {
  await using target = await openTarget();
  await using admin = await target.connect();
  await alter(admin, 'max.connections.per.ip', '2');
  await using second = await target.connect();
  expect(await ask(second)).toBe(0);
  await using third = await target.connect();
  await third.closed;
  await alter(admin, 'max.connections.per.ip.overrides', '127.0.0.1:3');
  await using fourth = await target.connect();
  expect(await ask(fourth)).toBe(0);
  await alter(admin, 'max.connections.per.ip.overrides', null);
  // Who is inside stays.
  expect([await ask(second), await ask(fourth)]).toEqual([0, 0]);
});

onlyOurs(
  'B14: max.connection.creation.rate of a listener, and of all, change while a node runs',
  async () => {
    await using target = await openTarget({ properties: LISTENERS });
    await using broker = await connectTo(target, 'PLAINTEXT');
    await alter(broker, 'listener.name.external.max.connection.creation.rate', '1');
    await using first = await connectTo(target, 'EXTERNAL');
    expect(await ask(first)).toBe(0);
    // One a second comes in: of these three the last one has to wait for longer than we do.
    const flood = await Promise.all(Array.from({ length: 3 }, () => connectTo(target, 'EXTERNAL')));
    const answers = flood.map(ask);
    const last = answers[2] ?? Promise.resolve(-1);
    await using another = await connectTo(target, 'PLAINTEXT');
    expect(await ask(another)).toBe(0);
    expect(await Promise.race([last, soon()])).toBe('not yet');
    await alter(broker, 'listener.name.external.max.connection.creation.rate', null);
    expect(await Promise.all(answers)).toEqual([0, 0, 0]);
    await alter(broker, 'max.connection.creation.rate', '1000');
    await using fast = await connectTo(target, 'EXTERNAL');
    expect(await ask(fast)).toBe(0);
    await Promise.all(flood.map((client) => client.reset()));
  },
);
