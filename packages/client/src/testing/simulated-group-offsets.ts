import { LeaderEpoch, Offset } from '@kafkaesque/kernel';
import type { TopicId } from '@kafkaesque/kernel';
import { ErrorCode, apis } from '@kafkaesque/protocol';
import type { RequestDraftOf } from '@kafkaesque/protocol';

/** One commit that was taken, in the order they came. */
export interface SimulatedCommit {
  readonly groupId: string;
  /** `topic-partition`. */
  readonly partition: string;
  readonly offset: number;
  readonly metadata: string | null;
  readonly memberId: string;
}

/** What groups committed, by topic id, as the newest brokers hear it. */
export class SimulatedGroupOffsets {
  readonly commits: SimulatedCommit[] = [];
  readonly #nameOf: (topicId: TopicId) => string | undefined;
  readonly #committed = new Map<string, SimulatedCommit & { readonly leaderEpoch: number }>();

  constructor(nameOf: (topicId: TopicId) => string | undefined) {
    this.#nameOf = nameOf;
  }

  committed(groupId: string, topic: string, partition: number): number | undefined {
    return this.#committed.get(`${groupId}/${topic}-${partition}`)?.offset;
  }

  commit(draft: RequestDraftOf<'OffsetCommit'>, refusal: number): unknown {
    const { groupId, memberId = '', topics } = draft;
    return apis.OffsetCommit.response.make({
      topics: topics.map(({ topicId, partitions }) => ({
        topicId: topicId as TopicId,
        partitions: partitions.map((one) => {
          const name = this.#nameOf(topicId as TopicId);
          const errorCode = name === undefined ? ErrorCode.UNKNOWN_TOPIC_ID : refusal;
          if (errorCode === 0) {
            const { partitionIndex, committedOffset: offset, committedMetadata: metadata } = one;
            const partition = `${name}-${partitionIndex}`;
            const commit = { groupId, partition, offset, metadata: metadata ?? null, memberId };
            this.commits.push(commit);
            const leaderEpoch = one.committedLeaderEpoch ?? -1;
            this.#committed.set(`${groupId}/${partition}`, { ...commit, leaderEpoch });
          }
          return { partitionIndex: one.partitionIndex, errorCode };
        }),
      })),
    });
  }

  fetch({ groups = [] }: RequestDraftOf<'OffsetFetch'>, errorCode: number): unknown {
    return apis.OffsetFetch.response.make({
      groups: groups.map(({ groupId, topics }) => ({
        groupId,
        errorCode,
        topics: (errorCode === 0 ? (topics ?? []) : []).map(({ topicId, partitionIndexes }) => ({
          topicId: topicId as TopicId,
          partitions: partitionIndexes.map((partitionIndex) => {
            const name = this.#nameOf(topicId as TopicId);
            const found = this.#committed.get(`${groupId}/${name}-${partitionIndex}`);
            return {
              partitionIndex,
              committedOffset: Offset(found?.offset ?? -1),
              committedLeaderEpoch: LeaderEpoch(found?.leaderEpoch ?? -1),
              metadata: found?.metadata ?? '',
              errorCode: name === undefined ? ErrorCode.UNKNOWN_TOPIC_ID : 0,
            };
          }),
        })),
      })),
    });
  }
}
