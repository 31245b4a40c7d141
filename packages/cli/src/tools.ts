import type { Command } from 'commander';
import type { Terminal } from './command-line/terminal';

/** What every tool's module exports as `tool`. */
export interface Tool {
  /** What it reads from its command line. `calledAs` is how the user named it, for help and errors. */
  readonly command: (calledAs: string) => Command;
  /** Resolves with the exit code. */
  readonly run: (argv: readonly string[], terminal: Terminal, calledAs: string) => Promise<number>;
}

/** Every subcommand, with what it does; each is also reachable as `kafka-<name>` and `kafka-<name>.sh`. */
export const tools = {
  server: 'run a broker and controller: server [server.properties] [--override key=value]…',
  storage: 'format log directories, show what they hold, make a random id',
  metadata: 'print and check the metadata log and its snapshots, offline',
  fsck: 'check log directories offline, and compare the replicas in them',
  topics: 'create, list, describe, extend and delete topics',
  'console-producer': 'send lines from standard input',
  'console-consumer': 'print records to standard output',
  'consumer-groups': 'list, describe and delete consumer groups, move their offsets',
  groups: 'list groups of every type',
  'get-offsets': 'show the first, last or any offset of partitions',
  'dump-log': "print segment and index files, ours and Kafka's",
  configs: 'show and change the configuration of topics and brokers',
  'delete-records': 'delete the first records of partitions',
  'log-dirs': 'show how much room each replica takes',
  'leader-election': 'elect leaders of partitions',
  'reassign-partitions': 'move partitions between brokers and log directories',
  'replica-verification': 'compare the replicas of topics while they are written',
  cluster: "show a cluster's id and endpoints, forget a broker",
  'metadata-quorum': 'show the metadata quorum, add and remove controllers',
  features: 'show and change the feature levels of a cluster',
  'broker-api-versions': 'show which APIs each broker offers',
  'producer-perf-test': 'measure how fast a topic takes records',
  'consumer-perf-test': 'measure how fast topics can be read',
  'e2e-latency': 'measure how long a record takes from end to end',
  'verifiable-producer': 'send numbers and tell as JSON what became of each',
  'verifiable-consumer': 'read as a member of a group and tell as JSON what happens',
  completion: 'print what makes a shell complete all this: completion bash, zsh or fish',
} as const;

export type ToolName = keyof typeof tools;

export const toolNames = Object.keys(tools) as readonly ToolName[];

export const isTool = (name: string): name is ToolName => Object.hasOwn(tools, name);

/** Loads a tool from the folder of its name: start-up pays only for what is used. */
export const loadTool = (name: ToolName): Tool =>
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a relative `import()` needs a file extension that only the built file has
  (require(`./${name}/${name}-tool`) as { readonly tool: Tool }).tool;

/** Names under which Kafka installs what we call otherwise. */
const ALIASES: Readonly<Record<string, string>> = { 'server-start': 'server' };

/** `kafka-topics.sh` → `topics`; undefined for a program that is not one of Kafka's tools. */
export const toolOfProgram = (program: string): string | undefined => {
  const name = /^kafka-(.+?)(?:\.sh|\.js)?$/.exec(program)?.[1];
  if (name === undefined) return undefined;
  return ALIASES[name] ?? name;
};
