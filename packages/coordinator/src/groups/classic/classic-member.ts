import type { Ticket } from '../../runtime/machine';
import { sessionTimerKey } from './classic-timers';

/** One protocol that a member can follow, and what it says of itself under it (for consumers: its subscription). */
export interface MemberProtocol {
  readonly name: string;
  readonly metadata: Buffer;
}

/** An asked request that is answered later. */
export interface Waiting {
  readonly ticket: Ticket;
  readonly apiVersion: number;
}

/** What a member is, as its last join told. */
export interface MemberDraft {
  readonly memberId: string;
  /** Null: a dynamic member (KIP-345). */
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  /** In the member's order of preference; names do not repeat. */
  readonly protocols: readonly MemberProtocol[];
  readonly assignment: Buffer;
}

/** A member of a classic group. What waits is changed through the group, which counts it. */
export interface ClassicMember extends MemberDraft {
  clientId: string;
  clientHost: string;
  rebalanceTimeoutMs: number;
  sessionTimeoutMs: number;
  protocols: readonly MemberProtocol[];
  assignment: Buffer;
  /** Until its first join has been answered: it does not know its id yet and cannot heartbeat, so even its waiting expires. */
  isNew: boolean;
  joinWait: Waiting | undefined;
  syncWait: Waiting | undefined;
  readonly sessionKey: string;
}

export const NO_ASSIGNMENT = Buffer.alloc(0);

export const classicMember = (groupId: string, draft: MemberDraft): ClassicMember => ({
  ...draft,
  isNew: false,
  joinWait: undefined,
  syncWait: undefined,
  sessionKey: sessionTimerKey(groupId, draft.memberId),
});

/** What the member said of itself under that protocol; empty where it does not know it. */
export const metadataOf = (member: Pick<MemberDraft, 'protocols'>, protocolName: string | null): Buffer =>
  member.protocols.find((protocol) => protocol.name === protocolName)?.metadata ?? NO_ASSIGNMENT;

/** Would joining with these protocols change nothing? */
export const sameProtocols = (left: readonly MemberProtocol[], right: readonly MemberProtocol[]): boolean =>
  left.length === right.length &&
  left.every((protocol, index) => {
    const other = right[index];
    return other?.name === protocol.name && other.metadata.equals(protocol.metadata);
  });

/** Protocols without repeated names. */
export const distinctProtocols = (protocols: readonly MemberProtocol[]): readonly MemberProtocol[] => {
  const names = new Set<string>();
  return protocols.filter(({ name }) => !names.has(name) && names.add(name));
};

/** Members that wait for an answer need not heartbeat, except new ones: nobody may know of them any more. */
export const hasSatisfiedHeartbeat = (member: ClassicMember): boolean =>
  !member.isNew && (member.joinWait !== undefined || member.syncWait !== undefined);
