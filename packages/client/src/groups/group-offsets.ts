import { LeaderEpoch, NO_LEADER_EPOCH, Offset, ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { TopicId } from '@kafkaesque/kernel';
import type { RequestDraftOf, ResponseOf } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import type { ClusterView } from '../cluster/cluster-view';
import { byTopic } from '../cluster/leader-questions';
import type { OffsetAndMetadata } from '../consumer/consumer';
import { ClientError } from '../errors';
import type { TopicPartition } from '../records';
import type { RequestOptions } from '../wire/wire';
import type { GroupCoordinator } from './group-coordinator';

/** In whose name a commit is made; generation -1 without a member id: by nobody in the group. */
export interface CommitIdentity {
  /** Generation of the classic protocol, member epoch of the consumer protocol. */
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | undefined;
}

export type PartitionOffset = TopicPartition & OffsetAndMetadata;

/** A group's offsets at its coordinator; one attempt a call. */
export interface GroupOffsetsOptions {
  readonly coordinator: GroupCoordinator;
  readonly cluster: ClusterView;
  /** Waits for transactions that commit the same offsets (KIP-447). */
  readonly requireStable: boolean;
}

/** Versions from here on name topics by id. */
const TOPIC_IDS = 10;

/** Commits and fetches a group's offsets: with topic ids where all are known, else with names. */
export class GroupOffsets {
  readonly #options: GroupOffsetsOptions;

  constructor(options: GroupOffsetsOptions) {
    this.#options = options;
  }

  /** Fails with the first partition's error; others may have been committed. */
  async commit(
    offsets: readonly PartitionOffset[],
    identity: CommitIdentity,
    options: RequestOptions,
  ): Promise<void> {
    const { coordinator, cluster } = this.#options;
    const topics = this.#asked(offsets);
    const draft = {
      groupId: coordinator.groupId,
      generationIdOrMemberEpoch: identity.generationId,
      memberId: identity.memberId,
      groupInstanceId: identity.groupInstanceId ?? null,
      topics: topics.map(({ name, topicId, questions }) => ({
        name,
        topicId,
        partitions: questions.map(({ partition, offset, leaderEpoch, metadata }) => ({
          partitionIndex: partition,
          committedOffset: Offset(offset),
          committedLeaderEpoch: LeaderEpoch(leaderEpoch ?? NO_LEADER_EPOCH),
          committedMetadata: metadata ?? '',
        })),
      })),
    };
    const answer = await coordinator.request('OffsetCommit', draft, bounded(topics, options));
    const answered = new Map<string, number>();
    for (const { name, topicId, partitions } of answer.topics) {
      const topic = name === '' ? nameOf(topics, topicId) : name;
      for (const { partitionIndex, errorCode } of partitions) {
        answered.set(`${topic}/${partitionIndex}`, errorCode);
      }
    }
    for (const { topic, partition } of offsets) {
      const errorCode = answered.get(`${topic}/${partition}`);
      if (errorCode === undefined) throw leftOut(topic, partition);
      if (errorCode === 0) continue;
      coordinator.judge(errorCode);
      if (isUnknownTopic(errorCode)) cluster.invalidate(topic);
      throw brokerError(errorCode);
    }
  }

  /** What is committed, in the order asked; undefined where nothing is. Fails with the first partition's error. */
  async fetch(
    partitions: readonly TopicPartition[],
    options: RequestOptions,
  ): Promise<readonly (OffsetAndMetadata | undefined)[]> {
    const { coordinator, cluster } = this.#options;
    const topics = this.#asked(partitions);
    const answer = await coordinator.request(
      'OffsetFetch',
      (version) => this.#fetchDraft(version, topics),
      bounded(topics, options),
    );
    const group = answer.groups.length === 0 ? answer : answer.groups[0];
    if (group !== undefined && group.errorCode !== 0) {
      coordinator.judge(group.errorCode);
      throw brokerError(group.errorCode);
    }
    const found = foundIn(group?.topics ?? [], topics);
    return partitions.map(({ topic, partition }) => {
      const one = found.get(`${topic}/${partition}`);
      if (one === undefined) throw leftOut(topic, partition);
      if (isUnknownTopic(one.errorCode)) cluster.invalidate(topic);
      if (one.errorCode !== 0) throw brokerError(one.errorCode);
      if (one.committedOffset < 0) return undefined;
      const { committedOffset: offset, committedLeaderEpoch: leaderEpoch, metadata } = one;
      return { offset, leaderEpoch, metadata: metadata ?? '' };
    });
  }

  #fetchDraft(version: number, topics: readonly AskedTopic<TopicPartition>[]): RequestDraftOf<'OffsetFetch'> {
    const { coordinator } = this.#options;
    const { groupId } = coordinator;
    // Without the means to wait for transactions, what is committed for sure is all there is to know.
    const requireStable = this.#options.requireStable && version >= 7;
    const asked = topics.map(({ name, topicId, questions }) => ({
      name,
      topicId,
      partitionIndexes: questions.map(({ partition }) => partition),
    }));
    if (version < 8) return { groupId, topics: asked, requireStable };
    return { groups: [{ groupId, topics: asked }], requireStable };
  }

  /** With the ids as they are known now: what is learned before the answer comes must not change what was asked. */
  #asked<Question extends TopicPartition>(questions: readonly Question[]): readonly AskedTopic<Question>[] {
    return byTopic(questions).map((topic) => ({
      ...topic,
      topicId: this.#options.cluster.known(topic.name)?.topicId ?? ZERO_TOPIC_ID,
    }));
  }
}

interface AskedTopic<Question> {
  readonly name: string;
  /** The zero id when it is not known. */
  readonly topicId: TopicId;
  readonly questions: readonly Question[];
}
type Answered = ResponseOf<'OffsetFetch'>['topics'][number];

const foundIn = (
  answered: readonly (Answered & { readonly topicId?: TopicId })[],
  topics: readonly AskedTopic<TopicPartition>[],
): ReadonlyMap<string, Answered['partitions'][number]> => {
  const found = new Map<string, Answered['partitions'][number]>();
  for (const { name, topicId, partitions } of answered) {
    const topic = name === '' && topicId !== undefined ? nameOf(topics, topicId) : name;
    for (const one of partitions) found.set(`${topic}/${one.partitionIndex}`, one);
  }
  return found;
};

const bounded = (topics: readonly AskedTopic<unknown>[], options: RequestOptions): RequestOptions => {
  const allKnown = topics.every(({ topicId }) => topicId !== ZERO_TOPIC_ID);
  return allKnown ? options : { ...options, maxVersion: TOPIC_IDS - 1 };
};

const nameOf = (topics: readonly AskedTopic<unknown>[], id: TopicId): string =>
  topics.find(({ topicId }) => topicId === id)?.name ?? '';

const isUnknownTopic = (errorCode: number): boolean =>
  errorCode === ErrorCode.UNKNOWN_TOPIC_ID || errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;

const leftOut = (topic: string, partition: number): ClientError =>
  new ClientError(
    'protocol',
    'INCOMPLETE_ANSWER',
    `the coordinator left ${topic}-${partition} out of its answer`,
  );
