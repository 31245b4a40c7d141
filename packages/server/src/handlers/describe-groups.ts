import type { DescribeGroupsRequest, DescribeGroupsResponse, Draft } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import { authorizedGroupOperations } from './authorized-operations';
import { once } from './group-requests';
import type { Reply, RequestContext } from './handler';

type Answer = Draft<typeof DescribeGroupsResponse>;
type GroupAnswer = Answer['groups'][number];

/** DescribeGroups (15): groups of the classic protocol. */
export const describeGroups =
  (broker: Broker) =>
  async (context: RequestContext, request: DescribeGroupsRequest): Promise<Reply<Answer>> => {
    const describe = async (groupId: string): Promise<GroupAnswer> => {
      if (!broker.isAllowed(context, 'DESCRIBE', 'GROUP', groupId)) return refused(groupId);
      const { apiVersion } = context;
      const described = await broker.groups.ask(groupId, { kind: 'describe-classic', groupId, apiVersion });
      return request.includeAuthorizedOperations && described.errorCode === ErrorCode.NONE
        ? { ...described, authorizedOperations: authorizedGroupOperations(broker, context, groupId) }
        : described;
    };
    const groups = await Promise.all(once(request.groups).map(describe));
    return { kind: 'answer', response: { groups } };
  };

const refused = (groupId: string): GroupAnswer => ({
  errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED,
  groupId,
  groupState: '',
  protocolType: '',
  protocolData: '',
  members: [],
});
