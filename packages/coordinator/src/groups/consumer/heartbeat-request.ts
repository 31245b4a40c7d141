import { errors, type ConsumerGroupHeartbeatRequest } from '@kafkaesque/protocol';
import { AWAY_EPOCH, LEFT_EPOCH } from './consumer-member';
import { Refusal } from './refusal';

const invalid = (message: string): Refusal => new Refusal(errors.INVALID_REQUEST, message);

const isBlank = (value: string | null): boolean => value !== null && value.trim() === '';

/** What is wrong with a ConsumerGroupHeartbeat whatever the group; messages are Kafka's. */
export const heartbeatRefusal = (
  request: ConsumerGroupHeartbeatRequest,
  apiVersion: number,
  assignors: readonly string[],
): Refusal | undefined => {
  const { memberId, memberEpoch, instanceId, rackId, serverAssignor } = request;
  const needsMemberId = apiVersion >= 1 || memberEpoch > 0 || memberEpoch === LEFT_EPOCH;
  if (needsMemberId && isBlank(memberId)) return invalid("MemberId can't be empty.");
  if (isBlank(request.groupId)) return invalid("GroupId can't be empty.");
  if (isBlank(instanceId)) return invalid("InstanceId can't be empty.");
  if (isBlank(rackId)) return invalid("RackId can't be empty.");
  if (memberEpoch === 0) {
    const wrong = joinRefusal(request);
    if (wrong !== undefined) return wrong;
  } else if (memberEpoch === AWAY_EPOCH) {
    if (instanceId === null) return invalid("InstanceId can't be null.");
  } else if (memberEpoch < AWAY_EPOCH) return invalid('MemberEpoch is invalid.');
  if (serverAssignor !== null && !assignors.includes(serverAssignor))
    return new Refusal(
      errors.UNSUPPORTED_ASSIGNOR,
      `ServerAssignor ${serverAssignor} is not supported. Supported assignors: ${assignors.join(', ')}.`,
    );
  return undefined;
};

const joinRefusal = (request: ConsumerGroupHeartbeatRequest): Refusal | undefined => {
  if (request.rebalanceTimeoutMs === -1)
    return invalid('RebalanceTimeoutMs must be provided in first request.');
  if (request.topicPartitions?.length !== 0)
    return invalid('TopicPartitions must be empty when (re-)joining.');
  // An empty list or an empty expression is fine: a member that reads nothing.
  if (request.subscribedTopicNames === null && request.subscribedTopicRegex === null)
    return invalid('Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.');
  return undefined;
};
