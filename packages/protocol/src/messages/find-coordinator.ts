import type { BrokerId } from '@kafkaesque/kernel';
import { array, int16, int32, int8, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * v1 groups or transactions · v3 flexible · v4 many keys in one request (KIP-699) · v5 TRANSACTION_ABORTABLE ·
 * v6 share partitions, with the key `group:topicId:partition` (KIP-932).
 */
export const FindCoordinatorRequest = message({
  name: 'FindCoordinatorRequest',
  versions: '0-6',
  flexible: '3+',
  fields: {
    key: string.versions('0-3'),
    keyType: int8.versions('1+').default(0),
    coordinatorKeys: array(string).versions('4+'),
  },
});
export type FindCoordinatorRequest = Infer<typeof FindCoordinatorRequest>;

export const FindCoordinatorResponse = message({
  name: 'FindCoordinatorResponse',
  versions: '0-6',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32.versions('1+').ignorable(),
    errorCode: int16.versions('0-3'),
    errorMessage: string.versions('1-3').nullable().ignorable(),
    nodeId: int32.versions('0-3').as<BrokerId>(),
    host: string.versions('0-3'),
    port: int32.versions('0-3'),
    coordinators: array({
      key: string,
      nodeId: int32.as<BrokerId>(),
      host: string,
      port: int32,
      errorCode: int16,
      errorMessage: string.nullable().ignorable(),
    }).versions('4+'),
  },
});
export type FindCoordinatorResponse = Infer<typeof FindCoordinatorResponse>;
