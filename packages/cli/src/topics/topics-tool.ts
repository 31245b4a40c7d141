import { TopicId, ZERO_TOPIC_ID, messageOf } from '@kafkaesque/kernel';
import type {
  Admin,
  ClientError,
  NewTopic,
  Outcome,
  Reassignment,
  TopicDescription,
  TopicListing,
} from '@kafkaesque/client';
import { clientOptions, clientProperties, numberProperty } from '../command-line/client-flags';
import { sdk } from '../command-line/loaded-on-demand';
import { withUsage } from '../command-line/outcome';
import type { Terminal } from '../command-line/terminal';
import { parseFlags } from '../command-line/tool-command';
import { topicFilter } from '../command-line/topic-filter';
import type { Tool } from '../tools';
import { describeLines, describedForScripts } from './topic-lines';
import type { DescribedTopic } from './topic-lines';
import { checkedAction, parseReplicaAssignment, parseTopicConfigs, topicsCommand } from './topics-flags';
import type { TopicsAction, TopicsFlags } from './topics-flags';

const COLLISION_WARNING =
  "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. " +
  'To avoid issues it is best to use either, but not both.\n';

const DELETE_CONFIG_WARNING =
  'delete-config option is no longer supported and deprecated since version 4.0. ' +
  'The config will be fully removed in future releases.\n';

export const tool: Tool = {
  command: topicsCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(terminal, calledAs, async () => {
      const parsed = parseFlags<TopicsFlags>(topicsCommand(calledAs), argv, terminal);
      if (parsed.kind === 'done') return 0;
      const { flags } = parsed;
      if (flags.deleteConfig !== undefined) terminal.err(DELETE_CONFIG_WARNING);
      const action = checkedAction(flags, argv.length);
      const properties = clientProperties(flags.commandConfig, flags.commandProperty);
      await using client = sdk().openClient(clientOptions(flags, properties, terminal, 'kafka-topics'));
      const admin = client.admin({ apiTimeoutMs: numberProperty(properties, 'default.api.timeout.ms') });
      return await runTopicsAction(action, flags, admin, terminal);
    }),
};

/** The work of one action. Errors of the cluster are told as Kafka's tool tells them, on standard output. */
export const runTopicsAction = async (
  action: TopicsAction,
  flags: TopicsFlags,
  admin: Admin,
  terminal: Terminal,
): Promise<number> => {
  try {
    await actions[action](flags, admin, terminal);
    return 0;
  } catch (error) {
    const message = `Error while executing topic command : ${messageOf(error)}\n`;
    // Whoever parses the output gets JSON there or nothing.
    if (flags.json) terminal.err(message);
    else terminal.out(message);
    const cause = sdk().isClientError(error) && sdk().isClientError(error.cause) ? error.cause : undefined;
    if (cause !== undefined) terminal.err(`The last attempt failed with ${cause.code}: ${cause.message}\n`);
    return 1;
  }
};

type Action = (flags: TopicsFlags, admin: Admin, terminal: Terminal) => Promise<void>;

/** What is wrong with the request itself, in the form in which the cluster's own errors come. */
const refuse = (message: string): Error => new Error(message);

const create: Action = async (flags, admin, terminal) => {
  const name = flags.topic ?? '';
  if (/[._]/.test(name)) terminal.out(COLLISION_WARNING);
  if (name === '') throw refuse("The given topic name '' cannot be represented in a request.");
  const { partitions, replicationFactor } = flags;
  if (partitions !== undefined && partitions < 1) throw refuse('The partitions must be greater than 0');
  if (replicationFactor !== undefined && (replicationFactor < 1 || replicationFactor > 32_767)) {
    throw refuse('The replication factor must be between 1 and 32767 inclusive');
  }
  const topic: NewTopic = {
    name,
    partitions,
    replicationFactor,
    assignments:
      flags.replicaAssignment === undefined ? undefined : parseReplicaAssignment(flags.replicaAssignment),
    configs: parseTopicConfigs(flags.config ?? []),
  };
  const [outcome] = await admin.createTopics([topic]);
  if (outcome?.kind === 'done') terminal.out(`Created topic ${name}.\n`);
  else if (outcome !== undefined && !(flags.ifNotExists && outcome.error.code === 'TOPIC_ALREADY_EXISTS')) {
    throw outcome.error;
  }
};

const list: Action = async (flags, admin, terminal) => {
  const topics = await listedTopics(flags, admin);
  terminal.out(
    flags.json ? `${JSON.stringify({ topics })}\n` : `${topics.map(({ name }) => name).join('\n')}\n`,
  );
};

const describe: Action = async (flags, admin, terminal) => {
  if (
    flags.topic !== undefined &&
    flags.topicId !== undefined &&
    parseTopicId(flags.topicId) !== ZERO_TOPIC_ID
  ) {
    const message =
      'Only topic id will be used when both --topic and --topic-id are specified and topicId is not Uuid.ZERO_UUID\n';
    if (flags.json) terminal.err(message);
    else terminal.out(message);
  }
  const descriptions = await describedTopics(flags, admin);
  const resources = descriptions.map(({ name }) => ({ type: 'topic' as const, name }));
  const configs = resources.length === 0 ? [] : await admin.describeConfigs(resources);
  const { nodes } = await admin.describeCluster();
  const liveBrokers = new Set(nodes.map(({ id }) => id));
  const reassignments = await listedReassignments(admin);
  const selection = {
    underReplicated: flags.underReplicatedPartitions ?? false,
    unavailable: flags.unavailablePartitions ?? false,
    underMinIsr: flags.underMinIsrPartitions ?? false,
    atMinIsr: flags.atMinIsrPartitions ?? false,
    overridesOnly: flags.topicsWithOverrides ?? false,
  };
  const topics = descriptions.map((description): DescribedTopic => {
    const outcome = configs.find(({ key }) => key.name === description.name);
    if (outcome?.kind === 'failed') throw outcome.error;
    const moving = reassignments.filter(({ topic }) => topic === description.name);
    return {
      description,
      configs: outcome?.value ?? [],
      reassignments: new Map(moving.map((one) => [one.partition, one])),
      liveBrokers,
    };
  });
  if (flags.json) {
    const shown = topics.flatMap((topic) => describedForScripts(topic, selection) ?? []);
    terminal.out(`${JSON.stringify({ topics: shown })}\n`);
    return;
  }
  for (const topic of topics) {
    const lines = describeLines(topic, selection);
    if (lines.length > 0) terminal.out(`${lines.join('\n')}\n`);
  }
};

const alter: Action = async (flags, admin) => {
  const names = await matchingTopics(flags, admin);
  ensureFound(names, flags);
  if (names.length === 0) return;
  const total = flags.partitions ?? 0;
  const assignment =
    flags.replicaAssignment === undefined ? undefined : parseReplicaAssignment(flags.replicaAssignment);
  const described = values(await admin.describeTopics(names));
  const counts = described.map(({ name, partitions }) => {
    const added = assignment?.slice(partitions.length);
    return [name, { total, assignments: added }] as const;
  });
  values(await admin.createPartitions(Object.fromEntries(counts)));
};

const remove: Action = async (flags, admin) => {
  const names = await matchingTopics(flags, admin);
  ensureFound(names, flags);
  if (names.length > 0) values(await admin.deleteTopics(names));
};

const actions: Readonly<Record<TopicsAction, Action>> = { create, list, describe, alter, delete: remove };

const describedTopics = async (flags: TopicsFlags, admin: Admin): Promise<readonly TopicDescription[]> => {
  const topicId = flags.topicId === undefined ? ZERO_TOPIC_ID : parseTopicId(flags.topicId);
  if (topicId !== ZERO_TOPIC_ID) {
    const listed = await admin.listTopics({ includeInternal: flags.excludeInternal !== true });
    if (!listed.some((one) => one.topicId === topicId)) {
      if (flags.ifExists) return [];
      throw refuse(`TopicId '${topicId}' does not exist as expected`);
    }
    return values(await admin.describeTopicsById([topicId]));
  }
  const names = await matchingTopics(flags, admin);
  ensureFound(names, flags);
  const limit = flags.partitionSizeLimitPerResponse;
  return values(await admin.describeTopics(names, limit === undefined ? {} : { partitionLimit: limit }));
};

const parseTopicId = (text: string): TopicId => {
  const bytes = Buffer.from(text, 'base64url').length;
  if (bytes === 16) return TopicId(text);
  throw refuse(
    `Input string \`${text}\` decoded as ${bytes} bytes, which is not equal to the expected 16 bytes of a base64-encoded UUID`,
  );
};

/** In order of name; `--topic` is a regular expression here. */
const listedTopics = async (flags: TopicsFlags, admin: Admin): Promise<readonly TopicListing[]> => {
  const listed = await admin.listTopics({ includeInternal: flags.excludeInternal !== true });
  if (flags.topic === undefined) return listed;
  const isWanted = topicFilter(flags.topic);
  return listed.filter(({ name }) => isWanted(name));
};

const matchingTopics = async (flags: TopicsFlags, admin: Admin): Promise<readonly string[]> =>
  (await listedTopics(flags, admin)).map(({ name }) => name);

const ensureFound = (names: readonly string[], { topic, ifExists }: TopicsFlags): void => {
  if (names.length === 0 && topic !== undefined && topic !== '' && !ifExists) {
    throw refuse(`Topic '${topic}' does not exist as expected`);
  }
};

/** A cluster that cannot list reassignments, or does not let us, has none that we could show. */
const listedReassignments = async (admin: Admin): Promise<readonly Reassignment[]> => {
  try {
    return (await admin.listPartitionReassignments()) ?? [];
  } catch (error) {
    if (sdk().isClientError(error) && error.code === 'CLUSTER_AUTHORIZATION_FAILED') return [];
    throw error;
  }
};

/** All or the first error. */
const values = <Key, Value>(outcomes: readonly Outcome<Key, Value>[]): readonly Value[] =>
  outcomes.map((outcome) => {
    if (outcome.kind === 'done') return outcome.value;
    const failure: ClientError = outcome.error;
    throw failure;
  });
