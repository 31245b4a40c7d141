import { NO_PRODUCER_EPOCH, NO_PRODUCER_ID, ProducerEpoch } from '@kafkaesque/kernel';
import type { Draft, InitProducerIdRequest, InitProducerIdResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import type { Reply, RequestContext } from './handler';

type Answer = Reply<Draft<typeof InitProducerIdResponse>>;

const refused = (errorCode: number): Answer => ({
  kind: 'answer',
  response: { throttleTimeMs: 0, errorCode, producerId: NO_PRODUCER_ID, producerEpoch: NO_PRODUCER_EPOCH },
});

/** InitProducerId (22), for idempotent producers. v3 resumes an id and epoch · v4 PRODUCER_FENCED */
export const initProducerId =
  (broker: Broker) =>
  async (context: RequestContext, request: InitProducerIdRequest): Promise<Answer> => {
    if (request.transactionalId !== null) {
      if (!broker.isAllowed(context, 'WRITE', 'TRANSACTIONAL_ID', request.transactionalId)) {
        return refused(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
      }
      // Transactions are not there yet. A definite error, so that the application learns it at once.
      return refused(
        request.transactionalId === '' ? ErrorCode.INVALID_REQUEST : ErrorCode.TRANSACTIONAL_ID_NOT_FOUND,
      );
    }
    if (!broker.isAllowed(context, 'IDEMPOTENT_WRITE', 'CLUSTER', 'kafka-cluster')) {
      return refused(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
    }
    const hasId = request.producerId !== NO_PRODUCER_ID;
    if (hasId !== (request.producerEpoch !== NO_PRODUCER_EPOCH)) return refused(ErrorCode.INVALID_REQUEST);
    const producerId = await broker.producerIds.next();
    if (producerId === undefined) return refused(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
    return {
      kind: 'answer',
      response: { throttleTimeMs: 0, errorCode: ErrorCode.NONE, producerId, producerEpoch: ProducerEpoch(0) },
    };
  };
