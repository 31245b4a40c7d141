import type { BrokerId, LeaderEpoch, Offset, TopicId } from '@kafkaesque/kernel';
import { array, bool, int16, int32, int64, int8, string, struct, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Share groups (KIP-932). v1 the first stable version · v2 renewals (KIP-1222). */
export const ShareAcknowledgeRequest = message({
  name: 'ShareAcknowledgeRequest',
  versions: '1-2',
  flexible: '0+',
  fields: {
    groupId: string.nullable().default(null),
    memberId: string.nullable(),
    shareSessionEpoch: int32,
    isRenewAck: bool.versions('2+').default(false),
    topics: array({
      topicId: uuid.as<TopicId>(),
      partitions: array({
        partitionIndex: int32,
        acknowledgementBatches: array({
          firstOffset: int64.as<Offset>(),
          lastOffset: int64.as<Offset>(),
          acknowledgeTypes: array(int8),
        }),
      }),
    }),
  },
});
export type ShareAcknowledgeRequest = Infer<typeof ShareAcknowledgeRequest>;

export const ShareAcknowledgeResponse = message({
  name: 'ShareAcknowledgeResponse',
  versions: '1-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    acquisitionLockTimeoutMs: int32.versions('2+').ignorable(),
    responses: array({
      topicId: uuid.as<TopicId>(),
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: string.nullable().default(null),
        currentLeader: struct({
          leaderId: int32.as<BrokerId>(),
          leaderEpoch: int32.as<LeaderEpoch>(),
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
export type ShareAcknowledgeResponse = Infer<typeof ShareAcknowledgeResponse>;
