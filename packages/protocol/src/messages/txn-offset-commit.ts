import type { LeaderEpoch, Offset, ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { array, int16, int32, int64, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * v2 leader epoch · v3 flexible, group member (KIP-447) · v4 TRANSACTION_ABORTABLE · v5 adds the group to the transaction by
 * itself (KIP-890).
 */
export const TxnOffsetCommitRequest = message({
  name: 'TxnOffsetCommitRequest',
  versions: '0-5',
  flexible: '3+',
  fields: {
    transactionalId: string,
    groupId: string,
    producerId: int64.as<ProducerId>(),
    producerEpoch: int16.as<ProducerEpoch>(),
    generationId: int32.versions('3+').default(-1),
    memberId: string.versions('3+').default(''),
    groupInstanceId: string.versions('3+').nullable().default(null),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        committedOffset: int64.as<Offset>(),
        committedLeaderEpoch: int32.versions('2+').default(-1).ignorable().as<LeaderEpoch>(),
        committedMetadata: string.nullable(),
      }),
    }),
  },
});
export type TxnOffsetCommitRequest = Infer<typeof TxnOffsetCommitRequest>;

export const TxnOffsetCommitResponse = message({
  name: 'TxnOffsetCommitResponse',
  versions: '0-5',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32.default(0),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
      }),
    }),
  },
});
export type TxnOffsetCommitResponse = Infer<typeof TxnOffsetCommitResponse>;
