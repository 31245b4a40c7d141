import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Results } from './report';

const root = join(__dirname, '..');
interface Ended {
  readonly status: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}
const node = (args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root, timeout: 100_000 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : error.code, stdout, stderr });
    });
  });

/** Those of clusters mostly wait, for a session to end, so the others are measured meanwhile. */
const asked = [
  ['fetch', 'durable-latency', 'durable-spread', 'start-loaded', 'partitions'],
  ['replicated-produce-16k', 'failover'],
];

/** It is not asked how fast anything is. */
const SMALL = ['--seconds', '0.2', '--size', '0.01'];

const measure = async (scenarios: readonly string[]): Promise<Results['measured']> => {
  const output = mkdtempSync(join(tmpdir(), 'bench-test-'));
  try {
    const ran = await node([
      ...['build/bench/main.js', '--quick', ...SMALL],
      ...['--scenario', scenarios.join(','), '--output', output],
    ]);
    expect([ran.status, ran.status === 0 ? '' : ran.stderr]).toEqual([0, '']);
    expect(readFileSync(join(output, 'results.md'), 'utf8')).toBe(ran.stdout);
    return (JSON.parse(readFileSync(join(output, 'results.json'), 'utf8')) as Results).measured;
  } finally {
    rmSync(output, { recursive: true });
  }
};

test('the quick mode measures our node and the floor from end to end', async () => {
  const built = await node([join(root, 'node_modules/typescript/bin/tsc'), '-b', 'bench']);
  expect([built.status, built.stdout]).toEqual([0, '']);
  const measured = (await Promise.all(asked.map(measure))).flat();
  expect(measured.map(({ scenario, server }) => `${scenario} ${server}`)).toEqual([
    'fetch floor',
    'fetch kafkaesque',
    'durable-latency floor',
    'durable-latency kafkaesque',
    'durable-spread floor',
    'durable-spread kafkaesque',
    'start-loaded kafkaesque',
    'partitions kafkaesque',
    'replicated-produce-16k kafkaesque',
    'failover kafkaesque',
  ]);
  for (const { scenario, samples } of measured) {
    expect(samples.length).toBe(1);
    const [sample = {}] = samples;
    // Processor time is counted in hundredths of a second: of little load there may be none.
    for (const value of Object.values(sample)) expect(value).toBeGreaterThanOrEqual(0);
    if (scenario === 'failover') {
      expect(sample).toMatchObject({ lostRecords: 0, duplicateRecords: 0 });
      continue;
    }
    if (scenario !== 'replicated-produce-16k') expect(sample.idleMib).toBeGreaterThan(20);
    if (scenario === 'partitions') expect(sample.residentMib).toBeGreaterThan(20);
    else if (scenario === 'start-loaded') expect(sample.startMs).toBeGreaterThan(10);
    else expect(sample.recordsPerSecond).toBeGreaterThan(0);
  }
}, 120_000);
