import type { ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { array, int16, int32, int64, int8, string, wideInt64 } from '../../schema/field';
import { message, type Infer } from '../../schema/message';

/** A transactional id, in `__transaction_state`. */
export const TransactionLogKey = message({
  name: 'TransactionLogKey',
  versions: '0',
  flexible: 'none',
  fields: { transactionalId: string },
});
export type TransactionLogKey = Infer<typeof TransactionLogKey>;

/** What the coordinator knows of it. v1 flexible: room for the producer id of the next transaction (KIP-890). */
export const TransactionLogValue = message({
  name: 'TransactionLogValue',
  versions: '0-1',
  flexible: '1+',
  fields: {
    producerId: int64.as<ProducerId>(),
    previousProducerId: int64.tagged(0, '1+').default(-1).as<ProducerId>(),
    nextProducerId: int64.tagged(1, '1+').default(-1).as<ProducerId>(),
    producerEpoch: int16.as<ProducerEpoch>(),
    nextProducerEpoch: int16.tagged(3, '1+').default(-1).as<ProducerEpoch>(),
    transactionTimeoutMs: int32,
    transactionStatus: int8,
    transactionPartitions: array({
      topic: string,
      partitionIds: array(int32),
    }).nullable(),
    transactionLastUpdateTimestampMs: wideInt64,
    transactionStartTimestampMs: wideInt64,
    clientTransactionVersion: int16.tagged(2, '1+').default(0),
  },
});
export type TransactionLogValue = Infer<typeof TransactionLogValue>;

/** Every record of `__transaction_state`, as `groupRecords` tells of those of groups. */
export const transactionRecords = {
  TransactionLog: { type: 0, key: TransactionLogKey, value: TransactionLogValue, writeVersion: 1 },
} as const;
