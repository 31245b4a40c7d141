import { ErrorCode } from '@kafkaesque/protocol';
import type { GroupAnswer, GroupRequest } from './requests';

/**
 * A request that could not be served at all: its answer with that error, as a client of groups may be told it. Also for
 * hosts that have no machine yet.
 */
export const groupRefusal = (request: GroupRequest, refusedBy: number): GroupAnswer => {
  const errorCode = told(request, refusedBy);
  switch (request.kind) {
    case 'join': {
      const { memberId } = request.request;
      // Null as a name of the protocol travels since v7.
      const protocolName = request.apiVersion >= 7 ? null : '';
      return { kind: 'join', answer: { errorCode, protocolName, leader: '', memberId, members: [] } };
    }
    case 'sync':
      return { kind: 'sync', answer: { errorCode, assignment: NO_BYTES } };
    case 'heartbeat':
      return { kind: 'heartbeat', answer: { errorCode } };
    case 'leave':
      return { kind: 'leave', answer: { errorCode, members: [] } };
    case 'consumer-heartbeat':
      return { kind: 'consumer-heartbeat', answer: { errorCode, memberEpoch: 0, heartbeatIntervalMs: 0 } };
    case 'commit-offsets':
      return { kind: 'commit-offsets', answer: { errorCodes: request.offsets.map(() => errorCode) } };
    case 'fetch-offsets':
      return { kind: 'fetch-offsets', answer: { errorCode, offsets: [] } };
    case 'delete-offsets':
      return { kind: 'delete-offsets', answer: { errorCode, errorCodes: [] } };
    case 'delete-group':
      return { kind: 'delete-group', answer: { errorCode, errorMessage: null } };
    case 'describe-classic':
      return {
        kind: 'describe-classic',
        answer: {
          errorCode,
          groupId: request.groupId,
          groupState: '',
          protocolType: '',
          protocolData: '',
          members: [],
        },
      };
    case 'describe-consumer':
      return {
        kind: 'describe-consumer',
        answer: {
          errorCode,
          groupId: request.groupId,
          groupState: '',
          groupEpoch: 0,
          assignmentEpoch: 0,
          assignorName: '',
          members: [],
        },
      };
    case 'list-groups':
      return { kind: 'list-groups', answer: { errorCode, groups: [] } };
  }
};

/** Clients of groups know none of the errors of a log; they look for the coordinator again, or try again, at these. */
const told = (request: GroupRequest, errorCode: number): number => {
  switch (errorCode) {
    case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
    case ErrorCode.NOT_ENOUGH_REPLICAS:
    case ErrorCode.REQUEST_TIMED_OUT:
      // Consumers before 3.9 fail at COORDINATOR_NOT_AVAILABLE when they ask for offsets.
      return request.kind === 'fetch-offsets'
        ? ErrorCode.NOT_COORDINATOR
        : ErrorCode.COORDINATOR_NOT_AVAILABLE;
    case ErrorCode.NOT_LEADER_OR_FOLLOWER:
    case ErrorCode.KAFKA_STORAGE_ERROR:
      return ErrorCode.NOT_COORDINATOR;
    case ErrorCode.MESSAGE_TOO_LARGE:
    case ErrorCode.RECORD_LIST_TOO_LARGE:
      return ErrorCode.UNKNOWN_SERVER_ERROR;
    case ErrorCode.COORDINATOR_LOAD_IN_PROGRESS:
      // Sessions begin when loading ends: there is nothing that the member would have to do.
      return request.kind === 'heartbeat' ? ErrorCode.NONE : errorCode;
    default:
      return errorCode;
  }
};

const NO_BYTES = Buffer.alloc(0);
