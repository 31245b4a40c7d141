import type { Scenario } from './scenario';
import type { ChaosStage } from './stage';

const FAILOVER_MS = 1800;

/** Gives all partitions these replicas, each its own first, and waits until they are in sync. */
const assignAll = async (stage: ChaosStage, nodeIds: readonly number[]): Promise<void> => {
  const partitions = await stage.partitions();
  await stage.reassign(
    partitions.map(({ partition }) => ({
      partition,
      replicas: nodeIds.map((_, at) => nodeIds[(partition + at) % nodeIds.length] ?? 0),
    })),
  );
  await stage.allInSync(nodeIds.length);
};

const reassigned: Scenario = {
  id: 'C22',
  what: 'partitions go from three replicas to one and back, while a node is killed; then a broker is replaced by an empty one',
  layout: 'separate',
  needsReplicas: true,
  round: async (stage, round) => {
    const nodeIds = stage.shuffled(stage.cluster.brokers).map(({ nodeId }) => nodeId);
    const [left = 0, ...others] = nodeIds;
    if (round % 2 === 1) {
      await stage.outage(`all partitions went to node ${left} alone`, () => assignAll(stage, [left]), {
        boundMs: FAILOVER_MS,
      });
      const victim = stage.cluster.node(stage.pick(others));
      await stage.outage(
        `all partitions went from node ${left} to all nodes, while node ${victim.nodeId} was killed`,
        async () => {
          const assigned = assignAll(stage, nodeIds);
          // Whether or not it fails, it is waited for below.
          assigned.catch(() => undefined);
          await stage.sleep(stage.random.below(300));
          await stage.cluster.kill(victim.nodeId);
          await stage.restart([victim]);
          await assigned;
        },
        { boundMs: FAILOVER_MS },
      );
      return;
    }
    await stage.outage(
      `node ${left} was replaced by an empty one`,
      async () => {
        await assignAll(stage, others);
        await stage.cluster.process(left).stop();
        stage.cluster.wipe(left);
        await stage.cluster.format(left);
        await stage.restart([stage.cluster.node(left)]);
        await assignAll(stage, nodeIds);
      },
      { boundMs: FAILOVER_MS },
    );
  },
};

export const membership: readonly Scenario[] = [reassigned];
