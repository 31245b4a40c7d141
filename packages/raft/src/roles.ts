import type { BrokerId } from '@kafkaesque/kernel';
import type { ReplicaKey } from '@kafkaesque/protocol';
import type { Progress } from './progress';

/** A read that waits for a majority to confirm that this leader still leads. */
export interface WaitingRead {
  readonly id: number;
  readonly index: number;
  readonly round: number;
}

/** A change of membership that waits: for its new voter to catch up, or for its entry to be committed. */
export interface MembershipUnderWay {
  readonly id: number;
  readonly answerWhenAppended: boolean;
  readonly stage:
    | {
        readonly kind: 'catching-up';
        readonly voter: ReplicaKey;
        readonly append: () => void;
        readonly deadlineMs: number;
      }
    | { readonly kind: 'appended'; readonly index: number };
}

/** What a leader knows. */
export interface LeaderRole {
  readonly kind: 'leader';
  /** Index of the first entry of its term: nothing is shown, read or changed before that is committed. */
  readonly startIndex: number;
  readonly startedMs: number;
  /** Every other voter and learner, by `replicaId`. */
  readonly progress: Map<string, Progress>;
  round: number;
  heartbeatAtMs: number;
  /** Reads that came before an entry of this term was committed. */
  earlyReads: number[];
  reads: WaitingRead[];
  membership: MembershipUnderWay | undefined;
  transfer: { readonly to: ReplicaKey; readonly deadlineMs: number; sent: boolean } | undefined;
}

/** Asks around whether it would be elected (pre-vote, KIP-996). */
export interface ProspectiveRole {
  readonly kind: 'prospective';
  readonly granted: Set<BrokerId>;
  readonly refused: Set<BrokerId>;
}

/** Is up for election. */
export interface CandidateRole {
  readonly kind: 'candidate';
  readonly granted: Set<BrokerId>;
  readonly refused: Set<BrokerId>;
  /** The write of its vote for itself. */
  readonly ownVote: number;
}

/** What a replica is in its term. */
export type Role =
  /** It knows of no leader. */
  | { readonly kind: 'unattached' }
  | { readonly kind: 'follower'; readonly leader: ReplicaKey }
  | ProspectiveRole
  | CandidateRole
  | LeaderRole;

/** From which role to which. A higher term makes anyone unattached; only a candidate comes to lead. */
export const transitions = {
  unattached: ['unattached', 'follower', 'prospective', 'candidate'],
  follower: ['unattached', 'prospective', 'candidate'],
  prospective: ['unattached', 'follower', 'prospective', 'candidate'],
  candidate: ['unattached', 'follower', 'prospective', 'leader'],
  leader: ['unattached'],
} as const satisfies Record<Role['kind'], readonly Role['kind'][]>;
