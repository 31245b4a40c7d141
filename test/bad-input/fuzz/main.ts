// The long run: `npm run fuzz` (test/bad-input/README.md). Not under jest, whose isolation makes every access to a
// global slow, and turns of the event loop longer than they are.
import process from 'node:process';
import { shortcomings, told } from './fuzz-report';
import { readFuzzState, whereToBegin, writeFuzzState } from './fuzz-state';
import { EXECUTIONS_PER_NODE, fuzz } from './fuzz-run';

/** One turn of the event loop, in processor time. */
const LONGEST_TURN_MS = 100;

const number = (name: string): number | undefined => {
  const text = process.env[name];
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new Error(`${name}=${text}: a whole number`);
};
const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

const run = async (): Promise<number> => {
  const stateFile = process.env['FUZZ_STATE'] ?? 'build/fuzz.json';
  const [wishedSeed, wishedFrom] = [number('SEED'), number('FROM')];
  const executions = number('EXECUTIONS') ?? 10_000_000;
  const { seed, done } = whereToBegin(
    {
      executions,
      ...(wishedSeed === undefined ? {} : { seed: wishedSeed }),
      ...(wishedFrom === undefined ? {} : { from: wishedFrom }),
    },
    readFuzzState(stateFile),
    () => Math.floor(Math.random() * 2 ** 32),
  );
  // A node remembers what came before: a run goes on where one began.
  const from = done - (done % EXECUTIONS_PER_NODE);
  say(`SEED=${seed}, from execution ${from}`);
  writeFuzzState(stateFile, { seed, done: from });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      const sofar = readFuzzState(stateFile)?.done ?? from;
      say(`${signal} behind ${sofar} executions: the next \`npm run fuzz\` goes on there`);
      process.exit(130);
    });
  }
  const report = await fuzz({
    ...{ seed, from },
    executions: wishedFrom === undefined ? executions - from : executions,
    progress: (sofar) => {
      writeFuzzState(stateFile, { seed, done: sofar.done });
      say(told(sofar));
    },
  });
  const wrong = [...shortcomings(report, from)];
  const { processorMs, execution, mutant } = report.longest;
  if (processorMs >= LONGEST_TURN_MS)
    wrong.push(`execution ${execution}, ${mutant}, kept the process for ${processorMs.toFixed(1)} ms`);
  for (const what of wrong) say(what);
  say(wrong.length === 0 ? 'No harm was done.' : `SEED=${seed} FROM=${from}`);
  return wrong.length === 0 ? 0 : 1;
};

run().then(
  (code) => process.exit(code),
  (error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
