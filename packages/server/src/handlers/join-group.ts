import type { Draft, JoinGroupRequest, JoinGroupResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import { askerOf, kept, letGoWhileItWaits } from './group-requests';
import type { Reply, RequestContext } from './handler';

type Answer = Draft<typeof JoinGroupResponse>;

/** Before, the name of the protocol cannot be null. */
const FIRST_WITH_NULL_PROTOCOL = 7;

/** JoinGroup (11): a classic member wants in; answered when the group's next generation is known. */
export const joinGroup =
  (broker: Broker) =>
  async (context: RequestContext, request: JoinGroupRequest): Promise<Reply<Answer>> => {
    const { apiVersion } = context;
    const refused = (errorCode: number, memberId: string): Reply<Answer> =>
      answered(apiVersion, { errorCode, protocolName: null, leader: '', memberId, members: [] });
    if (!broker.isAllowed(context, 'READ', 'GROUP', request.groupId))
      return refused(ErrorCode.GROUP_AUTHORIZATION_FAILED, '');
    if (request.groupId === '') return refused(ErrorCode.INVALID_GROUP_ID, request.memberId);
    const rebalanceTimeoutMs = apiVersion === 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs;
    context.patienceMs = Math.max(0, rebalanceTimeoutMs);
    const protocols = request.protocols.map(({ name, metadata }) => ({ name, metadata: kept(metadata) }));
    const asker = askerOf(context);
    letGoWhileItWaits(context, sizeOf(protocols));
    return answered(
      apiVersion,
      await broker.groups.ask(request.groupId, {
        kind: 'join',
        apiVersion,
        asker,
        request: { ...request, rebalanceTimeoutMs, protocols },
      }),
    );
  };

const answered = (apiVersion: number, answer: Answer): Reply<Answer> => {
  const { protocolName } = answer;
  const isNullable = apiVersion >= FIRST_WITH_NULL_PROTOCOL;
  return {
    kind: 'answer',
    response: {
      ...answer,
      protocolName: protocolName === '' || protocolName === null ? (isNullable ? null : '') : protocolName,
    },
  };
};

const sizeOf = (protocols: readonly { readonly metadata: Buffer }[]): number =>
  protocols.reduce((bytes, { metadata }) => bytes + metadata.length, 0);
