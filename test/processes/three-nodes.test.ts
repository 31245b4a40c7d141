import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openClient } from '@kafkaesque/client';
import { javaTools } from '../interop/found-clients';
import { runToSuccess } from '../interop/program';
import { writeThreeNodes } from '../interop/three-nodes';
import { freePortWith } from './loopback-ports';
import { tool, until } from './process-cluster';
import type { SpawnedNode } from './spawned-node';
import { program, spawnNode } from './spawned-node';

jest.setTimeout(120_000);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kafkaesque-three-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Distances of the ports that the files name from the first of them. */
const DISTANCES = [1, 10, 11, 20, 21];

/** Three nodes, each broker and voter, that clients can use. */
const isCluster = async (addresses: readonly string[]): Promise<void> => {
  await using client = openClient({ bootstrapServers: addresses });
  const admin = client.admin();
  await until('three brokers are not in service', async () => {
    const { nodes } = await admin.describeCluster();
    return nodes.length === addresses.length ? true : undefined;
  });
  const [created] = await admin.createTopics([{ name: 'first', partitions: 6, replicationFactor: 3 }]);
  expect(created).toMatchObject({ kind: 'done', value: { partitions: 6, replicationFactor: 3 } });
  for (const address of addresses) {
    await using one = openClient({ bootstrapServers: [address] });
    const topic = await until(`${address} does not know the topic`, async () => {
      const [outcome] = await one.admin().describeTopics(['first']);
      return outcome?.kind === 'done' ? outcome.value : undefined;
    });
    expect(topic.partitions.map(({ replicas }) => [...replicas].sort())).toEqual(
      Array.from({ length: 6 }, () => [1, 2, 3]),
    );
  }
  const { voters, observers } = await admin.describeQuorum();
  expect([voters.map(({ nodeId }) => nodeId), observers]).toEqual([[1, 2, 3], []]);
};

test('the files of three nodes of Apache Kafka start three of ours', async () => {
  const files = writeThreeNodes(directory, await freePortWith(DISTANCES));
  for (const { format } of files) await tool('storage', format);
  const nodes: readonly SpawnedNode[] = files.map(({ properties }) => spawnNode(properties));
  try {
    await Promise.all(nodes.map(({ ready }) => ready));
    await isCluster(files.map(({ address }) => address));
    expect(await Promise.all(nodes.map((node) => node.stop()))).toEqual([0, 0, 0]);
  } finally {
    await Promise.all(nodes.map((node) => node.kill()));
  }
});

/**
 * The script that starts Apache Kafka, whose every call of Java starts the program of the same purpose of ours instead:
 * what it writes and how it calls is its own.
 */
const scriptForOurs = (script: string): string => {
  const functions = readFileSync(script, 'utf8').replace(/^case \$\{1:-\} in[\s\S]*/m, '');
  return `${functions}
fetch() { :; }
java_() {
  shift 2
  case $1 in
    kafka.tools.StorageTool) shift; exec '${process.execPath}' '${program()}' storage "$@" ;;
    kafka.Kafka) shift; exec '${process.execPath}' '${program()}' server "$@" ;;
    *) echo "not one of ours: $1" >&2; exit 2 ;;
  esac
}
"$@"
`;
};

if (javaTools !== undefined) {
  const apaches = javaTools;
  test('the very script that starts three nodes of Apache Kafka starts three of ours', async () => {
    const script = join(directory, 'ours.sh');
    writeFileSync(script, scriptForOurs(apaches));
    const home = join(directory, 'home');
    mkdirSync(home);
    const port = String(await freePortWith(DISTANCES));
    const options = { environment: { PEERS_HOME: home } };
    const nodes = [1, 2, 3];
    try {
      await runToSuccess('bash', [script, 'up', '3', port], options);
      await isCluster(nodes.map((nodeId) => `127.0.0.1:${Number(port) + 10 * (nodeId - 1)}`));
    } finally {
      await runToSuccess('bash', [script, 'down', port], options);
    }
  });

  test('the files that are kept here are those that it writes', async () => {
    const script = join(directory, 'files.sh');
    writeFileSync(
      script,
      scriptForOurs(apaches).replace(/^"\$@"$/m, 'start_node() { :; }\nsleep() { :; }\nup 3'),
    );
    const home = join(directory, 'home');
    // It fails because nobody starts a node; by then the files are there.
    await runToSuccess('bash', ['-c', `bash ${script} || true`], {
      environment: { PEERS_HOME: home },
    });
    const kept = writeThreeNodes(directory);
    for (const { nodeId, properties } of kept) {
      const written = readFileSync(join(home, `run-19092/${nodeId}/server.properties`), 'utf8');
      expect(written.trim().replaceAll(`${home}/run-19092/`, `${directory}/`)).toBe(
        readFileSync(properties, 'utf8').trim(),
      );
    }
  });
}
