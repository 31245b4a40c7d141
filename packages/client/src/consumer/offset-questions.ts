import type { Clock, Random } from '@kafkaesque/kernel';
import type { ClusterView } from '../cluster/cluster-view';
import { lookUpOffsets } from '../cluster/offset-lookup';
import type { ListedOffset, OffsetSpec } from '../cluster/offset-lookup';
import { ClientError } from '../errors';
import type { TopicPartition } from '../records';
import { withRetries } from '../timing/waiting';
import type { OffsetOf, QueryOptions } from './consumer';
import type { ConsumerSettings } from './consumer-settings';

/** What asking takes: whom, and how long. */
export interface Asking {
  readonly cluster: ClusterView;
  readonly settings: ConsumerSettings;
  readonly clock: Clock;
  readonly random: Random;
}

/** Asks until every question has its answer; the first error that waiting does not heal fails all. */
export const askOffsets = (
  { cluster, settings, clock, random }: Asking,
  questions: readonly (TopicPartition & { readonly spec: OffsetSpec })[],
  query: QueryOptions,
): Promise<readonly OffsetOf<ListedOffset>[]> => {
  const timeoutMs = query.timeoutMs ?? settings.apiTimeoutMs;
  const { signal } = query;
  const retry = { clock, random, backoff: settings.backoff, timeoutMs, signal, what: 'asking for offsets' };
  return withRetries(retry, async (leftMs) => {
    const names = new Set(questions.map(({ topic }) => topic));
    const { mayCreate } = settings;
    const lookup = { timeoutMs: leftMs, signal, mayCreate };
    await Promise.all([...names].map((name) => cluster.topic(name, lookup)));
    const { isolation } = settings.fetch;
    const bounds = { isolation, timeoutMs: Math.min(leftMs, settings.requestTimeoutMs), signal };
    const answers = await lookUpOffsets(cluster, questions, bounds);
    return questions.map((question) => {
      const answer = answers.get(question);
      if (answer?.kind === 'failed') throw answer.error;
      if (answer === undefined) {
        throw new ClientError('protocol', 'INCOMPLETE_ANSWER', 'an offset was not answered');
      }
      return { topic: question.topic, partition: question.partition, value: answer.value };
    });
  });
};

/** The first offsets, or the ends as the isolation level shows them. */
export const askEdges = async (
  asking: Asking,
  partitions: readonly TopicPartition[],
  spec: 'earliest' | 'latest',
  query: QueryOptions = {},
): Promise<readonly OffsetOf<number>[]> => {
  const questions = partitions.map(({ topic, partition }) => ({ topic, partition, spec }));
  const listed = await askOffsets(asking, questions, query);
  return listed.map(({ topic, partition, value }) => ({ topic, partition, value: value.offset }));
};
