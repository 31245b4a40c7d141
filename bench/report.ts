import type { Aim, Figure } from './figures';
import { figures } from './figures';
import type { Machine } from './machine';
import type { Measured } from './run';
import type { Scenario } from './scenarios';
import { median } from './statistics';

/** Everything that a run has found. */
export interface Results {
  readonly machine: Machine;
  /** ISO 8601. */
  readonly began: string;
  readonly generator: string;
  readonly seconds: number;
  readonly measured: readonly Measured[];
}

/** The median of a figure; undefined where nothing was measured. */
export const figureOf = (
  measured: readonly Measured[],
  scenario: string,
  server: string,
  figure: Figure,
): number | undefined => {
  const found = measured.find((result) => result.scenario === scenario && result.server === server);
  const values = (found?.samples ?? [])
    .map((sample) => sample[figure])
    .filter((value) => value !== undefined);
  return values.length === 0 ? undefined : median(values);
};

/** What became of an aim: the ratio or the figure that was measured; undefined where something is missing. */
export interface Verdict {
  readonly aim: Aim;
  readonly text: string;
  readonly value: number | undefined;
  readonly isMet: boolean | undefined;
}

/** Judges a scenario's aims by the medians. */
export const verdicts = (scenario: Scenario, measured: readonly Measured[]): readonly Verdict[] =>
  scenario.aims.map((aim) => {
    const { against, figure, kind, limit } = aim;
    const ours = figureOf(measured, scenario.name, 'kafkaesque', figure);
    const theirs =
      against === undefined
        ? 1
        : figureOf(measured, against.scenario ?? scenario.name, against.server, figure);
    const value = ours === undefined || theirs === undefined ? undefined : ours / theirs;
    const other =
      against === undefined
        ? ''
        : ` × ${against.server}${against.scenario === undefined ? '' : ` in ${against.scenario}`}`;
    return {
      aim,
      text: `${figures[figure].title} ${kind} ${limit}${other}`,
      value,
      isMet: value === undefined ? undefined : kind === 'at most' ? value <= limit : value >= limit,
    };
  });

const shown = (value: number | undefined, digits: number): string =>
  value === undefined ? '–' : value.toFixed(digits);

const verdictText = ({ text, value, isMet, aim }: Verdict): string => {
  const measured = shown(value, aim.against === undefined ? figures[aim.figure].digits : 2);
  return `- ${text}: ${isMet === undefined ? 'not measured' : `**${measured}**, ${isMet ? 'met' : 'missed'}`}`;
};

const table = (scenario: Scenario, measured: readonly Measured[]): readonly string[] => {
  const results = measured.filter((result) => result.scenario === scenario.name);
  const head = ['', ...scenario.figures.map((figure) => figures[figure].title), 'rounds', 'thrown away'];
  const rows = results.map((result) => [
    result.server,
    ...scenario.figures.map((figure) =>
      shown(figureOf(measured, scenario.name, result.server, figure), figures[figure].digits),
    ),
    String(result.samples.length),
    String(result.discarded.length),
  ]);
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
};

/** Where the time of the event loops went: the parts that matter, the largest of ours first. */
const profileTable = (scenario: Scenario, measured: readonly Measured[]): readonly string[] => {
  const profiled = measured.filter(
    (result) => result.scenario === scenario.name && result.profiles.length > 0,
  );
  if (profiled.length === 0) return [];
  const names = new Set(profiled.flatMap(({ profiles }) => profiles.flatMap((parts) => Object.keys(parts))));
  const rows = [...names]
    .map((name) => ({
      name,
      values: profiled.map(({ profiles }) => median(profiles.map((parts) => parts[name] ?? 0))),
    }))
    .sort((a, b) => (b.values.at(-1) ?? 0) - (a.values.at(-1) ?? 0));
  const sums = profiled.map((_, index) => rows.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  const worthIt = rows.filter(({ values }) =>
    values.some((value, index) => value >= (sums[index] ?? 0) * MENTIONED_FROM),
  );
  const digits = Math.max(...sums) < 10 ? 2 : 1;
  const cells = [
    ['event loop, s/GB', ...profiled.map(({ server }) => server)],
    ['---', ...profiled.map(() => '---')],
    ...worthIt.map(({ name, values }) => [name, ...values.map((value) => value.toFixed(digits))]),
    ['everything', ...sums.map((sum) => sum.toFixed(digits))],
  ];
  return ['', ...cells.map((row) => `| ${row.join(' | ')} |`)];
};

/** Part of a profile below which it is not worth a line. */
const MENTIONED_FROM = 0.02;

/** The results as Markdown: a table of medians for each scenario, and its aims. */
export const markdown = (scenarios: readonly Scenario[], results: Results): string => {
  const { machine, began, generator, seconds, measured } = results;
  const lines = [
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.system}, Node ${machine.node}; ` +
      `${began.slice(0, 16).replace('T', ' ')} UTC, load average ${machine.loadAverage.toFixed(2)} before; ` +
      `medians of runs of ${seconds} s, load by ${generator === 'own' ? 'our own generator' : generator}.`,
  ];
  for (const scenario of scenarios) {
    const failures = measured.filter(
      (result) => result.scenario === scenario.name && result.failure !== undefined,
    );
    lines.push('', `### ${scenario.title} (\`${scenario.name}\`)`, '', ...table(scenario, measured));
    const judged = verdicts(scenario, measured);
    if (judged.length > 0) lines.push('', ...judged.map(verdictText));
    lines.push(...profileTable(scenario, measured));
    if (failures.length > 0)
      lines.push('', ...failures.map(({ server, failure }) => `- ${server} failed: ${failure ?? ''}`));
  }
  return `${lines.join('\n')}\n`;
};
