import { existsSync } from 'node:fs';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import type { Admin } from '@kafkaesque/client';
import { argumentWords, checkArguments, chosenAction, refuseWords } from '../command-line/argument-rules';
import { clientOptions, clientProperties } from '../command-line/client-flags';
import type { Properties } from '../command-line/client-flags';
import { parseUuid } from '../command-line/java-uuid';
import { sdk } from '../command-line/loaded-on-demand';
import { withUsage } from '../command-line/outcome';
import type { Terminal } from '../command-line/terminal';
import { parseFlags } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import type { Tool } from '../tools';
import { newController } from './new-controller';
import { ACTIONS, quorumCommand } from './quorum-flags';
import type { QuorumAction, QuorumFlags } from './quorum-flags';
import {
  ageOf,
  leaderOf,
  quorumStatus,
  replicationRows,
  replicationTable,
  statusLines,
} from './quorum-lines';

/** What Kafka's tool calls itself. */
const PROGRAM = 'kafka-metadata-quorum';

/** One action, once its own options have been checked. */
type Work = (admin: Admin) => Promise<void>;

export const tool: Tool = {
  command: quorumCommand,
  run: async (argv, terminal, calledAs) => {
    let understood: { readonly action: QuorumAction; readonly flags: QuorumFlags } | undefined;
    const understand = (): Promise<number> => {
      const command = quorumCommand(calledAs);
      const parsed = parseFlags<QuorumFlags>(command, argv, terminal, argumentWords);
      if (parsed.kind === 'done') return Promise.resolve(0);
      const [word, ...rest] = command.args;
      understood = { action: checkedAction(word, parsed.flags), flags: parsed.flags };
      refuseWords(rest);
      return Promise.resolve(0);
    };
    const code = await withUsage(terminal, calledAs, understand, PROGRAM);
    if (understood === undefined || code !== 0) return code;
    try {
      return await runAction(understood.action, understood.flags, terminal);
    } catch (error) {
      if (!hasCode(error, 'USAGE')) throw error;
      terminal.err(`${messageOf(error)}\n`);
      return 1;
    }
  },
};

const checkedAction = (word: string | undefined, flags: QuorumFlags): QuorumAction => {
  const action = chosenAction(ACTIONS, word);
  checkArguments(flags, {
    // In the order in which Kafka's tool misses them.
    required: action === 'remove-controller' ? ['controller-directory-id/-d', 'controller-id/-i'] : [],
    oneOf: [['bootstrap-server', 'bootstrap-controller']],
  });
  return action;
};

const runAction = async (action: QuorumAction, flags: QuorumFlags, terminal: Terminal): Promise<number> => {
  if (flags.commandConfig !== undefined && !existsSync(flags.commandConfig))
    throw new UsageError(`Properties file ${flags.commandConfig} does not exists!`);
  const properties = clientProperties(flags.commandConfig, []);
  const work = works[action](flags, terminal, properties);
  if (work === undefined) return 0;
  // What a controller's own properties say of security is for its listeners, not for this client.
  const own: Properties = action === 'add-controller' ? {} : properties;
  await using client = sdk().openClient(clientOptions(flags, own, terminal, PROGRAM));
  await work(client.admin());
  return 0;
};

/** Undefined when there is nothing to ask of the cluster. */
type Prepare = (flags: QuorumFlags, terminal: Terminal, properties: Properties) => Work | undefined;

const describe: Prepare = (flags, terminal) => {
  if (flags.humanReadable && !flags.replication)
    throw new UsageError('The option --human-readable is only supported along with --replication');
  if (flags.status && flags.replication)
    throw new UsageError(
      'Only one of --status or --replication should be specified with describe sub-command',
    );
  if (!flags.status && !flags.replication)
    throw new UsageError('One of --status or --replication must be specified with describe sub-command');
  return flags.status ? describeStatus(flags, terminal) : describeReplication(flags, terminal);
};

const describeStatus =
  ({ json }: QuorumFlags, terminal: Terminal): Work =>
  async (admin) => {
    const { clusterId } = await admin.describeCluster();
    const quorum = await admin.describeQuorum();
    const leader = leaderOf(quorum);
    if (leader === undefined) throw noLeader(quorum.leaderId);
    const status = quorumStatus(clusterId, quorum, leader);
    terminal.out(json ? `${JSON.stringify(status)}\n` : statusLines(status));
  };

const describeReplication =
  ({ json, humanReadable }: QuorumFlags, terminal: Terminal): Work =>
  async (admin) => {
    const quorum = await admin.describeQuorum();
    const leader = leaderOf(quorum);
    if (leader === undefined) throw noLeader(quorum.leaderId);
    if (json) {
      const { leaderId, voters, observers } = quorum;
      terminal.out(`${JSON.stringify({ leaderId, voters, observers })}\n`);
      return;
    }
    const timeOf = humanReadable ? ageOf(sdk().machineClock.wallMs()) : String;
    terminal.out(replicationTable(replicationRows(quorum, leader, timeOf)));
  };

const noLeader = (leaderId: number): UsageError =>
  new UsageError(
    `The quorum has no leader among its voters now (${leaderId}): ask again in a moment, or ask the controllers themselves with --bootstrap-controller.`,
  );

const addController: Prepare = (flags, terminal, properties) => {
  if (flags.commandConfig === undefined)
    throw new UsageError(
      'You must supply the configuration file of the controller you are adding when using add-controller.',
    );
  const { nodeId, directoryId, endpoints } = newController(properties);
  const shown = endpoints.map(({ name, host, port }) => `${name}://${host}:${port}`).join(', ');
  const what = `controller ${nodeId} with directory id ${directoryId} and endpoints: ${shown}`;
  if (flags.dryRun) {
    terminal.out(`DRY RUN of adding ${what}\n`);
    return undefined;
  }
  return async (admin) => {
    await admin.addRaftVoter({ nodeId, directoryId, endpoints });
    terminal.out(`Added ${what}\n`);
  };
};

const removeController: Prepare = (flags, terminal) => {
  const { controllerId: nodeId = -1, controllerDirectoryId = '' } = flags;
  if (nodeId < 0) throw new UsageError(`Invalid negative --controller-id: ${nodeId}`);
  const id = parseUuid(controllerDirectoryId);
  if (id.kind === 'wrong') throw new UsageError(`Failed to parse --controller-directory-id: ${id.message}`);
  // Two spaces stand before it in Kafka, too.
  const what = `KRaft controller ${nodeId} with directory id ${id.text}`;
  if (flags.dryRun) {
    terminal.out(`DRY RUN of removing  ${what}\n`);
    return undefined;
  }
  return async (admin) => {
    await admin.removeRaftVoter({ nodeId, directoryId: id.text });
    terminal.out(`Removed  ${what}\n`);
  };
};

const works: Readonly<Record<QuorumAction, Prepare>> = {
  describe,
  'add-controller': addController,
  'remove-controller': removeController,
};
