import type { BrokerId, TopicId } from '@kafkaesque/kernel';
import { ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { topicById, topicByName } from '../image/lookups';
import type { TopicImage } from '../image/metadata-image';
import { invalidTopicName, metricName } from '../image/topic-name';
import type { MetadataRecord } from '../records';
import type { CreatableTopic, CreateTopicResult, CreateTopicsCommand } from './commands';
import type { Decision, DecisionContext } from './decision';
import type { Assignment } from './new-partitions';
import { checkReplicaLists, partitionRecords, placePartitions, refused } from './new-partitions';
import { repeatedOf } from './repeated';
import { newTopicId } from './topic-ids';

const CLUSTER_METADATA_TOPIC = '__cluster_metadata';

const failed = (name: string, errorCode: number, errorMessage: string): CreateTopicResult => ({
  name,
  topicId: ZERO_TOPIC_ID,
  errorCode,
  errorMessage,
  numPartitions: -1,
  replicationFactor: -1,
  configs: [],
});

/** Names of this request that stand for one metric name, beside those of the image. */
interface NamesSeen {
  readonly byMetricName: Map<string, string>;
}

const invalidName = (name: string, context: DecisionContext, seen: NamesSeen): string | undefined => {
  const invalid = invalidTopicName(name);
  if (invalid !== undefined) return invalid;
  const metric = metricName(name);
  if (metric === undefined) return undefined;
  const other = context.image.topicNamesByMetricName.get(metric) ?? seen.byMetricName.get(metric);
  return other === undefined ? undefined : `Topic '${name}' collides with existing topic: ${other}`;
};

const manualAssignment = (topic: CreatableTopic, context: DecisionContext): Assignment => {
  if (topic.replicationFactor !== -1)
    return refused(
      ErrorCode.INVALID_REQUEST,
      'A manual partition assignment was specified, but replication factor was not set to -1.',
    );
  if (topic.numPartitions !== -1)
    return refused(
      ErrorCode.INVALID_REQUEST,
      'A manual partition assignment was specified, but numPartitions was not set to -1.',
    );
  const lists: (readonly BrokerId[])[] = [];
  for (const { partitionIndex, brokerIds } of topic.assignments) {
    if (lists[partitionIndex] !== undefined)
      return refused(
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        `Found multiple manual partition assignments for partition ${partitionIndex}`,
      );
    if (partitionIndex < 0 || partitionIndex >= topic.assignments.length)
      return refused(
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        'partitions should be a consecutive 0-based integer sequence',
      );
    lists[partitionIndex] = brokerIds;
  }
  return checkReplicaLists(context.image, lists, 0, undefined);
};

const assignmentOf = (topic: CreatableTopic, context: DecisionContext): Assignment => {
  if (topic.assignments.length > 0) return manualAssignment(topic, context);
  if (topic.replicationFactor < -1 || topic.replicationFactor === 0)
    return refused(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      'Replication factor must be larger than 0, or -1 to use the default value.',
    );
  if (topic.numPartitions < -1 || topic.numPartitions === 0)
    return refused(
      ErrorCode.INVALID_PARTITIONS,
      'Number of partitions was set to an invalid non-positive value.',
    );
  const { settings } = context;
  return placePartitions(
    context,
    topic.numPartitions === -1 ? settings.defaultPartitions : topic.numPartitions,
    topic.replicationFactor === -1 ? settings.defaultReplicationFactor : topic.replicationFactor,
  );
};

/** The topic's config values by name, or why they are refused. */
const configsOf = (
  topic: CreatableTopic,
  context: DecisionContext,
): { readonly kind: 'values'; readonly values: ReadonlyMap<string, string> } | ReturnType<typeof refused> => {
  const withoutValue = topic.configs.filter((config) => config.value === null).map((config) => config.name);
  if (withoutValue.length > 0)
    return refused(
      ErrorCode.INVALID_CONFIG,
      `Null value not supported for topic configs: ${withoutValue.join(',')}`,
    );
  const values = new Map(topic.configs.map(({ name, value }) => [name, value ?? '']));
  const reason = context.settings.configs.validate({ type: 2, name: topic.name }, values);
  if (reason === undefined) return { kind: 'values', values };
  return typeof reason === 'string'
    ? refused(ErrorCode.INVALID_CONFIG, reason)
    : refused(reason.errorCode, reason.errorMessage);
};

const succeeded = (
  topic: { readonly topicId: TopicId; readonly name: string },
  firstReplicas: readonly BrokerId[] | undefined,
  numPartitions: number,
  values: ReadonlyMap<string, string>,
  context: DecisionContext,
): CreateTopicResult => ({
  name: topic.name,
  topicId: topic.topicId,
  errorCode: ErrorCode.NONE,
  errorMessage: null,
  numPartitions,
  replicationFactor: firstReplicas?.length ?? -1,
  configs: context.settings.configs.effectiveTopicConfigs(values),
});

/** The same id again is the same request again: it succeeded before. */
const existing = (
  topic: TopicImage,
  chosen: TopicId | undefined,
  context: DecisionContext,
): CreateTopicResult => {
  if (topic.topicId !== chosen)
    return failed(topic.name, ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${topic.name}' already exists.`);
  const overrides = context.image.configs.get(`2:${topic.name}`)?.values.entries() ?? [];
  return succeeded(
    topic,
    topic.partitions.get(0)?.replicas,
    topic.partitions.size,
    new Map(overrides),
    context,
  );
};

/**
 * Whether it was perhaps created by an earlier attempt, and is gone again: then nobody knows what to answer, and it must
 * not come back under the same id.
 */
const mayHaveBeen = ({ repeatedSince }: CreateTopicsCommand, { image }: DecisionContext): boolean =>
  repeatedSince !== undefined && image.topicRemovedAt > repeatedSince;

const createTopic = (
  topic: CreatableTopic,
  command: CreateTopicsCommand,
  context: DecisionContext,
  seen: NamesSeen,
  records: MetadataRecord[],
): CreateTopicResult => {
  if (topic.name === CLUSTER_METADATA_TOPIC)
    return failed(
      topic.name,
      ErrorCode.INVALID_REQUEST,
      `Creation of internal topic ${CLUSTER_METADATA_TOPIC} is prohibited.`,
    );
  const chosen = command.topicIds.get(topic.name);
  const before = topicByName(context.image, topic.name);
  if ((before === undefined || before.topicId !== chosen) && mayHaveBeen(command, context))
    return failed(
      topic.name,
      ErrorCode.REQUEST_TIMED_OUT,
      `Nobody knows whether topic '${topic.name}' was created by the first attempt of this request.`,
    );
  if (before !== undefined) return existing(before, chosen, context);
  const badName = invalidName(topic.name, context, seen);
  if (badName !== undefined) return failed(topic.name, ErrorCode.INVALID_TOPIC_EXCEPTION, badName);
  if (chosen !== undefined && topicById(context.image, chosen) !== undefined)
    return failed(topic.name, ErrorCode.INVALID_REQUEST, `Topic id ${chosen} belongs to another topic.`);
  const configs = configsOf(topic, context);
  if (configs.kind === 'refused') return failed(topic.name, configs.errorCode, configs.errorMessage ?? '');
  const assignment = assignmentOf(topic, context);
  if (assignment.kind === 'refused')
    return failed(topic.name, assignment.errorCode, assignment.errorMessage ?? '');
  const isManual = topic.assignments.length > 0;
  const violation = context.settings.policies?.createTopic?.({
    topic: topic.name,
    numPartitions: isManual ? null : assignment.replicas.length,
    replicationFactor: isManual ? null : (assignment.replicas[0]?.length ?? 0),
    replicasAssignments: isManual ? assignment.replicas : null,
    configs: configs.values,
  });
  if (violation !== undefined) return failed(topic.name, violation.errorCode, violation.errorMessage ?? '');

  const topicId = chosen ?? newTopicId(context.random);
  records.push({ kind: 'TopicRecord', value: { name: topic.name, topicId } });
  for (const [name, value] of configs.values)
    records.push({ kind: 'ConfigRecord', value: { resourceType: 2, resourceName: topic.name, name, value } });
  for (const record of partitionRecords(context.image, topicId, assignment.replicas, 0)) records.push(record);
  const metric = metricName(topic.name);
  if (metric !== undefined) seen.byMetricName.set(metric, topic.name);
  return succeeded(
    { topicId, name: topic.name },
    assignment.replicas[0],
    assignment.replicas.length,
    configs.values,
    context,
  );
};

const totalPartitions = (command: CreateTopicsCommand, defaultPartitions: number): number =>
  command.topics.reduce((total, topic) => {
    if (topic.assignments.length > 0) return total + topic.assignments.length;
    return total + (topic.numPartitions === -1 ? defaultPartitions : Math.max(0, topic.numPartitions));
  }, 0);

/** CreateTopics: each topic succeeds or fails by itself, all that succeed are one batch. */
export const decideCreateTopics = (
  command: CreateTopicsCommand,
  context: DecisionContext,
): Decision<{ readonly topics: readonly CreateTopicResult[] }> => {
  if (totalPartitions(command, context.settings.defaultPartitions) > context.settings.maxPartitionsPerRequest)
    return refused(ErrorCode.POLICY_VIOLATION, 'Excessively large number of partitions per request.');
  const records: MetadataRecord[] = [];
  const results: CreateTopicResult[] = [];
  const seen: NamesSeen = { byMetricName: new Map() };
  const repeated = repeatedOf(command.topics.map(({ name }) => name));
  for (const topic of command.topics) {
    if (!repeated.has(topic.name)) results.push(createTopic(topic, command, context, seen, records));
  }
  for (const name of repeated) results.push(failed(name, ErrorCode.INVALID_REQUEST, 'Duplicate topic name.'));
  return { kind: 'decided', records: command.validateOnly ? [] : records, response: { topics: results } };
};
