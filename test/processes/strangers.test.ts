import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openClient } from '@kafkaesque/client';
import { freshId } from './node-files';
import type { NodePlan } from './node-files';
import { ProcessCluster, sleep, tool } from './process-cluster';
import type { SpawnedNode } from './spawned-node';
import { spawnNode } from './spawned-node';

jest.setTimeout(120_000);

let directory: string;
let cluster: ProcessCluster;
let strangers: SpawnedNode[] = [];
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kafkaesque-strangers-'));
  cluster = await ProcessCluster.start({
    directory,
    layout: 'separate',
    settings: { 'initial.broker.registration.timeout.ms': 4000 },
  });
});
afterEach(async () => {
  await Promise.all(strangers.map((node) => node.kill()));
  strangers = [];
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

/** A node as another one is set up, but for its directory and its ports. */
const twinOf = (node: NodePlan, name: string): { readonly file: string; readonly directory: string } => {
  const twin = { file: join(directory, `${name}.properties`), directory: join(directory, name) };
  const properties = readFileSync(node.file, 'utf8')
    .replaceAll(node.directory, twin.directory)
    .replace(/^(listeners=.*):\d+$/m, '$1:0')
    .replace(/^metrics\.port=.*$/m, 'metrics.port=0');
  writeFileSync(twin.file, properties);
  return twin;
};
const started = (file: string): SpawnedNode => {
  const node = spawnNode(file);
  strangers.push(node);
  return node;
};
/** What a node says that does not start, and that it does so by its exit code. */
const refusalOf = async (file: string): Promise<string> => {
  const node = started(file);
  expect(await node.ended).toBe(1);
  return node.output().trim().split('\n').at(-1) ?? '';
};
/** The cluster goes on as it was: the same leader in the same epoch, and it can be changed. */
const isUndisturbed = async (work: () => Promise<void>): Promise<void> => {
  await using client = openClient({ bootstrapServers: cluster.bootstrapServers });
  const admin = client.admin();
  await cluster.settled();
  const before = await admin.describeQuorum();
  await work();
  const { leaderId, leaderEpoch, voters } = await admin.describeQuorum();
  expect([leaderId, leaderEpoch]).toEqual([before.leaderId, before.leaderEpoch]);
  expect(voters.map((one) => one.directoryId)).toEqual(before.voters.map((one) => one.directoryId));
  const { nodes } = await admin.describeCluster();
  expect(nodes.map(({ id }) => id).sort()).toEqual([4, 5, 6]);
  const [created] = await admin.createTopics([
    { name: `after-${freshId()}`, partitions: 1, replicationFactor: 3 },
  ]);
  expect(created).toMatchObject({ kind: 'done' });
};

test.each([{ role: 'controller', nodeId: 3 } as const, { role: 'broker', nodeId: 6 } as const])(
  'a $role of another cluster does not start, and names its file and both ways out',
  async ({ role, nodeId }) => {
    const twin = twinOf(cluster.node(nodeId), `foreign-${role}`);
    const theirs = freshId();
    const voters = role === 'controller' ? ['--no-initial-controllers'] : [];
    await tool('storage', ['format', '-t', theirs, '-c', twin.file, ...voters]);
    await isUndisturbed(async () => {
      const said = await refusalOf(twin.file);
      expect(said).toMatch(
        `${twin.directory}/meta.properties says that this node belongs to cluster ${theirs}, but the member at 127.0.0.1:`,
      );
      expect(said).toMatch(` belongs to cluster ${cluster.plan.clusterId}. `);
      expect(said).toMatch('Correct controller.quorum.bootstrap.servers');
      expect(said).toMatch(`kafkaesque storage format --cluster-id ${cluster.plan.clusterId} --config FILE`);
    });
  },
);

test('a broker whose directory was never formatted does not start, and says how to format it', async () => {
  const twin = twinOf(cluster.node(6), 'unformatted');
  expect(await refusalOf(twin.file)).toMatch(
    /No `meta\.properties` found in \S*\/unformatted .* run `kafkaesque storage format --cluster-id ID --config FILE`/,
  );
});

test('a second process on one directory does not start', async () => {
  const { file, directory: taken } = cluster.node(1);
  await isUndisturbed(async () => {
    expect(await refusalOf(file)).toBe(
      `${taken} is in use by another process: stop it, or give this node another log.dirs`,
    );
  });
});

test('a second broker under one node id does not start, and leaves the first one in service', async () => {
  const twin = twinOf(cluster.node(6), 'twin-broker');
  await tool('storage', ['format', '-t', cluster.plan.clusterId, '-c', twin.file]);
  await isUndisturbed(async () => {
    const node = started(twin.file);
    expect(await node.ended).toBe(1);
    expect(node.output()).toMatch('Another node of this cluster already has node.id 6');
    expect(cluster.process(6).output()).not.toMatch('is fenced');
  });
});

test('a second controller under one node id is kept out, and disturbs nobody', async () => {
  const follower = cluster.controllers.find(({ nodeId }) => nodeId === 3);
  if (follower === undefined) throw new Error('there is no third controller');
  const twin = twinOf(follower, 'twin-controller');
  await tool('storage', [
    'format',
    '-t',
    cluster.plan.clusterId,
    '-c',
    twin.file,
    '--no-initial-controllers',
  ]);
  await isUndisturbed(async () => {
    const node = started(twin.file);
    await node.ready;
    await sleep(3000);
    const warnings = node
      .output()
      .split('\n')
      .filter((line) => line.includes('already has node.id 3'));
    // Each of the three says so once; it does not fill the log.
    expect(warnings.length).toBeGreaterThanOrEqual(1);
    expect(warnings.length).toBeLessThanOrEqual(3);
    expect(node.output()).not.toMatch('took over a metadata snapshot');
  });
});
