import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Layout } from './node-files';
import { mayMakeNetworks } from './node-network';
import { scenarios } from './scenarios/registry';
import { runScenario } from './scenarios/run-scenario';
import type { Scenario } from './scenarios/scenario';

/*
 * `npm run chaos -- C1 C8 [--rounds 3] [--seed N] [--replicas 3] [--layout separate|combined] [--directory DIR] [--untimed]`: clusters of
 * processes under load from clients of three libraries, with one fault after the other; what the clients were told is judged
 * in the end. With --untimed no outage is held to its bound: for a machine that is busy. Without names: what there is. Ends with code 1 when a promise was broken; then everything stays where it is.
 */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
    replicas: { type: 'string', default: '3' },
    layout: { type: 'string' },
    directory: { type: 'string' },
    untimed: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const refuse = (why: string): never => {
  process.stderr.write(`${why}\n`);
  process.exit(2);
};
const wholeNumber = (name: 'rounds' | 'seed' | 'replicas'): number => {
  const value = Number(values[name]);
  return Number.isSafeInteger(value) && value >= 0
    ? value
    : refuse(`--${name} ${values[name]}: a whole number`);
};
const layoutOf = (text: string): Layout =>
  text === 'separate' || text === 'combined' ? text : refuse(`--layout ${text}: separate or combined`);

const scenarioOf = (name: string): Scenario => {
  const scenario = scenarios.get(name.toUpperCase());
  return scenario ?? refuse(`there is no scenario ${name}: ${[...scenarios.keys()].join(', ')}`);
};

const runOne = async (scenario: Scenario): Promise<boolean> => {
  const [rounds, seed, replicas] = [wholeNumber('rounds'), wholeNumber('seed'), wholeNumber('replicas')];
  if (scenario.needsReplicas === true && replicas === 1) {
    say(`${scenario.id} needs more than one replica`);
    return true;
  }
  if (scenario.needsNetwork === true && !mayMakeNetworks()) {
    say(`${scenario.id} needs a machine on which this user may make network namespaces`);
    return true;
  }
  const given = values.directory === undefined ? undefined : join(resolve(values.directory), scenario.id);
  if (given !== undefined) mkdirSync(given, { recursive: true });
  const directory = given ?? mkdtempSync(join(tmpdir(), `chaos-${scenario.id}-`));
  say(
    `${scenario.id}: ${scenario.what}; seed ${seed}, ${rounds} rounds, ${replicas} replicas, in ${directory}`,
  );
  const { violations, outages } = await runScenario({
    ...{ scenario, directory, seed, rounds, replicas },
    isTimed: !values.untimed,
    ...(values.layout === undefined ? {} : { layout: layoutOf(values.layout) }),
    say: (line) => say(`${new Date().toISOString().slice(11, 19)} ${line}`),
  });
  const longest = outages.map(({ longestMs }) => longestMs).sort((a, b) => a - b);
  const median = longest[Math.floor(longest.length / 2)] ?? NaN;
  say(`${scenario.id}: not available for ${median} ms in the median, ${longest.at(-1) ?? NaN} ms at worst`);
  for (const violation of violations) say(`broken: ${violation}`);
  if (violations.length > 0) say(`everything is in ${directory}`);
  else if (given === undefined) rmSync(directory, { recursive: true });
  return violations.length === 0;
};

const run = async (): Promise<number> => {
  if (positionals.length === 0) {
    for (const { id, what } of scenarios.values()) say(`${id.padEnd(4)} ${what}`);
    return 2;
  }
  let isFine = true;
  for (const scenario of positionals.map(scenarioOf)) isFine = (await runOne(scenario)) && isFine;
  return isFine ? 0 : 1;
};

void run().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
