import type { Command } from 'commander';
import type { Admin, GroupListing, GroupType } from '@kafkaesque/client';
import { addConnectionFlags, clientOptions, clientProperties } from '../command-line/client-flags';
import type { ConnectionFlags } from '../command-line/client-flags';
import { javaMessageOf } from '../command-line/java-errors';
import { sdk } from '../command-line/loaded-on-demand';
import { withUsage } from '../command-line/outcome';
import type { Terminal } from '../command-line/terminal';
import { parseFlags, toolCommand, wordOption } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import type { Tool } from '../tools';

export interface GroupsFlags extends ConnectionFlags {
  readonly list?: true;
  readonly groupType?: string;
  readonly protocol?: string;
  readonly consumer?: true;
  readonly share?: true;
  readonly streams?: true;
  readonly json?: true;
}

const TYPES = ['Classic', 'Consumer', 'Share', 'Streams'] as const;
/** How long the listing may take, as with Kafka's tool. */
const TIMEOUT_MS = 30_000;

const groupsCommand = (calledAs: string): Command =>
  addConnectionFlags(
    toolCommand({
      calledAs,
      summary: 'Lists groups of every type.',
      examples: [
        '$0 --bootstrap-server localhost:9092 --list',
        '$0 --bootstrap-server localhost:9092 --list --consumer',
        '$0 --bootstrap-server localhost:9092 --list --group-type classic --protocol connect',
      ],
    }),
  )
    .option('--list', 'list the groups')
    .addOption(
      wordOption(
        '--group-type <type>',
        'only groups of this type: classic, consumer, share or streams',
        TYPES.map((type) => type.toLowerCase()),
      ),
    )
    .option('--protocol <protocol>', 'only groups of this protocol type, such as consumer or connect')
    .option('--consumer', 'only groups of consumers, of the classic and the new protocol, simple ones too')
    .option('--share', 'only share groups')
    .option('--streams', 'only streams groups')
    .option('--json', 'print one line of JSON');

export const tool: Tool = {
  command: groupsCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(terminal, calledAs, async () => {
      const parsed = parseFlags<GroupsFlags>(groupsCommand(calledAs), argv, terminal);
      if (parsed.kind === 'done') return 0;
      const { flags } = parsed;
      const isWanted = wantedGroups(flags);
      const properties = clientProperties(flags.commandConfig, flags.commandProperty);
      await using client = sdk().openClient(clientOptions(flags, properties, terminal, 'kafka-groups'));
      return await listGroups(client.admin({ apiTimeoutMs: TIMEOUT_MS }), isWanted, flags, terminal);
    }),
};

/** Checks the command line in Kafka's order and words. Fails with UsageError. */
export const wantedGroups = (flags: GroupsFlags): ((group: GroupListing) => boolean) => {
  if ((flags.bootstrapServer ?? flags.brokerList) === undefined) {
    throw new UsageError('Missing required option(s) [bootstrap-server]');
  }
  if (flags.list === undefined) throw new UsageError('Command must include exactly one action: --list.');
  const type = TYPES.find((one) => one.toLowerCase() === flags.groupType?.toLowerCase());
  if (flags.groupType !== undefined && type === undefined) {
    throw new UsageError('--group-type must be a valid group type.');
  }
  refuseTogether(flags, 'consumer', ['groupType', 'protocol', 'share', 'streams']);
  refuseTogether(flags, 'share', ['consumer', 'groupType', 'protocol', 'streams']);
  refuseTogether(flags, 'streams', ['consumer', 'groupType', 'protocol', 'share']);
  return filterOf(flags, type);
};

const refuseTogether = (
  flags: GroupsFlags,
  used: keyof GroupsFlags,
  others: readonly (keyof GroupsFlags)[],
): void => {
  const other = others.find((one) => flags[one] !== undefined);
  if (flags[used] === undefined || other === undefined) return;
  const name = other === 'groupType' ? 'group-type' : other;
  throw new UsageError(`Option "[${used}]" can't be used with option "[${name}]"`);
};

const filterOf =
  ({ protocol, consumer, share, streams }: GroupsFlags, type: GroupType | undefined) =>
  (group: GroupListing): boolean => {
    if (type !== undefined)
      return group.type === type && (protocol ?? group.protocolType) === group.protocolType;
    if (protocol !== undefined) return group.protocolType === protocol;
    if (consumer) return ['consumer', ''].includes(group.protocolType) || group.type === 'Consumer';
    if (share) return group.type === 'Share';
    return !streams || group.type === 'Streams';
  };

/** Prints the groups that are wanted. */
export const listGroups = async (
  admin: Admin,
  isWanted: (group: GroupListing) => boolean,
  { json }: GroupsFlags,
  terminal: Terminal,
): Promise<number> => {
  try {
    const groups = (await admin.listGroups()).filter(isWanted);
    const rows = groups.map(({ groupId, type, protocolType }) => [groupId, type ?? '', protocolType]);
    if (json) {
      const shown = rows.map(([group, type, protocol]) => ({ group, type, protocol }));
      terminal.out(`${JSON.stringify({ groups: shown })}\n`);
      return 0;
    }
    const width = Math.max(20, ...rows.flat().map(({ length }) => length));
    const padded = (texts: readonly string[]): string => texts.map((text) => text.padEnd(width)).join(' ');
    terminal.out(`${padded(['GROUP', 'TYPE', 'PROTOCOL'])}\n`);
    // Kafka's lines end with a blank that its titles do not have.
    for (const row of rows) terminal.out(`${padded(row)} \n`);
    return 0;
  } catch (error) {
    const message = `Error while executing groups command : ${javaMessageOf(error)}\n`;
    if (json) terminal.err(message);
    else terminal.out(message);
    return 1;
  }
};
