import { casesOf } from '@kafkaesque/kernel/conformance';
import { apis } from '@kafkaesque/protocol';
import { shortcomings, told } from './fuzz/fuzz-report';
import { fuzz } from './fuzz/fuzz-run';
import { NodeUnderFuzz } from './fuzz/node-under-fuzz';
import { apisOf, readRecordings } from './fuzz/recordings';
import { onlyOurs } from './target';

const executions = Number(process.env['EXECUTIONS'] ?? casesOf(25_000, 100_000));
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const from = Number(process.env['FROM'] ?? 0);
const report = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

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
    report(`B10: SEED=${seed}, from execution ${from}`);
    const outcome = await fuzz({ seed, from, executions });
    report(`B10: ${told(outcome)}`);
    expect(shortcomings(outcome, from)).toEqual([]);
  },
  60_000 + executions * 5,
);
