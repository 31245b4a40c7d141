import type { LeaderEpoch, Offset, TopicId } from '@kafkaesque/kernel';
import { int32, int64, string, uuid, wideInt64 } from '../../schema/field';
import { message, type Infer } from '../../schema/message';

/** Which partition a group committed an offset for. Kafka's key types 0 and 1 have the same fields. */
export const OffsetCommitKey = message({
  name: 'OffsetCommitKey',
  versions: '0',
  flexible: 'none',
  fields: {
    group: string,
    topic: string,
    partition: int32,
  },
});
export type OffsetCommitKey = Infer<typeof OffsetCommitKey>;

/** v1 expiry set by the client · v2 expiry is the broker's business (KIP-211) · v3 leader epoch (KIP-320) · v4 topic id. */
export const OffsetCommitValue = message({
  name: 'OffsetCommitValue',
  versions: '0-4',
  flexible: '4+',
  fields: {
    offset: int64.as<Offset>(),
    leaderEpoch: int32.versions('3+').default(-1).ignorable().as<LeaderEpoch>(),
    metadata: string,
    commitTimestamp: wideInt64,
    expireTimestamp: wideInt64.versions('1').default(-1).ignorable(),
    topicId: uuid.tagged(0, '4+').ignorable().as<TopicId>(),
  },
});
export type OffsetCommitValue = Infer<typeof OffsetCommitValue>;
