import type { BrokerId, LeaderEpoch, Offset, TopicId } from '@kafkaesque/kernel';
import { array, bool, int16, int32, int64, int8, records, string, struct, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * Share groups (KIP-932). v1 the first stable version · v2 acquire mode (KIP-1206), renewals (KIP-1222).
 */
export const ShareFetchRequest = message({
  name: 'ShareFetchRequest',
  versions: '1-2',
  flexible: '0+',
  fields: {
    groupId: string.nullable().default(null),
    memberId: string.nullable(),
    shareSessionEpoch: int32,
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: int32.default(0x7fffffff),
    maxRecords: int32.versions('1+'),
    batchSize: int32.versions('1+'),
    shareAcquireMode: int8.versions('2+').default(0).ignorable(),
    isRenewAck: bool.versions('2+').default(false),
    topics: array({
      topicId: uuid.as<TopicId>(),
      partitions: array({
        partitionIndex: int32,
        partitionMaxBytes: int32.versions('0'),
        acknowledgementBatches: array({
          firstOffset: int64.as<Offset>(),
          lastOffset: int64.as<Offset>(),
          acknowledgeTypes: array(int8),
        }),
      }),
    }),
    forgottenTopicsData: array({
      topicId: uuid.as<TopicId>(),
      partitions: array(int32),
    }),
  },
});
export type ShareFetchRequest = Infer<typeof ShareFetchRequest>;

export const ShareFetchResponse = message({
  name: 'ShareFetchResponse',
  versions: '1-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    acquisitionLockTimeoutMs: int32.versions('1+'),
    responses: array({
      topicId: uuid.as<TopicId>(),
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: string.nullable().default(null),
        acknowledgeErrorCode: int16,
        acknowledgeErrorMessage: string.nullable().default(null),
        currentLeader: struct({
          leaderId: int32.as<BrokerId>(),
          leaderEpoch: int32.as<LeaderEpoch>(),
        }),
        records: records.nullable('0'),
        acquiredRecords: array({
          firstOffset: int64.as<Offset>(),
          lastOffset: int64.as<Offset>(),
          deliveryCount: int16,
        }),
      }),
    }),
    nodeEndpoints: array({
      nodeId: int32.as<BrokerId>(),
      host: string,
      port: int32,
      rack: string.nullable().default(null),
    }),
  },
});
export type ShareFetchResponse = Infer<typeof ShareFetchResponse>;
