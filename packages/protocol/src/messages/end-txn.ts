import type { ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { bool, int16, int32, int64, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * v2 PRODUCER_FENCED · v3 flexible · v4 TRANSACTION_ABORTABLE · v5 each transaction bumps the epoch, told in the answer (KIP-890).
 */
export const EndTxnRequest = message({
  name: 'EndTxnRequest',
  versions: '0-5',
  flexible: '3+',
  fields: {
    transactionalId: string,
    producerId: int64.as<ProducerId>(),
    producerEpoch: int16.as<ProducerEpoch>(),
    committed: bool,
  },
});
export type EndTxnRequest = Infer<typeof EndTxnRequest>;

export const EndTxnResponse = message({
  name: 'EndTxnResponse',
  versions: '0-5',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    producerId: int64.versions('5+').default(-1).ignorable().as<ProducerId>(),
    producerEpoch: int16.versions('5+').default(-1).ignorable().as<ProducerEpoch>(),
  },
});
export type EndTxnResponse = Infer<typeof EndTxnResponse>;
