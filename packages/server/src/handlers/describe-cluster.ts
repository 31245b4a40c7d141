import { registeredBrokers } from '@kafkaesque/metadata';
import type { DescribeClusterRequest, DescribeClusterResponse, Draft } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import { OPERATIONS_NOT_ASKED, authorizedClusterOperations } from './authorized-operations';
import type { Reply, RequestContext } from './handler';

const BROKERS = 1;

/** DescribeCluster (60). v1 endpoint type · v2 fenced brokers */
export const describeCluster =
  (broker: Broker) =>
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
            request.endpointType === 2
              ? ErrorCode.MISMATCHED_ENDPOINT_TYPE
              : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
          errorMessage: `The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type ${
            request.endpointType === 2 ? 'CONTROLLER' : String(request.endpointType)
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
