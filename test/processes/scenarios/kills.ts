import type { NodePlan } from '../node-files';
import type { Scenario } from './scenario';
import type { ChaosStage, OutageOptions } from './stage';

/** Kafka's session of a broker is 9 s, ours ends with its connection. */
const FAILOVER_MS = 1800;
const COLD_START_MS = 15_000;
const BETWEEN_CONTROLLERS_MS = 2000;

const RESTART_AFTER_MS = [50, 1000, 10_000] as const;

/** Kills nodes, starts them again after a while, and measures until everything is acknowledged again. */
const killAndRestart = async (
  stage: ChaosStage,
  nodes: readonly NodePlan[],
  restartAfterMs: number,
  options: OutageOptions & { readonly what: string },
): Promise<void> => {
  let restarted: Promise<void> = Promise.resolve();
  await stage.outage(
    options.what,
    async () => {
      await Promise.all(nodes.map(({ nodeId }) => stage.cluster.kill(nodeId)));
      restarted = stage.sleep(restartAfterMs).then(() => stage.restart(nodes));
      // Whether or not it fails, it is waited for below.
      restarted.catch(() => undefined);
    },
    options,
  );
  await restarted;
  await stage.allInSync();
};

const leaderKilled: Scenario = {
  id: 'C1',
  what: 'kill -9 of a partition’s leader, again and again',
  round: async (stage, round) => {
    const leader = await stage.someLeader();
    const restartAfterMs = RESTART_AFTER_MS[round % RESTART_AFTER_MS.length] ?? 1000;
    const what = `node ${leader.nodeId} killed, started again after ${restartAfterMs} ms`;
    await killAndRestart(stage, [leader], restartAfterMs, { what, boundMs: FAILOVER_MS });
  },
};

const followersKilled: Scenario = {
  id: 'C2',
  what: 'kill -9 of a follower, then of two brokers of three',
  layout: 'separate',
  round: async (stage, round) => {
    const { brokers } = stage.cluster;
    if (round % 2 === 1) {
      const follower = stage.pick(brokers);
      const what = `node ${follower.nodeId} killed, as its followers’ leaders saw it`;
      const partitions = await stage.ledByOthers(follower.nodeId);
      // Who tells the leaders that it is gone may be gone with it.
      const { nodeId } = await stage.cluster.active();
      const boundMs = nodeId === follower.nodeId ? FAILOVER_MS : 500;
      await killAndRestart(stage, [follower], 1000, { what, partitions, boundMs });
      return;
    }
    const victims = stage.shuffled(brokers).slice(0, 2);
    const what = `nodes ${victims.map(({ nodeId }) => nodeId).join()} killed`;
    await killAndRestart(stage, victims, 3000, { what, boundMs: 3000 + FAILOVER_MS + COLD_START_MS });
  },
};

const controllersKilled: Scenario = {
  id: 'C3',
  what: 'kill -9 of the active controller, then of two controllers of three',
  layout: 'separate',
  round: async (stage, round) => {
    const active = await stage.cluster.active();
    const others = stage.cluster.controllers.filter(({ nodeId }) => nodeId !== active.nodeId);
    const victims = round % 2 === 1 ? [active] : [active, stage.pick(others)];
    const fromMs = performance.now();
    const what = `controllers ${victims.map(({ nodeId }) => nodeId).join()} killed`;
    const areBrokers = active.roles.includes('broker');
    if (areBrokers && victims.length > 1) {
      await killAndRestart(stage, victims, 5000, { what, boundMs: 5000 + COLD_START_MS });
      return;
    }
    await Promise.all(victims.map(({ nodeId }) => stage.cluster.kill(nodeId)));
    if (victims.length === 1) {
      await stage.cluster.active();
      const electedMs = performance.now() - fromMs;
      stage.say(`another controller after ${Math.round(electedMs)} ms`);
      if (electedMs > BETWEEN_CONTROLLERS_MS)
        stage.violations.push(`${what}: no other one was active for ${Math.round(electedMs)} ms`);
    } else await stage.sleep(5000);
    // Whoever led before leads on, unless it was one of them.
    await stage.workload.acknowledgedSince(performance.now());
    stage.measure(what, fromMs, { boundMs: areBrokers ? FAILOVER_MS : 500 });
    await stage.restart(victims);
    await stage.cluster.active();
    await stage.allInSync();
  },
};

const allKilled: Scenario = {
  id: 'C4',
  what: 'kill -9 of all nodes at once; they start in any order, or only a majority of them at first',
  round: async (stage, round) => {
    const nodes = stage.shuffled(stage.cluster.nodes);
    const late = round % 2 === 0 && stage.replicas > 1 ? nodes.slice(0, 1) : [];
    const names = late.map(({ nodeId }) => ` without node ${nodeId}`).join('');
    await stage.outage(
      `all nodes killed, started again${names}`,
      async () => {
        await Promise.all(nodes.map(({ nodeId }) => stage.cluster.kill(nodeId)));
        await stage.restart(nodes.filter((node) => !late.includes(node)));
      },
      { boundMs: COLD_START_MS },
    );
    await stage.restart(late);
    await stage.allInSync();
  },
};

/** What a node says first after its process has lost what it had not synced. */
const POWER_LOSS = 'death was a loss of power';

/** Writes that were not synced are gone when a process of this kind is killed. */
const powerLost: Scenario = {
  id: 'C5',
  what: 'loss of power of one node, then of all: what was not synced is gone, or torn',
  environment: (nodeId, seed) => ({ FAULT_FS: 'lazy', FAULT_SEED: String(seed + nodeId) }),
  round: async (stage, round) => {
    const nodes = round % 2 === 1 ? [await stage.someLeader()] : stage.cluster.nodes;
    const what = `power of ${nodes.length === 1 ? `node ${nodes[0]?.nodeId ?? 0}` : 'all nodes'} lost`;
    const boundMs = nodes.length === 1 ? FAILOVER_MS : COLD_START_MS;
    await killAndRestart(stage, nodes, 500, { what, boundMs });
    const spared = nodes.filter(({ nodeId }) => !stage.cluster.process(nodeId).output().includes(POWER_LOSS));
    // One node may have had everything synced at that moment; not all of them.
    stage.say(`${nodes.length - spared.length} of ${nodes.length} had something to lose`);
    if (nodes.length > 1 && spared.length === nodes.length)
      stage.violations.push(`${what}: nothing was lost of what was not synced, so this shows nothing`);
  },
};

export const kills: readonly Scenario[] = [
  leaderKilled,
  followersKilled,
  controllersKilled,
  allKilled,
  powerLost,
];
