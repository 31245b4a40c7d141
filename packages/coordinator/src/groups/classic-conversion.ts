import type { Effect, Now, Ticket } from '../runtime/machine';
import type { GroupFacts } from './group';
import type { GroupAnswer, GroupRequest } from './requests';

/** A member of a classic group, as KIP-848's migration converts it. */
export interface ConvertibleMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  /** In the member's order of preference. */
  readonly protocols: readonly { readonly name: string; readonly metadata: Buffer }[];
  /** Bytes of a ConsumerProtocolAssignment with its version; empty where it has none. */
  readonly assignment: Buffer;
}

/** A classic group, as far as the migration reads it. `ClassicGroup` has this shape. */
export interface ConvertibleGroup extends GroupFacts {
  readonly kind: 'classic';
  readonly generationId: number;
  /** The chosen assignor, null before there is one. */
  readonly protocolName: string | null;
  readonly memberCount: number;
  convertibleMembers(): readonly ConvertibleMember[];
}

/** What the migration asks of the classic rules. All are called from a decision's `then`. */
export interface ClassicConversion {
  /**
   * The group has just been replaced by a group of the consumer protocol: answers all who wait in a join or a sync by
   * REBALANCE_IN_PROGRESS, and cancels its timers.
   */
  upgraded(group: ConvertibleGroup): readonly Effect<GroupAnswer>[];
  /**
   * The group of that id has just been written as a classic one, with its members and without a leader: begins the
   * session timers and prepares a rebalance. After a reload `loaded` does the same for any group without a leader.
   */
  downgraded(groupId: string, reason: string, now: Now): readonly Effect<GroupAnswer>[];
  /** As `downgraded`, with a static member that took the place of another and waits for its answer. */
  downgradedByJoin(
    request: Extract<GroupRequest, { kind: 'join' }>,
    memberId: string,
    ticket: Ticket,
    now: Now,
  ): readonly Effect<GroupAnswer>[];
}
