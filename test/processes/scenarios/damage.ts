import {
  cpSync,
  openSync,
  closeSync,
  ftruncateSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { NodePlan } from '../node-files';
import type { Scenario } from './scenario';
import type { ChaosStage } from './stage';

const FAILOVER_MS = 1800;

/** Kills a node, does something to its disk, and starts it again. */
const killAndChange = async (
  stage: ChaosStage,
  node: NodePlan,
  what: string,
  change: () => Promise<void> | void,
): Promise<void> => {
  await stage.outage(
    what,
    async () => {
      await stage.cluster.kill(node.nodeId);
      await change();
      await stage.restart([node]);
    },
    { boundMs: FAILOVER_MS },
  );
  await stage.allInSync();
};

/** The newest segment of each partition of a node. */
const lastSegments = (directory: string): readonly string[] => {
  const topics = join(directory, 'topics');
  const below = (path: string): readonly string[] =>
    readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(path, name));
  return below(topics)
    .flatMap(below)
    .flatMap((partition) => {
      const segments = readdirSync(partition).filter((name) => name.endsWith('.log'));
      const last = segments.sort().at(-1);
      return last === undefined ? [] : [join(partition, last)];
    });
};

/** So many bytes less at the end. */
const truncate = (path: string, bytes: number): void => {
  const file = openSync(path, 'r+');
  ftruncateSync(file, Math.max(0, statSync(path).size - bytes));
  closeSync(file);
};

const append = (path: string, bytes: Buffer): void => {
  const file = openSync(path, 'a');
  writeSync(file, bytes);
  closeSync(file);
};

const tornTail: Scenario = {
  id: 'C16',
  what: 'the ends of segments are cut, or have bytes behind them that nobody wrote, while their node is down',
  round: async (stage, round) => {
    const node = stage.pick(stage.cluster.brokers);
    // What was acknowledged is to be cut only where others have it as well.
    const way = stage.replicas > 1 ? round % 3 : 1 + (round % 2);
    const name = ['cut', 'followed by rubbish', 'followed by 4 KiB of zeros'][way] ?? '';
    const what = `the segments of node ${node.nodeId} were ${name}`;
    await killAndChange(stage, node, what, () => {
      for (const path of lastSegments(node.directory)) {
        if (way === 0) truncate(path, 1 + stage.random.below(200));
        else append(path, way === 1 ? stage.random.bytes(1 + stage.random.below(300)) : Buffer.alloc(4096));
      }
    });
  },
};

const wipedBroker: Scenario = {
  id: 'C18',
  what: 'the directory of a broker is emptied while it is down; it comes back under the same id',
  layout: 'separate',
  needsReplicas: true,
  round: async (stage) => {
    const node = stage.pick(stage.cluster.brokers);
    await killAndChange(stage, node, `node ${node.nodeId} was wiped`, async () => {
      stage.cluster.wipe(node.nodeId);
      await stage.cluster.format(node.nodeId);
    });
  },
};

const oldCopy: Scenario = {
  id: 'C19',
  what: 'the directory of a broker is replaced by an old copy of it',
  layout: 'separate',
  needsReplicas: true,
  round: async (stage) => {
    const node = stage.pick(stage.cluster.brokers);
    const copy = `${node.directory}.copy`;
    await killAndChange(stage, node, `a copy of node ${node.nodeId} was made`, () => {
      cpSync(node.directory, copy, { recursive: true });
    });
    // Leaders move, so that the copy is of an epoch that is over.
    await stage.sleep(2000 + stage.random.below(2000));
    await killAndChange(stage, node, `node ${node.nodeId} got its old copy back`, () => {
      rmSync(node.directory, { recursive: true });
      cpSync(copy, node.directory, { recursive: true });
      rmSync(copy, { recursive: true });
    });
  },
};

/** Files of a partition that hold what a start would have to read otherwise, and can be made anew from its segments. */
const derivedFiles = (directory: string): readonly string[] =>
  lastSegments(directory).flatMap((segment) => {
    const partition = dirname(segment);
    return readdirSync(partition)
      .filter((name) => !name.endsWith('.log'))
      .map((name) => join(partition, name));
  });

/** Changes bytes in the middle of a file, and leaves its length. */
const alterFile = (path: string, alter: (bytes: Buffer) => void): void => {
  const bytes = readFileSync(path);
  if (bytes.length === 0) return;
  alter(bytes);
  writeFileSync(path, bytes);
};

const flipBit = (stage: ChaosStage, bytes: Buffer): void => {
  const at = stage.random.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << stage.random.below(8));
};

const BLOCK_BYTES = 4096;

const swapBlocks = (stage: ChaosStage, bytes: Buffer): void => {
  const size = Math.min(BLOCK_BYTES, bytes.length >> 1);
  const [from, to] = [stage.random.below(bytes.length - 2 * size + 1), bytes.length - size];
  const kept = Buffer.from(bytes.subarray(from, from + size));
  bytes.copy(bytes, from, to, to + size);
  kept.copy(bytes, to);
};

/** What is done to the disk of one node, round by round. */
const WAYS: readonly {
  readonly name: string;
  readonly files: (directory: string) => readonly string[];
  readonly alter: (stage: ChaosStage, bytes: Buffer) => void;
}[] = [
  { name: 'a bit of each segment was flipped', files: lastSegments, alter: flipBit },
  {
    name: '4 KiB in each segment were zeros',
    files: lastSegments,
    alter: (stage, bytes) => {
      const at = stage.random.below(bytes.length);
      bytes.fill(0, at, Math.min(bytes.length, at + BLOCK_BYTES));
    },
  },
  { name: 'blocks of each segment were swapped', files: lastSegments, alter: swapBlocks },
  { name: 'a bit of each index and snapshot was flipped', files: derivedFiles, alter: flipBit },
];

const bitFlips: Scenario = {
  id: 'C17',
  what: 'bits, blocks and order of what one node has on its disk are changed while it is down',
  needsReplicas: true,
  leavesDamage: true,
  round: async (stage, round) => {
    const way = WAYS[(round - 1) % WAYS.length] ?? WAYS[0]!;
    const node = round % 2 === 0 ? stage.pick(stage.cluster.brokers) : await stage.someLeader();
    await killAndChange(stage, node, `on node ${node.nodeId} ${way.name}`, () => {
      for (const path of way.files(node.directory)) alterFile(path, (bytes) => way.alter(stage, bytes));
    });
  },
};

export const damage: readonly Scenario[] = [tornTail, bitFlips, wipedBroker, oldCopy];
