import type { Draft, HeartbeatRequest, HeartbeatResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import { askerOf } from './group-requests';
import type { Reply, RequestContext } from './handler';

type Answer = Draft<typeof HeartbeatResponse>;

/** Heartbeat (12): a classic member is alive, and hears whether its group rebalances. */
export const heartbeat =
  (broker: Broker) =>
  async (context: RequestContext, request: HeartbeatRequest): Promise<Reply<Answer>> => {
    const refused = (errorCode: number): Reply<Answer> => ({ kind: 'answer', response: { errorCode } });
    if (!broker.isAllowed(context, 'READ', 'GROUP', request.groupId))
      return refused(ErrorCode.GROUP_AUTHORIZATION_FAILED);
    if (request.groupId === '') return refused(ErrorCode.INVALID_GROUP_ID);
    const response = await broker.groups.ask(request.groupId, {
      kind: 'heartbeat',
      apiVersion: context.apiVersion,
      asker: askerOf(context),
      request,
    });
    return { kind: 'answer', response };
  };
