import type { ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { bool, int16, int32, int64, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * v2 flexible · v3 resumes with id and epoch (KIP-360) · v4 PRODUCER_FENCED · v5 TRANSACTION_ABORTABLE (KIP-890) ·
 * v6 two-phase commit (KIP-939), not promised yet.
 */
export const InitProducerIdRequest = message({
  name: 'InitProducerIdRequest',
  versions: '0-6',
  flexible: '2+',
  latestVersionUnstable: true,
  fields: {
    transactionalId: string.nullable(),
    transactionTimeoutMs: int32,
    producerId: int64.versions('3+').default(-1).as<ProducerId>(),
    producerEpoch: int16.versions('3+').default(-1).as<ProducerEpoch>(),
    enable2Pc: bool.versions('6+').default(false),
    keepPreparedTxn: bool.versions('6+').default(false),
  },
});
export type InitProducerIdRequest = Infer<typeof InitProducerIdRequest>;

export const InitProducerIdResponse = message({
  name: 'InitProducerIdResponse',
  versions: '0-6',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32.default(0).ignorable(),
    errorCode: int16,
    producerId: int64.default(-1).as<ProducerId>(),
    producerEpoch: int16.as<ProducerEpoch>(),
    ongoingTxnProducerId: int64.versions('6+').default(-1).as<ProducerId>(),
    ongoingTxnProducerEpoch: int16.versions('6+').default(-1).as<ProducerEpoch>(),
  },
});
export type InitProducerIdResponse = Infer<typeof InitProducerIdResponse>;
