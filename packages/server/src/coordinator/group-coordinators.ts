import type { GroupAnswers, GroupRequest } from '@kafkaesque/coordinator';

export type ListGroupsQuestion = Extract<GroupRequest, { readonly kind: 'list-groups' }>;

/** The coordinators of groups on this broker, as handlers see them. */
export interface GroupCoordinators {
  /**
   * Asks the coordinator of a group. What cannot be asked here is answered as the rules refuse it: NOT_COORDINATOR,
   * COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE. Never rejects. The answer comes when all that it could
   * have seen is committed.
   */
  ask<Request extends GroupRequest>(
    groupId: string,
    request: Request,
  ): Promise<GroupAnswers[Request['kind']]>;
  /**
   * Asks every coordinator that is led here, those that still load included (COORDINATOR_LOAD_IN_PROGRESS); one answer for each.
   */
  askAll(request: ListGroupsQuestion): Promise<readonly GroupAnswers['list-groups'][]>;
  /** The partition of `__consumer_offsets` that has this group, as Kafka chooses it. */
  partitionOf(groupId: string): number;
}
