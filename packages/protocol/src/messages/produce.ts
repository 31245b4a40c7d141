import type { BrokerId, LeaderEpoch, Offset, TopicId } from '@kafkaesque/kernel';
import { array, int16, int32, int64, records, string, struct, uuid, wideInt64 } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * v3 magic 2, transactional id · v7 zstd · v8 errors of single records (KIP-467) · v9 flexible · v10 leader hints (KIP-951) ·
 * v11 TRANSACTION_ABORTABLE · v12 adds partitions to the transaction by itself (KIP-890) · v13 topic ids (KIP-516).
 */
export const ProduceRequest = message({
  name: 'ProduceRequest',
  versions: '3-13',
  flexible: '9+',
  fields: {
    transactionalId: string.versions('3+').nullable().default(null),
    acks: int16,
    timeoutMs: int32,
    topicData: array({
      name: string.versions('0-12').ignorable(),
      topicId: uuid.versions('13+').ignorable().as<TopicId>(),
      partitionData: array({
        index: int32,
        records: records.nullable(),
      }),
    }),
  },
});
export type ProduceRequest = Infer<typeof ProduceRequest>;

export const ProduceResponse = message({
  name: 'ProduceResponse',
  versions: '3-13',
  flexible: '9+',
  fields: {
    responses: array({
      name: string.versions('0-12').ignorable(),
      topicId: uuid.versions('13+').ignorable().as<TopicId>(),
      partitionResponses: array({
        index: int32,
        errorCode: int16,
        baseOffset: int64.as<Offset>(),
        logAppendTimeMs: wideInt64.versions('2+').default(-1).ignorable(),
        logStartOffset: int64.versions('5+').default(-1).ignorable().as<Offset>(),
        recordErrors: array({
          batchIndex: int32,
          batchIndexErrorMessage: string.nullable().default(null),
        })
          .versions('8+')
          .ignorable(),
        errorMessage: string.versions('8+').nullable().default(null).ignorable(),
        currentLeader: struct({
          leaderId: int32.default(-1).as<BrokerId>(),
          leaderEpoch: int32.default(-1).as<LeaderEpoch>(),
        }).tagged(0, '10+'),
      }),
    }),
    throttleTimeMs: int32.versions('1+').default(0).ignorable(),
    nodeEndpoints: array({
      nodeId: int32.as<BrokerId>(),
      host: string,
      port: int32,
      rack: string.nullable().default(null),
    }).tagged(0, '10+'),
  },
});
export type ProduceResponse = Infer<typeof ProduceResponse>;
