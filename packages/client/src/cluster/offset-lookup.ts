import { BrokerId, NO_LEADER_EPOCH } from '@kafkaesque/kernel';
import type { LeaderEpoch, Offset } from '@kafkaesque/kernel';
import type { ClusterView } from './cluster-view';
import { askLeaders, byTopic } from './leader-questions';
import type { AskLeader, LeaderAnswer, QuestionBounds } from './leader-questions';

/** Kafka's special timestamps of ListOffsets, and the version that brought each. */
export const offsetSpecs = {
  latest: { timestamp: -1, minVersion: 1 },
  earliest: { timestamp: -2, minVersion: 1 },
  'max-timestamp': { timestamp: -3, minVersion: 7 },
  'earliest-local': { timestamp: -4, minVersion: 8 },
  'latest-tiered': { timestamp: -5, minVersion: 9 },
  'earliest-pending-upload': { timestamp: -6, minVersion: 11 },
} as const;

/** A question to ListOffsets that has a name instead of a time. */
export type NamedOffsetSpec = keyof typeof offsetSpecs;
/** A point in a log: the first offset, the end, or the first record not older than a time. */
export type OffsetSpec = NamedOffsetSpec | { readonly timestampMs: number };

export interface OffsetQuestion {
  readonly topic: string;
  readonly partition: number;
  readonly spec: OffsetSpec;
}

/** What ListOffsets found for one partition. */
export interface ListedOffset {
  /** -1 when there is no such record. */
  readonly offset: Offset;
  readonly timestampMs: number;
  readonly leaderEpoch: LeaderEpoch;
}

export interface OffsetLookupOptions extends QuestionBounds {
  readonly isolation: 'read_uncommitted' | 'read_committed';
}

const timestampOf = (spec: OffsetSpec): number =>
  typeof spec === 'string' ? offsetSpecs[spec].timestamp : spec.timestampMs;
const minVersionOf = (spec: OffsetSpec): number =>
  typeof spec === 'string' ? offsetSpecs[spec].minVersion : 1;

/** Asks the leaders once, as `askLeaders` does. */
export const lookUpOffsets = <Question extends OffsetQuestion>(
  cluster: ClusterView,
  questions: readonly Question[],
  { isolation, ...bounds }: OffsetLookupOptions,
): Promise<ReadonlyMap<Question, LeaderAnswer<ListedOffset>>> =>
  askLeaders(cluster, questions, listing(cluster, isolation), bounds);

const listing =
  (
    cluster: ClusterView,
    isolation: OffsetLookupOptions['isolation'],
  ): AskLeader<OffsetQuestion, ListedOffset> =>
  async (leader, questions, bounds) => {
    const topics = byTopic(questions).map(({ name, questions: some }) => ({
      name,
      partitions: some.map(({ partition, spec }) => ({
        partitionIndex: partition,
        currentLeaderEpoch: cluster.leaderOf(name, partition)?.leaderEpoch ?? NO_LEADER_EPOCH,
        timestamp: timestampOf(spec),
      })),
    }));
    const draft = {
      replicaId: BrokerId(-1),
      isolationLevel: isolation === 'read_committed' ? 1 : 0,
      topics,
      timeoutMs: bounds.timeoutMs,
    };
    const minVersion = Math.max(...questions.map(({ spec }) => minVersionOf(spec)));
    const answer = await cluster.request(leader, 'ListOffsets', draft, { ...bounds, minVersion });
    return answer.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, errorCode, offset, timestamp, leaderEpoch }) => ({
        topic: name,
        partition: partitionIndex,
        errorCode,
        value: { offset, timestampMs: timestamp, leaderEpoch },
      })),
    );
  };
