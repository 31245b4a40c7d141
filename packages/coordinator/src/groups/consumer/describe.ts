import type { TopicId } from '@kafkaesque/kernel';
import { errors } from '@kafkaesque/protocol';
import type { GroupAnswers } from '../requests';
import type { GroupWorld } from '../world';
import type { ConsumerMember } from './consumer-member';
import { partitionsOf, type Assignment } from './partitions';
import { consumerGroup, type SharedRules } from './shared-rules';
import { NO_CHANGE, preferredAssignor } from './target';

type Described = GroupAnswers['describe-consumer'];

/** ConsumerGroupDescribe of one group; the authorized operations are added elsewhere. */
export const describeGroup = (rules: SharedRules, groupId: string): Described => {
  const group = consumerGroup(rules, groupId);
  if (group === undefined)
    return {
      errorCode: errors.GROUP_ID_NOT_FOUND.code,
      errorMessage: rules.groups.has(groupId)
        ? `Group ${groupId} is not a consumer group.`
        : `Group ${groupId} not found.`,
      groupId,
      groupState: '',
      groupEpoch: 0,
      assignmentEpoch: 0,
      assignorName: '',
      members: [],
    };
  return {
    errorCode: errors.NONE.code,
    errorMessage: null,
    groupId,
    groupState: group.state,
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    assignorName: preferredAssignor(group, rules.world.settings.assignors, NO_CHANGE),
    members: Array.from(group.members.values(), (member) =>
      describeMember(rules.world, member, group.targetOf(member.memberId)),
    ),
  };
};

const describeMember = (
  world: GroupWorld,
  member: ConsumerMember,
  target: Assignment,
): Described['members'][number] => ({
  memberId: member.memberId,
  instanceId: member.instanceId,
  rackId: member.rackId,
  memberEpoch: member.memberEpoch,
  clientId: member.clientId,
  clientHost: member.clientHost,
  subscribedTopicNames: member.subscription.names,
  subscribedTopicRegex: member.subscription.regex,
  // What it is to give up is still its own until it has said so.
  assignment: named(world, [partitionsOf(member.assigned), partitionsOf(member.pendingRevocation)]),
  targetAssignment: named(world, [target]),
  memberType: member.classic === null ? 1 : 0,
});

/** Topics that are gone are left out. */
const named = (
  world: GroupWorld,
  assignments: readonly Assignment[],
): Described['members'][number]['assignment'] => {
  const partitionsById = new Map<TopicId, number[]>();
  for (const assignment of assignments) {
    for (const [topicId, partitions] of assignment)
      partitionsById.set(topicId, [...(partitionsById.get(topicId) ?? []), ...partitions]);
  }
  const topicPartitions: Described['members'][number]['assignment']['topicPartitions'][number][] = [];
  for (const [topicId, partitions] of partitionsById) {
    const topicName = world.topicById(topicId)?.name;
    if (topicName !== undefined)
      topicPartitions.push({ topicId, topicName, partitions: partitions.sort((a, b) => a - b) });
  }
  return { topicPartitions };
};
