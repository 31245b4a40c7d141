import { ErrorCode } from '@kafkaesque/protocol';
import type { Effect, Ticket } from '../../runtime/machine';
import type { GroupDecision } from '../group';
import type { GroupAnswer, GroupAnswers, GroupRequest } from '../requests';
import type { ClassicGroup } from './classic-group';
import { NO_ASSIGNMENT, metadataOf, type ClassicMember, type Waiting } from './classic-member';

export type GroupEffect = Effect<GroupAnswer>;

export const reply = (ticket: Ticket, answer: GroupAnswer): GroupEffect => ({
  kind: 'reply',
  ticket,
  answer,
});

/** Answers at once and changes nothing. */
export const answerOnly = (ticket: Ticket, answer: GroupAnswer): GroupDecision => ({
  records: [],
  then: () => [reply(ticket, answer)],
});

/** Versions before 7 have no null for the protocol's name. */
const protocolNameIn = (apiVersion: number, protocolName: string | null): string | null =>
  apiVersion < 7 ? (protocolName ?? '') : protocolName === '' ? null : protocolName;

export const joinRefusal = (apiVersion: number, memberId: string, errorCode: number): GroupAnswer => ({
  kind: 'join',
  answer: {
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: protocolNameIn(apiVersion, null),
    leader: '',
    memberId,
    members: [],
  },
});

/** The current generation, as a member is told of it; the leader is told who is in it. */
export const joinedAnswer = (
  group: ClassicGroup,
  memberId: string,
  apiVersion: number,
  differently: Partial<Pick<GroupAnswers['join'], 'leader' | 'members' | 'skipAssignment'>> = {},
): GroupAnswer => ({
  kind: 'join',
  answer: {
    errorCode: ErrorCode.NONE,
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: protocolNameIn(apiVersion, group.protocolName),
    leader: group.leaderId ?? '',
    memberId,
    members: group.leaderId === memberId ? generationMembers(group) : [],
    ...differently,
  },
});

const generationMembers = (group: ClassicGroup): NonNullable<GroupAnswers['join']['members']> =>
  Array.from(group.members.values(), (member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    metadata: metadataOf(member, group.protocolName),
  }));

export const syncRefusal = (errorCode: number): GroupAnswer => ({
  kind: 'sync',
  answer: { errorCode, protocolType: null, protocolName: null, assignment: NO_ASSIGNMENT },
});

export const syncedAnswer = (group: ClassicGroup, member: ClassicMember): GroupAnswer => ({
  kind: 'sync',
  answer: {
    errorCode: ErrorCode.NONE,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    assignment: member.assignment,
  },
});

export const heartbeatAnswer = (errorCode: number): GroupAnswer => ({
  kind: 'heartbeat',
  answer: { errorCode },
});

type LeaveRequest = Extract<GroupRequest, { kind: 'leave' }>;
/** Who leaves. Before version 3 a request names one member. */
export const leavingMembers = (request: LeaveRequest): LeaveRequest['request']['members'] =>
  request.apiVersion >= 3
    ? request.request.members
    : [{ memberId: request.request.memberId, groupInstanceId: null, reason: null }];

/** One code for each of `leavingMembers`, in order. Before version 3 the code of the one member is that of the answer. */
export const leaveAnswer = (request: LeaveRequest, errorCodes: readonly number[]): GroupAnswer => ({
  kind: 'leave',
  answer:
    request.apiVersion < 3
      ? { errorCode: errorCodes[0] ?? ErrorCode.NONE, members: [] }
      : {
          errorCode: ErrorCode.NONE,
          members: request.request.members.map(({ memberId, groupInstanceId }, index) => ({
            memberId,
            groupInstanceId,
            errorCode: errorCodes[index] ?? ErrorCode.NONE,
          })),
        },
});

/** Why a client joins or leaves (KIP-800), as much as a log line should hold. */
export const reasonOf = (reason: string | null): string =>
  reason === null || reason === '' ? 'not provided' : reason.slice(0, 255);

/** Ends a member's waiting for a generation, if it waits. */
export const refuseJoinWait = (
  group: ClassicGroup,
  member: ClassicMember,
  errorCode: number,
  effects: GroupEffect[],
): void => {
  const wait = group.setJoinWait(member, undefined);
  if (wait === undefined) return;
  // Whoever is unknown or too many starts over without an id.
  const memberId = errorCode === ErrorCode.FENCED_INSTANCE_ID ? member.memberId : '';
  effects.push(reply(wait.ticket, joinRefusal(wait.apiVersion, memberId, errorCode)));
};

/** Ends a member's waiting for its assignment, if it waits. */
export const refuseSyncWait = (
  member: ClassicMember,
  errorCode: number,
  effects: GroupEffect[],
): Waiting | undefined => {
  const wait = member.syncWait;
  member.syncWait = undefined;
  if (wait !== undefined) effects.push(reply(wait.ticket, syncRefusal(errorCode)));
  return wait;
};
