import type { ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { array, int16, int32, int64, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** State of transactions by id (KIP-664). */
export const DescribeTransactionsRequest = message({
  name: 'DescribeTransactionsRequest',
  versions: '0',
  flexible: '0+',
  fields: {
    transactionalIds: array(string),
  },
});
export type DescribeTransactionsRequest = Infer<typeof DescribeTransactionsRequest>;

export const DescribeTransactionsResponse = message({
  name: 'DescribeTransactionsResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    transactionStates: array({
      errorCode: int16,
      transactionalId: string,
      transactionState: string,
      transactionTimeoutMs: int32,
      transactionStartTimeMs: int64,
      producerId: int64.as<ProducerId>(),
      producerEpoch: int16.as<ProducerEpoch>(),
      topics: array({
        topic: string,
        partitions: array(int32),
      }),
    }),
  },
});
export type DescribeTransactionsResponse = Infer<typeof DescribeTransactionsResponse>;
