import type { GroupAnswer, GroupRequest } from './requests';

/** A request that could not be served at all: its answer with that error. Also for hosts that have no machine yet. */
export const groupRefusal = (request: GroupRequest, errorCode: number): GroupAnswer => {
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
          ...{ errorCode, groupId: request.groupId, groupState: '' },
          ...{ protocolType: '', protocolData: '', members: [] },
        },
      };
    case 'describe-consumer':
      return {
        kind: 'describe-consumer',
        answer: {
          ...{ errorCode, groupId: request.groupId, groupState: '' },
          ...{ groupEpoch: 0, assignmentEpoch: 0, assignorName: '', members: [] },
        },
      };
    case 'list-groups':
      return { kind: 'list-groups', answer: { errorCode, groups: [] } };
  }
};

const NO_BYTES = Buffer.alloc(0);
