import type {
  ConsumerGroupDescribeRequest,
  ConsumerGroupDescribeResponse,
  Draft,
} from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import { authorizedGroupOperations } from './authorized-operations';
import { once, servesConsumerGroups } from './group-requests';
import type { Reply, RequestContext } from './handler';

type Answer = Draft<typeof ConsumerGroupDescribeResponse>;
type GroupAnswer = Answer['groups'][number];

/** ConsumerGroupDescribe (69): groups of KIP-848. */
export const consumerGroupDescribe =
  (broker: Broker) =>
  async (context: RequestContext, request: ConsumerGroupDescribeRequest): Promise<Reply<Answer>> => {
    const describe = async (groupId: string): Promise<GroupAnswer> => {
      if (!servesConsumerGroups(broker)) return refused(groupId, ErrorCode.UNSUPPORTED_VERSION);
      if (!broker.isAllowed(context, 'DESCRIBE', 'GROUP', groupId))
        return refused(groupId, ErrorCode.GROUP_AUTHORIZATION_FAILED);
      if (groupId === '') return refused(groupId, ErrorCode.INVALID_GROUP_ID);
      const described = await broker.groups.ask(groupId, { kind: 'describe-consumer', groupId });
      if (!topicsOf(described).every((topic) => broker.isAllowed(context, 'DESCRIBE', 'TOPIC', topic)))
        return refused(groupId, ErrorCode.TOPIC_AUTHORIZATION_FAILED, HIDDEN_TOPICS);
      return request.includeAuthorizedOperations && described.errorCode === ErrorCode.NONE
        ? { ...described, authorizedOperations: authorizedGroupOperations(broker, context, groupId) }
        : described;
    };
    const groups = await Promise.all(once(request.groupIds).map(describe));
    return { kind: 'answer', response: { groups } };
  };

const HIDDEN_TOPICS = 'The group has described topic(s) that the client is not authorized to describe.';

/** Every topic that the description shows, once. */
const topicsOf = ({ members }: GroupAnswer): readonly string[] =>
  once(
    members.flatMap(({ assignment, targetAssignment }) =>
      [...assignment.topicPartitions, ...targetAssignment.topicPartitions].map(({ topicName }) => topicName),
    ),
  );

const refused = (groupId: string, errorCode: number, errorMessage: string | null = null): GroupAnswer => ({
  errorCode,
  errorMessage,
  groupId,
  groupState: '',
  groupEpoch: 0,
  assignmentEpoch: 0,
  assignorName: '',
  members: [],
});
