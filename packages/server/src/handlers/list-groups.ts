import type { Draft, ListGroupsRequest, ListGroupsResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import type { Reply, RequestContext } from './handler';

type Answer = Draft<typeof ListGroupsResponse>;

/** ListGroups (16): the groups that are coordinated here, which whoever asks may describe. */
export const listGroups =
  (broker: Broker) =>
  async (context: RequestContext, request: ListGroupsRequest): Promise<Reply<Answer>> => {
    const { statesFilter: states, typesFilter: types } = request;
    const answers = await broker.groups.askAll({ kind: 'list-groups', states, types });
    // A coordinator that has moved away meanwhile is asked there.
    const failed = answers.find(
      ({ errorCode }) => errorCode !== ErrorCode.NONE && errorCode !== ErrorCode.NOT_COORDINATOR,
    );
    if (failed !== undefined)
      return { kind: 'answer', response: { errorCode: failed.errorCode, groups: [] } };
    const all = answers.flatMap(({ groups }) => groups);
    const groups = broker.isAllowed(context, 'DESCRIBE', 'CLUSTER', 'kafka-cluster')
      ? all
      : all.filter(({ groupId }) => broker.isAllowed(context, 'DESCRIBE', 'GROUP', groupId));
    return { kind: 'answer', response: { errorCode: ErrorCode.NONE, groups } };
  };
