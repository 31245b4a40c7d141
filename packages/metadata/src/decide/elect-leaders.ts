import type { TopicId } from '@kafkaesque/kernel';
import { NO_BROKER, PartitionIndex } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { topicByName, topicNames } from '../image/lookups';
import type { MetadataImage } from '../image/metadata-image';
import type { CommandError, ElectLeadersAnswer, ElectLeadersCommand } from './commands';
import type { Decision, DecisionContext } from './decision';
import { refused } from './new-partitions';
import { PartitionDrafts } from './partition-drafts';

const PREFERRED = 0;
const UNCLEAN = 1;

/** Records that one request of a user may come to. */
export const MAX_RECORDS_OF_REQUEST = 10_000;

export const tooLarge = (): ReturnType<typeof refused> =>
  refused(ErrorCode.POLICY_VIOLATION, 'Unable to perform excessively large batch operation.');

const succeeded: CommandError = { errorCode: ErrorCode.NONE, errorMessage: null };

const unknown = (topic: string, reason: string): CommandError =>
  refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `No such ${reason} as ${topic}`);

const electLeader = (
  drafts: PartitionDrafts,
  electionType: number,
  topicId: TopicId,
  label: string,
  index: number,
): CommandError => {
  const partition = drafts.partition(topicId, PartitionIndex(index));
  if (partition === undefined) return unknown(label, 'partition');
  const isNeeded =
    electionType === PREFERRED ? partition.leader !== partition.replicas[0] : partition.leader === NO_BROKER;
  if (!isNeeded)
    return refused(ErrorCode.ELECTION_NOT_NEEDED, 'Leader election not needed for topic partition.');
  const value = drafts.next(
    topicId,
    partition,
    electionType === PREFERRED ? { election: 'preferred' } : { allowsUncleanElection: true },
  );
  // A change of anything else is no election.
  if (value === undefined || value.leader < 0 || value.leader === partition.leader)
    return electionType === PREFERRED
      ? refused(ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE, 'The preferred leader was not available.')
      : refused(
          ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE,
          'Eligible topic partition leaders are not available.',
        );
  drafts.record(partition, value);
  return succeeded;
};

/** All partitions, for null. */
const wanted = (
  image: MetadataImage,
  topicPartitions: ElectLeadersCommand['topicPartitions'],
): Iterable<{ readonly topic: string; readonly partitions: Iterable<number> }> =>
  topicPartitions ??
  topicNames(image).map((topic) => ({
    topic,
    partitions: Array.from({ length: topicByName(image, topic)?.partitions.size ?? 0 }, (_, i) => i),
  }));

/**
 * ElectLeaders (KIP-460): the first replica leads if it is in sync (preferred), or anybody where nobody leads (unclean:
 * records may be lost). Each partition succeeds or fails by itself; of all partitions, those that need nothing are not
 * named.
 */
export const decideElectLeaders = (
  command: ElectLeadersCommand,
  context: DecisionContext,
): Decision<ElectLeadersAnswer> => {
  const { electionType, topicPartitions } = command;
  if (electionType !== PREFERRED && electionType !== UNCLEAN)
    return refused(ErrorCode.INVALID_REQUEST, `Unknown election type ${electionType}`);
  const { image } = context;
  const drafts = new PartitionDrafts(context);
  const replicaElectionResults = [];
  for (const { topic, partitions } of wanted(image, topicPartitions)) {
    const topicId = topicByName(image, topic)?.topicId;
    const partitionResult = [];
    for (const partitionId of partitions) {
      const { errorCode, errorMessage } =
        topicId === undefined
          ? unknown(topic, 'topic')
          : electLeader(drafts, electionType, topicId, `${topic}-${partitionId}`, partitionId);
      if (drafts.records.length > MAX_RECORDS_OF_REQUEST) return tooLarge();
      if (topicPartitions !== null || errorCode !== ErrorCode.ELECTION_NOT_NEEDED)
        partitionResult.push({ partitionId, errorCode, errorMessage });
    }
    replicaElectionResults.push({ topic, partitionResult });
  }
  return { kind: 'decided', records: drafts.records, response: { replicaElectionResults } };
};
