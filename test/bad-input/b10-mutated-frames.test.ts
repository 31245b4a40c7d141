import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { apis } from '@kafkaesque/protocol';
import { EXECUTIONS_PER_NODE, fuzz } from './fuzz/fuzz-run';
import type { FuzzReport } from './fuzz/fuzz-run';
import { NodeUnderFuzz } from './fuzz/node-under-fuzz';
import { apisOf, readRecordings } from './fuzz/recordings';
import { onlyOurs } from './target';

const MIB = 1024 * 1024;
const executions = Number(process.env['EXECUTIONS'] ?? 100_000);
/** A file that remembers how far a long run has come, so that it can be interrupted. */
const stateFile = process.env['FUZZ_STATE'];
const report = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

interface State {
  readonly seed: number;
  readonly done: number;
}

const readState = (): State => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 32));
  const fresh = { seed, done: Number(process.env['FROM'] ?? 0) };
  if (stateFile === undefined || !existsSync(stateFile)) return fresh;
  const state = JSON.parse(readFileSync(stateFile, 'utf8')) as State;
  return state.done >= executions ? fresh : state;
};

const writeState = (state: State): void => {
  if (stateFile === undefined) return;
  mkdirSync(dirname(stateFile), { recursive: true });
  writeFileSync(stateFile, `${JSON.stringify(state)}\n`);
};

const told = ({
  done,
  accepted,
  respelled,
  closed,
  largestAnswerBytes,
  longestMs,
  longest,
  grownBytes,
}: FuzzReport): string =>
  `${done} executions: ${accepted} understood (${respelled} respelled), ${closed} connections closed, ` +
  `largest answer ${largestAnswerBytes} bytes, longest turn ${longestMs.toFixed(1)} ms ` +
  `(of processor time ${longest.processorMs.toFixed(1)} ms: execution ${longest.execution}, ${longest.mutant}), ` +
  `memory ${(grownBytes / MIB).toFixed(1)} MiB`;

test('B10: the recordings come from five libraries and our own, and reach everything that a node serves', async () => {
  const seeds = readRecordings();
  expect([...new Set(seeds.map(({ client }) => client))]).toEqual([
    ...['aiokafka', 'confluent-kafka', 'kafkaesque', 'kafkajs', 'kcat', 'platformatic'],
  ]);
  await using node = await NodeUnderFuzz.start();
  const { apiKeys } = await node.ask('ApiVersions', 3, {
    clientSoftwareName: 'a',
    clientSoftwareVersion: '1',
  });
  const served = apiKeys.map(({ apiKey }) => apiKey).sort((a, b) => a - b);
  expect(
    apisOf(seeds)
      .map((name) => apis[name].key)
      .sort((a, b) => a - b),
  ).toEqual(served);
});

onlyOurs(
  `B10: ${executions} mutants of recorded requests do no harm`,
  async () => {
    const { seed, done } = readState();
    // A node remembers what came before: a run goes on where one began.
    const from = done - (done % EXECUTIONS_PER_NODE);
    report(`B10: SEED=${seed}, from execution ${from}`);
    const outcome = await fuzz({
      ...{ seed, from },
      executions: stateFile === undefined ? executions : executions - from,
      progress: (sofar) => {
        writeState({ seed, done: sofar.done });
        if (stateFile !== undefined) report(told(sofar));
      },
    });
    report(`B10: ${told(outcome)}`);
    expect(outcome.grownBytes).toBeLessThan(64 * MIB);
    // A fuzzer whose mutants are all refused, or all understood, tries nothing.
    const tried = outcome.done - from;
    expect(outcome.accepted).toBeGreaterThan(tried / 10);
    expect(outcome.closed).toBeGreaterThan(tried / 100);
    for (const name of apisOf(readRecordings())) {
      const { key } = apis[name];
      expect([name, [...outcome.understood.keys()].some((kind) => kind.startsWith(`${key}.`))]).toEqual([
        name,
        true,
      ]);
    }
  },
  60_000 + executions * 5,
);
