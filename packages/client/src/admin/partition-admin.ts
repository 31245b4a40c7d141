import type { BrokerId } from '@kafkaesque/kernel';
import type { TopicPartition } from '../records';
import type { CallOptions, Outcome } from './admin';

/**
 * How a leader is chosen (KIP-460): `preferred`, the first replica, if it is in sync; `unclean`, whichever replica is
 * alive, where no other can lead: what it lacks is lost.
 */
export type ElectionType = 'preferred' | 'unclean';

/** A partition that moves to other replicas, and how far it has come (KIP-455). */
export interface Reassignment extends TopicPartition {
  readonly replicas: readonly BrokerId[];
  readonly addingReplicas: readonly BrokerId[];
  readonly removingReplicas: readonly BrokerId[];
}

/** Where a partition is to be, the preferred leader first; undefined ends what is under way and goes back. */
export interface NewReassignment extends TopicPartition {
  readonly replicas: readonly number[] | undefined;
}

/** One replica: a partition on a broker. */
export interface ReplicaKey extends TopicPartition {
  readonly broker: BrokerId;
}

/** In which of its broker's log directories a replica is to be. */
export interface ReplicaMove extends ReplicaKey {
  /** Absolute, as the broker's `log.dirs` has it. */
  readonly path: string;
}

/** What an Admin can do about where partitions are and who leads them. */
export interface PartitionAdmin {
  /**
   * Elects leaders of these partitions, or of all. A partition that needs none fails with code ELECTION_NOT_NEEDED; where
   * all were asked for, the answer may leave such partitions out.
   */
  electLeaders(
    electionType: ElectionType,
    partitions?: readonly TopicPartition[],
    options?: CallOptions,
  ): Promise<readonly Outcome<TopicPartition, undefined>[]>;
  /** Begins, changes and cancels moves between brokers. Resolves when they have begun; `listPartitionReassignments` shows them. */
  alterPartitionReassignments(
    changes: readonly NewReassignment[],
    options?: CallOptions & { readonly allowReplicationFactorChange?: boolean },
  ): Promise<readonly Outcome<TopicPartition, undefined>[]>;
  /** What is under way, of `partitions` or of all. Undefined when the cluster does not offer ListPartitionReassignments. */
  listPartitionReassignments(
    options?: CallOptions & { readonly partitions?: readonly TopicPartition[] },
  ): Promise<readonly Reassignment[] | undefined>;
  /**
   * Moves replicas into other log directories of their brokers (KIP-113). A replica that is not there yet fails with code
   * REPLICA_NOT_AVAILABLE, but its broker will put it into that directory.
   */
  alterReplicaLogDirs(
    moves: readonly ReplicaMove[],
    options?: CallOptions,
  ): Promise<readonly Outcome<ReplicaKey, undefined>[]>;
}
