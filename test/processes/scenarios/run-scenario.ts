import { SeededRandom } from '@kafkaesque/kernel';
import { checkHistory, summaryOf } from '@kafkaesque/testkit';
import type { HistoryReport } from '@kafkaesque/testkit';
import type { Layout } from '../node-files';
import { nodeIdsOf } from '../node-files';
import { NodeNetwork } from '../node-network';
import { runOwnTool } from '../../interop/own-tool';
import { ProcessCluster } from '../process-cluster';
import type { Scenario } from './scenario';
import type { Outage } from './stage';
import { ChaosStage } from './stage';

export interface ScenarioOptions {
  readonly scenario: Scenario;
  /** Holds the nodes' files and data. */
  readonly directory: string;
  readonly seed: number;
  readonly rounds: number;
  /** Of each partition. */
  readonly replicas: number;
  /** Instead of the scenario's own. */
  readonly layout?: Layout;
  readonly say?: (line: string) => void;
  /** Whether an outage that lasts for too long breaks a promise; default: yes. On a machine that is busy it says nothing. */
  readonly isTimed?: boolean;
  /** Asked before each round: no further one. */
  readonly isOver?: () => boolean;
}

export interface ScenarioOutcome {
  readonly rounds: number;
  readonly outages: readonly Outage[];
  readonly report: HistoryReport;
  /** Sentences; empty when every promise held. */
  readonly violations: readonly string[];
  /** What the clients were told, by library. */
  readonly tally: string;
}

const PARTITIONS = 6;
const SHOWN_ANOMALIES = 20;

/** Does a scenario's fault again and again under load, and judges what clients were told. */
export const runScenario = async (options: ScenarioOptions): Promise<ScenarioOutcome> => {
  const { scenario, directory, seed, rounds, replicas } = options;
  const say = options.say ?? ((): void => undefined);
  const { environment } = scenario;
  const { isTimed = true } = options;
  const layout = options.layout ?? scenario.layout ?? 'combined';
  await using network =
    scenario.needsNetwork === true ? await NodeNetwork.open(nodeIdsOf(layout)) : undefined;
  await using cluster = await ProcessCluster.start({
    ...{ directory, layout },
    ...(network === undefined ? {} : { network }),
    ...(scenario.settings === undefined ? {} : { settings: scenario.settings }),
    ...(environment === undefined ? {} : { environment: ({ nodeId }) => environment(nodeId, seed) }),
  });
  const random = new SeededRandom(seed, `chaos ${scenario.id}`);
  await using stage = await ChaosStage.open({
    cluster,
    random,
    partitions: PARTITIONS,
    requestTimeoutMs: scenario.requestTimeoutMs,
    replicas,
    isTimed,
    say,
  });
  let done = 0;
  try {
    await scenario.begin?.(stage);
    while (done < rounds && stage.violations.length === 0 && options.isOver?.() !== true) {
      await stage.sleep(300 + random.below(700));
      await scenario.round(stage, done + 1);
      stage.lookForDeaths();
      done += 1;
    }
  } finally {
    await scenario.end?.(stage);
    await stage.workload.stop();
  }
  const report = checkHistory(stage.workload.events);
  say(`${report.acknowledged} acknowledged, ${report.read} read; ${stage.workload.tally}`);
  for (const { what } of report.anomalies.slice(0, SHOWN_ANOMALIES)) say(`  ${what}`);
  const violations = [...stage.violations];
  if (report.anomalies.length > 0) violations.push(`the history shows ${summaryOf(report.anomalies)}`);
  const codes = await cluster.stop();
  if (codes.some((code) => code !== 0))
    violations.push(`nodes did not stop cleanly: ${codes.join()}\n${cluster.testimony()}`);
  const damage = await damageIn(cluster);
  if (damage !== undefined && scenario.leavesDamage === true) say(`fsck: ${damage}`);
  else if (damage !== undefined) violations.push(`fsck complains: ${damage}`);
  return { rounds: done, outages: stage.outages, report, violations, tally: stage.workload.tally };
};

/** What is wrong with what the nodes, which have stopped, have on their disks; undefined: nothing is. */
const damageIn = async (cluster: ProcessCluster): Promise<string | undefined> => {
  const { code, out, err } = await runOwnTool(
    'fsck',
    cluster.nodes.map(({ directory }) => directory),
  );
  return code === 0 ? undefined : `${out}${err}`;
};
