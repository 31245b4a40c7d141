import type { Offset } from '@kafkaesque/kernel';
import type { Effect } from '@kafkaesque/partition';
import type { IsrChange } from '../replication/replicated';
import type { Replica } from './replica';

/** The streams from and to other brokers, as the host of the replicas sees them. */
export interface ReplicationSide {
  /** Records were appended to what is led here. */
  appended(replica: Replica): void;
  /** The high watermark or the log start may have moved. */
  moved(replica: Replica): void;
  /** More of a follower's log is durable. */
  durable(replica: Replica): void;
  /** Records by which a follower is behind what consumers may read at its leader. */
  lagOf(replica: Replica): number;
  /** Another role, or epoch, or in-sync set. */
  roleChanged(replica: Replica): void;
  alterPartition(replica: Replica, change: IsrChange): void;
}

/** What the stream from a leader does to replicas beyond their rules; they follow again afterwards. */
export interface FollowerSide {
  carryOut(replica: Replica, effects: readonly Effect[]): void;
  /** The log refused an append. */
  failed(replica: Replica, cause: unknown): void;
  truncate(replica: Replica, offset: Offset): void;
  /** `then` is called once it has its role again. */
  reset(replica: Replica, offset: Offset, then?: () => void): void;
  raiseLogStart(replica: Replica, offset: Offset): void;
  /** Whether the configuration holds it back here. Never what is in sync. */
  isThrottled(replica: Replica): boolean;
}
