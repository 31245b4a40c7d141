import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeVoterSet } from '@kafkaesque/protocol';
import { openNodeDisk, readMetaProperties, readSnapshot } from '@kafkaesque/storage';
import { javaTools } from './found-clients';
import { complaintIn, runOwnTool } from './own-tool';
import type { ToolOutput } from './own-tool';
import { run } from './program';
import { writeThreeNodes } from './three-nodes';

// Each of Apache's tools is a Java process of its own.
jest.setTimeout(300_000);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kafkaesque-format-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('the files and calls that make three nodes of Apache Kafka ready make three of ours ready', async () => {
  const disk = openNodeDisk();
  const nodes = writeThreeNodes(directory);
  for (const { format, logDirectory } of nodes) {
    const { code, out } = await runOwnTool('storage', format);
    expect([code, out]).toEqual([0, expect.stringContaining('Formatting dynamic metadata voter directory')]);
    const place = { disk, directory: `${logDirectory}/metadata`, clusterId: format[2] ?? '' };
    const path = `${place.directory}/00000000000000000000-0000000000.checkpoint`;
    const { voters } = await readSnapshot(place, { path, index: 0, term: 0, sizeBytes: 0 });
    const ids = await Promise.all(
      nodes.map(async (one) => (await readMetaProperties(disk, one.logDirectory))?.directoryId),
    );
    for (const [at, voter] of decodeVoterSet(voters).entries()) {
      expect([voter.nodeId, voter.endpoints]).toEqual([
        at + 1,
        [{ name: 'CONTROLLER', host: '127.0.0.1', port: nodes[at]?.controllerPort }],
      ]);
      expect(ids[at] ?? voter.directoryId).toBe(voter.directoryId);
    }
  }
});

const BOOTSTRAP = 'controller.quorum.bootstrap.servers=127.0.0.1:9093';
const LISTENERS = 'listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093';
const kinds: Readonly<Record<string, readonly string[]>> = {
  combined: ['process.roles=broker,controller', BOOTSTRAP, LISTENERS],
  controller: [
    'process.roles=controller',
    BOOTSTRAP,
    'listeners=CONTROLLER://:9093',
    'metadata.log.dir=DIR/m',
  ],
  broker: ['process.roles=broker', BOOTSTRAP, 'listeners=PLAINTEXT://127.0.0.1:9092'],
  static: ['process.roles=broker,controller', 'controller.quorum.voters=1@127.0.0.1:9093', LISTENERS],
  homeless: ['process.roles=broker,controller', LISTENERS],
};
const ID = 'fEcwacSWcdJ5jIFtv53NeQ';

/** Command lines, and what lies in the directories before: what each tool makes of them is compared. */
const lines: readonly (readonly [string, string])[] = [
  ['format -c combined -t A', 'nothing'],
  ['format -c combined -t A -s', 'nothing'],
  ['format -c combined -t A -N', 'nothing'],
  [`format -c combined -t A -I 1@b:1:${ID},2@[::1]:2:MvbhxAVNabdGg1pbbwS9jA,`, 'nothing'],
  [`format -c combined -t A -I 2@b:1:${ID}`, 'nothing'],
  ['format -c controller -t A -s', 'nothing'],
  ['format -c broker -t A', 'nothing'],
  ['format -c broker -t A -s', 'nothing'],
  ['format -c static -t A', 'nothing'],
  ['format -c static -t A -s', 'nothing'],
  ['format -c homeless -t A -s', 'nothing'],
  ['format -c combined -t A -s', 'formatted'],
  ['format -c combined -t A -s -g', 'formatted'],
  ['format -c combined -t B -s -g', 'formatted'],
  ['format -c combined -t A -s -g', 'half'],
  ['format -c combined -t A -s', 'half'],
  ['info -c combined', 'nothing'],
  ['info -c combined', 'formatted'],
  ['info -c combined', 'half'],
  ['info -c combined', 'legacy'],
  ['', 'nothing'],
  ['bogus', 'nothing'],
  ['format', 'nothing'],
  ['format -t A', 'nothing'],
  ['format -c', 'nothing'],
  ['info', 'nothing'],
  ['random-uuid extra', 'nothing'],
  ['format -c combined -t A -s -N', 'nothing'],
  ['format -c combined -t A -I bad', 'nothing'],
  [`format -c combined -t A -I 1@b:1:${ID},1@c:2:${ID}`, 'nothing'],
  [`format -c combined -t A -I 1@b:x:${ID}`, 'nothing'],
  [`format -c combined -t A -I 1@b:99999:${ID}`, 'nothing'],
  ['format -c combined -t A -I 1@b:1:short', 'nothing'],
  ['format -c combined -t A -I 1@b', 'nothing'],
  ['format -c combined -t A -I bad -f a', 'nothing'],
  ['format -c combined -t A -s -f a=x', 'nothing'],
  ['format -c combined -t A -s -f metadata.version=31', 'nothing'],
  ['format -c combined -t A -s -f metadata.version=30', 'nothing'],
  ['format -c combined -t A -s -r 4.3 -f metadata.version=30', 'nothing'],
  ['format -c combined -t A -N -f kraft.version=0', 'nothing'],
  ['format -c static -t A -f kraft.version=1', 'nothing'],
  ['version-mapping', 'nothing'],
  ['version-mapping -r 3.9', 'nothing'],
  ['version-mapping -r 4.1-IV0', 'nothing'],
  ['version-mapping -r bogus', 'nothing'],
  ['feature-dependencies -f eligible.leader.replicas.version=1 -f share.version=2', 'nothing'],
  ['feature-dependencies -f metadata.version=30 -f bogus', 'nothing'],
  ['feature-dependencies -f group.version=x', 'nothing'],
];

/** Directories as a line finds them, and the properties of every kind of node. */
const prepare = (place: string, before: string): void => {
  mkdirSync(place);
  for (const [kind, properties] of Object.entries(kinds)) {
    const all = ['node.id=1', 'controller.listener.names=CONTROLLER', `log.dirs=${place}/a,${place}/b`];
    writeFileSync(join(place, kind), [...all, ...properties, ''].join('\n').replaceAll('DIR', place));
  }
  const meta = (id: string): string => `version=1\ncluster.id=A\nnode.id=1\ndirectory.id=${id}\n`;
  const held = { formatted: ['a', 'b'], half: ['b'], legacy: ['a', 'b'] }[before] ?? [];
  for (const [at, name] of held.entries()) {
    mkdirSync(join(place, name));
    const isLegacy = before === 'legacy' && name === 'a';
    const id = ['fEcwacSWcdJ5jIFtv53NeQ', 'MvbhxAVNabdGg1pbbwS9jA'][at] ?? '';
    writeFileSync(join(place, name, 'meta.properties'), isLegacy ? 'version=0\n' : meta(id));
  }
};

/** Both know different features, and print them in a long line; the directories are in the order of a hash table. */
const comparable = ({ code, out, err }: ToolOutput, place: string) => ({
  code,
  out: out
    .replaceAll(/^Bootstrap metadata: BootstrapMetadata\(records=\[.*\], /gm, 'Bootstrap metadata: ')
    .replaceAll(/(directory.id=)[\w-]{22}/g, '$1…')
    .replaceAll(place, 'DIR')
    .split('\n')
    .sort()
    .join('\n'),
  complaint: complaintIn(err)
    .replaceAll(place, 'DIR')
    .replace(/DIR\/[ab] is already/, 'DIR/… is already'),
});

if (javaTools === undefined) {
  test('our storage tool is not compared with Apache’s, which was not asked for or is not here', () => {
    process.stderr.write(
      'interop: skipped the comparison of the storage tools (npm run test:peers asks for it)\n',
    );
    expect(javaTools).toBeUndefined();
  });
} else {
  const script = javaTools;
  test.each(lines)('storage %s, with %s there before, ends as Apache’s does', async (line, before) => {
    const results = [];
    for (const maker of ['apache', 'ours']) {
      const place = join(directory, maker);
      prepare(place, before);
      const args = line
        .split(' ')
        .filter((word) => word !== '')
        .map((word, at, all) => (all[at - 1] === '-c' ? join(place, word) : word));
      const printed =
        maker === 'ours'
          ? await runOwnTool('storage', args)
          : await run(script, ['tool', 'storage', ...args]).then(({ code, stdout, stderr }) => ({
              ...{ code, out: stdout.toString(), err: stderr },
            }));
      results.push(comparable(printed, place));
    }
    expect(results[1]).toEqual(results[0]);
  });

  test('Apache’s tool knows a directory that ours has formatted, by what meta.properties says', async () => {
    const [node] = writeThreeNodes(directory);
    await runOwnTool('storage', node?.format ?? []);
    const info = ['info', '-c', node?.properties ?? ''];
    const { code, stdout } = await run(script, ['tool', 'storage', ...info]);
    expect([code, stdout.toString()]).toEqual([0, (await runOwnTool('storage', info)).out]);
  });
}
