import type { Draft, UnregisterBrokerRequest, UnregisterBrokerResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Administrator } from '../broker/broker';
import { errorOfOutcome } from './command-errors';
import type { Reply, RequestContext } from './handler';

/** UnregisterBroker (64): forgets a broker that will not come back. */
export const unregisterBroker =
  (administrator: Administrator) =>
  async (
    context: RequestContext,
    { brokerId }: UnregisterBrokerRequest,
  ): Promise<Reply<Draft<typeof UnregisterBrokerResponse>>> => {
    const answer = (
      errorCode: number,
      errorMessage: string | null,
    ): Reply<Draft<typeof UnregisterBrokerResponse>> => ({
      kind: 'answer',
      response: { throttleTimeMs: 0, errorCode, errorMessage },
    });
    if (!administrator.isAllowed(context, 'ALTER', 'CLUSTER', 'kafka-cluster'))
      return answer(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, 'Cluster authorization failed.');
    const outcome = await administrator.controller.submit({ kind: 'unregister-broker', brokerId });
    if (outcome.kind === 'done') return answer(ErrorCode.NONE, null);
    const { errorCode, errorMessage } = errorOfOutcome(outcome);
    return answer(errorCode, errorMessage);
  };
