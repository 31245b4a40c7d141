import type { ClientError } from '../errors';
import type { TopicPartition } from '../records';

/** The consumer as its membership sees it: who carries out what the group decided. */
export interface MemberHost {
  /** What the group has given it and not taken back. */
  owned(): readonly TopicPartition[];
  /**
   * Gives partitions up while their offsets can still be committed: waits until the caller holds none of their records,
   * commits if that is automatic, calls the listener. Never fails.
   */
  revoke(partitions: readonly TopicPartition[]): Promise<void>;
  /** Gives up everything, without committing: it may have another owner already. */
  lose(): Promise<void>;
  /** Takes partitions in besides the owned ones. Called with none when a rebalance changed nothing. */
  assign(added: readonly TopicPartition[]): Promise<void>;
  /** The membership ended, and is tried again when the caller polls after it has been told, unless `isFinal`. */
  failed(error: ClientError, isFinal: boolean): void;
  /** Something changed that a commit may wait for. */
  changed(): void;
}
