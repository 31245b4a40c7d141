import type { BrokerId } from '@kafkaesque/kernel';
import { array, bool, int16, int32, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v1 may forbid a change of the replication factor. Null replicas cancel (KIP-455). */
export const AlterPartitionReassignmentsRequest = message({
  name: 'AlterPartitionReassignmentsRequest',
  versions: '0-1',
  flexible: '0+',
  fields: {
    timeoutMs: int32.default(60000),
    allowReplicationFactorChange: bool.versions('1+').default(true),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        replicas: array(int32.as<BrokerId>()).nullable().default(null),
      }),
    }),
  },
});
export type AlterPartitionReassignmentsRequest = Infer<typeof AlterPartitionReassignmentsRequest>;

export const AlterPartitionReassignmentsResponse = message({
  name: 'AlterPartitionReassignmentsResponse',
  versions: '0-1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    allowReplicationFactorChange: bool.versions('1+').default(true).ignorable(),
    errorCode: int16,
    errorMessage: string.nullable(),
    responses: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: string.nullable(),
      }),
    }),
  },
});
export type AlterPartitionReassignmentsResponse = Infer<typeof AlterPartitionReassignmentsResponse>;
