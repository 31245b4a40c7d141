import type { GroupRecord } from '@kafkaesque/protocol';
import { metadataOf, type MemberDraft } from './classic-member';

/** What a GroupMetadata record says of a classic group. */
export interface StoredGroup {
  readonly groupId: string;
  /** '' for a group that nobody has joined. */
  readonly protocolType: string;
  readonly generationId: number;
  /** Null while the group is empty. */
  readonly protocolName: string | null;
  readonly leaderId: string | null;
  /** By the wall clock, since when the group is in its state; −1: not known. */
  readonly stateSinceMs: number;
  readonly members: Iterable<MemberDraft>;
}

/** A classic group as Kafka stores it: of each member the metadata under the chosen protocol, and its assignment. */
export const groupMetadataRecord = (group: StoredGroup): GroupRecord => ({
  kind: 'GroupMetadata',
  key: { group: group.groupId },
  value: {
    protocolType: group.protocolType,
    generation: group.generationId,
    protocol: group.protocolName,
    leader: group.leaderId,
    currentStateTimestamp: group.stateSinceMs,
    members: Array.from(group.members, (member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription: metadataOf(member, group.protocolName),
      assignment: member.assignment,
    })),
  },
});

/** A group that did not exist before. */
export const newGroupRecord = (groupId: string, wallMs: number): GroupRecord =>
  groupMetadataRecord({
    groupId,
    protocolType: '',
    generationId: 0,
    protocolName: null,
    leaderId: null,
    stateSinceMs: wallMs,
    members: [],
  });

export const groupMetadataTombstone = (groupId: string): GroupRecord => ({
  kind: 'GroupMetadata',
  key: { group: groupId },
  value: null,
});
