/** What `npm run simulate` was asked to do. */
export interface SimulateArguments {
  readonly suite: string;
  readonly minutes: number | undefined;
  readonly events: number | undefined;
  readonly seed: number | undefined;
  readonly nodes: number | undefined;
  /** Events of one seed after which chaos ends. */
  readonly seedEvents: number | undefined;
  readonly without: readonly string[];
  readonly workers: number;
  readonly trace: boolean;
  readonly resume: string | undefined;
}

export const simulateUsage = `npm run simulate -- [options]
  --minutes M | --events N   how long to run (until interrupted when left out, with --seed for one seed)
  --seed S                   the first seed, the others follow by one; fresh ones when left out
  --suite NAME               which worlds (default quorum)
  --nodes K                  number of controllers, instead of drawing it
  --seed-events N            events of a seed after which its chaos ends
  --without a,b              families of faults that stay off
  --trace                    print what each node sees (with --seed)
  --workers W                processes, 1 or 2 (default 2)
  --resume FILE              go on from, and keep, the state of a long run`;

const flags = new Set(['--trace']);
const names = new Set([
  '--minutes',
  '--events',
  '--seed',
  '--suite',
  '--nodes',
  '--seed-events',
  '--without',
  '--workers',
  '--resume',
]);

/** Reads a command line; throws a sentence about what is wrong with it. */
export const readArguments = (argv: readonly string[]): SimulateArguments => {
  const values = new Map<string, string>();
  for (let index = 0; index < argv.length; index++) {
    const name = argv[index] ?? '';
    if (flags.has(name)) values.set(name, '');
    else if (names.has(name) && argv[index + 1] !== undefined) values.set(name, argv[++index] ?? '');
    else throw new Error(`${name} is not understood, or lacks its value\n${simulateUsage}`);
  }
  const number = (name: string): number | undefined => {
    const text = values.get(name);
    if (text === undefined) return undefined;
    const value = Number(text.replaceAll('_', ''));
    if (!Number.isFinite(value) || value < 0) throw new Error(`${name} ${text} is not a number`);
    return value;
  };
  return {
    suite: values.get('--suite') ?? 'quorum',
    minutes: number('--minutes'),
    events: number('--events'),
    seed: number('--seed'),
    nodes: number('--nodes'),
    seedEvents: number('--seed-events'),
    without: (values.get('--without') ?? '').split(',').filter((family) => family !== ''),
    workers: Math.min(2, Math.max(1, number('--workers') ?? 2)),
    trace: values.has('--trace'),
    resume: values.get('--resume'),
  };
};
