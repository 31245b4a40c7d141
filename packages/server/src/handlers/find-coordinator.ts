import { BrokerId } from '@kafkaesque/kernel';
import type { Draft, FindCoordinatorRequest, FindCoordinatorResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import type { Reply, RequestContext } from './handler';

type Coordinator = NonNullable<Draft<typeof FindCoordinatorResponse>['coordinators']>[number];

const GROUP = 0;
const TRANSACTION = 1;
const SHARE = 2;

/** FindCoordinator (10). v1 key type · v4 many keys · v6 share groups. No coordinator runs here yet, and it says so. */
export const findCoordinator =
  (broker: Broker) =>
  (
    context: RequestContext,
    request: FindCoordinatorRequest,
  ): Reply<Draft<typeof FindCoordinatorResponse>> => {
    const keys = context.apiVersion >= 4 ? request.coordinatorKeys : [request.key];
    const coordinators = keys.map((key) => coordinatorOf(broker, context, request.keyType, key));
    if (context.apiVersion >= 4) return { kind: 'answer', response: { coordinators } };
    const only = coordinators[0];
    return {
      kind: 'answer',
      response: {
        errorCode: only?.errorCode ?? ErrorCode.INVALID_REQUEST,
        errorMessage: only?.errorMessage ?? null,
        nodeId: BrokerId(-1),
        host: '',
        port: -1,
      },
    };
  };

const coordinatorOf = (
  broker: Broker,
  context: RequestContext,
  keyType: number,
  key: string,
): Coordinator => {
  const none = (errorCode: number, errorMessage: string): Coordinator => ({
    key,
    nodeId: BrokerId(-1),
    host: '',
    port: -1,
    errorCode,
    errorMessage,
  });
  if (keyType === GROUP) {
    if (!broker.isAllowed(context, 'DESCRIBE', 'GROUP', key)) {
      return none(ErrorCode.GROUP_AUTHORIZATION_FAILED, 'Group authorization failed.');
    }
    return none(
      ErrorCode.COORDINATOR_NOT_AVAILABLE,
      'This version serves no consumer groups; assign partitions instead.',
    );
  }
  if (keyType === TRANSACTION) {
    if (!broker.isAllowed(context, 'DESCRIBE', 'TRANSACTIONAL_ID', key)) {
      return none(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, 'Transactional Id authorization failed.');
    }
    return none(ErrorCode.TRANSACTIONAL_ID_NOT_FOUND, 'This version serves no transactions.');
  }
  if (keyType === SHARE) return none(ErrorCode.INVALID_REQUEST, 'This version serves no share groups.');
  return none(ErrorCode.INVALID_REQUEST, `There is no coordinator type ${keyType}.`);
};
