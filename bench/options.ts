import { parseArgs } from 'node:util';
import type { Scenario } from './scenarios';
import { scenarios } from './scenarios';
import type { ServerName } from './servers/server';

export interface Options {
  readonly scenarios: readonly Scenario[];
  readonly servers: readonly ServerName[];
  readonly rounds: number;
  /** Of each counted run. */
  readonly seconds: number;
  /** Of the load before it, against what a server asks for. */
  readonly warming: number;
  readonly generator: 'own' | 'kload';
  readonly touchesMemory: boolean;
  /** Part of the data and partitions that the large scenarios make. */
  readonly size: number;
  /** Rounds in which more of the processors' time was stolen are measured again. */
  readonly maxSteal: number;
  readonly profileDirectory: string | undefined;
  /** Where `results.json` and `results.md` go. */
  readonly output: string;
}

/** What a run needs to know of them. */
export type RunOptions = Pick<
  Options,
  'rounds' | 'seconds' | 'warming' | 'generator' | 'size' | 'maxSteal' | 'profileDirectory'
>;

export const usage = `npm run bench -- [options]

  --scenario NAME,…     only these (--list shows all); scale-* are all that begin so
  --server NAME,…       only these: floor, kafkaesque, kafka (where it is present)
  --rounds N            rounds of each scenario, servers taking turns (5)
  --seconds N           of each counted run (4)
  --size PART           of the partitions, bytes and deaths that the large scenarios make (1)
  --generator kload     load by kload instead of our own generator (KLOAD names the program)
  --no-touch            do not write to the free memory first
  --profile DIRECTORY   V8's profiles of the floor and of our node, and what they say
  --output DIRECTORY    where results.json and results.md go (build/bench-results)
  --quick               one round of seconds, small sizes, without Kafka: does it run?
  --list                the scenarios
`;

const serverNames: readonly ServerName[] = ['floor', 'kafkaesque', 'kafka'];

class UsageError extends Error {}

/** A mistake in the command line, as opposed to one in a run. */
export const isUsageError = (error: unknown): boolean => error instanceof UsageError;

const chosen = <Choice extends string>(
  text: string | undefined,
  choices: readonly Choice[],
  option: string,
): readonly Choice[] => {
  if (text === undefined) return choices;
  return text.split(',').flatMap((name) => {
    const found = choices.filter((choice) =>
      name.endsWith('*') ? choice.startsWith(name.slice(0, -1)) : choice === name,
    );
    if (found.length === 0) throw new UsageError(`--${option} ${name}: one of ${choices.join(', ')}`);
    return found;
  });
};

const positive = (text: string, option: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new UsageError(`--${option} ${text}: a number above 0`);
  return value;
};

/** Reads the command line. Fails with a UsageError. `list` and `help` ask for no run. */
export const readOptions = (args: readonly string[]): Options | 'list' | 'help' => {
  const { values } = parse(args);
  if (values.help) return 'help';
  if (values.list) return 'list';
  const names = chosen(
    values.scenario,
    scenarios.map(({ name }) => name),
    'scenario',
  );
  if (values.generator !== 'own' && values.generator !== 'kload')
    throw new UsageError(`--generator ${values.generator}: own or kload`);
  const { quick } = values;
  const servers = chosen(values.server, serverNames, 'server');
  return {
    scenarios: scenarios.filter(({ name }) => names.includes(name)),
    servers: quick && values.server === undefined ? ['floor', 'kafkaesque'] : servers,
    rounds: Math.ceil(positive(values.rounds ?? (quick ? '1' : '5'), 'rounds')),
    seconds: positive(values.seconds ?? (quick ? '0.5' : '4'), 'seconds'),
    warming: quick ? 0.1 : 1,
    generator: values.generator,
    touchesMemory: !quick && !values['no-touch'],
    size: positive(values.size ?? (quick ? '0.02' : '1'), 'size'),
    maxSteal: quick ? 1 : 0.05,
    profileDirectory: values.profile,
    output: values.output,
  };
};

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      options: {
        scenario: { type: 'string' },
        server: { type: 'string' },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        size: { type: 'string' },
        generator: { type: 'string', default: 'own' },
        'no-touch': { type: 'boolean', default: false },
        profile: { type: 'string' },
        output: { type: 'string', default: 'build/bench-results' },
        quick: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
};
