import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProcessCluster } from '../processes/process-cluster';
import { startApacheKafka, stopApacheKafka } from './apache-kafka';
import { javaTools } from './found-clients';
import { run } from './program';
import type { RunningProgram } from './terminal-program';
import { CTRL_C, CTRL_D, hasTerminals, onTerminal, startProgram } from './terminal-program';
import type { ToolStarter } from './transcript-session';
import { runSession, startedBy } from './transcript-session';
import { workAhead } from './work-ahead';

// Each of Apache's tools is a Java process of its own, and a session starts some twenty of them.
jest.setTimeout(javaTools === undefined ? 120_000 : 1_200_000);

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
afterAll(async () => {
  await sessions.settled();
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

/** Brokers that have the session to themselves, and end with it. */
interface Brokers extends AsyncDisposable {
  /** Where they listen. */
  readonly bootstrap: string;
}

interface Stage {
  readonly name: string;
  readonly open: () => Promise<Brokers>;
  readonly start: ToolStarter;
  readonly brokersFlag?: '--bootstrap-server';
}

/** A broker of its own for each coat: all of them call the topic and the group by the same names. */
const oneNode = (name: string) => async (): Promise<Brokers> => {
  const own = startProgram(process.execPath, serverArgs(name), { cwd: scratch });
  return {
    bootstrap: addressIn(await own.until((output) => readyLine(output) !== undefined)),
    async [Symbol.asyncDispose]() {
      own.child.kill('SIGTERM');
      expect(await own.ended).toBe(0);
    },
  };
};

const threeNodes = async (): Promise<Brokers> => {
  const directory = join(scratch, 'three');
  mkdirSync(directory);
  const cluster = await ProcessCluster.start({ directory, layout: 'combined' });
  return {
    bootstrap: cluster.bootstrapServers,
    async [Symbol.asyncDispose]() {
      expect(await cluster.stop()).toEqual([0, 0, 0]);
    },
  };
};

const apaches = (script: string): ToolStarter =>
  startedBy((tool) => [script, 'tool', tool], { isGroup: true });
const apacheKafka = (script: string, port: string) => async (): Promise<Brokers> => {
  await startApacheKafka(script, port);
  return {
    bootstrap: `localhost:${port}`,
    async [Symbol.asyncDispose]() {
      await stopApacheKafka(script, port);
    },
  };
};

const ours = ({ programOf }: (typeof coats)[number]): ToolStarter =>
  startedBy((tool) => [process.execPath, ...programOf(tool)]);
const stages: readonly Stage[] = [
  ...coats.map((one, index) => ({
    name: `one node, as ${one.coat}`,
    open: oneNode(`coat-${index}`),
    start: ours(one),
  })),
  { name: 'three nodes', open: threeNodes, start: ours(coats[0]!) },
  ...(javaTools === undefined
    ? []
    : [
        {
          name: 'Apache Kafka, our tools',
          open: apacheKafka(javaTools, '21192'),
          start: ours(coats[0]!),
        },
        {
          ...{
            name: 'Apache Kafka, its own tools',
            brokersFlag: '--bootstrap-server' as const,
          },
          open: apacheKafka(javaTools, '21292'),
          start: apaches(javaTools),
        },
        {
          ...{ name: 'one node, Apache’s tools', brokersFlag: '--bootstrap-server' as const },
          open: oneNode('apaches'),
          start: apaches(javaTools),
        },
      ]),
];

/** Consumers commit every five seconds, and the sessions wait for that most of their time. */
const sessions = workAhead(
  stages,
  async ({ open, ...stage }) => {
    await using brokers = await open();
    await runSession({ ...stage, bootstrap: brokers.bootstrap });
  },
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
