import type { LeaderEpoch, Offset, TopicId } from '@kafkaesque/kernel';
import type { OffsetCommitValue } from '@kafkaesque/protocol';

/** What a group has committed for one partition. There are very many of these: small, and all of one shape. */
export interface CommittedOffset {
  readonly offset: Offset;
  readonly leaderEpoch: LeaderEpoch;
  readonly metadata: string;
  /** Wall clock. */
  readonly commitTimestampMs: number;
  /** Wall clock; −1: by the broker's retention. Only from commits of v2–4, as Kafka stores them. */
  readonly expireTimestampMs: number;
  /** Zeros where the record tells none. */
  readonly topicId: TopicId;
  /** Of the record in `__consumer_offsets`; tells which of two commits is newer. */
  readonly recordOffset: number;
}

export const committedOffset = (value: OffsetCommitValue, recordOffset: number): CommittedOffset => ({
  offset: value.offset,
  leaderEpoch: value.leaderEpoch,
  metadata: value.metadata,
  commitTimestampMs: value.commitTimestamp,
  expireTimestampMs: value.expireTimestamp,
  topicId: value.topicId,
  recordOffset,
});
