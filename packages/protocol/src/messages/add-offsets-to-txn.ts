import type { ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { int16, int32, int64, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v2 PRODUCER_FENCED · v3 flexible · v4 TRANSACTION_ABORTABLE (KIP-890). */
export const AddOffsetsToTxnRequest = message({
  name: 'AddOffsetsToTxnRequest',
  versions: '0-4',
  flexible: '3+',
  fields: {
    transactionalId: string,
    producerId: int64.as<ProducerId>(),
    producerEpoch: int16.as<ProducerEpoch>(),
    groupId: string,
  },
});
export type AddOffsetsToTxnRequest = Infer<typeof AddOffsetsToTxnRequest>;

export const AddOffsetsToTxnResponse = message({
  name: 'AddOffsetsToTxnResponse',
  versions: '0-4',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
  },
});
export type AddOffsetsToTxnResponse = Infer<typeof AddOffsetsToTxnResponse>;
