import type { GroupAnswers, GroupRequest } from '@kafkaesque/coordinator';
import { groupRefusal } from '@kafkaesque/coordinator';
import { ErrorCode } from '@kafkaesque/protocol';
import type { GroupCoordinators } from './group-coordinators';

/** No group is coordinated here. */
export const noCoordinators: GroupCoordinators = {
  ask: <Request extends GroupRequest>(_groupId: string, request: Request) =>
    Promise.resolve(
      groupRefusal(request, ErrorCode.COORDINATOR_NOT_AVAILABLE).answer as GroupAnswers[Request['kind']],
    ),
  askAll: () => Promise.resolve([]),
  partitionOf: () => 0,
};
