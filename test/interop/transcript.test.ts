import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './program';
import type { RunningProgram } from './terminal-program';
import { CTRL_C, CTRL_D, hasTerminals, onTerminal, startProgram } from './terminal-program';

jest.setTimeout(60_000);

/** Built by `npm test` before it runs anything. */
const bin = join(__dirname, '../../packages/cli/bin/kafkaesque.js');
const scratch = mkdtempSync(join(tmpdir(), 'kafkaesque-transcript-'));
const anyPort = [
  'listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0',
  'controller.listener.names=CONTROLLER',
];
const serverArgs = (directory: string): readonly string[] => [
  bin,
  'server',
  ...[...anyPort, `log.dirs=${join(scratch, directory)}`].flatMap((override) => ['--override', override]),
];

interface ReadyLine {
  readonly msg: string;
  readonly listeners: readonly { readonly name: string; readonly port: number }[];
}
/** Where the server says that it listens, once it is ready. */
const readyLine = (output: string): ReadyLine | undefined =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as ReadyLine)
    .find(({ msg }) => msg === 'ready');

let server: RunningProgram;
let bootstrap: string;
beforeAll(async () => {
  server = startProgram(process.execPath, serverArgs('session'), { cwd: scratch });
  const listeners = readyLine(await server.until((output) => readyLine(output) !== undefined))?.listeners;
  bootstrap = `localhost:${listeners?.find(({ name }) => name === 'PLAINTEXT')?.port ?? 0}`;
});
afterAll(async () => {
  server.child.kill('SIGTERM');
  expect(await server.ended).toBe(0);
  rmSync(scratch, { recursive: true });
});

/** The names under which the tools are called, and the program that each name starts. */
const named =
  (suffix: string) =>
  (tool: string): readonly string[] => {
    const path = join(scratch, `kafka-${tool}${suffix}`);
    rmSync(path, { force: true });
    symlinkSync(bin, path);
    return [path];
  };
const coats: readonly { readonly coat: string; readonly programOf: (tool: string) => readonly string[] }[] = [
  { coat: 'kafkaesque topics', programOf: (tool) => [bin, tool] },
  { coat: 'kafka-topics', programOf: named('') },
  { coat: 'kafka-topics.sh', programOf: named('.sh') },
];

test.each(coats)(
  'the session every newcomer runs prints what Kafka prints, as $coat',
  async ({ programOf }) => {
    const topic = 'my-topic';
    const tool = async (name: string, args: string, input = ''): Promise<unknown> => {
      const { code, stdout, stderr } = await run(process.execPath, [...programOf(name), ...args.split(' ')], {
        input,
      });
      return { code, stdout: stdout.toString(), stderr };
    };
    const silent = { code: 0, stdout: '', stderr: '' };
    // As Apache's tool does: the names joined by line ends, and one line end, also when there is none.
    const noTopics = { ...silent, stdout: '\n' };

    expect(await tool('topics', `--bootstrap-server ${bootstrap} --list`)).toEqual(noTopics);
    expect(
      await tool(
        'topics',
        `--bootstrap-server ${bootstrap} --create --topic ${topic} --partitions 1 --replication-factor 1`,
      ),
    ).toEqual({ ...silent, stdout: 'Created topic my-topic.\n' });
    expect(await tool('topics', `--bootstrap-server ${bootstrap} --describe --topic ${topic}`)).toEqual({
      ...silent,
      stdout: expect.stringMatching(
        /^Topic: my-topic\tTopicId: [\w-]{22}\tPartitionCount: 1\tReplicationFactor: 1\tConfigs: min\.insync\.replicas=1\n\tTopic: my-topic\tPartition: 0\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: \tLastKnownElr: \n$/,
      ),
    });
    expect(await tool('topics', `--bootstrap-server ${bootstrap} --list`)).toEqual({
      ...silent,
      stdout: 'my-topic\n',
    });

    const lines = 'first\nsecond, with a comma\nтретья\n';
    expect(await tool('console-producer', `--broker-list ${bootstrap} --topic ${topic}`, lines)).toEqual(
      silent,
    );

    const consumer = startProgram(process.execPath, [
      ...programOf('console-consumer'),
      ...`--bootstrap-server ${bootstrap} --topic ${topic} --from-beginning`.split(' '),
    ]);
    await consumer.until((output) => output.length >= lines.length);
    consumer.child.kill('SIGINT');
    await consumer.ended;
    expect([consumer.output(), consumer.complaints()]).toEqual([lines, 'Processed a total of 3 messages\n']);

    expect(await tool('topics', `--bootstrap-server ${bootstrap} --delete --topic ${topic}`)).toEqual(silent);
    expect(await tool('topics', `--bootstrap-server ${bootstrap} --list`)).toEqual(noTopics);
  },
);

test('what cannot be done is told in the words of Kafka', async () => {
  const topics = async (args: string): Promise<unknown> => {
    const { code, stdout } = await run(process.execPath, [
      bin,
      'topics',
      '--bootstrap-server',
      bootstrap,
      ...args.split(' '),
    ]);
    return { code, stdout: stdout.toString() };
  };
  const failed = (sentence: string): unknown => ({
    code: 1,
    stdout: `Error while executing topic command : ${sentence}\n`,
  });
  expect(await topics('--delete --topic absent')).toEqual(
    failed("Topic 'absent' does not exist as expected"),
  );
  expect(await topics('--describe --topic absent')).toEqual(
    failed("Topic 'absent' does not exist as expected"),
  );
  expect(await topics('--create --topic twice')).toEqual({ code: 0, stdout: 'Created topic twice.\n' });
  expect(await topics('--create --topic twice')).toEqual(failed("Topic 'twice' already exists."));
  expect(await topics('--create --topic twice --if-not-exists')).toEqual({ code: 0, stdout: '' });
  expect(await topics('--delete --topic twice')).toEqual({ code: 0, stdout: '' });
});

if (!hasTerminals)
  process.stderr.write('interop: no `script` on this machine, so nothing was tried on a terminal\n');
const typed = (args: readonly string[]): RunningProgram =>
  onTerminal([process.execPath, ...args].map((part) => `'${part}'`).join(' '), { cwd: scratch });

if (hasTerminals) {
  test('on a terminal the server says where it listens and what to try, and ends on Ctrl-C', async () => {
    const started = typed(serverArgs('terminal'));
    const output = await started.until((text) => text.includes('console-consumer'));
    const port = /listens on PLAINTEXT (\d+)/.exec(output)?.[1];
    expect(output).toContain(
      `kafkaesque topics --bootstrap-server localhost:${port} --create --topic my-topic`,
    );
    started.child.stdin?.write(CTRL_C);
    expect(await started.ended).toBe(0);
  });

  test('on a terminal the producer prompts for each record until Ctrl-D, the consumer prints until Ctrl-C', async () => {
    const address = ['--bootstrap-server', bootstrap, '--topic', 'typed'];
    const producer = typed([bin, 'console-producer', ...address]);
    await producer.until((text) => text.endsWith('>'));
    producer.child.stdin?.write('typed by hand\r');
    await producer.until((text) => text.endsWith('\n>'));
    producer.child.stdin?.write(CTRL_D);
    expect(await producer.ended).toBe(0);
    const consumer = typed([bin, 'console-consumer', ...address, '--from-beginning']);
    await consumer.until((text) => text.includes('typed by hand'));
    consumer.child.stdin?.write(CTRL_C);
    await consumer.ended;
    expect(consumer.output()).toContain('Processed a total of 1 messages');
  });
}
