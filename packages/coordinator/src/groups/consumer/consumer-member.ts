import { NOTHING_OWNED, sameOwned, type Owned } from './partitions';
import { NO_SUBSCRIPTION, type Subscription } from './subscription';

/** Where a member stands between its assignment and the target (KIP-848). `unknown`: written by a newer Kafka. */
export type MemberState = 'stable' | 'unrevoked' | 'unreleased' | 'unknown';

/** Epoch of a member that has left. */
export const LEFT_EPOCH = -1;
/** Epoch of a static member that has left and is expected back. */
export const AWAY_EPOCH = -2;

/** What a member of the classic protocol brought with its join. */
export interface ClassicMember {
  readonly sessionTimeoutMs: number;
  /** In the member's order; `metadata` is a ConsumerProtocolSubscription with its version. Never empty. */
  readonly supportedProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
}

/** One member of a group of the consumer protocol. Never changed: a new one takes its place. */
export interface ConsumerMember {
  readonly memberId: string;
  readonly memberEpoch: number;
  /** The epoch before; an answer that told of the new one may have been lost. */
  readonly previousMemberEpoch: number;
  readonly state: MemberState;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly rebalanceTimeoutMs: number;
  readonly clientId: string;
  readonly clientHost: string;
  readonly subscription: Subscription;
  readonly serverAssignor: string | null;
  /** Null: the member speaks the consumer protocol. */
  readonly classic: ClassicMember | null;
  readonly assigned: Owned;
  /** Still the member's until it says that it has let go. */
  readonly pendingRevocation: Owned;
}

export const newMember = (memberId: string): ConsumerMember => ({
  memberId,
  memberEpoch: 0,
  previousMemberEpoch: LEFT_EPOCH,
  state: 'stable',
  instanceId: null,
  rackId: null,
  rebalanceTimeoutMs: -1,
  clientId: '',
  clientHost: '',
  subscription: NO_SUBSCRIPTION,
  serverAssignor: null,
  classic: null,
  assigned: NOTHING_OWNED,
  pendingRevocation: NOTHING_OWNED,
});

/** Has the member reached the target assignment of that epoch? */
export const isReconciledTo = (member: ConsumerMember, assignmentEpoch: number): boolean =>
  member.state === 'stable' && member.memberEpoch === assignmentEpoch;

const sameClassic = (one: ClassicMember | null, other: ClassicMember | null): boolean => {
  if (one === other) return true;
  if (one === null || other === null) return false;
  return (
    one.sessionTimeoutMs === other.sessionTimeoutMs &&
    one.supportedProtocols.length === other.supportedProtocols.length &&
    one.supportedProtocols.every(({ name, metadata }, at) => {
      const theirs = other.supportedProtocols[at];
      return theirs !== undefined && theirs.name === name && theirs.metadata.equals(metadata);
    })
  );
};

/** The same in all that a ConsumerGroupMemberMetadata record says. */
export const sameMetadata = (one: ConsumerMember, other: ConsumerMember): boolean =>
  one === other ||
  (one.instanceId === other.instanceId &&
    one.rackId === other.rackId &&
    one.rebalanceTimeoutMs === other.rebalanceTimeoutMs &&
    one.clientId === other.clientId &&
    one.clientHost === other.clientHost &&
    one.serverAssignor === other.serverAssignor &&
    one.subscription.key === other.subscription.key &&
    sameClassic(one.classic, other.classic));

/** The same in all that a ConsumerGroupCurrentMemberAssignment record says. */
export const sameProgress = (one: ConsumerMember, other: ConsumerMember): boolean =>
  one === other ||
  (one.memberEpoch === other.memberEpoch &&
    one.previousMemberEpoch === other.previousMemberEpoch &&
    one.state === other.state &&
    sameOwned(one.assigned, other.assigned) &&
    sameOwned(one.pendingRevocation, other.pendingRevocation));
