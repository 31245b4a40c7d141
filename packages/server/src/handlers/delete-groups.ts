import type { DeleteGroupsRequest, DeleteGroupsResponse, Draft } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import { once } from './group-requests';
import type { Reply, RequestContext } from './handler';

type Answer = Draft<typeof DeleteGroupsResponse>;

/** DeleteGroups (42): empty groups, with all that they committed. */
export const deleteGroups =
  (broker: Broker) =>
  async (context: RequestContext, request: DeleteGroupsRequest): Promise<Reply<Answer>> => {
    const results = await Promise.all(
      once(request.groupsNames).map(async (groupId) => {
        if (!broker.isAllowed(context, 'DELETE', 'GROUP', groupId))
          return { groupId, errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED };
        const { errorCode } = await broker.groups.ask(groupId, { kind: 'delete-group', groupId });
        return { groupId, errorCode };
      }),
    );
    return { kind: 'answer', response: { results } };
  };
