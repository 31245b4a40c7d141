import type { ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { array, bool, int16, int32, int64, int8, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Between brokers. v1 flexible · v2 transaction version (KIP-1228). */
export const WriteTxnMarkersRequest = message({
  name: 'WriteTxnMarkersRequest',
  versions: '1-2',
  flexible: '1+',
  fields: {
    markers: array({
      producerId: int64.as<ProducerId>(),
      producerEpoch: int16.as<ProducerEpoch>(),
      transactionResult: bool,
      topics: array({
        name: string,
        partitionIndexes: array(int32),
      }),
      coordinatorEpoch: int32,
      transactionVersion: int8.versions('2+').default(0).ignorable(),
    }),
  },
});
export type WriteTxnMarkersRequest = Infer<typeof WriteTxnMarkersRequest>;

export const WriteTxnMarkersResponse = message({
  name: 'WriteTxnMarkersResponse',
  versions: '1-2',
  flexible: '1+',
  fields: {
    markers: array({
      producerId: int64.as<ProducerId>(),
      topics: array({
        name: string,
        partitions: array({
          partitionIndex: int32,
          errorCode: int16,
        }),
      }),
    }),
  },
});
export type WriteTxnMarkersResponse = Infer<typeof WriteTxnMarkersResponse>;
