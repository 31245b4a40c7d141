import type { Command } from 'commander';
import type { ConnectionFlags } from '../command-line/client-flags';
import { requireFlag, toolCommand, wholeNumber } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';

export interface ReassignFlags extends ConnectionFlags {
  readonly generate?: true;
  readonly execute?: true;
  readonly verify?: true;
  readonly cancel?: true;
  readonly list?: true;
  readonly reassignmentJsonFile?: string;
  readonly topicsToMoveJsonFile?: string;
  readonly disableRackAware?: true;
  readonly throttle?: number;
  readonly replicaAlterLogDirsThrottle?: number;
  readonly timeout?: number;
  readonly additional?: true;
  readonly preserveThrottles?: true;
  readonly disallowReplicationFactorChange?: true;
  readonly json?: true;
}

const ACTIONS = ['generate', 'execute', 'verify', 'cancel', 'list'] as const;
export type ReassignAction = (typeof ACTIONS)[number];

export const DEFAULT_TIMEOUT_MS = 10_000;

export const reassignCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary: 'Moves partitions between brokers, and replicas between the log directories of a broker.',
    examples: [
      '$0 --bootstrap-server localhost:9092 --generate --topics-to-move-json-file topics.json --broker-list 1,2,4',
      '$0 --bootstrap-server localhost:9092 --execute --reassignment-json-file moves.json --throttle 50000000',
      '$0 --bootstrap-server localhost:9092 --verify --reassignment-json-file moves.json',
      '$0 --bootstrap-server localhost:9092 --list',
    ],
  })
    .option('--bootstrap-server <host:port,…>', 'brokers to connect to first')
    .option('--bootstrap-controller <host:port,…>', 'with --cancel and --list, instead of it: controllers')
    .option('--command-config <file>', 'a properties file for the client')
    .option('--generate', 'propose a reassignment; nothing is changed')
    .option('--execute', 'begin a reassignment')
    .option('--verify', 'show how far it has come; when nothing moves any more, take its throttles away')
    .option('--cancel', 'go back to where the partitions were')
    .option('--list', 'show all that move')
    .option('--reassignment-json-file <file>', 'for --execute, --verify and --cancel; see below')
    .option('--topics-to-move-json-file <file>', 'for --generate: which topics; see below')
    .option('--broker-list <id,…>', 'for --generate: the brokers to spread them over')
    .option('--disable-rack-aware', 'for --generate: do not look at racks')
    .option(
      '--throttle <bytes/s>',
      'for --execute: between brokers no more than this',
      wholeNumber('throttle'),
    )
    .option(
      '--replica-alter-log-dirs-throttle <bytes/s>',
      'for --execute: between directories of a broker no more than this',
      wholeNumber('replica-alter-log-dirs-throttle'),
    )
    .option(
      '--timeout <ms>',
      `how long to wait for moves between directories to begin (${DEFAULT_TIMEOUT_MS})`,
      wholeNumber('timeout'),
    )
    .option('--additional', 'for --execute: beside those under way; also changes their throttle')
    .option('--preserve-throttles', 'for --verify and --cancel: leave the throttles alone')
    .option(
      '--disallow-replication-factor-change',
      'for --execute: refuse partitions that would have more or fewer replicas',
    )
    .option('--json', 'with --list and --verify: print one line of JSON')
    .addHelpText(
      'after',
      `
The reassignment: {"partitions": [{"topic": "my-topic", "partition": 1, "replicas": [1, 2, 3]}], "version": 1}
A partition may have "log_dirs" with one absolute path, or "any", for each replica.
The topics to move: {"topics": [{"topic": "my-topic"}, {"topic": "other"}], "version": 1}
`,
    );

const REQUIRED: Readonly<Record<ReassignAction, readonly string[]>> = {
  generate: ['topics-to-move-json-file', 'broker-list'],
  execute: ['reassignment-json-file'],
  verify: ['reassignment-json-file'],
  cancel: ['reassignment-json-file'],
  list: [],
};

const PERMITTED: Readonly<Record<ReassignAction, readonly string[]>> = {
  generate: ['disable-rack-aware'],
  execute: [
    ...['additional', 'throttle', 'replica-alter-log-dirs-throttle', 'timeout'],
    'disallow-replication-factor-change',
  ],
  verify: ['preserve-throttles', 'json'],
  cancel: ['bootstrap-controller', 'preserve-throttles', 'timeout'],
  list: ['bootstrap-controller', 'json'],
};

const nameOf = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The one action asked for, after every check that needs neither files nor a cluster. Fails with UsageError. */
export const checkedAction = (flags: ReassignFlags, argumentCount: number): ReassignAction => {
  if (argumentCount === 0) throw new UsageError('This tool helps to move topic partitions between replicas.');
  const asked = ACTIONS.filter((action) => flags[action] === true);
  const [action] = asked;
  if (action === undefined || asked.length !== 1) {
    const names = ACTIONS.map((name) => `--${name}`).join(', ');
    throw new UsageError(`Command must include exactly one action: ${names}`);
  }
  const { bootstrapServer, bootstrapController } = flags;
  if (bootstrapServer !== undefined && bootstrapController !== undefined)
    throw new UsageError("Please don't specify both --bootstrap-server and --bootstrap-controller");
  if (bootstrapServer === undefined && bootstrapController === undefined)
    throw new UsageError('Please specify either --bootstrap-server or --bootstrap-controller');
  // Keys stand in the order of the command line.
  const given = Object.keys(flags).map(nameOf);
  for (const name of REQUIRED[action]) requireFlag(given.includes(name) ? true : undefined, name);
  const fits = new Set([
    ...[action, 'bootstrap-server', 'command-config'],
    ...REQUIRED[action],
    ...PERMITTED[action],
  ]);
  for (const name of given) {
    if (!fits.has(name)) throw new UsageError(`Option "[${name}]" can't be used with action "[${action}]"`);
  }
  return action;
};
