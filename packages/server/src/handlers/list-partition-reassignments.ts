import { listPartitionReassignments as reassignmentsIn } from '@kafkaesque/metadata';
import type {
  Draft,
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Administrator } from '../broker/broker';
import type { Reply, RequestContext } from './handler';

/** ListPartitionReassignments (46, KIP-455): what moves, as this node has it. Null topics ask for everything. */
export const listPartitionReassignments =
  (administrator: Administrator) =>
  (
    context: RequestContext,
    { topics }: ListPartitionReassignmentsRequest,
  ): Reply<Draft<typeof ListPartitionReassignmentsResponse>> => ({
    kind: 'answer',
    response: administrator.isAllowed(context, 'DESCRIBE', 'CLUSTER', 'kafka-cluster')
      ? {
          throttleTimeMs: 0,
          errorCode: ErrorCode.NONE,
          errorMessage: null,
          topics: reassignmentsIn(administrator.image(), topics),
        }
      : {
          throttleTimeMs: 0,
          errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
          errorMessage: 'Cluster authorization failed.',
          topics: [],
        },
  });
