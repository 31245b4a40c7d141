import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { javaTools } from '../interop/found-clients';
import { JavaWorkload } from './java-workload';
import type { Layout } from './node-files';
import { runQuorumChaos } from './quorum-chaos';

/*
 * `npm run chaos:quorum -- [--rounds 20] [--seed N] [--layout separate|combined] [--directory DIR]`: three controllers and
 * three brokers as processes, the active controller killed again and again. With KAFKAESQUE_PEERS=1 Apache's own tools are
 * clients too. Ends with code 1 when a promise was broken; then everything stays where it is.
 */

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
    layout: { type: 'string', default: 'separate' },
    directory: { type: 'string' },
  },
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const refuse = (why: string): never => {
  process.stderr.write(`${why}\n`);
  process.exit(2);
};
const wholeNumber = (name: 'rounds' | 'seed'): number => {
  const value = Number(values[name]);
  return Number.isSafeInteger(value) && value >= 0
    ? value
    : refuse(`--${name} ${values[name]}: a whole number`);
};
const layoutOf = (text: string): Layout =>
  text === 'separate' || text === 'combined' ? text : refuse(`--layout ${text}: separate or combined`);

const quantile = (sorted: readonly number[], part: number): number =>
  Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN);

const run = async (): Promise<number> => {
  const [rounds, seed, layout] = [wholeNumber('rounds'), wholeNumber('seed'), layoutOf(values.layout)];
  const given = values.directory === undefined ? undefined : resolve(values.directory);
  if (given !== undefined) mkdirSync(given, { recursive: true });
  const directory = given ?? mkdtempSync(join(tmpdir(), 'chaos-quorum-'));
  say(
    `seed ${seed}, ${rounds} rounds, ${layout}, ${javaTools === undefined ? 'without' : 'with'} Apache’s tools, in ${directory}`,
  );
  const outcome = await runQuorumChaos({
    ...{ directory, layout, seed, rounds },
    progress: (line) => say(`${new Date().toISOString().slice(11, 19)} ${line}`),
    ...(javaTools === undefined
      ? {}
      : { others: (bootstrapServers: string) => new JavaWorkload(javaTools ?? '', bootstrapServers) }),
  });
  const { failoversMs, violations, ...counts } = outcome;
  say(JSON.stringify({ ...counts, failoversMs: failoversMs.map(Math.round) }, null, 2));
  say(
    `from the kill to the next change: median ${quantile(failoversMs, 0.5)} ms, longest ${quantile(failoversMs, 1)} ms`,
  );
  for (const violation of violations) say(`broken: ${violation}`);
  if (violations.length > 0) say(`everything is in ${directory}`);
  else if (given === undefined) rmSync(directory, { recursive: true });
  return violations.length > 0 ? 1 : 0;
};

void run().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
