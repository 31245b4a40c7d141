import { BrokerId, SeededRandom } from '@kafkaesque/kernel';
import { apis } from '@kafkaesque/protocol';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { FakeConnection, apiVersionsAnswer } from '../testing/fake-connection';
import { KafkaWire } from './kafka-wire';

const ranges = {
  [apis.ApiVersions.key]: [0, 4],
  [apis.Metadata.key]: [0, 12],
  [apis.Fetch.key]: [4, 17],
} as const;

const open = (options: { readonly refuses?: (host: string) => boolean } = {}) => {
  const scheduler = new Scheduler();
  const clock = new VirtualClock({ scheduler });
  const dialled: { readonly host: string; readonly port: number; readonly atMs: number }[] = [];
  const connections: FakeConnection[] = [];
  const wire = new KafkaWire({
    bootstrapServers: 'a:1,b:2',
    clock,
    random: new SeededRandom(1),
    dial: ({ host, port }) => {
      dialled.push({ host, port, atMs: scheduler.nowMs });
      if (options.refuses?.(host) === true) return Promise.reject(new Error(`${host} refused`));
      const connection = new FakeConnection();
      connections.push(connection);
      connection.onRequest = (request) => {
        if (request.header.apiKey === apis.ApiVersions.key)
          connection.answer(request, apiVersionsAnswer(ranges));
        else if (request.header.apiKey === apis.Metadata.key) {
          connection.answer(request, { brokers: [], clusterId: `${host}:${port}`, topics: [] });
        }
      };
      return Promise.resolve(connection);
    },
  });
  const ask = (node: number): Promise<{ readonly clusterId: string | null }> =>
    wire.request(BrokerId(node), 'Metadata', { topics: [] });
  return { scheduler, wire, dialled, connections, ask };
};

const broker = (id: number, host: string) => ({ id: BrokerId(id), host, port: 9, rack: null });

describe('the Kafka wire', () => {
  test('knows its bootstrap addresses as nodes below -1', async () => {
    const { wire, ask } = open();
    expect(wire.bootstrapNodes.map(({ id }) => id)).toEqual([-2, -3]);
    expect([(await ask(-2)).clusterId, (await ask(-3)).clusterId]).toEqual(['a:1', 'b:2']);
    await wire.close();
  });

  test('uses one connection for all requests to a node', async () => {
    const { wire, ask, dialled } = open();
    await Promise.all([ask(-2), ask(-2)]);
    await ask(-2);
    expect(dialled).toHaveLength(1);
    await wire.close();
  });

  test('reaches the brokers that it was told of, also where they moved to', async () => {
    const { wire, ask, connections } = open();
    await expect(ask(7)).rejects.toMatchObject({ code: 'UNKNOWN_NODE', retriable: true });
    wire.learn([broker(7, 'c')]);
    expect((await ask(7)).clusterId).toBe('c:9');
    wire.learn([broker(7, 'd')]);
    connections[0]?.end();
    expect((await ask(7)).clusterId).toBe('d:9');
    await wire.close();
  });

  test('tells when a connection has ended, and dials again for the next request', async () => {
    const { wire, ask, connections, dialled } = open();
    let closings = 0;
    const stop = wire.onClosed(BrokerId(-2), () => {
      closings += 1;
    });
    await ask(-2);
    connections[0]?.end();
    expect(closings).toBe(1);
    await ask(-2);
    stop();
    connections[1]?.end();
    expect([closings, dialled.length]).toEqual([1, 2]);
    await wire.close();
  });

  test('waits longer after every dial that failed', async () => {
    const { scheduler, wire, ask, dialled } = open({ refuses: () => true });
    for (let n = 0; n < 6; n += 1) {
      await expect(scheduler.settle(ask(-2))).rejects.toMatchObject({
        code: 'UNREACHABLE',
        effect: 'definite',
      });
    }
    const waits = dialled.slice(1).map(({ atMs }, index) => atMs - (dialled[index]?.atMs ?? 0));
    waits.forEach((waitMs, index) => {
      expect(waitMs).toBeGreaterThanOrEqual(Math.min(1000, 50 * 2 ** index) * 0.8);
      expect(waitMs).toBeLessThanOrEqual(Math.min(1000, 50 * 2 ** index) * 1.2);
    });
    await wire.close();
  });

  test('gives each fetch stream a connection of its own, so that long polls hold nothing up', async () => {
    const { wire, ask, dialled } = open();
    await ask(-2);
    const stream = wire.fetch(BrokerId(-2), {
      isolation: 'read_uncommitted',
      minBytes: 1,
      maxWaitMs: 500,
      maxBytes: 1000,
      maxPartitionBytes: 1000,
      rackId: '',
      initialCreditBytes: 1000,
    });
    expect((await ask(-2)).clusterId).toBe('a:1');
    expect(dialled).toHaveLength(2);
    await stream.close();
    await wire.close();
  });

  test('gives each line a connection of its own, and another one when that has ended', async () => {
    const { wire, connections, dialled, ask } = open();
    const [waiting, other] = [wire.line(BrokerId(-2)), wire.line(BrokerId(-2))];
    // Never answered here, and nothing behind it is.
    const late = waiting.request('Fetch', { maxWaitMs: 0, minBytes: 0, topics: [], forgottenTopicsData: [] });
    await expect(ask(-2)).resolves.toMatchObject({ clusterId: 'a:1' });
    await expect(other.request('Metadata', { topics: [] })).resolves.toMatchObject({ clusterId: 'a:1' });
    expect(dialled).toHaveLength(3);
    waiting.close();
    await expect(late).rejects.toMatchObject({ code: 'CLOSED' });
    connections[2]?.end();
    await other.request('Metadata', { topics: [] });
    expect(dialled).toHaveLength(4);
    await wire.close();
    await expect(other.request('Metadata', { topics: [] })).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('tells what a node can do', async () => {
    const { wire } = open();
    const { apis: offered } = await wire.capabilities(BrokerId(-2));
    expect(offered.get(apis.Fetch.key)).toEqual({ min: 4, max: 17 });
    await wire.close();
  });

  test('closes every connection, and nothing works afterwards', async () => {
    const { wire, ask, connections } = open();
    await ask(-2);
    await ask(-3);
    await wire.close();
    expect(connections.map(({ ending }) => ending)).toEqual(['closed', 'closed']);
    await expect(ask(-2)).rejects.toMatchObject({ kind: 'closed' });
  });
});
