import { join } from 'node:path';
import { run } from './program';

jest.setTimeout(120_000);

/** Built by `npm test` before it runs anything. */
const bin = join(__dirname, '../../packages/cli/bin/kafkaesque.js');
/** The modules that a run has loaded by its end, one path a line on standard error. */
const LISTING = `
process.on('exit', () => process.stderr.write(Object.keys(require.cache).join('\\n')));
require(${JSON.stringify(bin)});
`;

const modulesOf = async (line: string): Promise<readonly string[]> => {
  const { code, stderr } = await run(process.execPath, ['-e', LISTING, 'kafkaesque', ...line.split(' ')]);
  expect(code).toBe(0);
  return stderr.split('\n').filter((path) => path.endsWith('.js'));
};
const packageOf = (path: string): string =>
  /packages\/([^/]+)\/dist/.exec(path)?.[1] ?? /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path;
const packagesOf = (paths: readonly string[]): readonly string[] =>
  [...new Set(paths.filter((path) => path !== bin).map(packageOf))].sort();

// A command is started often and by hand: what it does not use it does not load, which can be held without a clock.
test('the overview loads nothing but the command line itself', async () => {
  const loaded = await modulesOf('--help');
  expect(packagesOf(loaded)).toEqual(['cli']);
  expect(loaded.length).toBeLessThan(10);
});

test.each([
  ...['server', 'topics', 'console-producer', 'console-consumer', 'get-offsets', 'dump-log', 'configs'],
  ...['delete-records', 'log-dirs', 'cluster', 'broker-api-versions', 'producer-perf-test'],
  ...['consumer-perf-test', 'e2e-latency', 'verifiable-producer', 'completion'],
  ...['storage', 'metadata', 'metadata-quorum', 'features'],
  ...['leader-election', 'reassign-partitions', 'fsck'],
  ...['consumer-groups', 'groups', 'verifiable-consumer'],
])('%s --help loads neither client, nor protocol, nor server', async (name) => {
  const loaded = await modulesOf(`${name} --help`);
  expect(packagesOf(loaded)).toEqual(expect.arrayContaining(['cli', 'commander']));
  const allowed = ['cli', 'commander', 'dot-properties', 'kernel'];
  expect(packagesOf(loaded).filter((one) => !allowed.includes(one))).toEqual([]);
});

test('a random id is made without the server', async () => {
  expect(packagesOf(await modulesOf('storage random-uuid'))).not.toContain('server');
});

test('a tool that asks a cluster loads the client, and no server', async () => {
  const { stderr } = await run(process.execPath, [
    ...['-e', LISTING, 'kafkaesque', 'topics', '--list', '--bootstrap-server', '127.0.0.1:1'],
    ...['--command-property', 'default.api.timeout.ms=1'],
  ]);
  const loaded = packagesOf(stderr.split('\n').filter((path) => path.endsWith('.js')));
  expect(loaded).toEqual(expect.arrayContaining(['client', 'protocol', 'transport']));
  expect(loaded).not.toContain('server');
  expect(loaded).not.toContain('storage');
});
