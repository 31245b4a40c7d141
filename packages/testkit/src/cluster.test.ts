import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openClient } from '@kafkaesque/client';
import { openNodeDisk } from '@kafkaesque/storage';
import type { Cluster } from './cluster';
import { createCluster } from './cluster';
import type { ClusterNode } from './cluster-node';

/** Short enough for tests that wait for a session to end. */
const QUICK = { 'broker.session.timeout.ms': 1500, 'broker.heartbeat.interval.ms': 300 };

const createTopic = async (cluster: Cluster, name: string, replicas: readonly number[]): Promise<void> => {
  await using client = openClient({ bootstrapServers: cluster.bootstrapServers });
  const [outcome] = await client.admin().createTopics([{ name, assignments: [replicas] }]);
  if (outcome?.kind !== 'done') throw new Error(`${name} was not created`, { cause: outcome?.error });
};

/** A part of the world with some of its methods replaced. */
const changed = <Part extends object>(part: Part, methods: Partial<Part>): Part =>
  new Proxy(part, {
    get: (target, name) => {
      const value: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });

/** Whatever a test has missed, it is not to be kept by its producer. */
const send = async (
  cluster: Cluster,
  topic: string,
  value: string,
  deliveryTimeoutMs = 30_000,
): Promise<number> => {
  await using client = openClient({ bootstrapServers: cluster.bootstrapServers });
  const producer = client.producer({ deliveryTimeoutMs, requestTimeoutMs: deliveryTimeoutMs / 2 });
  const { offset } = await producer.send({ topic, partition: 0, value: Buffer.from(value) });
  return offset;
};

const hasLeader = (by: ClusterNode, topic: string): boolean =>
  by.running?.partition(topic, 0)?.leader !== undefined;

/** Waits until somebody else is active. */
const successor = (cluster: Cluster, active: ClusterNode): Promise<ClusterNode> =>
  cluster.waitFor(async () => {
    const now = await cluster.controller();
    return now !== active && now;
  });

test('three brokers and three controllers start, and nothing of them is left', async () => {
  const cluster = await createCluster({ brokers: 3, controllers: 3 });
  expect(cluster.nodes.map(({ roles }) => roles.join())).toEqual([
    ...['broker', 'broker', 'broker', 'controller', 'controller', 'controller'],
  ]);
  expect(cluster.bootstrapServers.split(',')).toHaveLength(3);
  expect((await cluster.controller()).roles).toEqual(['controller']);
  await createTopic(cluster, 'colours', [2]);
  expect((await cluster.leaderOf('colours', 0)).nodeId).toBe(2);
  expect(await send(cluster, 'colours', 'red')).toBe(0);
  await cluster.close();
  expect(existsSync(cluster.directory)).toBe(false);
  expect(cluster.nodes.some(({ isUp }) => isUp)).toBe(false);
  await expect(fetch(`http://${cluster.nodes[0]?.address ?? ''}`)).rejects.toThrow('fetch failed');
});

describe('of three nodes that are brokers and controllers', () => {
  let cluster: Cluster;
  // One for all: each test leaves it whole.
  beforeAll(async () => {
    cluster = await createCluster({ brokers: 3, properties: QUICK });
  });
  afterAll(() => cluster.close());

  const controllerAndOthers = async (): Promise<readonly [ClusterNode, ClusterNode, ClusterNode]> => {
    const active = await cluster.controller();
    const [one, other] = cluster.nodes.filter((node) => node !== active);
    return [active, one!, other!];
  };

  test('one that is killed is replaced as controller, and takes part again when it is restarted', async () => {
    const [active] = await controllerAndOthers();
    await createTopic(cluster, 'kept', [active.nodeId]);
    await send(cluster, 'kept', 'before');
    await cluster.kill(active);
    expect(active.isUp).toBe(false);
    const next = await successor(cluster, active);
    await cluster.waitFor(() => !hasLeader(next, 'kept'));
    await cluster.restart(active);
    expect(await cluster.leaderOf('kept', 0)).toBe(active);
    expect(await send(cluster, 'kept', 'after')).toBe(1);
  });

  test('one that is stopped leaves before it goes', async () => {
    const [active, one] = await controllerAndOthers();
    await createTopic(cluster, 'led', [one.nodeId]);
    await cluster.stop(one);
    // It told the controller: nobody waits for its session to end.
    expect(hasLeader(active, 'led')).toBe(false);
    await cluster.restart(one);
    expect(await cluster.leaderOf('led', 0)).toBe(one);
  });

  test('one that is paused answers nobody, and goes on afterwards', async () => {
    const [active, one] = await controllerAndOthers();
    await createTopic(cluster, 'still', [one.nodeId]);
    // Another node may have answered, before those that the rest is about had heard of it.
    await cluster.waitFor(() => hasLeader(one, 'still') && hasLeader(active, 'still'));
    cluster.pause(one);
    let offset: number | undefined;
    const sending = send(cluster, 'still', 'late').then((at) => (offset = at));
    await cluster.waitFor(() => !hasLeader(active, 'still'));
    expect(offset).toBeUndefined();
    expect(one.running?.partition('still', 0)?.leader).toBe(one.nodeId);
    cluster.resume(one);
    await sending;
    expect(offset).toBe(0);
  });

  test('an active controller that is paused is replaced, and follows once it goes on', async () => {
    const [active] = await controllerAndOthers();
    cluster.pause(active);
    const next = await successor(cluster, active);
    cluster.resume(active);
    await cluster.waitFor(() => active.running?.metadata().leader === next.nodeId);
  });

  test('one that is paused can be killed', async () => {
    const [, one] = await controllerAndOthers();
    cluster.pause(one);
    await cluster.kill(one);
    await cluster.restart(one);
    expect(one.isPaused).toBe(false);
  });

  test('one that is cut off is replaced, hears of nothing, and catches up when all hear each other again', async () => {
    const [active, one, other] = await controllerAndOthers();
    cluster.partition([active], [one, other]);
    const next = await successor(cluster, active);
    await createTopicBy(next, 'unheard-of');
    expect(active.running?.partition('unheard-of', 0)).toBeUndefined();
    cluster.heal();
    await cluster.waitFor(() => active.running?.partition('unheard-of', 0));
    expect(active.running?.metadata().leader).toBe(next.nodeId);
  });
});

const createTopicBy = async (node: ClusterNode, name: string): Promise<void> => {
  await using client = openClient({ bootstrapServers: node.address ?? '' });
  await client.admin().createTopics([{ name, assignments: [[node.nodeId]] }]);
};

test('a cluster in a directory of the caller’s is there again in the next one', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'testkit-'));
  try {
    const shape = { brokers: 2, controllers: 1, directory, properties: QUICK };
    const first = await createCluster(shape);
    await createTopic(first, 'lasting', [2]);
    await first.close();
    await using second = await createCluster(shape);
    expect(second.clusterId).toBe(first.clusterId);
    expect((await second.leaderOf('lasting', 0)).nodeId).toBe(2);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('shapes that cannot be are refused', async () => {
  await expect(createCluster({ brokers: 0 })).rejects.toThrow('at least one broker');
  await expect(createCluster({ brokers: 2, controllers: 1, combined: true })).rejects.toThrow('alone');
});

test('what waits for something that does not come says so', async () => {
  await using cluster = await createCluster();
  await expect(cluster.waitFor(() => false, { timeoutMs: 20, what: 'no rain' })).rejects.toThrow(
    'no rain, for 20 ms',
  );
  await expect(cluster.leaderOf('nowhere', 0, { timeoutMs: 20 })).rejects.toThrow('nowhere-0 has no leader');
});

/** A cluster whose disk stands still is closed, and is gone. */
const closeStalled = async (brokers: number): Promise<void> => {
  const disk = openNodeDisk();
  let isStill = false;
  const stalling = changed(disk, {
    open: async (path, mode) => {
      const file = await disk.open(path, mode);
      return changed(file, { sync: () => (isStill ? new Promise<void>(() => undefined) : file.sync()) });
    },
  });
  const cluster = await createCluster({ brokers, world: { disk: stalling } });
  await createTopic(cluster, 'written', [1]);
  isStill = true;
  // By then the round of this one, and the rest of what nodes write, waits for the disk.
  await expect(send(cluster, 'written', 'never durable', 1000)).rejects.toThrow();
  await cluster.close();
  expect(cluster.nodes.some(({ isUp }) => isUp)).toBe(false);
  expect(cluster.faults).toEqual([]);
  expect(existsSync(cluster.directory)).toBe(false);
};

test.concurrent('of one node and of three none is kept by a disk that stands still', async () => {
  // Seconds of waiting for each, so both at once, and beside the other tests.
  await Promise.all([closeStalled(1), closeStalled(3)]);
});

test('an invariant that breaks in one node of several is told of that node, and fails the close', async () => {
  const disk = openNodeDisk();
  let isBroken = false;
  const failing = changed(disk, {
    open: async (path, mode) => {
      const file = await disk.open(path, mode);
      const broken = Object.assign(new Error('EIO'), { code: 'EIO' });
      return changed(file, { sync: () => (isBroken ? Promise.reject(broken) : file.sync()) });
    },
  });
  const cluster = await createCluster({
    brokers: 3,
    perNode: ({ nodeId }) => (nodeId === 2 ? { world: { disk: failing } } : {}),
  });
  isBroken = true;
  // Where the node leads the quorum, or is the one that was asked, nobody answers any more.
  const creation = createTopic(cluster, 'written', [1]).catch(() => undefined);
  await cluster.waitFor(() => cluster.faults.length > 0);
  expect(cluster.faults[0]).toMatchObject({ nodeId: 2 });
  await expect(cluster.close()).rejects.toThrow('an invariant broke');
  await creation;
});
