import type { BrokerId, LeaderEpoch, Offset } from '@kafkaesque/kernel';
import type { ReplicaPlan, ReplicaQuestion } from '../subscription';

/** From a follower to its leader. */
export type Upward =
  | { readonly kind: 'subscribe'; readonly question: ReplicaQuestion }
  | { readonly kind: 'ack'; readonly durableEndOffset: Offset };

/** From a leader to its follower. */
export type Downward =
  | {
      readonly kind: 'batches';
      readonly leaderEpoch: LeaderEpoch;
      readonly records: Buffer;
      readonly highWatermark: Offset;
    }
  | { readonly kind: 'over'; readonly plan: Exclude<ReplicaPlan, { readonly kind: 'from' | 'wait' }> };

/** One subscription with a stream of its own: ordered both ways, slow as it pleases, gone when either end goes. */
export interface ToyStream {
  readonly follower: BrokerId;
  readonly leader: BrokerId;
  readonly upward: Upward[];
  readonly downward: Downward[];
  isOpen: boolean;
}

/** A leader's end of a stream. */
export interface ToyFeed {
  readonly stream: ToyStream;
  readonly replica: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
  /** The offset to send next. */
  next: number;
  saidHighWatermark: number;
}
