import { runOwnTool } from './own-tool';
import { startProgram } from './terminal-program';
import type { RunningProgram, StartOptions } from './terminal-program';

/** Starts a tool by its name without `kafka-`. */
export type ToolStarter = (tool: string, args: readonly string[]) => RunningProgram;

export const startedBy =
  (programOf: (tool: string) => readonly string[], options: StartOptions = {}): ToolStarter =>
  (tool, args) => {
    const [command = '', ...before] = programOf(tool);
    return startProgram(command, [...before, ...args], options);
  };

export interface SessionOptions {
  readonly start: ToolStarter;
  /** As the newcomer types it. */
  readonly bootstrap: string;
  /** What the producer is told its brokers by: Apache's has forgotten the old name. */
  readonly brokersFlag?: '--broker-list' | '--bootstrap-server';
}

interface Step {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const TOPIC = 'my-topic';
const GROUP = 'my-group';
const LINES = 'first\nsecond, with a comma\nтретья\n';
const silent: Step = { code: 0, stdout: '', stderr: '' };
/** As Apache's tool does: the names joined by line ends, and one line end, also when there is none. */
const nothing: Step = { ...silent, stdout: '\n' };

const DESCRIBED_TOPIC =
  /^Topic: my-topic\tTopicId: [\w-]{22}\tPartitionCount: 1\tReplicationFactor: 1\tConfigs: (min\.insync\.replicas=\d)?\n\tTopic: my-topic\tPartition: 0\tLeader: (\d)\tReplicas: \2\tIsr: \2\tElr: \tLastKnownElr: \n$/;

const groupHeading = (consumerIdWidth: number): string =>
  `\nGROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             ${'CONSUMER-ID'.padEnd(consumerIdWidth)} HOST            CLIENT-ID\n`;
const groupRow = (end: string): string =>
  `my-group        my-topic        0          3               3               0               ${end}\n`;

/** The whole session that every newcomer runs, command by command, each held to what Apache Kafka prints. */
export const runSession = async ({
  start,
  bootstrap,
  brokersFlag = '--broker-list',
}: SessionOptions): Promise<void> => {
  const tool = async (name: string, args: string, input = ''): Promise<Step> => {
    const program = start(name, args.split(' '));
    program.child.stdin?.end(input);
    const code = await program.ended;
    return { code, stdout: program.output(), stderr: program.complaints() };
  };
  const here = `--bootstrap-server ${bootstrap}`;
  const topics = (args: string): Promise<Step> => tool('topics', `${here} ${args}`);
  const groups = (args: string): Promise<Step> => tool('consumer-groups', `${here} ${args}`);
  const consume = (args: string): RunningProgram =>
    start('console-consumer', `${here} --topic ${TOPIC} ${args}`.split(' '));
  const interrupted = async (consumer: RunningProgram): Promise<void> => {
    consumer.interrupt();
    await consumer.ended;
    expect(consumer.output()).toBe(LINES);
    expect(consumer.complaints()).toMatch(/(^|\n)Processed a total of 3 messages\n$/);
  };

  expect(await topics('--list')).toEqual(nothing);
  expect(await topics(`--create --topic ${TOPIC} --partitions 1 --replication-factor 1`)).toEqual({
    ...silent,
    stdout: 'Created topic my-topic.\n',
  });
  expect(await topics(`--describe --topic ${TOPIC}`)).toEqual({
    ...silent,
    stdout: expect.stringMatching(DESCRIBED_TOPIC) as unknown,
  });
  expect(await topics('--list')).toEqual({ ...silent, stdout: `${TOPIC}\n` });

  const produce = `${brokersFlag} ${bootstrap} --topic ${TOPIC}`;
  expect(await tool('console-producer', produce, LINES)).toEqual(silent);
  const alone = consume('--from-beginning');
  await alone.until((output) => output.length >= LINES.length);
  await interrupted(alone);
  expect(await topics(`--delete --topic ${TOPIC}`)).toEqual(silent);
  // Groups and their offsets are in a topic of their own.
  expect(withoutInternal(await topics('--list'))).toEqual(nothing);

  // The topic is created by whoever asks for it first.
  const member = consume(`--group ${GROUP}`);
  const isReading = /my-topic +0 +0 +0 +0 +console-consumer-/;
  await described(bootstrap, isReading);
  expect((await groups(`--describe --group ${GROUP}`)).stdout).toMatch(isReading);
  expect(await tool('console-producer', produce, LINES)).toEqual(silent);
  await member.until((output) => output.length >= LINES.length);
  expect(withoutOwnGroups(await groups('--list'))).toEqual({ ...silent, stdout: `${GROUP}\n` });
  // It commits every five seconds.
  await described(bootstrap, / 3 +3 +0 /);
  const committed = await groups(`--describe --group ${GROUP}`);
  const consumerId = /console-consumer-[\w-]{36}/.exec(committed.stdout)?.[0] ?? '';
  expect(committed).toEqual({
    ...silent,
    stdout: `${groupHeading(consumerId.length)}${groupRow(`${consumerId} /127.0.0.1      console-consumer`)}`,
  });

  await interrupted(member);
  expect(await groups(`--describe --group ${GROUP}`)).toEqual({
    code: 0,
    stdout: `${groupHeading(15)}${groupRow('-               -               -')}`,
    stderr: "\nConsumer group 'my-group' has no active members.\n",
  });
  expect(await groups(`--delete --group ${GROUP}`)).toEqual({
    ...silent,
    stdout: "Deletion of requested consumer groups ('my-group') was successful.\n",
  });
  expect(await topics(`--delete --topic ${TOPIC}`)).toEqual(silent);
};

/** Asks again and again until the group is described so; in this process, where asking costs little. */
const described = async (bootstrap: string, so: RegExp): Promise<void> => {
  const args = ['--bootstrap-server', bootstrap, '--describe', '--group', GROUP];
  for (let round = 0; ; round += 1) {
    const answer = await runOwnTool('consumer-groups', args);
    if (so.test(answer.out)) return;
    if (round >= 60) throw new Error(`still: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
};

const withoutInternal = (step: Step): Step => ({
  ...step,
  stdout: step.stdout.replace('__consumer_offsets\n', '\n').replace(/^\n+$/, '\n'),
});

/** A consumer that was given no group makes one up, and leaves it behind without offsets. */
const withoutOwnGroups = (step: Step): Step => ({
  ...step,
  stdout: step.stdout
    .split('\n')
    .filter((line) => !/^console-consumer-\d+$/.test(line))
    .join('\n')
    .replace(/\n+$/, '\n'),
});
