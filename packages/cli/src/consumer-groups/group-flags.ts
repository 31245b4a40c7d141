import type { Command } from 'commander';
import { addConnectionFlags } from '../command-line/client-flags';
import type { ConnectionFlags } from '../command-line/client-flags';
import type { Terminal } from '../command-line/terminal';
import { collect, requireFlag, toolCommand, wholeNumber, wordOption } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';

export interface ConsumerGroupsFlags extends ConnectionFlags {
  readonly list?: true;
  readonly describe?: true;
  readonly delete?: true;
  readonly deleteOffsets?: true;
  readonly resetOffsets?: true;
  readonly validateRegex?: string;
  readonly group?: readonly string[];
  readonly allGroups?: true;
  readonly topic?: readonly string[];
  readonly allTopics?: true;
  /** True without a value. */
  readonly state?: string | true;
  readonly type?: string | true;
  readonly members?: true;
  readonly offsets?: true;
  readonly verbose?: true;
  readonly toEarliest?: true;
  readonly toLatest?: true;
  readonly toCurrent?: true;
  readonly toOffset?: number;
  readonly shiftBy?: number;
  readonly toDatetime?: string;
  readonly byDuration?: string;
  readonly fromFile?: string;
  readonly dryRun?: true;
  readonly execute?: true;
  readonly export?: true;
  readonly timeout: number;
  readonly json?: true;
}

const DEFAULT_TIMEOUT_MS = 30_000;

export const consumerGroupsCommand = (calledAs: string): Command =>
  addConnectionFlags(
    toolCommand({
      calledAs,
      summary: 'Lists, describes and deletes groups of consumers, and moves their offsets.',
      examples: [
        '$0 --bootstrap-server localhost:9092 --list --state',
        '$0 --bootstrap-server localhost:9092 --describe --group my-group',
        '$0 --bootstrap-server localhost:9092 --describe --all-groups --members --verbose',
        '$0 --bootstrap-server localhost:9092 --reset-offsets --group my-group --topic my-topic:0,1 --to-earliest --dry-run',
        '$0 --bootstrap-server localhost:9092 --reset-offsets --group my-group --all-topics --by-duration PT1H --execute',
        '$0 --bootstrap-server localhost:9092 --reset-offsets --group my-group --all-topics --to-current --export --dry-run > plan.csv',
        '$0 --bootstrap-server localhost:9092 --delete-offsets --group my-group --topic my-topic',
        '$0 --bootstrap-server localhost:9092 --delete --group my-group',
      ],
    }),
  )
    .option('--list', 'list all groups of consumers')
    .option('--describe', 'describe groups: offsets and lag, members or state')
    .option('--delete', 'delete groups that have no members')
    .option('--delete-offsets', 'delete the offsets of a group for topics that it does not read')
    .option('--reset-offsets', 'move the offsets of groups without members')
    .option(
      '--validate-regex <regex>',
      'tell whether a regular expression is one that the broker takes (RE2)',
    )
    .option('--group <id>', 'the group; may be repeated', collect)
    .option('--all-groups', 'all groups there are')
    .option('--topic <topic[:partition,…]>', 'the topic, or some of its partitions; may be repeated', collect)
    .option('--all-topics', 'all topics that the group has offsets of')
    .addOption(
      wordOption('--state [states]', 'with --describe the state of groups; with --list also a filter', [
        ...GROUP_STATES,
      ]),
    )
    .addOption(
      wordOption('--type [types]', 'with --list the types of groups, and a filter', ['classic', 'consumer']),
    )
    .option('--members', 'describe the members')
    .option('--offsets', 'describe the offsets; this is what --describe does')
    .option('--verbose', 'describe more of each')
    .option('--to-earliest', 'to the first offset there is')
    .option('--to-latest', 'to the end')
    .option('--to-current', 'to where the group is')
    .option('--to-offset <offset>', 'to this offset, or the nearest there is', wholeNumber('to-offset'))
    .option('--shift-by <number>', 'so many offsets on, or back', wholeNumber('shift-by'))
    .option('--to-datetime <time>', 'to what was written from then on: YYYY-MM-DDThh:mm:ss.sss')
    .option('--by-duration <duration>', 'to what was written since so long: PnDTnHnMnS')
    .option('--from-file <file>', 'to what a file says that --export wrote')
    .option('--dry-run', 'only show what would be')
    .option('--execute', 'do it')
    .option('--export', 'print it as CSV, for --from-file')
    .option(
      '--timeout <ms>',
      'how long one request to the cluster may take',
      wholeNumber('timeout'),
      DEFAULT_TIMEOUT_MS,
    )
    .option('--json', 'print one line of JSON');

/** States that groups of consumers have, in Kafka's spelling. */
export const GROUP_STATES = [
  'Reconciling',
  'PreparingRebalance',
  'Assigning',
  'Stable',
  'Empty',
  'Dead',
  'CompletingRebalance',
] as const;

const ACTIONS = {
  list: 'list',
  describe: 'describe',
  delete: 'delete',
  resetOffsets: 'reset-offsets',
  deleteOffsets: 'delete-offsets',
  validateRegex: 'validate-regex',
} as const;

export type GroupsAction = keyof typeof ACTIONS;

/** The ways of --reset-offsets, with the key of each flag. */
export const RESET_WAYS = {
  toOffset: 'to-offset',
  toDatetime: 'to-datetime',
  byDuration: 'by-duration',
  toEarliest: 'to-earliest',
  toLatest: 'to-latest',
  toCurrent: 'to-current',
  shiftBy: 'shift-by',
  fromFile: 'from-file',
} as const;

export type ResetWay = keyof typeof RESET_WAYS;

export const SUMMARY =
  'This tool helps to list all consumer groups, describe a consumer group, delete consumer group info, or reset consumer group offsets.';

const NO_EXECUTION =
  'WARN: No action will be performed as the --execute option is missing. ' +
  'In version 5.0, this command will require either --dry-run or --execute to be specified. ' +
  'You should add the --dry-run option explicitly if you are scripting this command and want to ' +
  'keep the current default behavior without prompting.\n';

/** Everything that can be checked without a cluster, in Kafka's order and words. Fails with UsageError. */
export const checkedAction = (
  flags: ConsumerGroupsFlags,
  argumentCount: number,
  terminal: Terminal,
): GroupsAction => {
  refuseUnavailable(flags);
  if (argumentCount === 0) throw new UsageError(SUMMARY);
  if (flags.validateRegex === undefined)
    requireFlag(flags.bootstrapServer ?? flags.brokerList, 'bootstrap-server');
  if (flags.describe) checkDescribe(flags);
  if (flags.delete) checkDelete(flags);
  if (flags.deleteOffsets && (flags.group === undefined || flags.topic === undefined)) {
    throw new UsageError('Option [delete-offsets] takes the following options: [topic], [group]');
  }
  if (flags.resetOffsets) checkReset(flags, terminal);
  refuseTogether(flags, 'group', ['allGroups']);
  refuseTogether(flags, 'group', ['list']);
  refuseTogether(flags, 'topic', ['list', 'describe']);
  const actions = Object.keys(ACTIONS).filter((action): action is GroupsAction =>
    Object.hasOwn(flags, action),
  );
  const [action, another] = actions;
  if (action === undefined || another !== undefined) {
    const names = Object.values(ACTIONS).map((name) => `--${name}`);
    throw new UsageError(`Command must include exactly one action: ${names.join(', ')}`);
  }
  return action;
};

/** Which options need another one beside them, joptsimple's `availableIf`. */
const refuseUnavailable = (flags: ConsumerGroupsFlags): void => {
  const needs = {
    members: ['describe'],
    verbose: ['describe'],
    offsets: ['describe'],
    state: ['describe', 'list'],
    type: ['list'],
  };
  for (const [name, others] of Object.entries(needs)) {
    if (!Object.hasOwn(flags, name) || others.some((other) => Object.hasOwn(flags, other))) continue;
    throw new UsageError(`Option(s) [${name}] are unavailable given other options on the command line`);
  }
};

const requireGroups = ({ group, allGroups }: ConsumerGroupsFlags, action: string): void => {
  if (group === undefined && allGroups === undefined) {
    throw new UsageError(`Option [${action}] takes one of these options: [all-groups], [group]`);
  }
};

const checkDescribe = (flags: ConsumerGroupsFlags): void => {
  requireGroups(flags, 'describe');
  const parts = [flags.members, flags.offsets, flags.state].filter((one) => one !== undefined);
  if (parts.length > 1) {
    throw new UsageError(
      'Option [describe] takes at most one of these options: [members], [offsets], [state]',
    );
  }
  if (typeof flags.state === 'string')
    throw new UsageError('Option [describe] does not take a value for [state]');
};

const checkDelete = (flags: ConsumerGroupsFlags): void => {
  requireGroups(flags, 'delete');
  if (flags.topic !== undefined) {
    throw new UsageError(
      'The consumer does not support topic-specific offset deletion from a consumer group.',
    );
  }
};

const checkReset = (flags: ConsumerGroupsFlags, terminal: Terminal): void => {
  if (flags.dryRun && flags.execute) {
    throw new UsageError('Option [reset-offsets] only accepts one of [execute] and [dry-run]');
  }
  if (!flags.dryRun && !flags.execute) terminal.err(NO_EXECUTION);
  requireGroups(flags, 'reset-offsets');
  const ways = Object.keys(RESET_WAYS) as ResetWay[];
  for (const way of ways)
    refuseTogether(
      flags,
      way,
      ways.filter((other) => other !== way),
    );
};

/** Kafka's names of options by the keys under which they are read. */
const nameOf = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const refuseTogether = (flags: ConsumerGroupsFlags, used: string, others: readonly string[]): void => {
  const other = others.find((one) => Object.hasOwn(flags, one));
  if (!Object.hasOwn(flags, used) || other === undefined) return;
  throw new UsageError(`Option "[${nameOf(used)}]" can't be used with option "[${nameOf(other)}]"`);
};
