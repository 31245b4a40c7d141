import { appendFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrokerId, SeededRandom, TopicId, silentLogger } from '@kafkaesque/kernel';
import { machineClock } from '@kafkaesque/client';
import { encodeRecords } from '@kafkaesque/metadata';
import { encodeVoterSet } from '@kafkaesque/protocol';
import { openNodeDisk, openWriteAheadLog, writeSnapshot } from '@kafkaesque/storage';
import { recordedTerminal } from '../testing/recorded-terminal';
import { tool } from './metadata-tool';

const CLUSTER = 'RaRr4cKcAr4OOgGQEWhcLQ';
const ID = 'fEcwacSWcdJ5jIFtv53NeQ';
const voters = encodeVoterSet([
  {
    nodeId: BrokerId(1),
    directoryId: ID,
    endpoints: [{ name: 'CONTROLLER', host: 'h', port: 9093 }],
    kraftVersion: { min: 0, max: 1 },
  },
]);
const topic = (name: string): Buffer =>
  encodeRecords([{ kind: 'TopicRecord', value: { name, topicId: TopicId('dGhpcyBpcyBhIHRvcGljIA') } }]);
const disk = openNodeDisk();

let root: string;
let directory: string;
const log = (): string => join(directory, '00000000000000000001.wal');
const snapshot = (): string => join(directory, '00000000000000000000-0000000000.checkpoint');

/** A directory with a first snapshot, and a log of three writes. */
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'metadata-'));
  directory = join(root, 'metadata');
  await mkdir(directory);
  await writeSnapshot(
    { disk, directory, clusterId: CLUSTER },
    { index: 0, term: 0, voters, chunks: [topic('before')] },
  );
  const opened = await openWriteAheadLog({
    ...{ disk, directory, clusterId: CLUSTER, clock: machineClock, logger: silentLogger },
    random: new SeededRandom(1),
  });
  const votedFor = { nodeId: BrokerId(1), directoryId: ID };
  await opened.append({
    hardState: { term: 1, votedFor },
    voters,
    entries: [{ index: 1, term: 1, type: 1, bytes: Buffer.alloc(0) }],
  });
  await opened.append({ entries: [{ index: 2, term: 1, type: 0, bytes: topic('first') }] });
  await opened.append({ entries: [{ index: 3, term: 1, type: 2, bytes: voters }] });
  await opened.close();
});
afterEach(() => rm(root, { recursive: true }));

const run = async (...argv: readonly string[]) => {
  const terminal = recordedTerminal();
  return { code: await tool.run(argv, terminal, 'kafkaesque metadata'), ...terminal.written };
};
const dump = async (...argv: readonly string[]) => {
  const { code, out, err } = await run('dump', ...argv);
  const lines = out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, lines, err };
};
/** Whatever lies in the directory, to be the same afterwards. */
const content = async (): Promise<readonly (readonly [string, string])[]> =>
  Promise.all(
    (await readdir(directory)).map(
      async (name) => [name, (await readFile(join(directory, name))).toString('base64')] as const,
    ),
  );
const shownVoters = [
  {
    nodeId: 1,
    directoryId: ID,
    endpoints: [{ name: 'CONTROLLER', host: 'h', port: 9093 }],
    kraftVersion: { min: 0, max: 1 },
  },
];
const entry = (index: number, more: object): unknown =>
  expect.objectContaining({ kind: 'entry', index, term: 1, ...more });

test('everything in a directory is printed, one line a record', async () => {
  const before = await content();
  const { code, lines } = await dump(root);
  expect(code).toBe(0);
  const fields = { name: 'before', topicId: 'dGhpcyBpcyBhIHRvcGljIA' };
  expect(lines.slice(0, 8)).toEqual([
    expect.objectContaining({
      file: snapshot(),
      kind: 'snapshot',
      index: 0,
      term: 0,
      voters: shownVoters,
      chunks: 1,
    }),
    { kind: 'record', chunk: 0, record: 'TopicRecord', fields },
    expect.objectContaining({ file: log(), kind: 'header', number: 1, clusterId: CLUSTER, firstLsn: 1 }),
    expect.objectContaining({
      kind: 'hard-state',
      lsn: 1,
      term: 1,
      votedFor: { nodeId: 1, directoryId: ID },
    }),
    entry(1, { lsn: 1, type: 'leader-change' }),
    expect.objectContaining({ kind: 'voters', lsn: 1, voters: shownVoters }),
    entry(2, { lsn: 2, type: 'records', record: 'TopicRecord', fields: { ...fields, name: 'first' } }),
    entry(3, { lsn: 3, type: 'voters', voters: shownVoters }),
  ]);
  expect(lines.slice(8).every(({ kind }) => kind === 'seal')).toBe(true);
  expect((await dump(directory)).lines).toEqual(lines);
  expect((await dump(log(), snapshot())).lines).toEqual([...lines.slice(2), ...lines.slice(0, 2)]);
  expect(await content()).toEqual(before);
});

test('what cannot be read is said where it stands', async () => {
  const { length } = await readFile(log());
  await appendFile(log(), 'torn');
  expect((await dump(log())).lines.at(-1)).toEqual({
    file: log(),
    kind: 'unreadable',
    position: length,
    bytes: 4,
  });
  await writeFile(snapshot(), 'no snapshot');
  const { code, lines } = await dump(snapshot());
  expect([code, lines]).toEqual([
    1,
    [
      {
        file: snapshot(),
        kind: 'unreadable',
        error: expect.stringContaining('is damaged at byte 0') as unknown,
      },
    ],
  ]);
});

describe('verify', () => {
  test('says of each file that it is fine', async () => {
    const before = await content();
    const { code, out } = await run('verify', root);
    expect([code, out.split('\n')]).toEqual([
      0,
      [
        `${snapshot()} is fine: the metadata up to entry 0 in 1 chunks`,
        expect.stringMatching(/wal is fine: \d+ frames with 3 entries, the last of them 3$/),
        '',
      ],
    ]);
    expect(await content()).toEqual(before);
  });

  test('tells a torn end, which costs nothing', async () => {
    const { length } = await readFile(log());
    await appendFile(log(), 'torn');
    const before = await content();
    const { code, out } = await run('verify', directory);
    expect([code, out]).toEqual([0, expect.stringContaining(`${log()} is torn at byte ${length}: `)]);
    expect(out).toContain('4 bytes behind the last frame');
    expect(await content()).toEqual(before);
  });

  test('tells what was acknowledged and is damaged, with file, byte and the way out', async () => {
    const { lines } = await dump(log());
    const at = Number(lines.find(({ lsn }) => lsn === 2)?.['position']);
    const bytes = await readFile(log());
    bytes.writeUInt8(bytes.readUInt8(at + 60) ^ 1, at + 60);
    await writeFile(log(), bytes);
    const before = await content();
    const { code, out } = await run('verify', root);
    expect([code, out]).toEqual([1, expect.stringContaining(`${log()} is damaged at byte ${at}: `)]);
    expect(out).toContain('Restore the metadata directory from a backup');
    expect(out).toContain(`${snapshot()} is fine`);
    expect(await content()).toEqual(before);
  });

  test('tells a damaged snapshot', async () => {
    const bytes = await readFile(snapshot());
    bytes.writeUInt8(bytes.readUInt8(80) ^ 1, 80);
    await writeFile(snapshot(), bytes);
    const { code, out } = await run('verify', root);
    expect([code, out]).toEqual([1, expect.stringContaining(`${snapshot()} is damaged at byte `)]);
    expect(out).toContain(`${log()} is fine`);
  });
});

test.each([
  [[], 'usage: kafkaesque metadata {dump,verify}'],
  [['burn'], "invalid choice: 'burn' (choose from 'dump', 'verify')"],
  [['dump'], 'Name a directory, or files of the metadata log'],
  [['verify'], 'Name the metadata directory'],
  [['verify', 'a', 'b'], "unrecognized arguments: 'b'"],
  [['dump', '/no/such'], 'no such file or directory'],
  [['verify', '/no/such'], 'no such file or directory'],
  [['dump', __filename], 'is neither a metadata log'],
  [['dump', __dirname], 'holds neither a metadata log nor a snapshot'],
  [['verify', __dirname], 'holds neither a metadata log nor a snapshot'],
])('%p is refused', async (argv, message) => {
  const { code, err } = await run(...argv);
  expect([code, err]).toEqual([1, expect.stringContaining(message)]);
});
