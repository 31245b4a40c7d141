import {
  cpSync,
  openSync,
  closeSync,
  ftruncateSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
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

export const damage: readonly Scenario[] = [tornTail, wipedBroker, oldCopy];
