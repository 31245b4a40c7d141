import { NO_BROKER } from '@kafkaesque/kernel';
import { registeredBrokers, registeredControllers } from '@kafkaesque/metadata';
import type { DescribeClusterRequest, DescribeClusterResponse, Draft } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Administrator } from '../broker/broker';
import { OPERATIONS_NOT_ASKED, authorizedClusterOperations } from './authorized-operations';
import type { Reply, RequestContext } from './handler';

const BROKERS = 1;
const CONTROLLERS = 2;

/** DescribeCluster (60). v1 endpoint type · v2 fenced brokers */
export const describeCluster =
  (broker: Administrator) =>
  (
    context: RequestContext,
    request: DescribeClusterRequest,
  ): Reply<Draft<typeof DescribeClusterResponse>> => {
    if (request.endpointType !== BROKERS) {
      return {
        kind: 'answer',
        response: {
          throttleTimeMs: 0,
          errorCode:
            request.endpointType === CONTROLLERS
              ? ErrorCode.MISMATCHED_ENDPOINT_TYPE
              : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
          errorMessage: `The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type ${
            request.endpointType === CONTROLLERS ? 'CONTROLLER' : String(request.endpointType)
          }`,
          clusterId: '',
          brokers: [],
        },
      };
    }
    const brokers = registeredBrokers(broker.image()).flatMap(({ brokerId, endpoints, rack, fenced }) => {
      const endpoint = endpoints.get(context.listenerName);
      if (endpoint === undefined || (fenced && !request.includeFencedBrokers)) return [];
      return [{ brokerId, host: endpoint.host, port: endpoint.port, rack, isFenced: fenced }];
    });
    return {
      kind: 'answer',
      response: {
        throttleTimeMs: 0,
        errorCode: ErrorCode.NONE,
        endpointType: BROKERS,
        clusterId: broker.clusterId,
        controllerId: broker.nodeId,
        brokers,
        clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
          ? authorizedClusterOperations(broker, context)
          : OPERATIONS_NOT_ASKED,
      },
    };
  };

/** DescribeCluster (60) on a controller's listener: the controllers, and which of them is active (KIP-919). */
export const describeControllers =
  (administrator: Administrator) =>
  (
    context: RequestContext,
    request: DescribeClusterRequest,
  ): Reply<Draft<typeof DescribeClusterResponse>> => {
    if (request.endpointType !== CONTROLLERS) {
      const isForBrokers = request.endpointType === BROKERS;
      return {
        kind: 'answer',
        response: {
          throttleTimeMs: 0,
          errorCode: isForBrokers ? ErrorCode.MISMATCHED_ENDPOINT_TYPE : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
          errorMessage: `The request was sent to an endpoint of type CONTROLLER, but we wanted an endpoint of type ${
            isForBrokers ? 'BROKER' : String(request.endpointType)
          }`,
          clusterId: '',
          brokers: [],
        },
      };
    }
    const brokers = registeredControllers(administrator.image()).flatMap(({ controllerId, endpoints }) => {
      const endpoint = endpoints.get(context.listenerName);
      return endpoint === undefined
        ? []
        : [{ brokerId: controllerId, host: endpoint.host, port: endpoint.port, rack: null, isFenced: false }];
    });
    return {
      kind: 'answer',
      response: {
        throttleTimeMs: 0,
        errorCode: ErrorCode.NONE,
        endpointType: CONTROLLERS,
        clusterId: administrator.clusterId,
        controllerId: administrator.quorumLeader() ?? NO_BROKER,
        brokers,
        clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
          ? authorizedClusterOperations(administrator, context)
          : OPERATIONS_NOT_ASKED,
      },
    };
  };
