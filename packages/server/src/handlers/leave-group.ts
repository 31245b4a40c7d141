import type { Draft, LeaveGroupRequest, LeaveGroupResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import { askerOf } from './group-requests';
import type { Reply, RequestContext } from './handler';

type Answer = Draft<typeof LeaveGroupResponse>;

/** From here on many members leave by one request (KIP-345). */
const FIRST_WITH_MEMBERS = 3;

/** LeaveGroup (13). What leaves is always in `members` when the coordinator is asked. */
export const leaveGroup =
  (broker: Broker) =>
  async (context: RequestContext, request: LeaveGroupRequest): Promise<Reply<Answer>> => {
    const { apiVersion } = context;
    const refused = (errorCode: number): Reply<Answer> => ({
      kind: 'answer',
      response: { errorCode, members: [] },
    });
    if (!broker.isAllowed(context, 'READ', 'GROUP', request.groupId))
      return refused(ErrorCode.GROUP_AUTHORIZATION_FAILED);
    if (request.groupId === '') return refused(ErrorCode.INVALID_GROUP_ID);
    const isSingle = apiVersion < FIRST_WITH_MEMBERS;
    const members = isSingle
      ? [{ memberId: request.memberId, groupInstanceId: null, reason: null }]
      : request.members;
    const answer = await broker.groups.ask(request.groupId, {
      kind: 'leave',
      apiVersion,
      asker: askerOf(context),
      request: { ...request, members },
    });
    if (!isSingle) return { kind: 'answer', response: answer };
    // One member left, and its error is the answer's.
    const ofMember = answer.members?.[0]?.errorCode ?? ErrorCode.NONE;
    return refused(answer.errorCode === ErrorCode.NONE ? ofMember : answer.errorCode);
  };
