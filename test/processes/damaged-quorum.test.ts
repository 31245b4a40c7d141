import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Admin } from '@kafkaesque/client';
import { openClient } from '@kafkaesque/client';
import type { NodePlan } from './node-files';
import { directoryIdOf } from './node-files';
import { ProcessCluster, tool } from './process-cluster';

jest.setTimeout(120_000);

let directory: string;
let cluster: ProcessCluster;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kafkaesque-damaged-'));
  cluster = await ProcessCluster.start({
    directory,
    layout: 'combined',
    // So few that the log is shortened behind a snapshot.
    settings: { 'metadata.log.max.record.bytes.between.snapshots': 20_000 },
  });
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

const withAdmin = async (work: (admin: Admin) => Promise<void>): Promise<void> => {
  await using client = openClient({ bootstrapServers: cluster.bootstrapServers });
  await work(client.admin());
};
const createTopics = (names: readonly string[]): Promise<void> =>
  withAdmin(async (admin) => {
    for (const name of names) {
      const [outcome] = await admin.createTopics([{ name, partitions: 1, replicationFactor: 1 }]);
      expect(outcome).toMatchObject({ kind: 'done' });
    }
  });
/** Changes of configs, each an entry of the log of its own. */
const changeConfigs = (count: number): Promise<void> =>
  withAdmin(async (admin) => {
    let left = count;
    const change = async (): Promise<void> => {
      while (left > 0) {
        const resource = { type: 'group', name: `group-${left % 50}` } as const;
        const value = String(45_001 + (left-- % 1000));
        const set = { name: 'consumer.session.timeout.ms', operation: 'set', value } as const;
        await admin.incrementalAlterConfigs([{ resource, changes: [set] }]);
      }
    };
    await Promise.all(Array.from({ length: 16 }, change));
  });

const metadataFiles = ({ directory: data }: NodePlan, ending: string): readonly string[] =>
  readdirSync(join(data, 'metadata'))
    .filter((name) => name.endsWith(ending))
    .map((name) => join(data, 'metadata', name))
    .sort();
const meddle = (path: string, change: (bytes: Buffer) => Buffer): void =>
  writeFileSync(path, change(readFileSync(path)));

/** A controller that does not lead, which was killed. */
const killedFollower = async (): Promise<NodePlan> => {
  await cluster.settled();
  const active = await cluster.active();
  const follower = cluster.controllers.find(({ nodeId }) => nodeId !== active.nodeId);
  if (follower === undefined) throw new Error('there is no follower');
  await cluster.kill(follower.nodeId);
  return follower;
};
/** What a node says that does not start. */
const refusalOf = async ({ nodeId }: NodePlan): Promise<string> => {
  const process = cluster.launch(nodeId);
  expect(await process.ended).toBe(1);
  return process.output().trim().split('\n').at(-1) ?? '';
};

const WAY_OUT =
  'where other controllers have the metadata, move the directory away, format it anew and add this node to the quorum again.';

/** Does what the message says, and sees that this is the way out. */
const takeTheWayOut = async (node: NodePlan): Promise<void> => {
  const quorum = ['--bootstrap-server', cluster.bootstrapServers];
  const id = ['--controller-id', String(node.nodeId), '--controller-directory-id', directoryIdOf(node)];
  renameSync(node.directory, `${node.directory}-${directoryIdOf(node)}`);
  await cluster.format(node.nodeId, 'later');
  await tool('metadata-quorum', [...quorum, 'remove-controller', ...id]);
  await cluster.launch(node.nodeId).ready;
  await tool('metadata-quorum', [...quorum, '--command-config', node.file, 'add-controller']);
  expect(await cluster.voterIds()).toEqual([1, 2, 3]);
  await cluster.settled();
};

test('a controller whose log is damaged does not start, the others go on, and its message leads out', async () => {
  const names = Array.from({ length: 20 }, (_, at) => `topic-${at}`);
  await createTopics(names);
  const node = await killedFollower();
  const [log = ''] = metadataFiles(node, '.wal');
  meddle(log, (bytes) => {
    const at = bytes.indexOf('topic-9');
    bytes[at] = (bytes[at] ?? 0) ^ 0x01;
    return bytes;
  });
  const said = await refusalOf(node);
  expect(said).toMatch(new RegExp(`^${log} is damaged at byte \\d+: .*acknowledged`));
  expect(said).toMatch(WAY_OUT);
  await createTopics(['meanwhile']);
  await takeTheWayOut(node);
  await withAdmin(async (admin) => {
    const found = (await admin.listTopics()).map(({ name }) => name);
    expect(found).toEqual([...names, 'meanwhile'].sort());
  });
});

/** The log keeps a thousand entries before its newest snapshot. */
const SHORTENED_AT = 1500;

/** A controller that was killed, whose log has not all since the beginning any more. */
const killedWithSnapshot = async (): Promise<{
  readonly node: NodePlan;
  readonly snapshots: readonly string[];
}> => {
  await changeConfigs(2000);
  const node = await killedFollower();
  const snapshots = metadataFiles(node, '.checkpoint');
  const newest = Number(/(\d{20})-\d{10}\.checkpoint$/.exec(snapshots.at(-1) ?? '')?.[1]);
  expect(newest).toBeGreaterThan(SHORTENED_AT);
  return { node, snapshots };
};

const damages: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  cut: (bytes) => bytes.subarray(0, bytes.length >> 1),
  flipped: (bytes) => {
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0x10;
    return bytes;
  },
};

test('a controller whose snapshots are cut or flipped does not start empty, and its message leads out', async () => {
  const { node, snapshots } = await killedWithSnapshot();
  const intact = new Map(snapshots.map((path) => [path, readFileSync(path)]));
  for (const [damage, change] of Object.entries(damages)) {
    for (const [path, bytes] of intact) writeFileSync(path, change(Buffer.from(bytes)));
    const said = await refusalOf(node);
    expect([damage, said]).toEqual([
      damage,
      expect.stringMatching(new RegExp(`^${snapshots.at(-1)} is damaged at byte \\d+: .*${WAY_OUT}$`)),
    ]);
  }
  await changeConfigs(20);
  await takeTheWayOut(node);
});
