import type { BrokerId } from '@kafkaesque/kernel';
import { array, bool, int16, int32, int8, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v1 brokers or controllers (KIP-919) · v2 fenced brokers on request (KIP-1073). */
export const DescribeClusterRequest = message({
  name: 'DescribeClusterRequest',
  versions: '0-2',
  flexible: '0+',
  fields: {
    includeClusterAuthorizedOperations: bool,
    endpointType: int8.versions('1+').default(1),
    includeFencedBrokers: bool.versions('2+'),
  },
});
export type DescribeClusterRequest = Infer<typeof DescribeClusterRequest>;

export const DescribeClusterResponse = message({
  name: 'DescribeClusterResponse',
  versions: '0-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    endpointType: int8.versions('1+').default(1),
    clusterId: string,
    controllerId: int32.default(-1).as<BrokerId>(),
    brokers: array({
      brokerId: int32.as<BrokerId>(),
      host: string,
      port: int32,
      rack: string.nullable().default(null),
      isFenced: bool.versions('2+'),
    }),
    clusterAuthorizedOperations: int32.default(-2147483648),
  },
});
export type DescribeClusterResponse = Infer<typeof DescribeClusterResponse>;
