import type { TopicView } from '../../world';
import type { Assignment } from '../partitions';

/** A member as an assignor sees it. */
export interface AssignorMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  /** Topics that exist, sorted by name. Members of one subscription share one list. */
  readonly topics: readonly TopicView[];
  /** What it was to have so far. */
  readonly current: Assignment;
}

/**
 * Divides all partitions of the topics that are subscribed to among the subscribers: each to exactly one. An assignment
 * that did not change comes back as the same object.
 */
export type Assignor = (members: readonly AssignorMember[]) => ReadonlyMap<string, Assignment>;

/** Whether all members share one subscription. */
export const isHomogeneous = (members: readonly AssignorMember[]): boolean =>
  members.every(({ topics }) => topics === members[0]?.topics);
