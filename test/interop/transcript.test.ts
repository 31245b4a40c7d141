import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProcessCluster } from '../processes/process-cluster';
import { javaTools } from './found-clients';
import { run, runToSuccess } from './program';
import type { RunningProgram } from './terminal-program';
import { CTRL_C, CTRL_D, hasTerminals, onTerminal, startProgram } from './terminal-program';
import type { ToolStarter } from './transcript-session';
import { runSession, startedBy } from './transcript-session';
import { workAhead } from './work-ahead';

// Each of Apache's tools is a Java process of its own.
jest.setTimeout(javaTools === undefined ? 120_000 : 600_000);

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

const addressIn = (output: string): string => {
  const listeners = readyLine(output)?.listeners;
  return `localhost:${listeners?.find(({ name }) => name === 'PLAINTEXT')?.port ?? 0}`;
};

let server: RunningProgram;
let bootstrap: string;
beforeAll(async () => {
  server = startProgram(process.execPath, serverArgs('session'), { cwd: scratch });
  bootstrap = addressIn(await server.until((output) => readyLine(output) !== undefined));
});
/** What is ended when everything is done. */
const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  await sessions.settled();
  await Promise.all(closing.map((close) => close()));
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

interface Stage {
  readonly name: string;
  /** Resolves with where its brokers listen. */
  readonly opened: () => Promise<string>;
  readonly start: ToolStarter;
  readonly brokersFlag?: '--bootstrap-server';
}

/** A broker of its own for each coat: all of them call the topic and the group by the same names. */
const oneNode = (name: string) => async (): Promise<string> => {
  const own = startProgram(process.execPath, serverArgs(name), { cwd: scratch });
  closing.push(async () => {
    own.child.kill('SIGTERM');
    expect(await own.ended).toBe(0);
  });
  return addressIn(await own.until((output) => readyLine(output) !== undefined));
};

const threeNodes = async (): Promise<string> => {
  const directory = join(scratch, 'three');
  mkdirSync(directory);
  const cluster = await ProcessCluster.start({ directory, layout: 'combined' });
  closing.push(async () => {
    expect(await cluster.stop()).toEqual([0, 0, 0]);
  });
  return cluster.bootstrapServers;
};

const apaches = (script: string): ToolStarter =>
  startedBy((tool) => [script, 'tool', tool], { isGroup: true });
const apacheKafka = (script: string, port: string) => async (): Promise<string> => {
  await runToSuccess(script, ['up', '1', port]);
  closing.push(async () => {
    await runToSuccess(script, ['down', port]);
  });
  return `localhost:${port}`;
};

const ours = ({ programOf }: (typeof coats)[number]): ToolStarter =>
  startedBy((tool) => [process.execPath, ...programOf(tool)]);
const stages: readonly Stage[] = [
  ...coats.map((one, index) => ({
    name: `one node, as ${one.coat}`,
    opened: oneNode(`coat-${index}`),
    start: ours(one),
  })),
  { name: 'three nodes', opened: threeNodes, start: ours(coats[0]!) },
  ...(javaTools === undefined
    ? []
    : [
        {
          name: 'Apache Kafka, our tools',
          opened: apacheKafka(javaTools, '21192'),
          start: ours(coats[0]!),
        },
        {
          ...{
            name: 'Apache Kafka, its own tools',
            brokersFlag: '--bootstrap-server' as const,
          },
          opened: apacheKafka(javaTools, '21292'),
          start: apaches(javaTools),
        },
        {
          ...{ name: 'one node, Apache’s tools', brokersFlag: '--bootstrap-server' as const },
          opened: oneNode('apaches'),
          start: apaches(javaTools),
        },
      ]),
];

/** Consumers commit every five seconds, and the sessions wait for that most of their time. */
const sessions = workAhead(
  stages,
  async ({ opened, ...stage }) => runSession({ ...stage, bootstrap: await opened() }),
  javaTools === undefined ? stages.length : 1,
);
test.each(stages)('the session every newcomer runs prints what Kafka prints: $name', (stage) =>
  sessions.of(stage),
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
