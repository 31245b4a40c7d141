import type { Draft, SyncGroupRequest, SyncGroupResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import { askerOf, kept, letGoWhileItWaits } from './group-requests';
import type { Reply, RequestContext } from './handler';

type Answer = Draft<typeof SyncGroupResponse>;

/** From here on members say which protocol they believe to be the group's (KIP-559). */
const FIRST_WITH_PROTOCOL = 5;
/** The leader has as long as the group's rebalance timeout, which the request does not tell. */
const PATIENCE_MS = 300_000;

/** SyncGroup (14): a classic member asks for its assignment; the leader brings everybody's. */
export const syncGroup =
  (broker: Broker) =>
  async (context: RequestContext, request: SyncGroupRequest): Promise<Reply<Answer>> => {
    const { apiVersion } = context;
    const refused = (errorCode: number): Reply<Answer> => ({
      kind: 'answer',
      response: { errorCode, assignment: Buffer.alloc(0) },
    });
    if (apiVersion >= FIRST_WITH_PROTOCOL && (request.protocolType === null || request.protocolName === null))
      return refused(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    if (!broker.isAllowed(context, 'READ', 'GROUP', request.groupId))
      return refused(ErrorCode.GROUP_AUTHORIZATION_FAILED);
    if (request.groupId === '') return refused(ErrorCode.INVALID_GROUP_ID);
    context.patienceMs = PATIENCE_MS;
    const assignments = request.assignments.map(({ memberId, assignment }) => ({
      memberId,
      assignment: kept(assignment),
    }));
    const copiedBytes = assignments.reduce((bytes, { assignment }) => bytes + assignment.length, 0);
    letGoWhileItWaits(context, copiedBytes);
    const response = await broker.groups.ask(request.groupId, {
      kind: 'sync',
      apiVersion,
      asker: askerOf(context),
      request: { ...request, assignments },
    });
    return { kind: 'answer', response };
  };
