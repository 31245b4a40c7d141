import { CLASSIC_GROUP, GroupLoad } from '../groups/group-load';
import { SESSION_MS } from '../groups/group-register';
import type { Scenario } from './scenario';
import type { ChaosStage } from './stage';

/** Until a partition of the offsets topic has another leader: as long as any partition (C1). */
const FAILOVER_MS = 1800;
/**
 * Until members have found it, and have told it and heard from it what they have: a question that was under way, a heartbeat, a
 * join and what it gives away, each behind a client's wait of up to half a second.
 */
const REBALANCE_MS = 2200;

/**
 * Until groups of foreign clients are whole, too: these have timeouts of their own. kafkajs asks a dead coordinator until its
 * session is over, stops everything, and only then begins anew.
 */
const CLIENTS_MS = 30_000;

const loads = new WeakMap<ChaosStage, GroupLoad>();

const loadOf = (stage: ChaosStage): GroupLoad => {
  const load = loads.get(stage);
  if (load === undefined) throw new Error('C23 was not begun');
  return load;
};

/** What members do while their coordinator dies. */
const CHANGES = ['joins', 'leaves', 'is killed'] as const;

/**
 * Whether the next coordinator may have to wait for a session to end: that of a member that was killed, and of one that has left a
 * group of the classic protocol. Such a group writes who is in it with each generation; who leaves is known to the coordinator
 * alone until the next.
 */
const waitsForSession = (group: string, change: (typeof CHANGES)[number]): boolean =>
  change === 'is killed' || (change === 'leaves' && group === CLASSIC_GROUP);

/** `withClients`: with groups of foreign clients too, beside those of bare members. */
export const coordinatorsKilled = (withClients: boolean): Scenario => ({
  id: 'C23',
  what: 'kill -9 of the node that coordinates groups of both protocols, during rebalances and commits',
  settings: {
    'offsets.topic.num.partitions': 6,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    'group.consumer.min.session.timeout.ms': 1000,
    'group.consumer.session.timeout.ms': SESSION_MS,
    'group.consumer.min.heartbeat.interval.ms': 100,
    'group.consumer.heartbeat.interval.ms': 300,
  },
  needsReplicas: true,
  begin: async (stage) => {
    const load = await GroupLoad.open({
      bootstrapServers: stage.cluster.bootstrapServers,
      topic: stage.topic,
      partitions: stage.partitionCount,
      withClients,
    });
    loads.set(stage, load);
    await load.wholeSince(performance.now());
  },
  round: async (stage, round) => {
    const load = loadOf(stage);
    const group = load.groupOf(round);
    const nodeId = await load.coordinatorOf(group);
    const change = CHANGES[round % CHANGES.length] ?? 'joins';
    const fromMs = performance.now();
    await load.change(group, change);
    // In the middle of what follows, at a moment that differs.
    await stage.sleep(stage.random.below(400));
    await stage.cluster.kill(nodeId);
    const killedMs = performance.now();
    await load.wholeSince(killedMs, 'bare');
    const longestMs = Math.round(performance.now() - fromMs);
    const boundMs = FAILOVER_MS + REBALANCE_MS + (waitsForSession(group, change) ? SESSION_MS : 0);
    stage.hold(
      `node ${nodeId} killed while a member of ${group} ${change}: groups whole`,
      longestMs,
      boundMs,
    );
    if (withClients) {
      await load.wholeSince(killedMs);
      const clientsMs = Math.round(performance.now() - fromMs);
      stage.hold(`node ${nodeId} killed: groups of foreign clients whole`, clientsMs, CLIENTS_MS);
    }
    stage.say(load.testimony());
    await stage.restart([stage.cluster.node(nodeId)]);
    await stage.allInSync();
    await load.wholeSince(performance.now());
    stage.violations.push(...load.newViolations());
  },
  end: async (stage) => {
    const load = loadOf(stage);
    await load.close();
    stage.violations.push(...load.newViolations());
  },
});
