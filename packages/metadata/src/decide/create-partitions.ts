import { ErrorCode } from '@kafkaesque/protocol';
import { topicByName } from '../image/lookups';
import type { MetadataRecord } from '../records';
import type { CommandError, CreatePartitionsCommand, CreatePartitionsResult } from './commands';
import type { Decision, DecisionContext } from './decision';
import { checkReplicaLists, partitionRecords, placePartitions, refused } from './new-partitions';
import { repeatedOf } from './repeated';

type TopicToGrow = CreatePartitionsCommand['topics'][number];

const succeeded: CommandError = { errorCode: ErrorCode.NONE, errorMessage: null };

const grow = (topic: TopicToGrow, context: DecisionContext, records: MetadataRecord[]): CommandError => {
  const found = topicByName(context.image, topic.name);
  if (found === undefined) return refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, null);
  const before = found.partitions.size;
  if (topic.count === before)
    return refused(ErrorCode.INVALID_PARTITIONS, `Topic already has ${before} partition(s).`);
  if (topic.count < before)
    return refused(
      ErrorCode.INVALID_PARTITIONS,
      `The topic ${topic.name} currently has ${before} partition(s); ${topic.count} would not be an increase.`,
    );
  const added = topic.count - before;
  if (topic.assignments !== null && topic.assignments.length !== added)
    return refused(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `Attempted to add ${added} additional partition(s), but only ${topic.assignments.length} assignment(s) were specified.`,
    );
  const replicationFactor = found.partitions.get(0)?.replicas.length ?? 1;
  const assignment =
    topic.assignments === null
      ? placePartitions(context, added, replicationFactor)
      : checkReplicaLists(
          context.image,
          topic.assignments.map(({ brokerIds }) => brokerIds),
          before,
          replicationFactor,
        );
  if (assignment.kind === 'refused') return assignment;
  for (const record of partitionRecords(context.image, found.topicId, assignment.replicas, before))
    records.push(record);
  return succeeded;
};

/** CreatePartitions: topics only grow; the new partitions have the replication factor of the first. */
export const decideCreatePartitions = (
  command: CreatePartitionsCommand,
  context: DecisionContext,
): Decision<{ readonly results: readonly CreatePartitionsResult[] }> => {
  const added = command.topics.reduce((total, { name, count }) => {
    const before = topicByName(context.image, name)?.partitions.size ?? count;
    return total + Math.max(0, count - before);
  }, 0);
  if (added > context.settings.maxPartitionsPerRequest)
    return refused(ErrorCode.POLICY_VIOLATION, 'Excessively large number of partitions per request.');
  const records: MetadataRecord[] = [];
  const repeated = repeatedOf(command.topics.map(({ name }) => name));
  const results = command.topics
    .filter(({ name }) => !repeated.has(name))
    .map((topic): CreatePartitionsResult => {
      const { errorCode, errorMessage } = grow(topic, context, records);
      return { name: topic.name, errorCode, errorMessage };
    });
  for (const name of repeated)
    results.push({ name, errorCode: ErrorCode.INVALID_REQUEST, errorMessage: 'Duplicate topic name.' });
  return { kind: 'decided', records: command.validateOnly ? [] : records, response: { results } };
};
