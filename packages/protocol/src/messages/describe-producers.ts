import type { Offset, ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { array, int16, int32, int64, string, wideInt64 } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** The producers a partition knows (KIP-664). */
export const DescribeProducersRequest = message({
  name: 'DescribeProducersRequest',
  versions: '0',
  flexible: '0+',
  fields: {
    topics: array({
      name: string,
      partitionIndexes: array(int32),
    }),
  },
});
export type DescribeProducersRequest = Infer<typeof DescribeProducersRequest>;

export const DescribeProducersResponse = message({
  name: 'DescribeProducersResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: string.nullable().default(null),
        activeProducers: array({
          producerId: int64.as<ProducerId>(),
          producerEpoch: int32.as<ProducerEpoch>(),
          lastSequence: int32.default(-1),
          lastTimestamp: wideInt64.default(-1),
          coordinatorEpoch: int32,
          currentTxnStartOffset: int64.default(-1).as<Offset>(),
        }),
      }),
    }),
  },
});
export type DescribeProducersResponse = Infer<typeof DescribeProducersResponse>;
