import type { NodePlan } from '../node-files';
import type { Place, Way } from '../node-network';
import { until } from '../process-cluster';
import type { Scenario } from './scenario';
import type { ChaosStage } from './stage';

const CUT_MS = 20_000;
/** `broker.session.timeout.ms`, as it is by default. */
const SESSION_MS = 3000;
/** `replica.lag.time.max.ms` by default, and until a leader looks again, which it does twice in that time. */
const LAG_MS = 10_000 + 5000;
/** Twice `controller.quorum.fetch.timeout.ms`, and an election. */
const BETWEEN_CONTROLLERS_MS = 2 * 1500 + 1000;
/** A client asks whoever is silent for so long, and then somebody else. */
const REQUEST_MS = 3000;
/**
 * Until whoever is not heard of is fenced, and clients have asked somebody else: where they asked just before, they are sent
 * to the silent broker once more.
 */
const FENCED_MS = SESSION_MS + REQUEST_MS + 2000;
/**
 * Clients that reach a broker which hears no controller may ask it again and again, and believe what it says of the leaders:
 * nobody has told it better. So they may be without an answer until the cut ends.
 */
const MISLED_MS = CUT_MS + REQUEST_MS + 1000;
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

/** A node that hears of nothing believes that all are in sync. So it is asked only once all have heard the same. */
const allWhole = async (stage: ChaosStage): Promise<void> => {
  await stage.cluster.settled();
  await stage.allInSync();
};

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
  await allWhole(stage);
};

/** Symmetric cuts, round by round. */
const SYMMETRIC: readonly ((stage: ChaosStage) => Promise<Cut>)[] = [
  async (stage) => {
    const { nodeId } = await stage.someLeader();
    return {
      what: `node ${nodeId} heard nobody but clients, and nobody else heard it`,
      ways: bothWays(nodeId, otherIds(stage.cluster.nodes, nodeId)),
      boundMs: MISLED_MS,
    };
  },
  async (stage) => {
    const { nodeId } = await stage.someLeader();
    return {
      what: `node ${nodeId} was cut off from nodes and clients`,
      ways: bothWays(nodeId, [...otherIds(stage.cluster.nodes, nodeId), 'clients']),
      boundMs: FENCED_MS,
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
      boundMs: MISLED_MS,
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
  const others = otherIds(stage.cluster.controllers, before);
  await until(
    `node ${before} is still the active controller`,
    async () => {
      const states = await Promise.all(others.map((nodeId) => stage.cluster.state(nodeId)));
      return states.some((state) => state?.isActive === true) || undefined;
    },
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

/** Nobody may keep electing controllers because one of them hears, or is heard, in one direction only. */
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

/** One-way cuts, round by round. */
const ONE_WAY: readonly ((stage: ChaosStage, active: number) => Cut)[] = [
  (stage, active) => ({
    what: `controller ${active} heard nobody`,
    ways: placesBut(stage, active).map((from) => ({ from, to: active })),
    boundMs: BETWEEN_CONTROLLERS_MS + FENCED_MS,
  }),
  (stage, active) => ({
    what: `controller ${active} was heard by nobody`,
    ways: placesBut(stage, active).map((to) => ({ from: active, to })),
    boundMs: BETWEEN_CONTROLLERS_MS + FENCED_MS,
  }),
  (stage, active) => {
    const [from = 0, to = 0] = stage.shuffled(otherIds(stage.cluster.nodes, active));
    return {
      what: `what node ${from} said to node ${to} did not arrive`,
      ways: [{ from, to }],
      // The controller hears both, so that nobody is fenced: whoever leads waits for the other until it lags.
      boundMs: LAG_MS + 1000,
    };
  },
];

const placesBut = (stage: ChaosStage, nodeId: number): readonly Place[] => [
  ...otherIds(stage.cluster.nodes, nodeId),
  'clients',
];

const oneWay: Scenario = {
  id: 'C11',
  what: 'for a while a controller and leader hears nobody, or is heard by nobody; then one leader is not heard by another',
  layout: 'combined',
  needsNetwork: true,
  needsReplicas: true,
  round: async (stage, round) => {
    const { nodeId } = await stage.cluster.active();
    const cut = (ONE_WAY[(round - 1) % ONE_WAY.length] ?? ONE_WAY[0]!)(stage, nodeId);
    const isReplaced = cut.ways.length > 1;
    await withFewElections(stage, cut.what, () =>
      cutForAWhile(stage, cut, () => (isReplaced ? replaced(stage, nodeId, cut.what) : Promise.resolve())),
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
      boundMs: FENCED_MS,
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
    await allWhole(stage);
  },
};

export const cuts: readonly Scenario[] = [powerOfTheOnlyOne, symmetric, oneWay];
