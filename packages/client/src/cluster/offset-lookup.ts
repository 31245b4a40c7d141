import { BrokerId, NO_LEADER_EPOCH } from '@kafkaesque/kernel';
import type { LeaderEpoch, Offset } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { ResponseOf } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import { ClientError, isClientError } from '../errors';
import { showsStaleMetadata } from '../stale-metadata';
import type { ClusterView } from './cluster-view';

/** Kafka's special timestamps of ListOffsets, and the version that brought each. */
export const offsetSpecs = {
  latest: { timestamp: -1, minVersion: 1 },
  earliest: { timestamp: -2, minVersion: 1 },
  'max-timestamp': { timestamp: -3, minVersion: 7 },
  'earliest-local': { timestamp: -4, minVersion: 8 },
  'latest-tiered': { timestamp: -5, minVersion: 9 },
  'earliest-pending-upload': { timestamp: -6, minVersion: 11 },
} as const;

export type NamedOffsetSpec = keyof typeof offsetSpecs;
/** A point in a log: the first offset, the end, or the first record not older than a time. */
export type OffsetSpec = NamedOffsetSpec | { readonly timestampMs: number };

export interface OffsetQuestion {
  readonly topic: string;
  readonly partition: number;
  readonly spec: OffsetSpec;
}

export interface ListedOffset {
  /** -1 when there is no such record. */
  readonly offset: Offset;
  readonly timestampMs: number;
  readonly leaderEpoch: LeaderEpoch;
}

export type OffsetAnswer =
  | { readonly kind: 'listed'; readonly value: ListedOffset }
  | { readonly kind: 'failed'; readonly error: ClientError };

export interface OffsetLookupOptions {
  readonly isolation: 'read_uncommitted' | 'read_committed';
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

type TopicAnswer = ResponseOf<'ListOffsets'>['topics'][number];
type Answers = Map<OffsetQuestion, OffsetAnswer>;

const timestampOf = (spec: OffsetSpec): number =>
  typeof spec === 'string' ? offsetSpecs[spec].timestamp : spec.timestampMs;
const minVersionOf = (spec: OffsetSpec): number =>
  typeof spec === 'string' ? offsetSpecs[spec].minVersion : 1;

/**
 * Asks the leaders once. The leaders must be known (`ClusterView.topic`); a partition whose leader proves to be another
 * is answered with a retriable error, and its topic's metadata is dropped.
 */
export const lookUpOffsets = async (
  cluster: ClusterView,
  questions: readonly OffsetQuestion[],
  options: OffsetLookupOptions,
): Promise<ReadonlyMap<OffsetQuestion, OffsetAnswer>> => {
  const answers: Answers = new Map();
  const requests: OffsetRequest[] = [];
  for (const question of questions) {
    const leader = cluster.leaderOf(question.topic, question.partition)?.leader ?? BrokerId(-1);
    if (leader < 0) {
      cluster.invalidate(question.topic);
      answers.set(question, { kind: 'failed', error: brokerError(ErrorCode.LEADER_NOT_AVAILABLE) });
      continue;
    }
    // A request may name a partition once; two questions about one go in two requests.
    const name = `${question.topic}/${question.partition}`;
    const open = requests.find((one) => one.leader === leader && !one.names.has(name));
    if (open === undefined) requests.push({ leader, questions: [question], names: new Set([name]) });
    else {
      open.questions.push(question);
      open.names.add(name);
    }
  }
  await Promise.all(requests.map((one) => askLeader(cluster, one.leader, one.questions, options, answers)));
  return answers;
};

/** What one leader is asked in one request. */
interface OffsetRequest {
  readonly leader: BrokerId;
  readonly questions: OffsetQuestion[];
  readonly names: Set<string>;
}

const askLeader = async (
  cluster: ClusterView,
  leader: BrokerId,
  questions: readonly OffsetQuestion[],
  options: OffsetLookupOptions,
  answers: Answers,
): Promise<void> => {
  const topics = [...new Set(questions.map(({ topic }) => topic))].map((name) => ({
    name,
    partitions: questions
      .filter(({ topic }) => topic === name)
      .map(({ partition, spec }) => ({
        partitionIndex: partition,
        currentLeaderEpoch: cluster.leaderOf(name, partition)?.leaderEpoch ?? NO_LEADER_EPOCH,
        timestamp: timestampOf(spec),
      })),
  }));
  const draft = {
    replicaId: BrokerId(-1),
    isolationLevel: options.isolation === 'read_committed' ? 1 : 0,
    topics,
    timeoutMs: options.timeoutMs,
  };
  const minVersion = Math.max(...questions.map(({ spec }) => minVersionOf(spec)));
  try {
    const { timeoutMs, signal } = options;
    const response = await cluster.wire.request(leader, 'ListOffsets', draft, {
      timeoutMs,
      signal,
      minVersion,
    });
    for (const question of questions) answers.set(question, answerOf(cluster, question, response.topics));
  } catch (error) {
    if (!isClientError(error)) throw error;
    for (const question of questions) {
      if (showsStaleMetadata(error)) cluster.invalidate(question.topic);
      answers.set(question, { kind: 'failed', error });
    }
  }
};

const answerOf = (
  cluster: ClusterView,
  question: OffsetQuestion,
  topics: readonly TopicAnswer[],
): OffsetAnswer => {
  const { topic, partition } = question;
  const one = topics
    .find(({ name }) => name === topic)
    ?.partitions.find(({ partitionIndex }) => partitionIndex === partition);
  if (one === undefined) {
    const message = `the broker left ${topic}-${partition} out of its answer`;
    return { kind: 'failed', error: new ClientError('protocol', 'INCOMPLETE_ANSWER', message) };
  }
  if (one.errorCode === 0) {
    const { offset, timestamp, leaderEpoch } = one;
    return { kind: 'listed', value: { offset, timestampMs: timestamp, leaderEpoch } };
  }
  const error = brokerError(one.errorCode);
  if (showsStaleMetadata(error)) cluster.invalidate(topic);
  return { kind: 'failed', error };
};
