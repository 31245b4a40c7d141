import type { TopicPartition } from '../../records';

/** A topic that may be assigned. */
export interface AssignableTopic {
  readonly topic: string;
  /** In order of their index. */
  readonly partitions: readonly AssignablePartition[];
}

/** A partition, and the racks that hold a replica of it. Empty when racks are not known. */
export interface AssignablePartition {
  readonly partition: number;
  readonly racks: readonly string[];
}

/** A member as it described itself when it joined. */
export interface SubscribedMember {
  readonly memberId: string;
  readonly groupInstanceId: string | undefined;
  readonly topics: readonly string[];
  /** What it reads now and gives up only when it is told to (cooperative rebalancing). */
  readonly ownedPartitions: readonly TopicPartition[];
  /** The generation in which it owned them; -1 when unknown. */
  readonly generationId: number;
  readonly rackId: string | undefined;
  readonly userData: Buffer | null;
}

/** What a member was assigned last, and in which generation. */
export interface LastAssignment {
  readonly partitions: readonly TopicPartition[];
  readonly generationId: number;
}

/** What an assignor decided: partitions by member id. */
export type Assignments = ReadonlyMap<string, readonly TopicPartition[]>;

/** Divides partitions among the members of a group; runs in the member that leads. Own ones may be given to a consumer. */
export interface PartitionAssignor {
  /** By this name members agree on one: `range`. */
  readonly name: string;
  /** Whether partitions may stay with their owners while a rebalance goes on (KIP-429). */
  readonly isCooperative: boolean;
  /**
   * What it wants to know of its own member in the next assignment; `last` is what that had been assigned, undefined
   * before its first assignment. Default: nothing.
   */
  userData?(last: LastAssignment | undefined): Buffer | null;
  /** Decides. Every subscribed partition must come up exactly once. */
  assign(topics: ReadonlyMap<string, AssignableTopic>, members: readonly SubscribedMember[]): Assignments;
}
