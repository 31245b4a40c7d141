import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { apachePorts } from './apache-kafka';
import { javaTools } from './found-clients';
import { complaintIn, runOwnTool } from './own-tool';
import type { ToolOutput } from './own-tool';
import { run, runToSuccess } from './program';

// Each of Apache's tools is a Java process of its own.
jest.setTimeout(300_000);

const PORT = apachePorts.quorumTools;
const at = (nodeId: number): string => `127.0.0.1:${PORT + 10 * (nodeId - 1)}`;
const controllerAt = (nodeId: number): string => `127.0.0.1:${PORT + 10 * (nodeId - 1) + 1}`;
const propertiesOf = (nodeId: number): string =>
  join(homedir(), `.cache/kafkaesque-peers/run-${PORT}/${nodeId}/server.properties`);

/** Offsets, epochs, times and ages differ from one call to the next; columns keep their widths as far as digits do. */
const masked = ({ code, out, err }: ToolOutput) => ({
  code,
  out: out
    .replaceAll(/\b\d+ ms ago\s*/g, 'AGE ')
    .replaceAll(/\b\d{13}\b/g, 'TIMESTAMP')
    .replaceAll(/^((?:HighWatermark|MaxFollowerLag|MaxFollowerLagTimeMs): +)-?\d+/gm, '$1#')
    .replaceAll(/(Epoch: )\d+/g, '$1#')
    .replaceAll(/^(\d+ *\t[\w-]{22}\t)\d+( *\t)\d+/gm, '$1#$2#'),
  complaint: complaintIn(err).replaceAll(/\[ReplicaKey.*\]/g, '[…]'),
});

/** What no cluster is needed for: a command line, and the sentence that refuses it. */
const refusals: readonly (readonly [string, string, string])[] = [
  ['metadata-quorum', '', 'kafka-metadata-quorum: error: too few arguments'],
  [
    'metadata-quorum',
    'bogus',
    "kafka-metadata-quorum: error: invalid choice: 'bogus' (choose from 'describe', 'add-controller', 'remove-controller')",
  ],
  [
    'metadata-quorum',
    'describe --status',
    'kafka-metadata-quorum: error: one of the arguments --bootstrap-server --bootstrap-controller is required',
  ],
  [
    'metadata-quorum',
    'BOTH describe --status',
    'kafka-metadata-quorum: error: argument --bootstrap-controller: not allowed with argument --bootstrap-server',
  ],
  [
    'metadata-quorum',
    'AT describe',
    'One of --status or --replication must be specified with describe sub-command',
  ],
  [
    'metadata-quorum',
    'AT describe --status --replication',
    'Only one of --status or --replication should be specified with describe sub-command',
  ],
  [
    'metadata-quorum',
    'AT describe --status --human-readable',
    'The option --human-readable is only supported along with --replication',
  ],
  [
    'metadata-quorum',
    'AT add-controller',
    'You must supply the configuration file of the controller you are adding when using add-controller.',
  ],
  [
    'metadata-quorum',
    'AT remove-controller',
    'kafka-metadata-quorum: error: argument --controller-directory-id/-d is required',
  ],
  [
    'metadata-quorum',
    'AT remove-controller -i x -d y',
    'kafka-metadata-quorum: error: argument --controller-id/-i: could not convert \'x\' to Integer (For input string: "x")',
  ],
  ['metadata-quorum', 'AT remove-controller --controller-id=-1 -d y', 'Invalid negative --controller-id: -1'],
  [
    'metadata-quorum',
    'AT remove-controller -i 1 -d y',
    'Failed to parse --controller-directory-id: Input byte[] should at least have 2 bytes for base64 bytes',
  ],
  [
    'metadata-quorum',
    'AT remove-controller -i 1 -d fEcwacSWcdJ5jIFtv53+eQ',
    'Failed to parse --controller-directory-id: Illegal base64 character 2b',
  ],
  ['features', '', 'Command line error: too few arguments. Type --help for help.'],
  [
    'features',
    'describe',
    'Command line error: You must specify either --bootstrap-controller or --bootstrap-server.. Type --help for help.',
  ],
  [
    'features',
    'BOTH describe',
    'Command line error: argument --bootstrap-controller: not allowed with argument --bootstrap-server. Type --help for help.',
  ],
  ['features', 'AT upgrade', 'You must specify at least one feature to upgrade'],
  ['features', 'AT disable', 'You must specify at least one feature to disable'],
  ['features', 'AT upgrade --feature a', "Can't parse feature=level string a: equals sign not found."],
  ['features', 'AT upgrade --feature a=1 --feature a=2', 'Feature a was specified more than once.'],
  ['features', 'AT upgrade --feature group.version=-1', 'Cannot specify a negative version level.'],
  [
    'features',
    'AT upgrade --release-version 4.2 --feature a=1',
    'Can not specify `release-version` with other feature flags.',
  ],
  [
    'features',
    'AT feature-dependencies',
    'Command line error: argument --feature is required. Type --help for help.',
  ],
  [
    'features',
    'feature-dependencies --feature transaction.version=9',
    'No feature:transaction.version with feature level 9',
  ],
  [
    'cluster',
    'cluster-id',
    'kafka-cluster: error: one of the arguments --bootstrap-server/-b --bootstrap-controller/-C is required',
  ],
  ['cluster', 'unregister AT', 'kafka-cluster: error: argument --id/-i is required'],
  [
    'cluster',
    'list-endpoints CONTROLLERS --include-fenced-brokers',
    'kafka-cluster: error: The option --include-fenced-brokers is only supported with --bootstrap-server option',
  ],
];
const argumentsOf = (line: string): readonly string[] =>
  line
    .replace('AT', `--bootstrap-server ${at(1)}`)
    .replace('CONTROLLERS', `--bootstrap-controller ${controllerAt(1)}`)
    .replace('BOTH', `--bootstrap-server ${at(1)} --bootstrap-controller ${controllerAt(1)}`)
    .split(' ')
    .filter((word) => word !== '');

test.each(refusals)('%s %p is refused in Kafka’s words', async (tool, line, complaint) => {
  const { code, out, err } = await runOwnTool(tool, argumentsOf(line));
  expect([code, out, complaintIn(err)]).toEqual([1, '', complaint]);
});

test('what a release brings, and what a level needs, is told without a cluster', async () => {
  for (const args of [['version-mapping'], ['version-mapping', '--release-version', '3.9']])
    expect(await runOwnTool('features', args)).toEqual(
      await runOwnTool(
        'storage',
        args.map((word) => word.replace('--release-version', '-r')),
      ),
    );
});

describe('add-controller reads the files of the new controller:', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'kafkaesque-new-controller-'));
    writeFileSync(
      join(directory, 'meta.properties'),
      'version=1\ncluster.id=A\nnode.id=7\ndirectory.id=fEcwacSWcdJ5jIFtv53NeQ\n',
    );
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const usual: Readonly<Record<string, string>> = {
    'process.roles': 'controller',
    'node.id': '7',
    'controller.listener.names': 'SECOND,CONTROLLER',
    listeners: 'CONTROLLER://:9093,SECOND://h:9094',
  };
  test.each<readonly [Readonly<Record<string, string>>, string]>([
    [
      {},
      'DRY RUN of adding controller 7 with directory id fEcwacSWcdJ5jIFtv53NeQ and endpoints: SECOND://h:9094, CONTROLLER://localhost:9093\n',
    ],
    [
      { 'controller.listener.names': 'CONTROLLER', 'advertised.listeners': 'CONTROLLER://adv:77' },
      'DRY RUN of adding controller 7 with directory id fEcwacSWcdJ5jIFtv53NeQ and endpoints: CONTROLLER://adv:77\n',
    ],
    [
      { 'process.roles': 'broker' },
      "process.roles did not contain 'controller' in configuration file. Is this a valid controller configuration file?",
    ],
    [
      { 'node.id': '-2' },
      'node.id was negative in configuration file. Is this a valid controller configuration file?',
    ],
    [{ 'node.id': '' }, 'For input string: ""'],
    [
      { 'log.dirs': '' },
      'Neither metadata.log.dir nor log.dirs were found. Is this a valid controller configuration file?',
    ],
    [{ 'log.dirs': '/no/such' }, 'Unable to read meta.properties from /no/such'],
    [
      { 'controller.listener.names': '' },
      'controller.listener.names was not found. Is this a valid controller configuration file?',
    ],
    [
      { 'controller.listener.names': 'OTHER' },
      'Cannot find information about controller listener name: OTHER',
    ],
  ])('with %p', async (changed, said) => {
    const file = join(directory, 'server.properties');
    const properties = { ...usual, 'log.dirs': directory, ...changed };
    writeFileSync(
      file,
      Object.entries(properties)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(''),
    );
    const line = `AT --command-config ${file} add-controller --dry-run`;
    const { code, out, err } = await runOwnTool('metadata-quorum', argumentsOf(line));
    expect([code, out === '' ? complaintIn(err) : out]).toEqual([out === '' ? 1 : 0, said]);
  });
});

if (javaTools === undefined) {
  test('our tools for the quorum are not compared with Apache’s, which were not asked for or are not here', () => {
    process.stderr.write(
      'interop: skipped the comparison of the quorum’s tools (npm run test:peers asks for it)\n',
    );
    expect(javaTools).toBeUndefined();
  });
} else {
  const script = javaTools;
  const apaches = async (tool: string, args: readonly string[]): Promise<ToolOutput> => {
    const { code, stdout, stderr } = await run(script, ['tool', tool, ...args]);
    return { code, out: stdout.toString(), err: stderr };
  };
  /** Both tools, one after the other, asked the same of the same cluster. */
  const both = async (tool: string, line: string): Promise<void> => {
    const expected = await apaches(tool, argumentsOf(line));
    expect(masked(await runOwnTool(tool, argumentsOf(line)))).toEqual(masked(expected));
  };

  describe('against three nodes of Apache Kafka, our tools print what its own print:', () => {
    beforeAll(() => runToSuccess(script, ['up', '3', String(PORT)]));
    afterAll(() => runToSuccess(script, ['down', String(PORT)]));

    test.each([
      ['metadata-quorum', 'AT describe --status'],
      ['metadata-quorum', 'AT describe --replication'],
      ['metadata-quorum', 'CONTROLLERS describe --status'],
      ['metadata-quorum', 'CONTROLLERS describe --replication --human-readable'],
      ['metadata-quorum', 'AT remove-controller -i 9 -d fEcwacSWcdJ5jIFtv53NeQ'],
      ['metadata-quorum', 'CONTROLLERS remove-controller -i 9 -d fEcwacSWcdJ5jIFtv53NeQ'],
      ['features', 'AT describe'],
      ['features', 'AT describe --node-id 2'],
      ['features', 'CONTROLLERS describe'],
      ['features', 'AT upgrade --release-version 4.3'],
      ['features', 'AT upgrade --release-version 4.2 --dry-run'],
      ['features', 'AT upgrade --metadata 4.2'],
      ['features', 'AT upgrade --feature transaction.version=9 --feature group.version=1'],
      ['features', 'AT downgrade --feature transaction.version=1 --dry-run'],
      ['features', 'AT downgrade --unsafe --metadata 4.2 --dry-run'],
      ['features', 'AT downgrade --feature kraft.version=0'],
      ['features', 'CONTROLLERS disable --feature streams.version'],
      ['features', 'CONTROLLERS upgrade --feature streams.version=1'],
      ['features', 'AT disable --feature a'],
      ['configs', 'CONTROLLERS --alter --broker-defaults --add-config log.retention.ms=1000000'],
      ['configs', 'CONTROLLERS --describe --broker-defaults'],
      ['configs', 'CONTROLLERS --describe --entity-type brokers'],
      ['configs', 'CONTROLLERS --alter --broker 1 --add-config log.retention.ms=1000001'],
      ['configs', 'CONTROLLERS --describe --broker 1'],
      ['cluster', 'cluster-id CONTROLLERS'],
      ['cluster', 'list-endpoints CONTROLLERS'],
      ['cluster', 'list-endpoints AT --include-fenced-brokers'],
      ['cluster', 'unregister CONTROLLERS --id 9'],
    ] as const)('%s %s', both);

    test('a controller loses its vote by our tool, and gets it back by our tool', async () => {
      const meta = readFileSync(propertiesOf(2).replace('server.properties', 'data/meta.properties'), 'utf8');
      const id = /^directory\.id=(.*)$/m.exec(meta)?.[1] ?? '';
      const removed = await runOwnTool('metadata-quorum', argumentsOf(`AT remove-controller -i 2 -d ${id}`));
      expect(removed).toMatchObject({
        code: 0,
        out: `Removed  KRaft controller 2 with directory id ${id}\n`,
      });
      await both('metadata-quorum', 'AT describe --status');
      await both('metadata-quorum', 'AT describe --replication');
      const line = `CONTROLLERS --command-config ${propertiesOf(2)} add-controller`;
      expect(await runOwnTool('metadata-quorum', argumentsOf(line))).toMatchObject({
        code: 0,
        out: `Added controller 2 with directory id ${id} and endpoints: CONTROLLER://${controllerAt(2)}\n`,
      });
      // Twice is once too often, whoever asks.
      await both('metadata-quorum', line);
    });
  });
}
