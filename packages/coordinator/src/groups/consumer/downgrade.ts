import type { GroupRecord } from '@kafkaesque/protocol';
import type { Effect } from '../../runtime/machine';
import type { GroupAnswer } from '../requests';
import { readSubscription, writeAssignment } from './classic-protocol';
import { onlyClassicWithout, type ConsumerGroup } from './consumer-group';
import type { ConsumerMember } from './consumer-member';
import { cancelMemberTimers, cancelTimer } from './member-timers';
import { assignmentOf, partitionsOf, type Assignment } from './partitions';
import { groupTombstones } from './records';
import type { SharedRules } from './shared-rules';

/** Whether the group is to be a classic one once these have left: only classic members stay, and the policy allows it. */
export const mayDowngrade = (
  { world }: SharedRules,
  group: ConsumerGroup,
  leaving: readonly ConsumerMember[],
): boolean => {
  const staying = group.members.size - leaving.length;
  if (staying <= 0 || !onlyClassicWithout(group, leaving)) return false;
  const { migrationPolicy, maxSize } = world.settings;
  const { groupId } = group;
  if (migrationPolicy !== 'downgrade' && migrationPolicy !== 'bidirectional') {
    world.log('info', 'cannot downgrade a consumer group: it is disabled', { groupId });
    return false;
  }
  if (staying <= maxSize) return true;
  world.log('info', 'cannot downgrade a consumer group: it is larger than group.max.size', { groupId });
  return false;
};

/** A member that takes the place of another while the group becomes a classic one. */
export interface Replacement {
  readonly replaced: ConsumerMember;
  /** A classic member. */
  readonly by: ConsumerMember;
}

/** The protocol that all support and most prefer. */
const selectProtocol = (members: readonly ConsumerMember[]): string => {
  const votes = new Map<string, number>();
  const supported = (member: ConsumerMember): readonly string[] =>
    member.classic?.supportedProtocols.map(({ name }) => name) ?? [];
  const common = supported(members[0] as ConsumerMember).filter((name) =>
    members.every((member) => supported(member).includes(name)),
  );
  for (const member of members) {
    const preferred = supported(member).find((name) => common.includes(name));
    if (preferred !== undefined) votes.set(preferred, (votes.get(preferred) ?? 0) + 1);
  }
  let selected = common[0] ?? '';
  for (const name of common) if ((votes.get(name) ?? 0) > (votes.get(selected) ?? 0)) selected = name;
  return selected;
};

/** What it has, and what it has still to give up. */
const ownedBy = ({ assigned, pendingRevocation }: ConsumerMember): Assignment =>
  assignmentOf(
    [...partitionsOf(assigned), ...partitionsOf(pendingRevocation)].map(([topicId, partitions]) => ({
      topicId,
      partitions,
    })),
  );

/**
 * Writes the group as a classic one: the epoch is its generation. It has no leader, by which whoever loads it knows that it
 * has to rebalance: nobody may own what the leaving members had, and a coordinator that fails before the rebalance must
 * not leave it so. The assignment is what each member owns, to the last partition that it is to give up; Kafka
 * writes the target, and when the group goes back at once, takes it for what they own.
 */
export const downgrade = (
  { world }: SharedRules,
  group: ConsumerGroup,
  leaving: readonly ConsumerMember[],
  replacement: Replacement | undefined,
): { readonly records: readonly GroupRecord[]; then(): readonly Effect<GroupAnswer>[] } => {
  const { groupId } = group;
  const gone = new Set(leaving.map(({ memberId }) => memberId));
  const staying: { readonly member: ConsumerMember; readonly owner: ConsumerMember }[] = [];
  for (const member of group.members.values()) {
    if (gone.has(member.memberId)) continue;
    const by = member.memberId === replacement?.replaced.memberId ? replacement.by : member;
    staying.push({ member: by, owner: member });
  }
  const protocol = selectProtocol(staying.map(({ member }) => member));
  const memberIds = [...group.members.keys()];
  return {
    records: [
      ...groupTombstones(group),
      {
        kind: 'GroupMetadata',
        key: { group: groupId },
        value: {
          protocolType: 'consumer',
          generation: group.groupEpoch,
          protocol,
          leader: null,
          currentStateTimestamp: -1,
          members: staying.map(({ member, owner }) => {
            const offered = member.classic?.supportedProtocols ?? [];
            const metadata = offered.find(({ name }) => name === protocol)?.metadata ?? Buffer.alloc(0);
            const version = readSubscription(metadata)?.version ?? 0;
            return {
              memberId: member.memberId,
              groupInstanceId: member.instanceId,
              clientId: member.clientId,
              clientHost: member.clientHost,
              rebalanceTimeout: member.rebalanceTimeoutMs,
              sessionTimeout: member.classic?.sessionTimeoutMs ?? 0,
              subscription: metadata,
              assignment: writeAssignment(world, ownedBy(owner), version),
            };
          }),
        },
      },
    ],
    then: () => {
      world.log('info', 'converted a consumer group to a classic group', { groupId });
      return [
        ...memberIds.flatMap((memberId) => cancelMemberTimers(groupId, memberId)),
        cancelTimer('assignment', groupId, ''),
      ];
    },
  };
};
