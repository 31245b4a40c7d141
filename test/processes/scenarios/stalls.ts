import type { Scenario } from './scenario';

/** `broker.session.timeout.ms`, as it is by default. */
const SESSION_MS = 3000;
/** `controller.quorum.fetch.timeout.ms` and an election: then all brokers have a whole session from the new controller. */
const ELECTION_MS = 2000;

const PAUSES_MS = [1000, 2 * SESSION_MS, 60_000] as const;

/** A request and a look for the leader that a silent node does not answer, and the pauses of clients between them. */
const CLIENTS_MS = 1500;

const leaderPaused: Scenario = {
  id: 'C8',
  what: 'SIGSTOP of a leader for 1 s, for two sessions, for a minute; then SIGCONT',
  // What is measured is the cluster, and not the patience of clients.
  requestTimeoutMs: 500,
  round: async (stage, round) => {
    const { nodeId } = await stage.someLeader();
    const pausedMs = PAUSES_MS[(round - 1) % PAUSES_MS.length] ?? 1000;
    const process = stage.cluster.process(nodeId);
    const isController = (await stage.cluster.active()).nodeId === nodeId;
    const boundMs = Math.min(pausedMs, SESSION_MS + (isController ? ELECTION_MS : 0)) + 1000;
    const all = await stage.partitions();
    const those = (isLed: boolean): readonly number[] =>
      all.filter(({ leader }) => (leader === nodeId) === isLed).map(({ partition }) => partition);
    const fromMs = performance.now();
    const what = `node ${nodeId}${isController ? ', the active controller too,' : ''} stood still for ${pausedMs} ms`;
    await stage.outage(
      `${what}: what it led`,
      async () => {
        process.pause();
        try {
          await stage.sleep(pausedMs);
        } finally {
          process.resume();
        }
      },
      { boundMs: boundMs + CLIENTS_MS, partitions: those(true) },
    );
    stage.measure(`${what}: what others led`, fromMs, { boundMs, partitions: those(false) });
    await stage.allInSync();
  },
};

const allPaused: Scenario = {
  id: 'C9',
  what: 'SIGSTOP of all nodes for 5 s; they go on one after the other',
  round: async (stage) => {
    const nodes = stage.shuffled(stage.cluster.nodes);
    const processes = nodes.map(({ nodeId }) => stage.cluster.process(nodeId));
    await stage.outage(
      'all nodes stood still for 5,000 ms',
      async () => {
        for (const process of processes) process.pause();
        await stage.sleep(5000);
        for (const process of processes) {
          process.resume();
          await stage.sleep(stage.random.below(500));
        }
      },
      { boundMs: 5000 + 3000 },
    );
    await stage.allInSync();
  },
};

const rollingRestart: Scenario = {
  id: 'C21',
  what: 'every node in turn is stopped by SIGTERM and started again',
  round: async (stage) => {
    for (const { nodeId } of stage.cluster.nodes) {
      const node = stage.cluster.node(nodeId);
      const codes: (number | null)[] = [];
      await stage.outage(
        `node ${nodeId} stopped in good order and started again`,
        async () => {
          codes.push(await stage.cluster.process(nodeId).stop());
          await stage.restart([node]);
        },
        { boundMs: 500 },
      );
      if (codes.some((code) => code !== 0))
        stage.violations.push(`node ${nodeId} ended with ${codes.join()} when it was asked to stop`);
      await stage.allInSync();
    }
  },
};

export const stalls: readonly Scenario[] = [leaderPaused, allPaused, rollingRestart];
