import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
  Draft,
} from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import { askerOf, once, servesConsumerGroups } from './group-requests';
import type { Reply, RequestContext } from './handler';

type Answer = Draft<typeof ConsumerGroupHeartbeatResponse>;

/** ConsumerGroupHeartbeat (68): everything that a member of a KIP-848 group says, and hears. */
export const consumerGroupHeartbeat =
  (broker: Broker) =>
  async (context: RequestContext, request: ConsumerGroupHeartbeatRequest): Promise<Reply<Answer>> => {
    const refused = (errorCode: number): Reply<Answer> => ({
      kind: 'answer',
      response: { errorCode, memberEpoch: 0, heartbeatIntervalMs: 0 },
    });
    if (!servesConsumerGroups(broker)) return refused(ErrorCode.UNSUPPORTED_VERSION);
    if (!broker.isAllowed(context, 'READ', 'GROUP', request.groupId))
      return refused(ErrorCode.GROUP_AUTHORIZATION_FAILED);
    const topics = once(request.subscribedTopicNames ?? []);
    if (!topics.every((topic) => broker.isAllowed(context, 'DESCRIBE', 'TOPIC', topic)))
      return refused(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    const response = await broker.groups.ask(request.groupId, {
      kind: 'consumer-heartbeat',
      apiVersion: context.apiVersion,
      asker: askerOf(context),
      request,
    });
    return { kind: 'answer', response };
  };
