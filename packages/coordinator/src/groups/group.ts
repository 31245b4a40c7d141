import type { TopicId } from '@kafkaesque/kernel';
import type { Decision } from '../runtime/machine';
import type { GroupAnswer, GroupAnswers } from './requests';
import type { GroupRecord } from '@kafkaesque/protocol';

/** A decision of the group rules. */
export type GroupDecision = Decision<GroupRecord, GroupAnswer>;

/** What every kind of group tells the rules that are not its own: offsets, listing, deletion. All are error codes of Kafka's table; 0 is fine. */
export interface GroupFacts {
  readonly kind: 'classic' | 'consumer';
  readonly groupId: string;
  /** Kafka's name of its state: `Empty`, `PreparingRebalance`, `Stable`, `Assigning`, `Reconciling`, `Dead` … */
  readonly state: string;
  /** `consumer`, `connect`, … or '' */
  readonly protocolType: string;
  /** May this member commit (UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION, STALE_MEMBER_EPOCH, FENCED_INSTANCE_ID, REBALANCE_IN_PROGRESS …)? */
  commitRefusal(
    memberId: string,
    groupInstanceId: string | null,
    generationIdOrMemberEpoch: number,
    apiVersion: number,
  ): number;
  /**
   * Where `commitRefusal` says STALE_MEMBER_EPOCH or ILLEGAL_GENERATION: may the member, in the epoch that it believes in, still
   * commit for this partition, because it has owned it since then (KIP-1251)? Groups without it refuse.
   */
  commitPartitionRefusal?(memberId: string, epoch: number, topicId: TopicId, partition: number): number;
  /** May this member read offsets (KIP-848: UNKNOWN_MEMBER_ID, STALE_MEMBER_EPOCH)? */
  fetchRefusal(memberId: string | null, memberEpoch: number): number;
  /** May the group be deleted (NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND)? */
  deleteRefusal(): number;
  /** May its offsets be deleted at all? A simple group, an empty one and a group of consumers: yes. */
  deleteOffsetsRefusal(): number;
  isSubscribedTo(topic: string): boolean;
  /**
   * Since when, by the wall clock, offsets count as unused although the group has no protocol for it; undefined: each offset counts from its own commit
   * while unsubscribed (KIP-211). `never`: nothing expires.
   */
  expiry():
    | { readonly kind: 'since'; readonly wallMs: number }
    | { readonly kind: 'by-commit' }
    | { readonly kind: 'never' };
  /** Records that forget the group itself, not its offsets. */
  tombstones(): readonly GroupRecord[];
  describe(): GroupAnswers['describe-classic'];
}
