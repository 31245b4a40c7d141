import { hasCode, messageOf } from '@kafkaesque/kernel';
import type { Clock } from '@kafkaesque/kernel';
import type { Admin, ConsumerGroupDescription, GroupState, GroupType } from '@kafkaesque/client';
import { clientOptions, clientProperties } from '../command-line/client-flags';
import { javaMessageOf, javaTextOf } from '../command-line/java-errors';
import { javaSplit } from '../command-line/java-split';
import { sdk } from '../command-line/loaded-on-demand';
import { withUsage } from '../command-line/outcome';
import type { Terminal } from '../command-line/terminal';
import { parseFlags } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import type { Tool } from '../tools';
import { deleteGroups, deleteOffsets } from './delete-groups';
import { describedOffsets } from './described-offsets';
import { groupFailure } from './group-failure';
import { GROUP_STATES, checkedAction, consumerGroupsCommand } from './group-flags';
import type { ConsumerGroupsFlags, GroupsAction } from './group-flags';
import { listingLines, memberLines, offsetLines, resetLines, stateLines } from './group-lines';
import type { NewOffset } from './group-lines';
import { exportedLines } from './reset-plan';
import { resetGroup } from './reset-offsets';

/* eslint-disable @typescript-eslint/no-require-imports, @typescript-eslint/consistent-type-imports -- a relative `import()` needs a file extension that only the built file has */
/** The engine of regular expressions, which only this one action needs. */
const expressions = (): typeof import('./validate-regex') =>
  require('./validate-regex') as typeof import('./validate-regex');
/* eslint-enable @typescript-eslint/no-require-imports, @typescript-eslint/consistent-type-imports */

export const tool: Tool = {
  command: consumerGroupsCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(terminal, calledAs, async () => {
      const parsed = parseFlags<ConsumerGroupsFlags>(consumerGroupsCommand(calledAs), argv, terminal);
      if (parsed.kind === 'done') return 0;
      const { flags } = parsed;
      const action = checkedAction(flags, argv.length, terminal);
      if (action === 'validateRegex') {
        terminal.out(expressions().validateRegex(flags.validateRegex ?? ''));
        return 0;
      }
      const properties = clientProperties(flags.commandConfig, flags.commandProperty);
      await using client = sdk().openClient(
        clientOptions(flags, properties, terminal, 'kafka-consumer-groups'),
      );
      const admin = client.admin({ apiTimeoutMs: flags.timeout });
      return await runGroupsAction(action, { flags, admin, terminal, clock: sdk().machineClock });
    }),
};

/** What an action needs. */
export interface GroupsRun {
  readonly flags: ConsumerGroupsFlags;
  readonly admin: Admin;
  readonly terminal: Terminal;
  readonly clock: Clock;
}

/**
 * The work of one action. What the cluster refuses is told on standard output, and leaves the exit code 0, as with
 * Kafka's tool; only a wrong command line does not.
 */
export const runGroupsAction = async (
  action: Exclude<GroupsAction, 'validateRegex'>,
  run: GroupsRun,
): Promise<number> => {
  try {
    await actions[action](run);
  } catch (error) {
    if (hasCode(error, 'USAGE')) throw error;
    printError(run, `Executing consumer group command failed due to ${textOf(error)}`);
  }
  return 0;
};

/** Errors that no one has put into Kafka's words come as its client throws them. */
const textOf = (error: unknown): string => {
  if (!sdk().isClientError(error)) return messageOf(error);
  return sdk().isClientError(error, 'broker') ? javaMessageOf(error) : javaTextOf(error);
};

/** Whoever reads JSON gets nothing else on standard output. */
const printError = ({ flags, terminal }: GroupsRun, message: string): void => {
  const text = `\nError: ${message}\n`;
  if (flags.json) terminal.err(text);
  else terminal.out(text);
};

type Action = (run: GroupsRun) => Promise<void>;

const list: Action = async ({ flags, admin, terminal }) => {
  const withType = flags.type !== undefined;
  const withState = flags.state !== undefined;
  const groups = await admin.listGroups({
    states: parseStates(flags.state),
    types: parseTypes(flags.type),
    protocolTypes: ['', 'consumer'],
  });
  if (flags.json) {
    const shown = groups.map(({ groupId, type = 'Unknown', state = 'Unknown' }) => ({
      group: groupId,
      type,
      state,
    }));
    terminal.out(`${JSON.stringify({ groups: shown })}\n`);
    return;
  }
  const lines =
    withType || withState
      ? listingLines(groups, { withType, withState })
      : groups.map(({ groupId }) => groupId);
  terminal.out(lines.map((line) => `${line}\n`).join(''));
};

/** `stable,empty` as Kafka names them. Fails with UsageError. */
const parseStates = (input: string | true | undefined): readonly GroupState[] => {
  if (input === undefined || input === true || input === '') return [];
  return javaSplit(input, ',').map((word) => {
    const wanted = word.trim().toLowerCase();
    const state = GROUP_STATES.find((one) => one.toLowerCase() === wanted);
    if (state !== undefined) return state;
    throw new UsageError(`Invalid state list '${input}'. Valid states are: ${GROUP_STATES.join(', ')}`);
  });
};

const TYPES = ['Consumer', 'Classic'] as const;

const parseTypes = (input: string | true | undefined): readonly GroupType[] => {
  if (input === undefined || input === true || input === '') return [];
  return javaSplit(input, ',').map((word) => {
    const type = TYPES.find((one) => one.toLowerCase() === word.trim().toLowerCase());
    if (type !== undefined) return type;
    throw new UsageError(`Invalid types list '${input}'. Valid types are: ${TYPES.join(', ')}`);
  });
};

/** The groups that the command is about: those named, or all. */
export const selectedGroups = async ({ flags, admin }: GroupsRun): Promise<readonly string[]> => {
  if (!flags.allGroups) return flags.group ?? [];
  const listed = await admin.listGroups({ protocolTypes: ['', 'consumer'] });
  return listed.map(({ groupId }) => groupId);
};

const describe: Action = async (run) => {
  const { flags, admin, terminal } = run;
  const groupIds = [...new Set(await selectedGroups(run))].sort();
  const outcomes = await admin.describeConsumerGroups(groupIds);
  const groups = outcomes.map((outcome) => {
    if (outcome.kind === 'failed') throw groupFailure(outcome.error);
    return outcome.value;
  });
  const isVerbose = flags.verbose === true;
  const isOffsets = flags.members === undefined && flags.state === undefined;
  const offsets = isOffsets ? await describedOffsets(admin, groups, flags.timeout) : [];
  if (flags.json) {
    const shown = groups.map((group, index) => describedForScripts(group, offsets[index]));
    terminal.out(`${JSON.stringify({ groups: shown })}\n`);
    return;
  }
  for (const [index, group] of groups.entries()) {
    const rows = offsets[index] ?? [];
    const isWorthIt = saysState(run, group);
    if (isOffsets) {
      if (isWorthIt && rows.length > 0) {
        terminal.out(`\n${offsetLines(group.groupId, rows, isVerbose).join('\n')}\n`);
      }
    } else if (flags.members) terminal.out(`\n${memberLines(group, isVerbose).join('\n')}\n`);
    else if (isWorthIt) terminal.out(`\n${stateLines(group, isVerbose).join('\n')}\n`);
  }
};

/** Tells what is unusual about the state; false where there is nothing to show. */
const saysState = (run: GroupsRun, { groupId, state }: ConsumerGroupDescription): boolean => {
  switch (state) {
    case 'Dead':
      printError(run, `Consumer group '${groupId}' does not exist.`);
      return false;
    case 'Empty':
      run.terminal.err(`\nConsumer group '${groupId}' has no active members.\n`);
      return true;
    case 'PreparingRebalance':
    case 'CompletingRebalance':
    case 'Assigning':
    case 'Reconciling':
      run.terminal.err(`\nWarning: Consumer group '${groupId}' is rebalancing.\n`);
      return true;
    case 'Stable':
      return true;
    case 'NotReady':
    case 'Unknown':
      throw groupFailure(new Error(`Expected a valid consumer group state, but found '${state}'.`));
  }
};

const describedForScripts = (
  group: ConsumerGroupDescription,
  offsets: Awaited<ReturnType<typeof describedOffsets>>[number] | undefined,
): object => {
  const { groupId, type, state, partitionAssignor, coordinator, members } = group;
  return {
    ...{ group: groupId, type, state, partitionAssignor, groupEpoch: group.groupEpoch ?? null },
    targetAssignmentEpoch: group.targetAssignmentEpoch ?? null,
    coordinator: { id: coordinator.id, host: coordinator.host, port: coordinator.port },
    members: members.map((member) => ({
      ...{ consumerId: member.memberId, instanceId: member.instanceId ?? null, clientId: member.clientId },
      ...{ host: member.host, memberEpoch: member.memberEpoch ?? null, upgraded: member.upgraded ?? null },
      ...{ assignment: member.assignment, targetAssignment: member.targetAssignment ?? null },
    })),
    ...(offsets === undefined
      ? {}
      : {
          offsets: offsets.map((row) =>
            Object.fromEntries(
              (
                [
                  'topic',
                  'partition',
                  'leaderEpoch',
                  'currentOffset',
                  'logEndOffset',
                  'lag',
                  'consumerId',
                  'host',
                  'clientId',
                ] as const
              ).map((key) => [key, row[key] ?? null]),
            ),
          ),
        }),
  };
};

const resetOffsets: Action = async (run) => {
  const { flags, admin, terminal } = run;
  const groupIds = [...new Set(await selectedGroups(run))].sort();
  const offsets: NewOffset[] = [];
  for (const outcome of await admin.describeConsumerGroups(groupIds)) {
    const group = outcome.key;
    if (outcome.kind === 'failed') {
      // A group that does not exist is one without members: its offsets make it.
      if (outcome.error.code !== 'GROUP_ID_NOT_FOUND') throw groupFailure(outcome.error, 'wrapped');
    } else {
      const { state } = outcome.value;
      if (state !== 'Empty' && state !== 'Dead') {
        printError(
          run,
          `Assignments can only be reset if the group '${group}' is inactive, but the current state is ${state}.`,
        );
        continue;
      }
    }
    offsets.push(...(await resetGroup(run, group)));
  }
  if (flags.json) terminal.out(`${JSON.stringify({ offsets })}\n`);
  else if (flags.export) terminal.out(`${exportedLines(offsets, flags.group?.length === 1)}\n`);
  else terminal.out(groupIds.length === 0 ? '\n' : `\n${resetLines(offsets).join('\n')}\n`);
};

const actions: Readonly<Record<Exclude<GroupsAction, 'validateRegex'>, Action>> = {
  list,
  describe,
  delete: async (run) => deleteGroups(run, await selectedGroups(run)),
  deleteOffsets: (run) => deleteOffsets(run),
  resetOffsets,
};
