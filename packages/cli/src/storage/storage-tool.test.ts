import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeRecords } from '@kafkaesque/metadata';
import { decodeVoterSet } from '@kafkaesque/protocol';
import { openNodeDisk, readMetaProperties, readSnapshot } from '@kafkaesque/storage';
import { recordedTerminal } from '../testing/recorded-terminal';
import { tool } from './storage-tool';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'storage-'));
});
afterEach(() => rm(directory, { recursive: true }));

type Kind = 'controller' | 'broker' | 'combined' | 'static' | 'alone';
const CONTROLLERS = ['controller.listener.names=CONTROLLER'];
const BOOTSTRAP = 'controller.quorum.bootstrap.servers=127.0.0.1:19093';
const propertiesOf: Readonly<Record<Kind, readonly string[]>> = {
  controller: ['process.roles=controller', BOOTSTRAP, 'listeners=CONTROLLER://:19093', ...CONTROLLERS],
  broker: ['process.roles=broker', BOOTSTRAP, 'listeners=PLAINTEXT://:19092', ...CONTROLLERS],
  combined: [
    'process.roles=broker,controller',
    BOOTSTRAP,
    'listeners=PLAINTEXT://:19092,CONTROLLER://h:19093',
    ...CONTROLLERS,
  ],
  static: [
    'process.roles=broker,controller',
    'controller.quorum.voters=7@localhost:19093',
    'listeners=PLAINTEXT://:19092,CONTROLLER://:19093',
    ...CONTROLLERS,
  ],
  alone: [],
};

/** A properties file of node 7, with two log directories, `a` and `b`, the first of which takes the metadata. */
const config = async (kind: Kind, more: readonly string[] = []): Promise<string> => {
  const path = join(directory, `${kind}.properties`);
  const lines = ['node.id=7', `log.dirs=${directory}/a,${directory}/b`, ...propertiesOf[kind], ...more, ''];
  await writeFile(path, lines.join('\n'));
  return path;
};

const run = async (...argv: readonly string[]) => {
  const terminal = recordedTerminal();
  return { code: await tool.run(argv, terminal, 'kafka-storage'), ...terminal.written };
};
const CLUSTER = 'RaRr4cKcAr4OOgGQEWhcLQ';
const ID = 'fEcwacSWcdJ5jIFtv53NeQ';
const OTHER_ID = 'MvbhxAVNabdGg1pbbwS9jA';
const format = async (kind: Kind, ...argv: readonly string[]) =>
  run('format', '-t', CLUSTER, '-c', await config(kind), ...argv);

const disk = openNodeDisk();
const firstSnapshot = async () => {
  const place = { disk, directory: join(directory, 'a/metadata'), clusterId: CLUSTER };
  const path = join(place.directory, '00000000000000000000-0000000000.checkpoint');
  const { voters, chunks } = await readSnapshot(place, { path, index: 0, term: 0, sizeBytes: 0 });
  return { voters: decodeVoterSet(voters), records: chunks.flatMap(decodeRecords) };
};
const voter = (nodeId: number, directoryId: string, host: string, port: number) => ({
  nodeId,
  directoryId,
  endpoints: [{ name: 'CONTROLLER', host, port }],
  kraftVersion: { min: 0, max: 1 },
});

describe('kafka-storage', () => {
  test('makes ids of 16 bytes that do not look like options', async () => {
    for (let n = 0; n < 200; n += 1) {
      const { out } = await run('random-uuid');
      expect(out).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}\n$/);
    }
  });

  test('formats every log directory once', async () => {
    const { code, out } = await format('static');
    expect([code, out.split('\n').slice(1)]).toEqual([
      0,
      [
        `Formatting metadata directory ${directory}/a with metadata.version 4.3-IV0.`,
        `Formatting data directory ${directory}/b with metadata.version 4.3-IV0.`,
        '',
      ],
    ]);
    const texts = await Promise.all(
      ['a', 'b'].map((name) => readFile(join(directory, name, 'meta.properties'), 'utf8')),
    );
    for (const text of texts) {
      expect(text).toMatch(
        new RegExp(`^#\\ncluster.id=${CLUSTER}\\ndirectory.id=[A-Za-z0-9_-]{22}\\nnode.id=7\\nversion=1\\n$`),
      );
    }
    expect(texts[0]).not.toBe(texts[1]);
    const again = await format('static');
    expect([again.code, again.err]).toEqual([
      1,
      `Log directory ${directory}/a is already formatted. Use --ignore-formatted to ignore this directory and format the others.\n`,
    ]);
    const ignored = await format('static', '--ignore-formatted');
    expect([ignored.code, ignored.out]).toEqual([0, 'All of the log directories are already formatted.\n']);
  });

  test('says which features the metadata begins with, and writes them', async () => {
    const { out } = await format('static');
    const level = (name: string, featureLevel: number) =>
      `ApiMessageAndVersion(FeatureLevelRecord(name='${name}', featureLevel=${featureLevel}) at version 0)`;
    expect(out).toMatch(
      /^Bootstrap metadata: BootstrapMetadata\(records=\[.*\], metadataVersionLevel=30, source=format command\)\n/,
    );
    expect(out).toContain(`records=[${level('metadata.version', 30)}, `);
    expect(out).toContain(level('kafkaesque.version', 1));
    const { voters, records } = await firstSnapshot();
    expect(voters).toEqual([]);
    expect(records).toContainEqual({
      kind: 'FeatureLevelRecord',
      value: { name: 'metadata.version', featureLevel: 30 },
    });
    expect(await readdir(join(directory, 'b'))).toEqual(['meta.properties']);
  });

  test.each([
    ['controller', 'localhost'],
    ['combined', 'h'],
    ['alone', 'localhost'],
  ] as const)('--standalone makes this node the only voter: %s', async (kind, host) => {
    // A node on its own needs no flag.
    const { code, out } = await format(kind, ...(kind === 'alone' ? [] : ['-s']));
    expect(code).toBe(0);
    expect(out).toContain(`Formatting dynamic metadata voter directory ${directory}/a `);
    const { voters } = await firstSnapshot();
    const meta = await readMetaProperties(disk, join(directory, 'a'));
    expect(voters).toEqual([voter(7, meta?.directoryId ?? '', host, kind === 'alone' ? 9093 : 19093)]);
  });

  test('--initial-controllers gives this node its directory id, and the quorum its voters', async () => {
    const { out } = await format('combined', '-I', `9@[::1]:2:${OTHER_ID},7@h:1:${ID}`);
    expect(out).toContain(`Formatting dynamic metadata voter directory ${directory}/a `);
    expect((await firstSnapshot()).voters).toEqual([voter(7, ID, 'h', 1), voter(9, OTHER_ID, '::1', 2)]);
    expect((await readMetaProperties(disk, join(directory, 'a')))?.directoryId).toBe(ID);
  });

  test('a node that is no voter knows them all the same', async () => {
    const { out } = await format('broker', '-I', `9@h:2:${OTHER_ID}`);
    expect(out).toContain(`Formatting dynamic metadata directory ${directory}/a `);
    expect((await firstSnapshot()).voters).toEqual([voter(9, OTHER_ID, 'h', 2)]);
  });

  test.each(['controller', 'broker', 'combined'] as const)(
    '--no-initial-controllers leaves the voters to others: %s',
    async (kind) => {
      const { code, out } = await format(kind, '-N');
      expect([code, out]).toEqual([0, expect.stringContaining('Formatting metadata directory')]);
      expect((await firstSnapshot()).voters).toEqual([]);
    },
  );

  test('what an interrupted call left behind is written anew; a log without an owner is not', async () => {
    await mkdir(join(directory, 'a/metadata'), { recursive: true });
    const name = '00000000000000000000-0000000000.checkpoint';
    await writeFile(join(directory, 'a/metadata', name), 'half');
    await writeFile(join(directory, 'a/metadata', `${name}.part`), 'half');
    expect((await format('combined', '-s')).code).toBe(0);
    expect((await firstSnapshot()).voters).toHaveLength(1);
    await rm(join(directory, 'a/meta.properties'));
    await writeFile(join(directory, 'a/metadata/00000000000000000001.wal'), '');
    const { code, err } = await format('combined', '-s', '-g');
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/a holds metadata \(.*1\.wal\) but no meta\.properties\. Restore/),
    ]);
  });

  test('shows directories as Kafka does, with what is wrong', async () => {
    const path = await config('static');
    const missing = await run('info', '-c', path);
    expect([missing.code, missing.out]).toEqual([
      1,
      `Found problems:\n  ${directory}/a does not exist\n  ${directory}/b does not exist\n\n`,
    ]);
    await format('static');
    const { code, out } = await run('info', '--config', path);
    expect(code).toBe(0);
    expect(out).toMatch(
      new RegExp(
        `^Found log directories:\\n  ${directory}/a\\n  ${directory}/b\\n\\nFound metadata: ` +
          `\\{cluster.id=${CLUSTER}, directory.id=[A-Za-z0-9_-]{22}, node.id=7, version=1\\}\\n\\n$`,
      ),
    );
    await writeFile(join(directory, 'a/meta.properties'), 'version=1\nnode.id=x\n');
    expect((await run('info', '-c', path)).out).toContain(
      `  Error loading ${directory}/a/meta.properties: Unable to read node.id as a base-10 number.\n`,
    );
  });

  test.each([
    [
      `cluster.id=B\nnode.id=7`,
      `Invalid cluster.id in: DIR/a/meta.properties. Expected ${CLUSTER}, but read B`,
    ],
    [
      `cluster.id=${CLUSTER}\nnode.id=3`,
      "Stored node id 3 doesn't match previous node id 7 in DIR/a/meta.properties. If you moved your data",
    ],
    [`cluster.id=${CLUSTER}\nnode.id=7`, 'Log directory DIR/a is already formatted. Use --ignore-formatted'],
  ])('a directory of %p stays what it is', async (meta, message) => {
    await mkdir(join(directory, 'a'));
    await writeFile(join(directory, 'a/meta.properties'), `version=1\n${meta}\n`);
    const { code, err } = await format('combined', '-s');
    expect([code, err]).toEqual([1, expect.stringContaining(message.replaceAll('DIR', directory))]);
    expect(await readdir(directory)).not.toContain('b');
  });

  test('a place that can be no directory is passed over, and nothing but such places is an error', async () => {
    await writeFile(join(directory, 'b'), '');
    const { code, out } = await format('combined', '-s');
    expect([code, out]).toEqual([
      0,
      expect.stringContaining(`I/O error trying to read log directory ${directory}/b. Ignoring...\n`),
    ]);
    await rm(join(directory, 'a'), { recursive: true });
    await writeFile(join(directory, 'a'), '');
    expect((await format('combined', '-s')).err).toBe('No available log directories to format.\n');
  });
});

const FLAGS = '--standalone, --initial-controllers, or --no-initial-controllers';
const DYNAMIC =
  'You cannot specify controller.quorum.voters and format the node with --initial-controllers or --standalone.';

// The sentences are Kafka's, which test/interop/storage-against-kafka.test.ts proves.
test.each<readonly [Kind, string, string]>([
  ['combined', '', `Because controller.quorum.voters is not set on this controller, you must specify one of`],
  ['static', '-s', DYNAMIC],
  ['static', '-I bad', DYNAMIC],
  ['broker', '-s', 'You can only use --standalone on a controller.'],
  ['combined', '-I bad', 'No @ found in dynamic voter string.'],
  ['combined', '-I ,', 'No voters given.'],
  ['combined', '-I 1@', 'No hostname found after node id.'],
  ['combined', `-I a@b:1:${ID}`, 'Failed to parse node id in dynamic voter string.'],
  ['combined', '-I 1@b', 'No colon following hostname could be found.'],
  ['combined', '-I 1@b:x', 'No colon following port could be found.'],
  ['combined', `-I 1@[b:1:${ID}`, 'Hostname began with left bracket, but no right bracket was found.'],
  ['combined', `-I 1@[b]1:${ID}`, 'Port section must start with a colon.'],
  ['combined', `-I 1@b:x:${ID}`, 'Failed to parse port in dynamic voter string.'],
  ['combined', `-I 1@b:99999:${ID}`, 'Invalid port 99999 in dynamic voter string.'],
  ['combined', `-I 1@b:-1:${ID}`, 'Invalid port -1 in dynamic voter string.'],
  ['combined', '-I 1@b:1:short', 'Failed to parse directory ID in dynamic voter string.'],
  ['combined', '-I 1@b:1:fEcwacSWcdJ5jIFtv53+eQ', 'Failed to parse directory ID in dynamic voter string.'],
  ['combined', `-I 1@b:1:${ID},1@c:2:${OTHER_ID}`, 'Node id 1 was specified more than once.'],
  ['combined', '-I 1@b:1:AAAAAAAAAAAAAAAAAAAAAA', 'Invalid reserved directory ID AAAAAAAAAAAAAAAAAAAAAA'],
  ['combined', '-s -f a', "Can't parse feature=level string a: equals sign not found."],
  ['combined', '-s -f a=x', "Can't parse feature=level string a=x: unable to parse x as a short."],
  ['combined', '-s -f a=40000', 'unable to parse 40000 as a short.'],
  ['combined', '-s -f bogus=1', 'Unsupported feature: bogus. Supported features are: '],
  [
    'combined',
    '-s -f metadata.version=99',
    'No MetadataVersion with feature level 99. Valid feature levels are',
  ],
  ['combined', '-s -f metadata.version=31', 'metadata.version 4.4-IV0 is not yet stable.'],
  [
    'combined',
    '-s -r 4.3 -f metadata.version=30',
    'Use --release-version instead of --feature metadata.version=X',
  ],
  ['combined', '-s -r bogus', "Unknown metadata.version 'bogus'. Supported metadata.version are: "],
  ['combined', '-I bad -r bogus -f a', "Unknown metadata.version 'bogus'."],
  ['combined', '-I bad -f a', "Can't parse feature=level string a: equals sign not found."],
  ['combined', '-I bad -f bogus=1', 'No @ found in dynamic voter string.'],
  [
    'combined',
    '-N -f kraft.version=0',
    `Cannot set kraft.version to 0 if controller.quorum.voters is empty and one of the flags ${FLAGS} is used.`,
  ],
  ['static', '-f kraft.version=1', 'Cannot set kraft.version to 1 unless controller.quorum.voters is empty'],
  ['combined', '-s -f kraft.version=2', 'No feature:kraft.version with feature level 2'],
  ['combined', '-s -f bogus=1 -f kraft.version=0', 'Unsupported feature: bogus.'],
  ['combined', '-s -S SCRAM-SHA-256=[name=a,password=b]', 'SCRAM is not in this release'],
])('format of a %s node with %p is refused, and nothing is written', async (kind, flags, message) => {
  const { code, err } = await format(kind, ...flags.split(' ').filter((flag) => flag !== ''));
  expect([code, err]).toEqual([1, expect.stringContaining(message)]);
  expect(await readdir(directory)).toEqual([`${kind}.properties`]);
});

test.each([
  [[], 'kafka-storage: error: too few arguments'],
  [['nonsense'], "kafka-storage: error: invalid choice: 'nonsense' (choose from 'info', 'format', "],
  [['-x'], "kafka-storage: error: unrecognized arguments: '-x'"],
  [['format'], 'kafka-storage: error: argument --cluster-id/-t is required'],
  [['format', '-t', 'x'], 'kafka-storage: error: argument --config/-c is required'],
  [['format', '-c'], 'kafka-storage: error: argument --config/-c: expected one argument'],
  [
    ['format', '-c', 'x', '-t', 'x', '-s', '-N'],
    'kafka-storage: error: argument --no-initial-controllers/-N: not allowed with argument --standalone/-s',
  ],
  [
    ['format', '-I', 'x', '-s'],
    'kafka-storage: error: argument --standalone/-s: not allowed with argument --initial-controllers/-I',
  ],
  [['info', 'extra', '-c', 'x'], "kafka-storage: error: unrecognized arguments: 'extra'"],
  [['info', '-c', '/no/such/file'], 'Cannot read /no/such/file: there is no such file'],
  [['feature-dependencies'], 'kafka-storage: error: argument --feature/-f is required'],
  [['feature-dependencies', '-f', 'a'], "Invalid feature format: a. Expected format: 'feature=version'"],
  [['feature-dependencies', '-f', 'group.version=x'], 'Invalid version format: x for feature group.version'],
  [
    ['feature-dependencies', '-f', 'share.version=2'],
    'Feature level 2 is not supported for feature share.version',
  ],
  [['feature-dependencies', '-f', 'bogus=1'], 'Unknown feature: bogus'],
  [['feature-dependencies', '-f', 'metadata.version=6'], 'Unknown metadata.version 6'],
  [
    ['version-mapping', '-r', '4.4'],
    "Unknown metadata.version '4.4'. Supported metadata.version are: 3.3-IV3, 3.4-IV0",
  ],
])('%p is refused', async (argv, message) => {
  const { code, err } = await run(...argv);
  expect([code, err]).toEqual([1, expect.stringContaining(message)]);
});

test.each([
  [[], '30 (4.3-IV0)', [1, 2, 1, 1, 1, 1]],
  [['-r', '3.7'], '19 (3.7)', [0, 0, 0, 0, 0, 0]],
  [['-r', '4.0.1'], '25 (4.0.1)', [1, 2, 1, 0, 0, 0]],
  [['--release-version', '4.2-IV0'], '28 (4.2-IV0)', [1, 2, 1, 1, 1, 0]],
])('version-mapping %p shows what a release begins with', async (argv, metadata, levels) => {
  const names = ['kraft', 'transaction', 'group', 'eligible.leader.replicas', 'share', 'streams'];
  const { code, out } = await run('version-mapping', ...argv);
  expect([code, out]).toEqual([
    0,
    [`metadata.version=${metadata}`, ...names.map((name, at) => `${name}.version=${levels[at]}`), ''].join(
      '\n',
    ),
  ]);
});

test('feature-dependencies shows what levels need', async () => {
  const asked = ['metadata.version=30', 'group.version=0', 'eligible.leader.replicas.version=1'];
  const { code, out } = await run('feature-dependencies', ...asked.flatMap((one) => ['-f', one]));
  expect([code, out]).toEqual([
    0,
    'metadata.version=30 (4.3-IV0) has no dependencies.\ngroup.version=0 has no dependencies.\n' +
      'eligible.leader.replicas.version=1 requires:\n    metadata.version=23 (4.0-IV1)\n',
  ]);
});
