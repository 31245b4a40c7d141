import type { BrokerId, TopicId } from '@kafkaesque/kernel';
import { PartitionIndex } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { topicByName } from '../image/lookups';
import type { PartitionImage } from '../image/metadata-image';
import type {
  AlterPartitionReassignmentsAnswer,
  AlterPartitionReassignmentsCommand,
  CommandError,
} from './commands';
import type { Decision, DecisionContext } from './decision';
import { MAX_RECORDS_OF_REQUEST, tooLarge } from './elect-leaders';
import { invalidReplicas, refused } from './new-partitions';
import type { PartitionTarget } from './next-partition';
import { PartitionDrafts } from './partition-drafts';
import { isReassigning, originalReplicas, targetSize, towards } from './reassignment';

type Outcome = { readonly kind: 'target'; readonly target: PartitionTarget } | ReturnType<typeof refused>;

const reassign = (
  { image }: DecisionContext,
  partition: PartitionImage,
  replicas: readonly BrokerId[],
  allowReplicationFactorChange: boolean,
): Outcome => {
  const reason = invalidReplicas(image, replicas, undefined);
  if (reason !== undefined) return refused(ErrorCode.INVALID_REPLICA_ASSIGNMENT, reason);
  const size = targetSize(partition);
  if (!allowReplicationFactorChange && size !== replicas.length)
    return refused(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `The replication factor is changed from ${size} to ${replicas.length}`,
    );
  return { kind: 'target', target: towards(partition, replicas) };
};

/**
 * Back to where the replicas were. When everybody in sync, or eligible, was only being added, records would be lost: that
 * needs leave, and somebody who serves.
 */
const cancel = (drafts: PartitionDrafts, topicId: TopicId, name: string, now: PartitionImage): Outcome => {
  if (!isReassigning(now))
    return refused(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS, 'No partition reassignment is in progress.');
  const replicas = originalReplicas(now);
  const staying = (ids: readonly BrokerId[]): readonly BrokerId[] =>
    ids.filter((id) => replicas.includes(id));
  const isr = staying(now.isr);
  const hasAll = now.isr.length === 0 ? now.eligibleLeaderReplicas : now.isr;
  const isUnclean = staying(hasAll).length === 0;
  const { allowsUncleanElection } = drafts.rulesOf(topicId);
  const isPossible = allowsUncleanElection && replicas.some((id) => drafts.serves(topicId, now, id));
  if (isUnclean && !isPossible)
    return refused(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `Unable to revert partition assignment for ${name}:${now.partition} because it would require an unclean leader ` +
        'election.',
    );
  return {
    kind: 'target',
    target: { replicas, isr, addingReplicas: [], removingReplicas: [], allowsUncleanElection },
  };
};

/**
 * AlterPartitionReassignments (KIP-455): new replicas are added, and the old ones removed once the new ones are in sync;
 * null goes back. Each partition succeeds or fails by itself.
 */
export const decideAlterPartitionReassignments = (
  command: AlterPartitionReassignmentsCommand,
  context: DecisionContext,
): Decision<AlterPartitionReassignmentsAnswer> => {
  const drafts = new PartitionDrafts(context);
  const alter = (name: string, index: number, replicas: readonly BrokerId[] | null): CommandError => {
    const topicId = topicByName(context.image, name)?.topicId;
    if (topicId === undefined)
      return refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `Unable to find a topic named ${name}.`);
    const now = drafts.partition(topicId, PartitionIndex(index));
    if (now === undefined)
      return refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `Unable to find partition ${name}:${index}.`);
    const outcome =
      replicas === null
        ? cancel(drafts, topicId, name, now)
        : reassign(context, now, replicas, command.allowReplicationFactorChange);
    if (outcome.kind === 'refused') return outcome;
    drafts.change(topicId, now, outcome.target);
    return { errorCode: ErrorCode.NONE, errorMessage: null };
  };
  const responses = command.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, replicas }) => {
      const { errorCode, errorMessage } = alter(name, partitionIndex, replicas);
      return { partitionIndex, errorCode, errorMessage };
    }),
  }));
  if (drafts.records.length > MAX_RECORDS_OF_REQUEST) return tooLarge();
  return { kind: 'decided', records: drafts.records, response: { responses } };
};
