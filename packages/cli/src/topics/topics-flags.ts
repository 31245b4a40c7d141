import type { Command } from 'commander';
import { addConnectionFlags } from '../command-line/client-flags';
import type { ConnectionFlags } from '../command-line/client-flags';
import { collect, requireFlag, toolCommand, wholeNumber } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';

export interface TopicsFlags extends ConnectionFlags {
  readonly create?: true;
  readonly list?: true;
  readonly describe?: true;
  readonly alter?: true;
  readonly delete?: true;
  readonly topic?: string;
  readonly topicId?: string;
  readonly partitions?: number;
  readonly replicationFactor?: number;
  readonly replicaAssignment?: string;
  readonly config?: readonly string[];
  readonly deleteConfig?: readonly string[];
  readonly ifExists?: true;
  readonly ifNotExists?: true;
  readonly excludeInternal?: true;
  readonly underReplicatedPartitions?: true;
  readonly unavailablePartitions?: true;
  readonly underMinIsrPartitions?: true;
  readonly atMinIsrPartitions?: true;
  readonly topicsWithOverrides?: true;
  readonly partitionSizeLimitPerResponse?: number;
  readonly json?: true;
}

const ACTIONS = ['list', 'describe', 'create', 'alter', 'delete'] as const;
export type TopicsAction = (typeof ACTIONS)[number];

export const topicsCommand = (calledAs: string): Command =>
  addConnectionFlags(
    toolCommand({
      calledAs,
      summary: 'Creates, lists, describes, extends and deletes topics.',
      examples: [
        '$0 --bootstrap-server localhost:9092 --list',
        '$0 --bootstrap-server localhost:9092 --create --topic my-topic --partitions 3 --replication-factor 1',
        '$0 --bootstrap-server localhost:9092 --create --topic log --config cleanup.policy=compact',
        '$0 --bootstrap-server localhost:9092 --describe --topic my-topic',
        "$0 --bootstrap-server localhost:9092 --describe --json | jq -r '.topics[] | select(.partitions[].leader == null) | .name'",
        '$0 --bootstrap-server localhost:9092 --alter --topic my-topic --partitions 6',
        '$0 --bootstrap-server localhost:9092 --delete --topic my-topic',
      ],
    }),
  )
    .option('--list', 'list all topics')
    .option('--describe', 'show partitions and configuration')
    .option('--create', 'create a topic')
    .option('--alter', 'raise the number of partitions')
    .option('--delete', 'delete topics')
    .option('--topic <topic>', 'the topic; a regular expression except with --create')
    .option('--topic-id <id>', 'the topic to describe, by its id')
    .option('--partitions <number>', 'partitions of the new or altered topic', wholeNumber('partitions'))
    .option('--replication-factor <number>', 'replicas of each partition', wholeNumber('replication-factor'))
    .option(
      '--replica-assignment <ids>',
      'brokers of each partition: 1:2,2:3 puts partition 0 on brokers 1 and 2',
    )
    .option('--config <name=value>', 'a configuration of the new topic; may be repeated', collect)
    .option('--delete-config <name>', 'ignored since Kafka 4.0: use kafka-configs', collect)
    .option('--if-exists', 'do nothing when there is no such topic')
    .option('--if-not-exists', 'do nothing when the topic is there already')
    .option('--exclude-internal', 'leave internal topics out')
    .option('--under-replicated-partitions', 'describe only partitions that lack in-sync replicas')
    .option('--unavailable-partitions', 'describe only partitions without a leader')
    .option('--under-min-isr-partitions', 'describe only partitions below min.insync.replicas')
    .option('--at-min-isr-partitions', 'describe only partitions at min.insync.replicas')
    .option('--topics-with-overrides', 'describe only topics with configurations of their own')
    .option(
      '--partition-size-limit-per-response <number>',
      'partitions in one answer of the broker',
      wholeNumber('partition-size-limit-per-response'),
    )
    .option('--json', 'with --list and --describe: print one line of JSON');

const CONFIG_HINT = '(To alter topic configurations, the kafka-configs tool can be used.)';
const DESCRIBE_ONLY = [
  ['underReplicatedPartitions', 'under-replicated-partitions'],
  ['underMinIsrPartitions', 'under-min-isr-partitions'],
  ['atMinIsrPartitions', 'at-min-isr-partitions'],
  ['unavailablePartitions', 'unavailable-partitions'],
  ['topicsWithOverrides', 'topics-with-overrides'],
] as const;

/** Which actions an option does not go with, in Kafka's order of asking. */
const EXCLUSIONS: readonly {
  readonly flag: keyof TopicsFlags;
  readonly name: string;
  readonly actions: readonly TopicsAction[];
}[] = [
  { flag: 'config', name: 'config', actions: ['describe', 'list', 'delete'] },
  { flag: 'partitions', name: 'partitions', actions: ['list', 'describe', 'delete'] },
  { flag: 'replicationFactor', name: 'replication-factor', actions: ['alter', 'describe', 'list', 'delete'] },
  { flag: 'replicaAssignment', name: 'replica-assignment', actions: ['describe', 'list', 'delete'] },
  ...DESCRIBE_ONLY.map(([flag, name]) => ({
    flag,
    name,
    actions: ['list', 'create', 'alter', 'delete'] as const,
  })),
  { flag: 'ifExists', name: 'if-exists', actions: ['create', 'list'] },
  { flag: 'ifNotExists', name: 'if-not-exists', actions: ['list', 'describe', 'alter', 'delete'] },
  { flag: 'json', name: 'json', actions: ['create', 'alter', 'delete'] },
  { flag: 'excludeInternal', name: 'exclude-internal', actions: ['create', 'alter', 'delete'] },
];

/** The one action asked for, after every check that needs no cluster. Fails with UsageError. */
export const checkedAction = (flags: TopicsFlags, argumentCount: number): TopicsAction => {
  if (argumentCount === 0) throw new UsageError('Create, delete, describe, or change a topic.');
  const asked = ACTIONS.filter((action) => flags[action] === true);
  const [action] = asked;
  if (action === undefined || asked.length !== 1) {
    throw new UsageError(
      'Command must include exactly one action: --list, --describe, --create, --alter or --delete',
    );
  }
  requireFlag(flags.bootstrapServer ?? flags.brokerList, 'bootstrap-server');
  if (action === 'describe' && flags.ifExists && flags.topic === undefined && flags.topicId === undefined) {
    throw new UsageError('--topic or --topic-id is required to describe a topic');
  }
  if (action !== 'list' && action !== 'describe') requireFlag(flags.topic, 'topic');
  if (action === 'alter') checkAlter(flags);
  if (action === 'create' && flags.replicaAssignment !== undefined) {
    refuseTogether(flags.partitions, 'replica-assignment', 'partitions');
    refuseTogether(flags.replicationFactor, 'replica-assignment', 'replication-factor');
  }
  for (const { flag, name, actions } of EXCLUSIONS) {
    if (flags[flag] !== undefined && actions.includes(action)) refuseTogether(true, name, action);
  }
  const only = DESCRIBE_ONLY.filter(([flag]) => flags[flag] === true).map(([, name]) => name);
  const overrides = only.find((name) => name === 'topics-with-overrides');
  const other = only.find((name) => name !== 'topics-with-overrides');
  if (overrides !== undefined && other !== undefined) refuseTogether(true, other, overrides);
  return action;
};

const checkAlter = (flags: TopicsFlags): void => {
  if (flags.config !== undefined) {
    throw new UsageError(
      `Option combination "[[config], [bootstrap-server]]" can't be used with option "[alter]" ${CONFIG_HINT}`,
    );
  }
  requireFlag(flags.partitions, 'partitions');
};

const refuseTogether = (other: unknown, name: string, otherName: string): void => {
  if (other !== undefined)
    throw new UsageError(`Option "[${name}]" can't be used with option "[${otherName}]"`);
};

/** `1:2,3:4` as replicas of partition after partition. Fails with Kafka's sentences. */
export const parseReplicaAssignment = (text: string): readonly (readonly number[])[] => {
  const partitions = text.split(',').map((entry) =>
    entry.split(':').map((id) => {
      if (!/^\s*\d+\s*$/.test(id)) throw new UsageError(`For input string: "${id.trim()}"`);
      return Number(id);
    }),
  );
  partitions.forEach((replicas, index) => {
    const repeated = replicas.filter((id, at) => replicas.indexOf(id) !== at);
    if (repeated.length > 0) {
      throw new UsageError(
        `Partition replica lists may not contain duplicate entries: ${[...new Set(repeated)].join(',')}`,
      );
    }
    if (replicas.length !== partitions[0]?.length) {
      throw new UsageError(`Partition ${index} has different replication factor: [${replicas.join(', ')}]`);
    }
  });
  return partitions;
};

/** `name=value` pairs of `--config`. */
export const parseTopicConfigs = (pairs: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    pairs.map((pair) => {
      const parts = pair.split(/\s*=\s*/);
      // As Java splits: nothing stands behind the last separator.
      while (parts.at(-1) === '') parts.pop();
      const [name, value] = parts;
      if (name === undefined || value === undefined || parts.length !== 2) {
        throw new UsageError(
          'requirement failed: Invalid topic config: all configs to be added must be in the format "key=val".',
        );
      }
      return [name.trim(), value.trim()];
    }),
  );
