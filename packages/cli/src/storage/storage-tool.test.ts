import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordedTerminal } from '../testing/recorded-terminal';
import { tool } from './storage-tool';

let directory: string;
let config: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'storage-'));
  config = join(directory, 'server.properties');
  await writeFile(
    config,
    [
      'process.roles=broker,controller',
      'node.id=7',
      'controller.quorum.voters=7@localhost:19093',
      'listeners=PLAINTEXT://:19092,CONTROLLER://:19093',
      'controller.listener.names=CONTROLLER',
      `log.dirs=${directory}/a,${directory}/b`,
      '',
    ].join('\n'),
  );
});
afterEach(() => rm(directory, { recursive: true }));

const run = async (...argv: readonly string[]) => {
  const terminal = recordedTerminal();
  return { code: await tool.run(argv, terminal, 'kafka-storage'), ...terminal.written };
};
const CLUSTER = 'RaRr4cKcAr4OOgGQEWhcLQ';

describe('kafka-storage', () => {
  test('makes ids of 16 bytes that do not look like options', async () => {
    for (let n = 0; n < 200; n += 1) {
      const { out } = await run('random-uuid');
      expect(out).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}\n$/);
    }
  });

  test('formats every log directory once', async () => {
    const { code, out } = await run('format', '-t', CLUSTER, '-c', config);
    expect([code, out.split('\n').length]).toEqual([0, 3]);
    const texts = await Promise.all(
      ['a', 'b'].map((name) => readFile(join(directory, name, 'meta.properties'), 'utf8')),
    );
    for (const text of texts) {
      expect(text).toMatch(
        new RegExp(`^#\\ncluster.id=${CLUSTER}\\ndirectory.id=[A-Za-z0-9_-]{22}\\nnode.id=7\\nversion=1\\n$`),
      );
    }
    expect(texts[0]).not.toBe(texts[1]);
    const again = await run('format', '--cluster-id', CLUSTER, '--config', config);
    expect([again.code, again.err]).toEqual([
      1,
      `Log directory ${directory}/a is already formatted. Use --ignore-formatted to ignore this directory and format the others.\n`,
    ]);
    const ignored = await run('format', '-t', CLUSTER, '-c', config, '--ignore-formatted');
    expect([ignored.code, ignored.out]).toEqual([0, 'All of the log directories are already formatted.\n']);
  });

  test('shows directories as Kafka does, with what is wrong', async () => {
    const missing = await run('info', '-c', config);
    expect([missing.code, missing.out]).toEqual([
      1,
      `Found problems:\n  ${directory}/a does not exist\n  ${directory}/b does not exist\n\n`,
    ]);
    await run('format', '-t', CLUSTER, '-c', config);
    const { code, out } = await run('info', '--config', config);
    expect(code).toBe(0);
    expect(out).toMatch(
      new RegExp(
        `^Found log directories:\\n  ${directory}/a\\n  ${directory}/b\\n\\nFound metadata: ` +
          `\\{cluster.id=${CLUSTER}, directory.id=[A-Za-z0-9_-]{22}, node.id=7, version=1\\}\\n\\n$`,
      ),
    );
  });

  test.each([
    [[], 'too few arguments'],
    [['nonsense'], "invalid choice: 'nonsense'"],
    [['format', '-c', 'x'], 'Missing required argument "[cluster-id]"'],
    [['format', '-t', 'short', '-c', 'x'], 'Cluster ID string short does not appear to be a valid UUID'],
    [['info', '-c', '/no/such/file'], 'Cannot read /no/such/file: there is no such file'],
  ])('%p is refused', async (argv, message) => {
    const { code, err } = await run(...argv);
    expect([code, err]).toEqual([1, expect.stringContaining(message)]);
  });
});
