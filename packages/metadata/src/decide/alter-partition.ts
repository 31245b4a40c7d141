import type { BrokerId, TopicId } from '@kafkaesque/kernel';
import { LeaderEpoch, PartitionIndex } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { brokerById, isActive, topicById } from '../image/lookups';
import type { MetadataImage, PartitionImage } from '../image/metadata-image';
import { currentBroker } from './brokers';
import type {
  AlterPartitionAnswer,
  AlterPartitionCommand,
  AlteredPartition,
  PartitionToAlter,
} from './commands';
import type { Decision, DecisionContext } from './decision';
import { PartitionDrafts } from './partition-drafts';

const RECOVERING = 1;

/** Why what the leader knows of the partition is not what it changes; an error of Kafka's table. */
const staleness = (leader: BrokerId, now: PartitionImage, asked: PartitionToAlter): number => {
  // A leader that knows more than this controller has been told by one that came after it.
  if (asked.leaderEpoch > now.leaderEpoch || asked.partitionEpoch > now.partitionEpoch)
    return ErrorCode.NOT_CONTROLLER;
  if (asked.leaderEpoch < now.leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH;
  if (leader !== now.leader) return ErrorCode.INVALID_REQUEST;
  return asked.partitionEpoch < now.partitionEpoch ? ErrorCode.INVALID_UPDATE_VERSION : ErrorCode.NONE;
};

/** Why the leader asks for something that cannot be; an error of Kafka's table. */
const contradiction = (now: PartitionImage, asked: PartitionToAlter): number => {
  const { newIsrWithEpochs: isr, leaderRecoveryState } = asked;
  const ids = new Set(isr.map(({ brokerId }) => brokerId));
  const isValid =
    ids.size === isr.length &&
    isr.every(({ brokerId }) => now.replicas.includes(brokerId)) &&
    ids.has(now.leader) &&
    (leaderRecoveryState === 0 || leaderRecoveryState === RECOVERING) &&
    // Who leads after an unclean election leads alone until it has recovered, and does not fall back.
    !(leaderRecoveryState === RECOVERING && (isr.length > 1 || now.leaderRecoveryState !== RECOVERING));
  return isValid ? ErrorCode.NONE : ErrorCode.INVALID_REQUEST;
};

/** KIP-841 and 903: in sync are brokers in service alone, in the incarnation that the leader has seen catch up. */
const isEligible = (
  image: MetadataImage,
  { brokerId, brokerEpoch }: PartitionToAlter['newIsrWithEpochs'][number],
): boolean => {
  const broker = brokerById(image, brokerId);
  return isActive(broker) && (brokerEpoch === -1 || brokerEpoch === broker.epoch);
};

/** One request of a leader. */
class Alterations {
  readonly drafts: PartitionDrafts;
  readonly #image: MetadataImage;
  readonly #leader: BrokerId;

  constructor(context: DecisionContext, leader: BrokerId) {
    this.drafts = new PartitionDrafts(context);
    this.#image = context.image;
    this.#leader = leader;
  }

  alter(topicId: TopicId, asked: PartitionToAlter): AlteredPartition {
    const { partitionIndex } = asked;
    if (topicById(this.#image, topicId) === undefined)
      return failed(partitionIndex, ErrorCode.UNKNOWN_TOPIC_ID);
    const now = this.drafts.partition(topicId, PartitionIndex(partitionIndex));
    if (now === undefined) return failed(partitionIndex, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    const error =
      staleness(this.#leader, now, asked) ||
      contradiction(now, asked) ||
      this.#ineligibility(topicId, now, asked);
    if (error !== ErrorCode.NONE) return failed(partitionIndex, error);
    const after = this.drafts.change(topicId, now, {
      isr: asked.newIsrWithEpochs.map(({ brokerId }) => brokerId),
      leaderRecoveryState: asked.leaderRecoveryState,
      allowsUncleanElection: this.drafts.rulesOf(topicId).allowsUncleanElection,
    });
    // Its request may end a reassignment, and its lead with it: the leader learns the rest from the metadata.
    if (after.leader !== this.#leader) return failed(partitionIndex, ErrorCode.NEW_LEADER_ELECTED);
    const { leader: leaderId, leaderEpoch, isr, leaderRecoveryState, partitionEpoch } = after;
    return {
      partitionIndex,
      errorCode: ErrorCode.NONE,
      leaderId,
      leaderEpoch,
      isr,
      leaderRecoveryState,
      partitionEpoch,
    };
  }

  #ineligibility(topicId: TopicId, now: PartitionImage, asked: PartitionToAlter): number {
    // Beyond Kafka: a replica whose directory has failed has not caught up, whatever its leader has seen before.
    const areAll = asked.newIsrWithEpochs.every(
      (one) => isEligible(this.#image, one) && this.drafts.serves(topicId, now, one.brokerId),
    );
    return areAll ? ErrorCode.NONE : ErrorCode.INELIGIBLE_REPLICA;
  }
}

const failed = (partitionIndex: number, errorCode: number): AlteredPartition => ({
  partitionIndex,
  errorCode,
  leaderId: 0 as BrokerId,
  leaderEpoch: LeaderEpoch(0),
  isr: [],
  leaderRecoveryState: 0,
  partitionEpoch: 0,
});

/**
 * AlterPartition: the in-sync set that a leader asks for, if what it knows is what is known here. Each partition succeeds
 * or fails by itself. An answer may carry an error and have changed the partition all the same (NEW_LEADER_ELECTED).
 */
export const decideAlterPartition = (
  command: AlterPartitionCommand,
  context: DecisionContext,
): Decision<AlterPartitionAnswer> => {
  const found = currentBroker(context.image, command.brokerId, command.brokerEpoch);
  if (found.kind === 'refused') return found;
  const alterations = new Alterations(context, command.brokerId);
  const topics = command.topics.map(({ topicId, partitions }) => ({
    topicId,
    partitions: partitions.map((asked) => alterations.alter(topicId, asked)),
  }));
  return { kind: 'decided', records: alterations.drafts.records, response: { topics } };
};
