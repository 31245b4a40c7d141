import { assert, hasCode, messageOf } from '@kafkaesque/kernel';
import type { Admin } from '@kafkaesque/client';
import { clientOptions, clientProperties, numberProperty } from '../command-line/client-flags';
import { readText } from '../command-line/json-fields';
import { sdk } from '../command-line/loaded-on-demand';
import { withUsage } from '../command-line/outcome';
import type { Terminal } from '../command-line/terminal';
import { parseFlags } from '../command-line/tool-command';
import type { Tool } from '../tools';
import { cancelAssignments } from './cancel-assignments';
import { failureSentence } from './current-assignments';
import { executeAssignments } from './execute-assignments';
import { generateAssignments } from './generate-assignments';
import { listAssignments } from './list-assignments';
import { DEFAULT_TIMEOUT_MS, checkedAction, reassignCommand } from './reassign-flags';
import type { ReassignAction, ReassignFlags } from './reassign-flags';
import { verifyAssignments } from './verify-assignments';

export const tool: Tool = {
  command: reassignCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(terminal, calledAs, async () => {
      const parsed = parseFlags<ReassignFlags>(reassignCommand(calledAs), argv, terminal);
      if (parsed.kind === 'done') return 0;
      const action = checkedAction(parsed.flags, argv.length);
      // Ids here, not addresses as in other tools.
      const { brokerList, ...flags } = parsed.flags;
      const properties = clientProperties(flags.commandConfig, []);
      const options = clientOptions(flags, properties, terminal, 'reassign-partitions-tool');
      const apiTimeoutMs = numberProperty(properties, 'default.api.timeout.ms');
      return await told(terminal, flags.json === true, async () => {
        await using client = sdk().openClient(options);
        const admin = client.admin({ apiTimeoutMs });
        await runAction(
          action,
          { ...flags, ...(brokerList === undefined ? {} : { brokerList }) },
          admin,
          terminal,
        );
      });
    }),
};

/** Kafka's tool says of every failure what it was on standard output; whoever parses that gets JSON there or nothing. */
const told = async (terminal: Terminal, isJson: boolean, work: () => Promise<void>): Promise<number> => {
  try {
    await work();
    return 0;
  } catch (error) {
    const sentence = sentenceOf(error);
    if (sentence === undefined) throw error;
    if (isJson) terminal.err(`${sentence}\n`);
    else terminal.out(`${sentence}\n`);
    return 1;
  }
};

/** Undefined for what is no answer to the request: a mistake in the command line, or in here. */
const sentenceOf = (error: unknown): string | undefined => {
  if (hasCode(error, 'NOT_STARTED')) return messageOf(error);
  if (hasCode(error, 'REFUSED') || hasCode(error, 'UNREADABLE_FILE')) return `Error: ${messageOf(error)}`;
  return sdk().isClientError(error) && error.kind !== 'usage'
    ? `Error: ${failureSentence(error)}`
    : undefined;
};

/** The work of one action. */
export const runAction = (
  action: ReassignAction,
  flags: ReassignFlags,
  admin: Admin,
  terminal: Terminal,
): Promise<void> => {
  const isJson = flags.json === true;
  const file = (): string => {
    const path = flags.reassignmentJsonFile ?? flags.topicsToMoveJsonFile;
    assert(path !== undefined, 'the flags were checked: an action that reads a file has its name');
    return readText(path);
  };
  const timeoutMs = flags.timeout ?? DEFAULT_TIMEOUT_MS;
  const preserveThrottles = flags.preserveThrottles ?? false;
  switch (action) {
    case 'generate':
      return generateAssignments(admin, terminal, {
        text: file(),
        brokerList: flags.brokerList ?? '',
        isRackAware: flags.disableRackAware !== true,
        random: sdk().machineRandom(),
      });
    case 'execute':
      return executeAssignments(admin, terminal, {
        text: file(),
        isAdditional: flags.additional ?? false,
        throttle: flags.throttle ?? -1,
        directoryThrottle: flags.replicaAlterLogDirsThrottle ?? -1,
        allowReplicationFactorChange: flags.disallowReplicationFactorChange !== true,
        timeoutMs,
        clock: sdk().machineClock,
      });
    case 'verify':
      return verifyAssignments(admin, terminal, { text: file(), preserveThrottles, isJson });
    case 'cancel':
      return cancelAssignments(admin, terminal, {
        ...{ text: file(), preserveThrottles, timeoutMs },
        clock: sdk().machineClock,
      });
    case 'list':
      return listAssignments(admin, terminal, isJson);
  }
};
