import { ErrorCode } from '@kafkaesque/protocol';
import type { Ticket } from '../../runtime/machine';
import type { RequestOf } from '../rules';
import { reasonOf, refuseJoinWait } from './classic-answers';
import { distinctProtocols, type ClassicMember, type MemberProtocol } from './classic-member';
import type { Turn } from './classic-rebalance';

export type JoinRequest = RequestOf<'join'>;

/** What a join asks, the same in all versions. */
export interface JoinCall {
  readonly apiVersion: number;
  readonly ticket: Ticket;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly MemberProtocol[];
  readonly reason: string;
}

/** Read from a request. */
export const joinCall = ({ apiVersion, asker, request }: JoinRequest, ticket: Ticket): JoinCall => ({
  apiVersion,
  ticket,
  memberId: request.memberId,
  groupInstanceId: request.groupInstanceId,
  clientId: asker.clientId,
  clientHost: asker.clientHost,
  sessionTimeoutMs: request.sessionTimeoutMs,
  // Version 0 knows one timeout.
  rebalanceTimeoutMs: apiVersion === 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs,
  protocolType: request.protocolType,
  protocols: distinctProtocols(request.protocols),
  reason: reasonOf(request.reason),
});

/** Takes what a join says of a known member, which waits from now on. Its earlier join, if it waits, is told to join again. */
export const updateMember = (turn: Turn, member: ClassicMember, call: JoinCall): void => {
  const { group } = turn;
  refuseJoinWait(group, member, ErrorCode.REBALANCE_IN_PROGRESS, turn.effects);
  group.setProtocols(member, call.protocols);
  member.rebalanceTimeoutMs = call.rebalanceTimeoutMs;
  member.sessionTimeoutMs = call.sessionTimeoutMs;
  group.setJoinWait(member, { ticket: call.ticket, apiVersion: call.apiVersion });
};
