import type { NodePlan } from '../node-files';
import type { Place, Way } from '../node-network';
import { until } from '../process-cluster';
import type { Scenario } from './scenario';
import type { ChaosStage } from './stage';

/** `broker.session.timeout.ms` and `replica.lag.time.max.ms`, as they are by default. */
const SESSION_MS = 9000;
const LAG_MS = 10_000;
/** Twice `controller.quorum.fetch.timeout.ms`, and an election. */
const BETWEEN_CONTROLLERS_MS = 2 * 1500 + 1000;
/** A client asks whoever is silent for so long, and then somebody else. */
const REQUEST_MS = 3000;
const COLD_START_MS = 15_000;

const bothWays = (one: Place, others: readonly Place[]): readonly Way[] =>
  others.flatMap((other) => [
    { from: one, to: other },
    { from: other, to: one },
  ]);

const otherIds = (nodes: readonly NodePlan[], nodeId: number): readonly number[] =>
  nodes.map((node) => node.nodeId).filter((id) => id !== nodeId);

/** What is cut in one round, and how long partitions may be without anybody who acknowledges. */
interface Cut {
  readonly what: string;
  readonly ways: readonly Way[];
  readonly boundMs: number;
}

const CUT_MS = 16_000;

/** Cuts for a while, measures until everything is acknowledged again, and waits until all replicas are in sync. */
const cutForAWhile = async (
  stage: ChaosStage,
  { what, ways, boundMs }: Cut,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<void> => {
  const { network } = stage.cluster;
  await stage.outage(
    what,
    async () => {
      await network.cut(ways);
      try {
        await Promise.all([stage.sleep(CUT_MS), meanwhile()]);
      } finally {
        await network.heal();
      }
    },
    { boundMs },
  );
  await stage.allInSync();
};

/** Symmetric cuts, round by round. */
const SYMMETRIC: readonly ((stage: ChaosStage) => Promise<Cut>)[] = [
  async (stage) => {
    const { nodeId } = await stage.someLeader();
    return {
      what: `node ${nodeId} heard nobody but clients, and nobody else heard it`,
      ways: bothWays(nodeId, otherIds(stage.cluster.nodes, nodeId)),
      // Clients may ask it again and again: it says that it leads until it knows that its session is over.
      boundMs: SESSION_MS + REQUEST_MS + 1000,
    };
  },
  async (stage) => {
    const { nodeId } = await stage.someLeader();
    return {
      what: `node ${nodeId} was cut off from nodes and clients`,
      ways: bothWays(nodeId, [...otherIds(stage.cluster.nodes, nodeId), 'clients']),
      boundMs: SESSION_MS + REQUEST_MS + 1000,
    };
  },
  async (stage) => {
    const { nodeId } = await stage.someLeader();
    const other = stage.pick(otherIds(stage.cluster.brokers, nodeId));
    return {
      what: `brokers ${nodeId} and ${other} did not hear each other, and everybody else heard both`,
      ways: bothWays(nodeId, [other]),
      // Nobody is fenced: whoever leads waits for the other until it lags.
      boundMs: LAG_MS + 1000,
    };
  },
  async (stage) => {
    const { nodeId } = await stage.someLeader();
    return {
      what: `broker ${nodeId} and the controllers did not hear each other`,
      ways: bothWays(nodeId, otherIds(stage.cluster.controllers, nodeId)),
      boundMs: SESSION_MS + REQUEST_MS + 1000,
    };
  },
  async (stage) => {
    const { nodeId } = await stage.someLeader();
    return {
      what: `clients and broker ${nodeId} did not hear each other for ${CUT_MS} ms`,
      ways: bothWays(nodeId, ['clients']),
      // The cluster has nothing to mend.
      boundMs: CUT_MS + REQUEST_MS + 1000,
    };
  },
];

const symmetric: Scenario = {
  id: 'C10',
  what: 'for a while some nodes do not hear each other: a leader alone, a broker and controllers, two of three, clients and a leader',
  layout: 'separate',
  needsNetwork: true,
  needsReplicas: true,
  round: async (stage, round) => {
    const cut = SYMMETRIC[(round - 1) % SYMMETRIC.length] ?? SYMMETRIC[0]!;
    await cutForAWhile(stage, await cut(stage));
  },
};

/** Waits until another controller is active than the one that was, and says how long that took. */
const replaced = async (stage: ChaosStage, before: number, what: string): Promise<void> => {
  const fromMs = performance.now();
  await until(
    `node ${before} is still the active controller`,
    async () => (await stage.cluster.active()).nodeId !== before || undefined,
    () => stage.cluster.testimony(),
  );
  const electedMs = Math.round(performance.now() - fromMs);
  stage.say(`another controller after ${electedMs} ms (at most ${BETWEEN_CONTROLLERS_MS} ms)`);
  if (electedMs > BETWEEN_CONTROLLERS_MS)
    stage.violations.push(`${what}: no other controller was active for ${electedMs} ms`);
};

/** Elections in a minute, at most. */
const ELECTIONS_A_MINUTE = 3;

const epochOf = async (stage: ChaosStage): Promise<number> => {
  const states = await Promise.all(
    stage.cluster.controllers.map(({ nodeId }) => stage.cluster.state(nodeId)),
  );
  return Math.max(...states.map((state) => state?.epoch ?? -1));
};

/** Nobody may keep electing controllers because somebody is heard of one in two directions. */
const withFewElections = async (
  stage: ChaosStage,
  what: string,
  work: () => Promise<void>,
): Promise<void> => {
  const [before, fromMs] = [await epochOf(stage), performance.now()];
  await work();
  const elections = (await epochOf(stage)) - before;
  const mostElections = Math.max(
    ELECTIONS_A_MINUTE,
    ((performance.now() - fromMs) / 60_000) * ELECTIONS_A_MINUTE,
  );
  stage.say(`${elections} elections of controllers (at most ${Math.floor(mostElections)})`);
  if (elections > mostElections) stage.violations.push(`${what}: ${elections} elections of controllers`);
};

const oneWay: Scenario = {
  id: 'C11',
  what: 'for a while what a node says arrives and what others say to it does not, or the other way round',
  layout: 'combined',
  needsNetwork: true,
  needsReplicas: true,
  round: async (stage, round) => {
    const { nodeId } =
      round % 4 < 3 && round % 4 > 0 ? await stage.cluster.active() : await stage.someLeader();
    const others = otherIds(stage.cluster.nodes, nodeId);
    const from = (to: number): Way => ({ from: nodeId, to });
    const back = (to: number): Way => ({ from: to, to: nodeId });
    const one = stage.pick(others);
    const alone = { boundMs: BETWEEN_CONTROLLERS_MS + SESSION_MS + REQUEST_MS + 1000 };
    const pair = { boundMs: LAG_MS + BETWEEN_CONTROLLERS_MS + 1000 };
    const cuts: readonly Cut[] = [
      { what: `what node ${nodeId} said to node ${one} did not arrive`, ways: [from(one)], ...pair },
      { what: `controller ${nodeId} heard no other node`, ways: others.map(back), ...alone },
      { what: `controller ${nodeId} was heard by no other node`, ways: others.map(from), ...alone },
      { what: `what node ${one} said to node ${nodeId} did not arrive`, ways: [back(one)], ...pair },
    ];
    const cut = cuts[round % cuts.length] ?? cuts[0]!;
    const isAlone = cut.ways.length > 1;
    await withFewElections(stage, cut.what, () =>
      cutForAWhile(stage, cut, () => (isAlone ? replaced(stage, nodeId, cut.what) : Promise.resolve())),
    );
  },
};

/**
 * What Redpanda tried out on clusters that acknowledge without fsync: whoever has acknowledged records alone with another
 * loses power, and comes back with one that lacks them while that other is away.
 */
const powerOfTheOnlyOne: Scenario = {
  id: 'C6',
  what: 'one replica is cut off, then a second; the third, or all of them, lose power, and go on without the second',
  layout: 'separate',
  needsNetwork: true,
  needsReplicas: true,
  environment: (nodeId, seed) => ({ FAULT_FS: 'lazy', FAULT_SEED: String(seed + nodeId) }),
  round: async (stage, round) => {
    const [first, second, last] = stage.shuffled(stage.cluster.brokers);
    if (first === undefined || second === undefined || last === undefined) throw new Error('three brokers');
    const { cluster } = stage;
    const off = ({ nodeId }: NodePlan): readonly Way[] =>
      bothWays(nodeId, [...otherIds(cluster.nodes, nodeId), 'clients']);
    await stage.outage(`node ${first.nodeId} was cut off`, () => cluster.network.cut(off(first)), {
      boundMs: SESSION_MS + REQUEST_MS + 1000,
    });
    const fromMs = performance.now();
    await cluster.network.cut(off(second));
    await stage.sleep(stage.random.below(2000));
    const victims = round % 2 === 1 ? [last] : [first, second, last];
    await Promise.all(victims.map(({ nodeId }) => cluster.kill(nodeId)));
    await cluster.network.heal();
    await cluster.network.cut(off(second));
    await stage.restart(victims.filter((node) => node !== second));
    const scriptedMs = Math.round(performance.now() - fromMs);
    await stage.workload.acknowledgedSince(performance.now());
    const names = victims.map(({ nodeId }) => nodeId).join();
    stage.measure(`node ${second.nodeId} was cut off and the power of ${names} lost`, fromMs, {
      boundMs: scriptedMs + COLD_START_MS,
    });
    await cluster.network.heal();
    if (victims.includes(second)) await stage.restart([second]);
    await stage.allInSync();
  },
};

export const cuts: readonly Scenario[] = [powerOfTheOnlyOne, symmetric, oneWay];
