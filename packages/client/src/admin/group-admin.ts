import type { Offset } from '@kafkaesque/kernel';
import type { TopicPartition } from '../records';
import type { NodeAddress } from '../wire/wire';
import type { CallOptions, Outcome } from './admin';

/** Kafka's names of what groups there are (KIP-848, 932, 1071), as ListGroups spells them. */
export const groupTypes = ['Classic', 'Consumer', 'Share', 'Streams'] as const;
/** What protocol a group's members speak, in Kafka's words; `Unknown`: a newer broker's word. */
export type GroupType = (typeof groupTypes)[number] | 'Unknown';

/** Kafka's names of the states of groups of every type, as the broker spells them. */
export const groupStates = [
  'PreparingRebalance',
  'CompletingRebalance',
  'Stable',
  'Dead',
  'Empty',
  'Assigning',
  'Reconciling',
  'NotReady',
] as const;
/** Where a group stands, in Kafka's words; `Unknown`: a newer broker's word. */
export type GroupState = (typeof groupStates)[number] | 'Unknown';

/** A group as a listing shows it. */
export interface GroupListing {
  readonly groupId: string;
  /** Undefined when the broker is older than KIP-848. */
  readonly type: GroupType | undefined;
  /** `consumer` of consumers, `connect` and others of others; empty for a group that only commits. */
  readonly protocolType: string;
  /** Undefined when the broker is older than KIP-518. */
  readonly state: GroupState | undefined;
}

/** Which groups are listed; what is absent or empty leaves none out. */
export interface GroupFilter {
  /** Asked of the broker: one older than KIP-518 fails with kind `unsupported`. */
  readonly states?: readonly GroupState[] | undefined;
  /** Asked of the broker: one older than KIP-848 fails with kind `unsupported`. */
  readonly types?: readonly GroupType[] | undefined;
  /** Sorted out by the client. */
  readonly protocolTypes?: readonly string[] | undefined;
}

/** A member of a group of consumers, by either protocol. */
export interface GroupMember {
  readonly memberId: string;
  /** Of a static member (KIP-345). */
  readonly instanceId: string | undefined;
  /** Told by groups of the new protocol only. */
  readonly rackId: string | undefined;
  readonly clientId: string;
  readonly host: string;
  readonly assignment: readonly TopicPartition[];
  /** What it shall have; undefined in a classic group. */
  readonly targetAssignment: readonly TopicPartition[] | undefined;
  /** Undefined in a classic group. */
  readonly memberEpoch: number | undefined;
  /** Whether it speaks the new protocol itself; undefined in a classic group, and where the broker does not tell. */
  readonly upgraded: boolean | undefined;
}

/** A group of consumers, by either protocol. */
export interface ConsumerGroupDescription {
  readonly groupId: string;
  readonly type: 'Classic' | 'Consumer';
  readonly state: GroupState;
  /** It has no protocol type: nobody joined it, it only commits. */
  readonly simple: boolean;
  /** The name of the assignor; empty when there is none. */
  readonly partitionAssignor: string;
  readonly coordinator: NodeAddress;
  readonly members: readonly GroupMember[];
  /** Undefined for a classic group. */
  readonly groupEpoch: number | undefined;
  readonly targetAssignmentEpoch: number | undefined;
  /** Undefined unless asked for. */
  readonly authorizedOperations: readonly AclOperation[] | undefined;
}

/** A member of a classic group of any protocol type, as it joined. */
export interface ClassicGroupMember {
  readonly memberId: string;
  readonly instanceId: string | undefined;
  readonly clientId: string;
  readonly host: string;
  /** The protocol's own bytes. */
  readonly metadata: Buffer;
  readonly assignment: Buffer;
}

/** A group of the classic protocol, whoever its members are. */
export interface ClassicGroupDescription {
  readonly groupId: string;
  readonly state: GroupState;
  readonly protocolType: string;
  /** The chosen protocol; empty when there is none. */
  readonly protocol: string;
  readonly coordinator: NodeAddress;
  readonly members: readonly ClassicGroupMember[];
  readonly authorizedOperations: readonly AclOperation[] | undefined;
}

/** Kafka's names of what may be allowed; the place of each is its bit in `authorizedOperations`. */
export const aclOperations = [
  'UNKNOWN',
  'ANY',
  'ALL',
  'READ',
  'WRITE',
  'CREATE',
  'DELETE',
  'ALTER',
  'DESCRIBE',
  'CLUSTER_ACTION',
  'DESCRIBE_CONFIGS',
  'ALTER_CONFIGS',
  'IDEMPOTENT_WRITE',
  'CREATE_TOKENS',
  'DESCRIBE_TOKENS',
  'TWO_PHASE_COMMIT',
] as const;
/** Kafka's operations, as answers about what one may do name them (KIP-430). */
export type AclOperation = (typeof aclOperations)[number];

/** A position that a group has committed. */
export interface CommittedOffset {
  readonly offset: Offset;
  /** Undefined when none was committed with it. */
  readonly leaderEpoch: number | undefined;
  readonly metadata: string;
}

/** Whose offsets are asked for. */
export interface GroupOffsetsQuestion {
  readonly groupId: string;
  /** All that the group has committed when absent. */
  readonly partitions?: readonly TopicPartition[] | undefined;
}

/** A position that a group shall have. */
export interface OffsetToCommit extends TopicPartition {
  readonly offset: number;
  readonly leaderEpoch?: number | undefined;
  readonly metadata?: string | undefined;
}

/** A member to be removed: a static one by its instance id, any other by its member id. */
export type MemberToRemove = { readonly instanceId: string } | { readonly memberId: string };

/** Administration of groups, a part of `Admin`. Every call finds the coordinators itself. */
export interface GroupAdmin {
  /** Groups of all brokers, by id. Fails if one broker does not answer, because its groups would be missing. */
  listGroups(options?: CallOptions & GroupFilter): Promise<readonly GroupListing[]>;
  /**
   * Groups of consumers by either protocol: asked of ConsumerGroupDescribe first, and of DescribeGroups where the group
   * or the broker is an older one. A group that does not exist fails with GROUP_ID_NOT_FOUND; brokers before Kafka 4 tell
   * it as `Dead` instead (KIP-1043).
   */
  describeConsumerGroups(
    groupIds: readonly string[],
    options?: CallOptions & { readonly includeAuthorizedOperations?: boolean },
  ): Promise<readonly Outcome<string, ConsumerGroupDescription>[]>;
  /** Groups of the classic protocol, of any protocol type. */
  describeClassicGroups(
    groupIds: readonly string[],
    options?: CallOptions & { readonly includeAuthorizedOperations?: boolean },
  ): Promise<readonly Outcome<string, ClassicGroupDescription>[]>;
  /** Deletes groups without members, and their offsets (KIP-229). */
  deleteGroups(
    groupIds: readonly string[],
    options?: CallOptions,
  ): Promise<readonly Outcome<string, undefined>[]>;
  /**
   * Offsets that groups have committed; undefined where a partition that was asked for has none. With `requireStable` a
   * partition whose offset a transaction is about to change fails with UNSTABLE_OFFSET_COMMIT (KIP-447).
   */
  listGroupOffsets(
    questions: readonly GroupOffsetsQuestion[],
    options?: CallOptions & { readonly requireStable?: boolean },
  ): Promise<readonly Outcome<string, readonly Outcome<TopicPartition, CommittedOffset | undefined>[]>[]>;
  /** Commits for a group without members (KIP-396). */
  alterGroupOffsets(
    groupId: string,
    offsets: readonly OffsetToCommit[],
    options?: CallOptions,
  ): Promise<readonly Outcome<TopicPartition, undefined>[]>;
  /** Forgets offsets of topics that no member reads (KIP-496). */
  deleteGroupOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    options?: CallOptions,
  ): Promise<readonly Outcome<TopicPartition, undefined>[]>;
  /** Removes members, or all there are (KIP-345); the broker logs the reason (KIP-800). */
  removeMembersFromGroup(
    groupId: string,
    options?: CallOptions & {
      readonly members?: readonly MemberToRemove[] | undefined;
      readonly reason?: string | undefined;
    },
  ): Promise<readonly Outcome<MemberToRemove, undefined>[]>;
}
