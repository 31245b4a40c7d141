import type { CommitIdentity } from './group-offsets';

/** Why and how a member goes. */
export interface LeaveOptions {
  readonly reason: string;
  readonly membership: 'default' | 'leave-group' | 'remain-in-group';
  readonly timeoutMs: number;
}

/** A consumer's place in its group, by either protocol. */
export interface Membership {
  /** Who this member is; generation -1 when it is none. */
  readonly identity: CommitIdentity;
  /** Whether a commit would be taken now: not between joining and the assignment. */
  readonly mayCommit: boolean;
  /** Whether it is on its way into the group, so that `mayCommit` may become true by waiting. */
  readonly isJoining: boolean;
  /** What is subscribed, by name; of a pattern what matches now, as far as that is known here. */
  readonly topicNames: readonly string[];
  /** Subscribes anew, or to other topics. */
  subscriptionChanged(): void;
  /** Asks for a rebalance. */
  rejoin(reason: string): void;
  /** The caller has been told of a failure and goes on. */
  retry(): void;
  /** A commit in the name of `identity` was refused. */
  refused(errorCode: number, identity: CommitIdentity): void;
  /** The caller has held its records for longer than max.poll.interval.ms: the group goes on without it, until it polls. */
  expel(reason: string): void;
  /** Leaves at once; what is owned is the caller's business. It may subscribe again. */
  leave(options: LeaveOptions): Promise<void>;
}
