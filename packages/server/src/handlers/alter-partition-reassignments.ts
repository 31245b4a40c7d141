import type {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
  Draft,
} from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Administrator } from '../broker/broker';
import { errorOfOutcome } from './command-errors';
import type { Reply, RequestContext } from './handler';

/** AlterPartitionReassignments (45, KIP-455): null replicas cancel. v1 may forbid another replication factor */
export const alterPartitionReassignments =
  (administrator: Administrator) =>
  async (
    context: RequestContext,
    { topics, allowReplicationFactorChange }: AlterPartitionReassignmentsRequest,
  ): Promise<Reply<Draft<typeof AlterPartitionReassignmentsResponse>>> => {
    const failed = (
      errorCode: number,
      errorMessage: string | null,
    ): Reply<Draft<typeof AlterPartitionReassignmentsResponse>> => ({
      kind: 'answer',
      response: {
        throttleTimeMs: 0,
        allowReplicationFactorChange,
        errorCode,
        errorMessage,
        responses: topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode, errorMessage })),
        })),
      },
    });
    if (!administrator.isAllowed(context, 'ALTER', 'CLUSTER', 'kafka-cluster'))
      return failed(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, 'Cluster authorization failed.');
    const outcome = await administrator.controller.submit({
      kind: 'alter-partition-reassignments',
      allowReplicationFactorChange,
      topics,
    });
    if (outcome.kind === 'done') {
      return {
        kind: 'answer',
        response: {
          throttleTimeMs: 0,
          allowReplicationFactorChange,
          errorCode: ErrorCode.NONE,
          errorMessage: null,
          responses: outcome.response.responses,
        },
      };
    }
    const { errorCode, errorMessage } = errorOfOutcome(outcome);
    return failed(errorCode, errorMessage);
  };
