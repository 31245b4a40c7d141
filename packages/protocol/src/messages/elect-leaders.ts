import { array, int16, int32, int8, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v1 election type (KIP-460), top-level error · v2 flexible. Null means all partitions. */
export const ElectLeadersRequest = message({
  name: 'ElectLeadersRequest',
  versions: '0-2',
  flexible: '2+',
  fields: {
    electionType: int8.versions('1+'),
    topicPartitions: array({
      topic: string,
      partitions: array(int32),
    }).nullable(),
    timeoutMs: int32.default(60000),
  },
});
export type ElectLeadersRequest = Infer<typeof ElectLeadersRequest>;

export const ElectLeadersResponse = message({
  name: 'ElectLeadersResponse',
  versions: '0-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.versions('1+'),
    replicaElectionResults: array({
      topic: string,
      partitionResult: array({
        partitionId: int32,
        errorCode: int16,
        errorMessage: string.nullable(),
      }),
    }),
  },
});
export type ElectLeadersResponse = Infer<typeof ElectLeadersResponse>;
