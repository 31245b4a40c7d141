import { BrokerId, PartitionIndex } from '@kafkaesque/kernel';
import { aliveBrokers, topicByName } from '@kafkaesque/metadata';
import type { Draft, FindCoordinatorRequest, FindCoordinatorResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import { OFFSETS_TOPIC } from '../broker/topic-names';
import type { OffsetsTopicCreation } from '../coordinator/internal-topics';
import type { Reply, RequestContext } from './handler';

type Response = Draft<typeof FindCoordinatorResponse>;
type Coordinator = NonNullable<Response['coordinators']>[number];

const GROUP = 0;
const TRANSACTION = 1;
const SHARE = 2;
const FIRST_VERSION_WITH_MANY_KEYS = 4;

/** FindCoordinator (10). v1 key type · v4 many keys · v6 share groups. Creates the offsets topic when it is first asked for. */
export const findCoordinator =
  (broker: Broker, creation: OffsetsTopicCreation) =>
  async (context: RequestContext, request: FindCoordinatorRequest): Promise<Reply<Response>> => {
    const hasManyKeys = context.apiVersion >= FIRST_VERSION_WITH_MANY_KEYS;
    const keys = hasManyKeys ? request.coordinatorKeys : [request.key];
    const { keyType } = request;
    const asksForGroups =
      keyType === GROUP && keys.some((key) => broker.isAllowed(context, 'DESCRIBE', 'GROUP', key));
    if (asksForGroups && topicByName(broker.image(), OFFSETS_TOPIC) === undefined) await creation.create();
    const coordinators = keys.map((key) => coordinatorOf(broker, context, keyType, key));
    if (hasManyKeys) return { kind: 'answer', response: { coordinators } };
    const { key: _key, ...only } = coordinators[0] ?? none('', ErrorCode.INVALID_REQUEST, 'There is no key.');
    // As Kafka has it: until many keys were asked for, success has a message too.
    const errorMessage = only.errorCode === ErrorCode.NONE ? 'NONE' : only.errorMessage;
    return { kind: 'answer', response: { ...only, errorMessage } };
  };

const none = (key: string, errorCode: number, errorMessage: string): Coordinator => ({
  key,
  nodeId: BrokerId(-1),
  host: '',
  port: -1,
  errorCode,
  errorMessage,
});

const coordinatorOf = (
  broker: Broker,
  context: RequestContext,
  keyType: number,
  key: string,
): Coordinator => {
  if (keyType === GROUP) {
    if (!broker.isAllowed(context, 'DESCRIBE', 'GROUP', key)) {
      return none(key, ErrorCode.GROUP_AUTHORIZATION_FAILED, 'Group authorization failed.');
    }
    return groupCoordinator(broker, context, key);
  }
  if (keyType === TRANSACTION) {
    if (!broker.isAllowed(context, 'DESCRIBE', 'TRANSACTIONAL_ID', key)) {
      return none(
        key,
        ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        'Transactional Id authorization failed.',
      );
    }
    return none(key, ErrorCode.TRANSACTIONAL_ID_NOT_FOUND, 'This version serves no transactions.');
  }
  if (keyType === SHARE) return none(key, ErrorCode.INVALID_REQUEST, 'This version serves no share groups.');
  return none(key, ErrorCode.INVALID_REQUEST, `There is no coordinator type ${keyType}.`);
};

/** Whoever leads the group's partition, as long as clients of this listener can reach it. */
const groupCoordinator = (broker: Broker, context: RequestContext, key: string): Coordinator => {
  const image = broker.image();
  const partition = PartitionIndex(broker.groups.partitionOf(key));
  const leader = topicByName(image, OFFSETS_TOPIC)?.partitions.get(partition)?.leader ?? -1;
  const alive = aliveBrokers(image, context.listenerName).find(({ brokerId }) => brokerId === leader);
  if (alive === undefined) {
    return none(key, ErrorCode.COORDINATOR_NOT_AVAILABLE, 'The coordinator is not available.');
  }
  const { brokerId: nodeId, host, port } = alive;
  return { key, nodeId, host, port, errorCode: ErrorCode.NONE, errorMessage: null };
};
