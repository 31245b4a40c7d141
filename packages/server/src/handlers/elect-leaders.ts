import type { Draft, ElectLeadersRequest, ElectLeadersResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Administrator } from '../broker/broker';
import { errorOfOutcome } from './command-errors';
import type { Reply, RequestContext } from './handler';

/** ElectLeaders (43). v0 elects preferred leaders only · v1 election type, top-level error (KIP-460) */
export const electLeaders =
  (administrator: Administrator) =>
  async (
    context: RequestContext,
    { electionType, topicPartitions }: ElectLeadersRequest,
  ): Promise<Reply<Draft<typeof ElectLeadersResponse>>> => {
    // As in Kafka, an error of the whole is also that of each partition: version 0 has no other place for it.
    const failed = (
      errorCode: number,
      errorMessage: string | null,
    ): Reply<Draft<typeof ElectLeadersResponse>> => ({
      kind: 'answer',
      response: {
        throttleTimeMs: 0,
        errorCode,
        replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
          topic,
          partitionResult: partitions.map((partitionId) => ({ partitionId, errorCode, errorMessage })),
        })),
      },
    });
    if (!administrator.isAllowed(context, 'ALTER', 'CLUSTER', 'kafka-cluster'))
      return failed(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, 'Cluster authorization failed.');
    const outcome = await administrator.controller.submit({
      kind: 'elect-leaders',
      electionType,
      topicPartitions,
    });
    if (outcome.kind === 'done') {
      const { replicaElectionResults } = outcome.response;
      return {
        kind: 'answer',
        response: { throttleTimeMs: 0, errorCode: ErrorCode.NONE, replicaElectionResults },
      };
    }
    const { errorCode, errorMessage } = errorOfOutcome(outcome);
    return failed(errorCode, errorMessage);
  };
