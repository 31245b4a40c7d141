import { BrokerId, SeededRandom, silentLogger } from '@kafkaesque/kernel';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { SimulatedCluster } from '../testing/simulated-cluster';
import type { Mishap } from '../testing/simulated-cluster';
import { ClientError } from '../errors';
import { ClusterView } from './cluster-view';

const open = (mishap: () => Mishap = () => 'none', bootstrapBrokers: readonly number[] = [1]) => {
  const scheduler = new Scheduler();
  const clock = new VirtualClock({ scheduler });
  const random = new SeededRandom(1);
  const cluster = new SimulatedCluster({
    ...{ clock, random, topics: { a: 2, b: 1 }, brokers: 3, bootstrapBrokers, mishap },
  });
  const view = new ClusterView({
    wire: cluster,
    peers: 'brokers',
    clock,
    random,
    logger: silentLogger,
    maxAgeMs: 10_000,
    requestTimeoutMs: 1000,
    backoff: { firstMs: 100, maxMs: 1000 },
  });
  return { scheduler, cluster, view };
};

describe('the view of a cluster', () => {
  test('asks once for all that is looked up together', async () => {
    const { scheduler, cluster, view } = open();
    const options = { timeoutMs: 5000 };
    const found = await scheduler.settle(
      Promise.all(['a', 'b', 'a'].map((name) => view.topic(name, options))),
    );
    expect(found.map(({ partitions }) => partitions.length)).toEqual([2, 1, 2]);
    expect(cluster.requests).toHaveLength(1);
    await scheduler.settle(view.topic('a', options));
    expect(cluster.requests).toHaveLength(1);
  });

  test('asks again when it is too old, or was proved wrong', async () => {
    const { scheduler, cluster, view } = open();
    await scheduler.settle(view.topic('a', { timeoutMs: 5000 }));
    scheduler.after(11_000, 'age', () => undefined);
    await scheduler.run();
    expect(view.known('a')).toBeUndefined();
    await scheduler.settle(view.topic('a', { timeoutMs: 5000 }));
    view.invalidate('a');
    expect(view.known('a')).toBeUndefined();
    expect(view.leaderOf('a', 0)?.leader).toBe(1);
    await scheduler.settle(view.topic('a', { timeoutMs: 5000 }));
    expect(cluster.requests).toHaveLength(3);
  });

  test('is not taken back to a leader that was deposed', async () => {
    const { scheduler, cluster, view } = open();
    cluster.moveLeader('a', 0, 2);
    await scheduler.settle(view.topic('a', { timeoutMs: 5000 }));
    const partition = cluster.partition('a', 0);
    partition.leaderEpoch = 0;
    partition.leader = 3;
    await scheduler.settle(view.refresh('a'));
    expect(view.leaderOf('a', 0)).toMatchObject({ leader: 2, leaderEpoch: 1 });
  });

  test('waits for a topic that appears in time', async () => {
    const { scheduler, cluster, view } = open();
    scheduler.after(700, 'create', () => cluster.addTopic('late', 1));
    const found = await scheduler.settle(view.topic('late', { timeoutMs: 5000 }));
    expect(found.partitions).toHaveLength(1);
    const never = view.topic('never', { timeoutMs: 1000 });
    await expect(scheduler.settle(never)).rejects.toMatchObject({
      kind: 'timeout',
      cause: { code: 'UNKNOWN_TOPIC_OR_PARTITION' },
    });
  });

  test('asks in one round for what may be made and what may not', async () => {
    const { scheduler, cluster, view } = open();
    const timeoutMs = 5000;
    await scheduler.settle(
      Promise.all([
        view.topic('a', { timeoutMs, mayCreate: false }),
        view.topic('b', { timeoutMs, mayCreate: false }),
        view.topic('b', { timeoutMs }),
      ]),
    );
    const drafts = cluster.requests.map(({ draft }) => draft);
    expect(drafts).toHaveLength(2);
    expect(drafts).toEqual(
      expect.arrayContaining([
        { topics: [{ name: 'b' }], allowAutoTopicCreation: true },
        { topics: [{ name: 'a' }], allowAutoTopicCreation: false },
      ]),
    );
  });

  test('asks the next broker when one does not answer', async () => {
    let count = 0;
    const { scheduler, view, cluster } = open(() => {
      count += 1;
      return count === 2 ? 'answer-lost' : 'none';
    });
    await scheduler.settle(view.topic('a', { timeoutMs: 5000 }));
    await scheduler.settle(view.refresh('b'));
    expect(view.known('b')?.partitions).toHaveLength(1);
    const [, second, third] = cluster.requests;
    expect(second?.node).not.toBe(third?.node);
  });

  test('asks others than the broker that did not answer something else', async () => {
    let isSilent = false;
    const { scheduler, view, cluster } = open(() => (isSilent ? 'answer-lost' : 'none'));
    await scheduler.settle(view.topic('a', { timeoutMs: 5000 }));
    isSilent = true;
    const asked = view.request(BrokerId(1), 'Produce', { acks: -1, timeoutMs: 1000, topicData: [] });
    await expect(scheduler.settle(asked)).rejects.toMatchObject({ effect: 'indefinite' });
    isSilent = false;
    const before = cluster.requests.length;
    for (let count = 0; count < 20; count++) await scheduler.settle(view.refresh('a'));
    const nodes = cluster.requests.slice(before).map(({ node }) => node);
    expect(new Set(nodes)).toEqual(new Set([2, 3]));
    // It may have come back.
    scheduler.after(6000, 'time passes', () => undefined);
    await scheduler.run();
    for (let count = 0; count < 20; count++) await scheduler.settle(view.refresh('a'));
    expect(cluster.requests.slice(before + 20).map(({ node }) => node)).toContain(1);
  });

  test('knows a silent broker again among the bootstrap servers', () => {
    const { view } = open(undefined, [1, 2, 3]);
    const first = { nodeId: BrokerId(1), host: 'simulated', port: 1, rack: null };
    // The others are not there as far as the cluster knows.
    view.learnBrokers({ brokers: [first], controllerId: BrokerId(1) });
    view.unanswered(BrokerId(1), new ClientError('timeout', 'TIMED_OUT', 'no answer'));
    const asked = new Set(Array.from({ length: 50 }, () => view.anyNode()));
    expect(asked).toEqual(new Set([-3, -4]));
  });

  test('does not ask twice what may have happened', async () => {
    const { scheduler, view, cluster } = open(() => 'answer-lost');
    const asked = view.ask('Metadata', { topics: [] }, { again: 'definite', timeoutMs: 1000 });
    await expect(scheduler.settle(asked)).rejects.toMatchObject({ effect: 'indefinite' });
    expect(cluster.requests).toHaveLength(1);
  });

  test('knows bootstrap addresses first, then brokers', async () => {
    const { scheduler, view } = open();
    expect(view.anyNode()).toBe(-2);
    await scheduler.settle(view.topic('a', { timeoutMs: 5000 }));
    expect([1, 2, 3]).toContain(view.anyNode());
    expect(view.anyNode(new Set([1, 2, 3, -2].map((id) => BrokerId(id))))).toBeUndefined();
  });
});
