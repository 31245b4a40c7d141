import { Offset, LeaderEpoch } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { FetchedOffset, GroupAnswer, GroupRequest, OffsetPartition } from './requests';

/**
 * The error that a group's client is told when the coordinator itself could not serve it. Clients of groups know none of
 * the errors of a log, and look for the coordinator again, or try again, only at these.
 */
const toldCode = (errorCode: number): number => {
  switch (errorCode) {
    case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
    case ErrorCode.NOT_ENOUGH_REPLICAS:
    case ErrorCode.REQUEST_TIMED_OUT:
      return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    case ErrorCode.NOT_LEADER_OR_FOLLOWER:
    case ErrorCode.KAFKA_STORAGE_ERROR:
      return ErrorCode.NOT_COORDINATOR;
    case ErrorCode.MESSAGE_TOO_LARGE:
    case ErrorCode.RECORD_LIST_TOO_LARGE:
      return ErrorCode.UNKNOWN_SERVER_ERROR;
    default:
      return errorCode;
  }
};

/** Consumers before 3.9 fail at COORDINATOR_NOT_AVAILABLE when they ask for offsets. */
const toldToFetch = (errorCode: number): number => {
  const told = toldCode(errorCode);
  return told === ErrorCode.COORDINATOR_NOT_AVAILABLE ? ErrorCode.NOT_COORDINATOR : told;
};

/** What is said of a partition for which nothing is committed. */
export const nothingCommitted = (partition: OffsetPartition, errorCode = ErrorCode.NONE): FetchedOffset => ({
  topicId: partition.topicId,
  topic: partition.topic,
  partition: partition.partition,
  offset: Offset(-1),
  leaderEpoch: LeaderEpoch(-1),
  metadata: '',
  errorCode,
});

/** The answer to a request that the coordinator cannot serve (NOT_COORDINATOR, COORDINATOR_LOAD_IN_PROGRESS, an append refused …). */
export const coordinatorRefusal = (request: GroupRequest, errorCode: number): GroupAnswer => {
  // A member must not think itself thrown out because a coordinator loads; its session begins when that ends.
  if (request.kind === 'heartbeat' && errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
    return { kind: 'heartbeat', answer: { errorCode: ErrorCode.NONE } };
  return refusal(request, request.kind === 'fetch-offsets' ? toldToFetch(errorCode) : toldCode(errorCode));
};

/** Any request's answer with just this error, and no more than the request itself told. */
export const refusal = (
  request: GroupRequest,
  errorCode: number,
  errorMessage: string | null = null,
): GroupAnswer => {
  switch (request.kind) {
    case 'join':
      return {
        kind: 'join',
        answer: {
          errorCode,
          generationId: -1,
          protocolName: request.apiVersion >= 7 ? null : '',
          leader: '',
          memberId: request.request.memberId,
          members: [],
        },
      };
    case 'sync':
      return { kind: 'sync', answer: { errorCode, assignment: Buffer.alloc(0) } };
    case 'heartbeat':
      return { kind: 'heartbeat', answer: { errorCode } };
    case 'leave':
      return { kind: 'leave', answer: { errorCode, members: [] } };
    case 'consumer-heartbeat':
      return {
        kind: 'consumer-heartbeat',
        answer: { errorCode, errorMessage, memberEpoch: 0, heartbeatIntervalMs: 0 },
      };
    case 'commit-offsets':
      return { kind: 'commit-offsets', answer: { errorCodes: request.offsets.map(() => errorCode) } };
    case 'fetch-offsets':
      return { kind: 'fetch-offsets', answer: { errorCode, offsets: [] } };
    case 'delete-offsets':
      return { kind: 'delete-offsets', answer: { errorCode, errorCodes: [] } };
    case 'delete-group':
      return { kind: 'delete-group', answer: { errorCode, errorMessage } };
    case 'describe-classic':
      return {
        kind: 'describe-classic',
        answer: {
          errorCode,
          ...(request.apiVersion >= 6 ? { errorMessage } : {}),
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
          errorMessage,
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
