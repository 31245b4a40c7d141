import { setTimeout as sleep } from 'node:timers/promises';
import { performance } from 'node:perf_hooks';
import type { Sample } from '../figures';
import { LoadConnection } from '../load/connection';
import { kloadFailover } from '../load/kload';
import { NumberedSender, readNumbers } from '../load/numbered-sender';
import type { FindLeader } from '../load/numbered-sender';
import { within } from '../load/patience';
import type { Tally } from '../load/tally';
import { silenceBetween, tallyOf } from '../load/tally';
import { quorumOf, until, withPort } from '../quorum/requests';
import type { RunningCluster } from '../servers/cluster';
import { median } from '../statistics';
import type { PartitionView } from './topics';
import { createReplicated, ledIn, partitionsOf, portBeside, untilInSync } from './topics';
import type { Fault, FailoverScenario } from './scenarios';

export interface FailoverAmount {
  /** 1: as many deaths as the scenario asks for. */
  readonly size: number;
  readonly generator: 'own' | 'kload';
}

interface Outage extends Tally {
  readonly silenceMs: number;
  /** From the moment when the node is started or resumed until it is in sync. */
  readonly backMs: number;
}

const RATE = 200;
/** Of load before the fault, and after the node is in sync again. */
const STEADY_MS = 2000;
/** So many acknowledgements are no answers any more that were on their way when the leader died. */
const SIGN_OF_LIFE = 50;
/** A shorter pause may go unnoticed: nobody is fenced by it. */
const SHORTEST_PAUSE_MS = 8000;
/** How long kload sends: the longest silence and some more. */
const KLOAD_SECONDS = 20;
/** Brokers that are silent for longer are not waited for: others know. */
const METADATA_PATIENCE_MS = 300;
const SIGNALS: Readonly<Record<Fault, string>> = { kill: 'KILL', stop: 'TERM', pause: 'STOP' };

/** Kills, stops or pauses the leader of a topic under load, again and again, and counts what became of the records. */
export const measureFailover = async (
  scenario: FailoverScenario,
  cluster: RunningCluster,
  { size, generator }: FailoverAmount,
): Promise<Sample> => {
  const outages: Outage[] = [];
  const count = Math.max(1, Math.ceil(scenario.times * size));
  for (let index = 0; index < count; index += 1) {
    const topic = `failover-${index}`;
    const controller = await settled(cluster);
    const nodes = [...cluster.ports.keys()];
    const victim = scenario.isController
      ? controller
      : (nodes.filter((node) => node !== controller)[index % 2] ?? controller);
    const replicas = [[victim, ...nodes.filter((node) => node !== victim)]];
    await createReplicated(cluster, topic, replicas);
    const staged = {
      cluster,
      topic,
      victim,
      replicas,
      fault: scenario.fault,
      pauseMs: Math.max(SHORTEST_PAUSE_MS, scenario.pauseMs * size),
    };
    outages.push(
      // kload ends before a paused node is resumed.
      generator === 'kload' && scenario.fault !== 'pause' ? await byKload(staged) : await outage(staged),
    );
  }
  const silences = outages.map(({ silenceMs }) => silenceMs);
  return {
    failoverMs: median(silences),
    worstFailoverMs: Math.max(...silences),
    lostRecords: outages.reduce((sum, { lost }) => sum + lost, 0),
    duplicateRecords: outages.reduce((sum, { duplicates }) => sum + duplicates, 0),
    backMs: median(outages.map(({ backMs }) => backMs)),
  };
};

/** Everybody follows the active controller, with nothing missing. */
export const settled = (cluster: RunningCluster): Promise<number> =>
  until('a quorum in which nobody is behind', () =>
    withPort(portBeside(cluster), async (connection) => {
      const quorum = await quorumOf(connection);
      return quorum?.lag === 0 ? quorum.leader : undefined;
    }),
  );

interface Staged {
  readonly cluster: RunningCluster;
  readonly topic: string;
  readonly victim: number;
  readonly replicas: readonly (readonly number[])[];
  readonly fault: Fault;
  readonly pauseMs: number;
}

const outage = async (staged: Staged): Promise<Outage> => {
  const { cluster, topic } = staged;
  const sender = await NumberedSender.open({
    ...{ topic, rate: RATE, port: portBeside(cluster) },
    findLeader: leaderFinder(cluster, topic),
  });
  const running = sender.run();
  // Heard of below; until then nobody is to be ended by it.
  running.catch(() => undefined);
  try {
    const { faultMs, returnMs, backMs } = await Promise.race([
      faultAndReturn(staged, sender),
      running.then(never),
    ]);
    sender.end();
    await running;
    const [led] = await ledIn(cluster, topic);
    if (led === undefined) throw new Error(`nobody leads ${topic}`);
    const silenceMs = silenceBetween(sender.atMs, faultMs, returnMs);
    if (silenceMs === undefined) throw new Error('nothing was acknowledged after the fault');
    return {
      ...{ silenceMs, backMs },
      ...tallyOf(sender.atMs.length, await readNumbers(led.port, topic)),
    };
  } finally {
    sender.end();
  }
};

const never = (): never => {
  throw new Error('the load ended early');
};

const faultAndReturn = async (
  { cluster, topic, victim, replicas, fault, pauseMs }: Staged,
  sender: NumberedSender,
): Promise<{ readonly faultMs: number; readonly returnMs: number; readonly backMs: number }> => {
  await sleep(STEADY_MS);
  const faultMs = performance.now();
  if (fault === 'kill') cluster.kill(victim);
  else if (fault === 'pause') cluster.pause(victim);
  else await cluster.shutDown(victim);
  if (fault === 'pause') await sleep(pauseMs);
  else
    await until('acknowledgements after the fault', () =>
      Promise.resolve((sender.atMs.at(-SIGN_OF_LIFE) ?? 0) > faultMs ? true : undefined),
    );
  const returnMs = performance.now();
  const backMs = await bringBack(cluster, victim, fault, () => untilInSync(cluster, topic, replicas));
  await sleep(STEADY_MS);
  return { faultMs, returnMs, backMs };
};

const bringBack = async (
  cluster: RunningCluster,
  victim: number,
  fault: Fault,
  inSync: () => Promise<void>,
): Promise<number> => {
  const beganMs = performance.now();
  if (fault === 'pause') cluster.resume(victim);
  else await cluster.restart(victim);
  await inSync();
  return performance.now() - beganMs;
};

const byKload = async ({ cluster, topic, victim, replicas, fault }: Staged): Promise<Outage> => {
  const command = `kill -${SIGNALS[fault]} ${cluster.pid(victim)}`;
  const result = await kloadFailover([...cluster.ports.values()], topic, command, KLOAD_SECONDS);
  await cluster.shutDown(victim);
  const backMs = await bringBack(cluster, victim, fault, () => untilInSync(cluster, topic, replicas));
  return { silenceMs: result.gap_ms, lost: result.lost, duplicates: result.duplicates, backMs };
};

/**
 * Asks all brokers at once. The first that names another leader than the one that failed is believed; otherwise the
 * newest epoch that anybody tells of.
 */
const leaderFinder =
  (cluster: RunningCluster, topic: string): FindLeader =>
  async (besidePort) => {
    const { ports } = cluster;
    const views: PartitionView[] = [];
    const ask = async (port: number): Promise<void> => {
      const connection = await LoadConnection.open(port);
      try {
        const asked = Promise.race([partitionsOf(connection, topic), connection.failed]);
        const [view] = await within(METADATA_PATIENCE_MS, 'no answer', asked);
        if (view === undefined || view.leader < 0) throw new Error('nobody leads');
        views.push(view);
        if (ports.get(view.leader) === besidePort) throw new Error('the same as before');
      } finally {
        connection.close();
      }
    };
    await Promise.any([...ports.values()].map(ask)).catch(() => undefined);
    const [newest] = views.sort((a, b) => b.leaderEpoch - a.leaderEpoch);
    return newest === undefined ? undefined : ports.get(newest.leader);
  };
