import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { messageOf } from '@kafkaesque/kernel';
import { readArguments } from './runner/arguments';
import type { SimulateArguments } from './runner/arguments';
import { Campaign } from './runner/campaign';
import { findSuite } from './runner/suites';
import { describeTotals, silentFamilies, zeroTotals } from './runner/totals';
import type { Totals } from './runner/totals';

/*
 * `npm run simulate`: worlds from fresh seeds, or from given ones, on two processes without jest (docs/simulation.md).
 * Ends with code 1 when a seed fails, two runs of one seed differ, or a long run has never met some family of faults.
 */

/** A shorter run may miss a rare family by chance. */
const EVENTS_FOR_EVERY_FAMILY = 5_000_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const commitOf = (): string => {
  try {
    const git = (...words: readonly string[]): string =>
      execFileSync('git', words, { encoding: 'utf8' }).trim();
    return git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+changes');
  } catch {
    return 'unknown';
  }
};

/** Runs one seed in this very process and prints all that its nodes see. */
const traceOne = async (options: SimulateArguments, seed: number): Promise<number> => {
  const { nodes, seedEvents, without } = options;
  const report = await findSuite(options.suite).run({
    seed,
    without: new Set(without),
    trace: say,
    ...(nodes === undefined ? {} : { nodes }),
    ...(seedEvents === undefined ? {} : { maximumEvents: seedEvents }),
  });
  const { violation } = report;
  say(JSON.stringify({ seed, ...report }, undefined, 1));
  if (violation !== undefined) say(`${violation.invariant}: ${violation.message}`);
  return violation === undefined ? 0 : 1;
};

const stateOf = (path: string | undefined, fresh: Totals): Totals => {
  if (path === undefined || !existsSync(path)) return fresh;
  const kept = JSON.parse(readFileSync(path, 'utf8')) as Totals;
  if (kept.suite !== fresh.suite) throw new Error(`${path} is of the suite ${kept.suite}`);
  return kept;
};

const main = async (): Promise<number> => {
  const options = readArguments(process.argv.slice(2));
  findSuite(options.suite);
  const firstSeed = options.seed ?? randomInt(1_000_000_000);
  if (options.trace) return traceOne(options, firstSeed);
  const path = options.resume;
  const totals = stateOf(path, zeroTotals(options.suite, firstSeed));
  const earlierFailures = totals.failures.length;
  const commit = commitOf();
  say(
    `${options.suite} at ${commit}, ${options.seed === undefined ? 'fresh seeds' : `seeds from ${firstSeed}`}` +
      (totals.events > 0 ? `, after ${describeTotals(totals, false)}` : ''),
  );
  const campaign = new Campaign(totals, options, {
    say,
    commit,
    save: (state) => {
      if (path === undefined) return;
      writeFileSync(`${path}.new`, JSON.stringify(state, undefined, 1));
      renameSync(`${path}.new`, path);
    },
  });
  await campaign.run();
  const silent = silentFamilies(totals);
  if (silent.length > 0) say(`never injected: ${silent.join(', ')}`);
  if (totals.failures.length > earlierFailures) return 1;
  return silent.length > 0 && totals.events > EVENTS_FOR_EVERY_FAMILY && options.without.length === 0 ? 1 : 0;
};

main().then(
  (code) => {
    process.exitCode = code;
  },
  (cause: unknown) => {
    process.stderr.write(`${messageOf(cause)}\n`);
    process.exitCode = 2;
  },
);
