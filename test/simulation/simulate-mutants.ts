import { messageOf } from '@kafkaesque/kernel';
import { mutants as ofClusters } from './cluster/mutants';
import { mutants as ofGroups } from './groups/mutants';
import { mutants as ofQuorums } from './quorum/mutants';
import { mutants as ofStorage } from './storage/mutants';
import { huntAll, turnOf } from './runner/mutant-hunt';
import type { Hunt } from './runner/mutant-hunt';

/*
 * `npm run simulate:mutants [-- --suite quorum|cluster|groups|storage] [--only name] [--third K] [--seed S] [--events N]`: plants one bug after the other and
 * searches for it. Ends with code 1 when one survives or can not be applied.
 */

/** By suite: its bugs, where they are listed, and within how many events each must be found. */
const tables = {
  quorum: { mutants: ofQuorums, maximumEvents: 20_000_000 },
  cluster: { mutants: ofClusters, maximumEvents: 5_000_000 },
  groups: { mutants: ofGroups, maximumEvents: 2_000_000 },
  storage: { mutants: ofStorage, maximumEvents: 5_000_000 },
};

const isSuite = (name: string): name is keyof typeof tables => Object.hasOwn(tables, name);

const valueOf = (name: string): string | undefined => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};

const rowOf = (hunt: Hunt): string =>
  [
    hunt.outcome.padEnd(8),
    hunt.mutant.padEnd(44),
    hunt.invariant.slice(0, 40).padEnd(40),
    `seed ${hunt.seed}`.padEnd(14),
    `${hunt.events.toLocaleString('en-US')} events`.padStart(18),
    `${hunt.seconds.toFixed(1)} s`.padStart(9),
  ].join('  ');

const main = async (): Promise<number> => {
  const suite = valueOf('--suite') ?? 'quorum';
  if (!isSuite(suite))
    throw new Error(`no bugs are planted into ${suite}; they are into ${Object.keys(tables).join(', ')}`);
  const { mutants, maximumEvents } = tables[suite];
  const only = valueOf('--only');
  const third = valueOf('--third');
  const chosen =
    only !== undefined
      ? mutants.filter(({ name }) => name === only)
      : third !== undefined
        ? turnOf(mutants, Number(third), 3)
        : mutants;
  if (chosen.length === 0)
    throw new Error(`no mutant ${only ?? ''}; there are ${mutants.map(({ name }) => name).join(', ')}`);
  const options = {
    suite,
    table: `test/simulation/${suite}/mutants.ts`,
    firstSeed: Number(valueOf('--seed') ?? 1),
    maximumEvents: Number(valueOf('--events') ?? maximumEvents),
  };
  const hunts = await huntAll(chosen, options, (hunt) => {
    process.stdout.write(`${rowOf(hunt)}\n`);
    if (hunt.outcome !== 'survived') process.stdout.write(`    ${hunt.message.split('\n')[0] ?? ''}\n`);
  });
  process.stdout.write('\n');
  for (const { name } of chosen) {
    const done = hunts.find((candidate) => candidate.mutant === name);
    if (done !== undefined) process.stdout.write(`${rowOf(done)}\n`);
  }
  const lost = hunts.filter(({ outcome }) => outcome !== 'found').length;
  process.stdout.write(`${hunts.length - lost} of ${hunts.length} found\n`);
  return lost === 0 ? 0 : 1;
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
