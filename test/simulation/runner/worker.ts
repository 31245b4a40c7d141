import { findSuite } from './suites';
import type { SeedReport } from './suite';
import { violationOf } from './suite';

/** What a worker is told to run. `trace`: keep the last lines of what the nodes saw. */
export interface SeedTask {
  readonly suite: string;
  readonly seed: number;
  readonly maximumEvents?: number;
  readonly nodes?: number;
  readonly without: readonly string[];
  readonly lastLines: number;
}

/** What came of it. */
export interface SeedResult {
  readonly report: SeedReport;
  readonly lines: readonly string[];
  readonly cpuMs: number;
}

const LINE_CHARACTERS = 400;

/** Runs a seed and keeps the last lines of its trace. */
export const runTask = async (task: SeedTask): Promise<SeedResult> => {
  const lines: string[] = [];
  const { suite, seed, maximumEvents, nodes, without, lastLines } = task;
  const started = process.cpuUsage();
  const report = await findSuite(suite).run({
    seed,
    without: new Set(without),
    ...(maximumEvents === undefined ? {} : { maximumEvents }),
    ...(nodes === undefined ? {} : { nodes }),
    ...(lastLines === 0
      ? {}
      : {
          trace: (line: string) => {
            lines.push(line.slice(0, LINE_CHARACTERS));
            if (lines.length > 2 * lastLines) lines.splice(0, lines.length - lastLines);
          },
        }),
  });
  const { user, system } = process.cpuUsage(started);
  return { report, lines: lines.slice(-lastLines), cpuMs: (user + system) / 1000 };
};

const main = (): void => {
  const fail = (cause: unknown): never => {
    process.stderr.write(`${violationOf(cause).message}\n`);
    process.exit(1);
  };
  process.on('uncaughtException', fail);
  process.on('message', (task: SeedTask) => {
    runTask(task).then((result) => process.send?.(result), fail);
  });
  process.on('disconnect', () => process.exit(0));
};

if (require.main === module) main();
