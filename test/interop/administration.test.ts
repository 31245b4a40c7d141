import type { Administration, Answer, Question } from './administering-clients';
import { administeringClients } from './administering-clients';
import type { ServerUnderTest } from './server-under-test';
import { openServer } from './server-under-test';

jest.setTimeout(60_000);

let server: ServerUnderTest;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

const done = { ok: null };
/** Codes of Kafka's protocol that every client reports as numbers. */
const refused = {
  unknownTopic: { error: 3 },
  topicExists: { error: 36 },
  invalidTopic: { error: 17 },
  invalidPartitions: { error: 37 },
  invalidConfig: { error: 40 },
};
const partitionsOf = (count: number): unknown =>
  Array.from({ length: count }, (_, partition) => ({ partition, leader: 1, replicas: [1], isr: [1] }));

const ATTEMPTS = 100;
const PAUSE_MS = 50;
/** The answer once it is as expected, or the last of many: Apache's brokers learn of a change a moment after it is acknowledged. */
const settled = async (
  client: Administration,
  question: Question,
  isExpected: (answer: Answer) => boolean,
): Promise<Answer> => {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await client.ask(question);
    if (attempt === ATTEMPTS || isExpected(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
};
const isOk = (answer: Answer): boolean => 'ok' in answer;

describe.each(administeringClients)('$name', ({ name, lacks, open }) => {
  let client: Administration;
  let topic: string;
  beforeAll(async () => {
    client = await open(server.bootstrap);
    topic = server.name(`administered-by-${name}`);
  });
  afterAll(() => client.close());
  const listed = async (): Promise<boolean> => {
    const answer = await client.ask({ ask: 'list' });
    return 'ok' in answer && (answer.ok as readonly string[]).includes(topic);
  };

  test('creates a topic with configurations, once, and finds it with its partitions and leaders', async () => {
    const configs = { 'cleanup.policy': 'compact', 'max.message.bytes': '2000000' };
    expect(await client.ask({ ask: 'create', topic, partitions: 2, configs })).toEqual(done);
    expect(await client.ask({ ask: 'create', topic, partitions: 2, configs })).toEqual(refused.topicExists);
    expect(await settled(client, { ask: 'describe', topic }, isOk)).toEqual({ ok: partitionsOf(2) });
    expect(await listed()).toBe(true);
  });

  test('is refused names and values that Kafka refuses', async () => {
    expect(await client.ask({ ask: 'create', topic: 'no spaces', partitions: 1, configs: {} })).toEqual(
      refused.invalidTopic,
    );
    const configs = { 'retention.ms': 'often' };
    expect(await client.ask({ ask: 'create', topic: server.name('odd'), partitions: 1, configs })).toEqual(
      refused.invalidConfig,
    );
    expect(
      await client.ask({ ask: 'create', topic: server.name('none'), partitions: 0, configs: {} }),
    ).toEqual(refused.invalidPartitions);
  });

  test('reads the configurations of the topic and of the broker', async () => {
    const read = await client.ask({ ask: 'configs', kind: 'topic', name: topic });
    expect(read).toMatchObject({
      ok: { 'cleanup.policy': 'compact', 'max.message.bytes': '2000000', 'retention.ms': '604800000' },
    });
    expect(await client.ask({ ask: 'configs', kind: 'broker', name: '1' })).toMatchObject({
      ok: { 'num.partitions': '1', 'log.retention.hours': '168', 'message.max.bytes': '1048588' },
    });
    expect(await client.ask({ ask: 'configs', kind: 'topic', name: server.name('absent') })).toEqual(
      refused.unknownTopic,
    );
  });

  if (!lacks.includes('alter')) {
    test('sets and removes single configurations', async () => {
      const change = {
        ask: 'alter',
        kind: 'topic',
        name: topic,
        put: { 'retention.ms': '123456' },
        remove: ['max.message.bytes'],
      } as const;
      expect(await client.ask(change)).toEqual(done);
      const wanted = {
        'cleanup.policy': 'compact',
        'max.message.bytes': '1048588',
        'retention.ms': '123456',
      };
      const read = await settled(
        client,
        { ask: 'configs', kind: 'topic', name: topic },
        (answer) => 'ok' in answer && (answer.ok as Record<string, string>)['retention.ms'] === '123456',
      );
      expect(read).toMatchObject({ ok: wanted });
      expect(await client.ask({ ...change, put: { 'retention.ms': 'often' }, remove: [] })).toEqual(
        refused.invalidConfig,
      );
      expect(await client.ask({ ask: 'configs', kind: 'topic', name: topic })).toMatchObject({ ok: wanted });
    });
  }

  test('adds partitions, never takes any', async () => {
    expect(await client.ask({ ask: 'extend', topic, total: 5 })).toEqual(done);
    expect(
      await settled(
        client,
        { ask: 'describe', topic },
        (answer) => 'ok' in answer && (answer.ok as readonly unknown[]).length === 5,
      ),
    ).toEqual({ ok: partitionsOf(5) });
    expect(await client.ask({ ask: 'extend', topic, total: 5 })).toEqual(refused.invalidPartitions);
    expect(await client.ask({ ask: 'extend', topic, total: 3 })).toEqual(refused.invalidPartitions);
    expect(await client.ask({ ask: 'extend', topic: server.name('absent'), total: 3 })).toEqual(
      refused.unknownTopic,
    );
  });

  test('finds the cluster: its id, its controller, its one broker', async () => {
    const { clusterId } = await server.admin.describeCluster();
    expect(await client.ask({ ask: 'cluster' })).toEqual({
      ok: { clusterId, controller: 1, brokers: [{ id: 1, address: server.bootstrap }] },
    });
  });

  test('deletes the topic, once', async () => {
    expect(await client.ask({ ask: 'delete', topic })).toEqual(done);
    expect(await settled(client, { ask: 'delete', topic }, (answer) => !isOk(answer))).toEqual(
      refused.unknownTopic,
    );
    for (let attempt = 0; attempt < ATTEMPTS && (await listed()); attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    expect(await listed()).toBe(false);
  });
});
