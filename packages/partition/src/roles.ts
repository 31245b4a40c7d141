import type { BrokerId, LeaderEpoch, Offset } from '@kafkaesque/kernel';

/** What one replica is at a moment. */
export type Role =
  /** Read from disk; producer state is being rebuilt. */
  | { readonly kind: 'recovering' }
  | { readonly kind: 'follower'; readonly leader: BrokerId }
  | {
      readonly kind: 'leader';
      readonly self: BrokerId;
      /** The end of the log when this epoch began; a high watermark below it is stale (KIP-207). */
      readonly epochStartOffset: Offset;
      readonly replicas: readonly BrokerId[];
      readonly inSyncReplicas: readonly BrokerId[];
    }
  /** Led until its log refused an append; waits for a new leader epoch and for `recover`. */
  | { readonly kind: 'resigned' }
  /** The log directory failed. Only a restart of the broker brings the replica back. */
  | { readonly kind: 'offline'; readonly cause: string };

/** Which role may follow which. */
export const transitions = {
  recovering: ['recovering', 'follower', 'leader', 'offline'],
  follower: ['recovering', 'follower', 'leader', 'offline'],
  leader: ['follower', 'leader', 'resigned', 'offline'],
  resigned: ['recovering', 'offline'],
  offline: ['offline'],
} as const satisfies Record<Role['kind'], readonly Role['kind'][]>;

/** A leader's appointment, from a committed partition record. */
export interface Leadership {
  readonly leaderEpoch: LeaderEpoch;
  readonly self: BrokerId;
  readonly replicas: readonly BrokerId[];
  readonly inSyncReplicas: readonly BrokerId[];
}

/** A follower's appointment; `leader` is -1 while the partition has none. */
export interface Followership {
  readonly leaderEpoch: LeaderEpoch;
  readonly leader: BrokerId;
}

/** Whether the table allows `to` after `from`. */
export const mayBecome = (from: Role['kind'], to: Role['kind']): boolean =>
  (transitions[from] as readonly Role['kind'][]).includes(to);
