import type { Scenario } from './scenario';

/** `broker.session.timeout.ms`, as it is by default. */
const SESSION_MS = 3000;

const PAUSES_MS = [1000, 2 * SESSION_MS, 60_000] as const;

const leaderPaused: Scenario = {
  id: 'C8',
  what: 'SIGSTOP of a leader for 1 s, for two sessions, for a minute; then SIGCONT',
  round: async (stage, round) => {
    const leader = await stage.someLeader();
    const pausedMs = PAUSES_MS[(round - 1) % PAUSES_MS.length] ?? 1000;
    const process = stage.cluster.process(leader.nodeId);
    const boundMs = Math.min(pausedMs, SESSION_MS) + 1000;
    await stage.outage(
      `node ${leader.nodeId} stood still for ${pausedMs} ms`,
      async () => {
        process.pause();
        try {
          await stage.sleep(pausedMs);
        } finally {
          process.resume();
        }
      },
      { boundMs },
    );
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
