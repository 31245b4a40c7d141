import { BrokerId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import { ClientError, isClientError } from '../errors';
import type { TopicPartition } from '../records';
import { showsStaleMetadata } from '../stale-metadata';
import type { ClusterView } from './cluster-view';

/** What one request to a leader may take. */
export interface QuestionBounds {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** What one partition's leader said of it. */
export interface PartitionVerdict<Value> {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly errorMessage?: string | null;
  readonly value: Value;
}

export type LeaderAnswer<Value> =
  { readonly kind: 'done'; readonly value: Value } | { readonly kind: 'failed'; readonly error: ClientError };

/** Sends one node its part of the questions, each partition at most once. */
export type AskLeader<Question, Value> = (
  leader: BrokerId,
  questions: readonly Question[],
  bounds: QuestionBounds,
) => Promise<readonly PartitionVerdict<Value>[]>;

interface LeaderRequest<Question> {
  readonly leader: BrokerId;
  readonly questions: Question[];
  readonly names: Set<string>;
}

/** Questions by topic, as requests carry them. */
export const byTopic = <Question extends TopicPartition>(
  questions: readonly Question[],
): readonly { readonly name: string; readonly questions: readonly Question[] }[] => {
  const topics = new Map<string, Question[]>();
  for (const question of questions) {
    const known = topics.get(question.topic);
    if (known === undefined) topics.set(question.topic, [question]);
    else known.push(question);
  }
  return [...topics].map(([name, of]) => ({ name, questions: of }));
};

/**
 * Asks the leaders once, which must be known (`ClusterView.topic`), or `broker` about all of them. A partition whose
 * leader proves to be another fails with a retriable error, and its topic's metadata is dropped.
 */
export const askLeaders = async <Question extends TopicPartition, Value>(
  cluster: ClusterView,
  questions: readonly Question[],
  ask: AskLeader<Question, Value>,
  bounds: QuestionBounds & { readonly broker?: BrokerId | undefined },
): Promise<ReadonlyMap<Question, LeaderAnswer<Value>>> => {
  const answers = new Map<Question, LeaderAnswer<Value>>();
  const requests: LeaderRequest<Question>[] = [];
  for (const question of questions) {
    const { topic, partition } = question;
    const leader = bounds.broker ?? cluster.leaderOf(topic, partition)?.leader ?? BrokerId(-1);
    if (leader < 0) {
      cluster.invalidate(topic);
      answers.set(question, { kind: 'failed', error: brokerError(ErrorCode.LEADER_NOT_AVAILABLE) });
      continue;
    }
    const name = `${topic}/${partition}`;
    const open = requests.find((one) => one.leader === leader && !one.names.has(name));
    if (open === undefined) requests.push({ leader, questions: [question], names: new Set([name]) });
    else {
      open.questions.push(question);
      open.names.add(name);
    }
  }
  await Promise.all(requests.map((request) => askOne(cluster, request, ask, bounds, answers)));
  return answers;
};

const askOne = async <Question extends TopicPartition, Value>(
  cluster: ClusterView,
  { leader, questions }: LeaderRequest<Question>,
  ask: AskLeader<Question, Value>,
  bounds: QuestionBounds,
  answers: Map<Question, LeaderAnswer<Value>>,
): Promise<void> => {
  const fail = (question: Question, error: ClientError): void => {
    if (showsStaleMetadata(error)) cluster.invalidate(question.topic);
    answers.set(question, { kind: 'failed', error });
  };
  try {
    const verdicts = await ask(leader, questions, bounds);
    for (const question of questions) {
      const { topic, partition } = question;
      const verdict = verdicts.find((one) => one.topic === topic && one.partition === partition);
      if (verdict === undefined) {
        const message = `the broker left ${topic}-${partition} out of its answer`;
        fail(question, new ClientError('protocol', 'INCOMPLETE_ANSWER', message));
      } else if (verdict.errorCode !== 0)
        fail(question, brokerError(verdict.errorCode, verdict.errorMessage ?? undefined));
      else answers.set(question, { kind: 'done', value: verdict.value });
    }
  } catch (error) {
    if (!isClientError(error)) throw error;
    for (const question of questions) fail(question, error);
  }
};
