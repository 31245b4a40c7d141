import type { BrokerId, Random } from '@kafkaesque/kernel';
import type { ReplicaKey, Voter, VoterSet } from '@kafkaesque/protocol';
import type { LogEntry, LogPosition } from './log';
import type { RaftMessage } from './messages';

/** What a voter must never forget. */
export interface HardState {
  readonly term: number;
  /** Null: no vote in this term. */
  readonly votedFor: ReplicaKey | null;
}

/** Waits in milliseconds, and bounds. */
export interface RaftSettings {
  /** A leader shows itself this often. */
  readonly heartbeatMs: number;
  /**
   * `controller.quorum.fetch.timeout.ms`: a follower that hears nothing for half to all of it calls an election, and a
   * leader that hears no majority for all of it resigns.
   */
  readonly fetchTimeoutMs: number;
  /** A follower that has heard its leader within this refuses to help another. */
  readonly freshMs: number;
  /** `controller.quorum.election.timeout.ms`: how long votes are waited for. */
  readonly electionTimeoutMs: number;
  /** Bytes of entries in one append, but at least one entry. */
  readonly maxAppendBytes: number;
  /** Bytes of entries that were sent to one replica and not answered. */
  readonly maxInFlightBytes: number;
  /** Bytes of one piece of a snapshot. */
  readonly snapshotChunkBytes: number;
  /** Pieces that a replica asks for before it has stored the ones before. */
  readonly snapshotWindowChunks: number;
  /** Entries, and their bytes, that are kept behind a snapshot for replicas that lag a little. */
  readonly keptEntries: number;
  readonly keptBytes: number;
}

/** What production runs with. */
export const defaultRaftSettings: RaftSettings = {
  heartbeatMs: 100,
  fetchTimeoutMs: 1500,
  freshMs: 750,
  electionTimeoutMs: 600,
  maxAppendBytes: 1 << 20,
  maxInFlightBytes: 8 << 20,
  snapshotChunkBytes: 1 << 20,
  snapshotWindowChunks: 4,
  keptEntries: 1000,
  keptBytes: 4 << 20,
};

/** What a replica finds when it starts. */
export interface RestoredReplica {
  readonly hardState: HardState;
  /** Where the log starts, and what is in it; all of it is durable. */
  readonly start: LogPosition;
  readonly entries: readonly LogEntry[];
  /** The newest snapshot, at or behind the log's start; index 0 is what the log was formatted with. */
  readonly snapshot: LogPosition & { readonly voters: VoterSet; readonly sizeBytes: number };
}

/** Who a replica is, and what it begins with. */
export interface RaftOptions {
  readonly self: ReplicaKey;
  readonly settings: RaftSettings;
  readonly random: Random;
  readonly restored: RestoredReplica;
}

/** A change of who votes, one voter at a time (Raft thesis 4.1, KIP-853). */
export type MembershipChange =
  | { readonly kind: 'add'; readonly voter: Voter }
  | { readonly kind: 'remove'; readonly voter: ReplicaKey }
  /** New endpoints or levels of a voter that stays. */
  | { readonly kind: 'update'; readonly voter: Voter };

/**
 * How a change of membership ended. `committed` and `appended` are success; `unknown`: it may still be committed; the
 * others are definite.
 */
export type MembershipOutcome =
  | 'committed'
  | 'appended'
  | 'unknown'
  | 'not-leader'
  /** Nothing of this leader's term is committed yet, another change is under way, or leadership is being handed over. */
  | 'busy'
  | 'duplicate-voter'
  | 'voter-not-found'
  /** The last voter cannot go. */
  | 'last-voter'
  /** The new voter did not catch up in time. */
  | 'timed-out'
  /** The voters are fixed by configuration (`kraft.version` 0). */
  | 'static';

/** What happens to a replica. */
export type RaftInput =
  /** The time that `wakeAtMs` named has come. */
  | { readonly kind: 'woken' }
  | { readonly kind: 'received'; readonly from: ReplicaKey; readonly message: RaftMessage }
  /** A write is durable: the log ended with this entry when it was asked for. The pair of term and index defeats ABA. */
  | {
      readonly kind: 'durable';
      readonly token: number;
      readonly term: number;
      readonly lastIndex: number;
    }
  /** For a leader: an entry to append. Whether it was is told by `lastIndex`. */
  | { readonly kind: 'propose'; readonly bytes: Buffer }
  /** For a leader: tells an index at or above everything committed by now, once its leadership is confirmed. */
  | { readonly kind: 'read'; readonly id: number }
  /** The process behind that id is gone: refused, another incarnation, or no hello. */
  | { readonly kind: 'peer-lost'; readonly nodeId: BrokerId }
  /** A channel to that replica is open. */
  | { readonly kind: 'peer-found'; readonly key: ReplicaKey }
  /** A controller that does not vote wants the log. */
  | { readonly kind: 'learner-found'; readonly key: ReplicaKey }
  | { readonly kind: 'learner-lost'; readonly key: ReplicaKey }
  /** For a leader: let another lead; whoever has most, unless one is named. */
  | { readonly kind: 'transfer'; readonly to: BrokerId | undefined }
  | {
      readonly kind: 'change-membership';
      readonly id: number;
      readonly change: MembershipChange;
      /** How long a new voter may take to catch up. */
      readonly timeoutMs: number;
      /** Answer when the change is appended, not when it is committed. */
      readonly answerWhenAppended: boolean;
    }
  /** A snapshot of the state as of a committed entry is durable. */
  | {
      readonly kind: 'snapshot-taken';
      readonly index: number;
      readonly term: number;
      readonly sizeBytes: number;
    }
  /** What the log still has behind the newest snapshot may go. */
  | { readonly kind: 'trim' }
  /** A piece of a snapshot is in its file, up to `endPosition`. */
  | {
      readonly kind: 'chunk-stored';
      readonly index: number;
      readonly term: number;
      readonly endPosition: number;
    }
  /** All of a fetched snapshot is durable and verified. */
  | {
      readonly kind: 'snapshot-stored';
      readonly index: number;
      readonly term: number;
      readonly sizeBytes: number;
      readonly voters: VoterSet;
    }
  | { readonly kind: 'snapshot-failed'; readonly index: number; readonly term: number };

/** What is to be written, all of it or nothing of it, behind everything written before. */
export interface RaftWrite {
  readonly hardState?: HardState;
  /** The voter set as of the end of the log, encoded. */
  readonly voters?: Buffer;
  /** The log starts behind this entry, which a durable snapshot covers. */
  readonly start?: LogPosition;
  /** The first may stand anywhere up to the end of the log, and overrides all from there on. */
  readonly entries?: readonly LogEntry[];
}

/** Who leads, as this replica knows it. */
export type LeadershipState =
  | { readonly kind: 'leader'; readonly term: number }
  | { readonly kind: 'follower'; readonly term: number; readonly leader: ReplicaKey }
  | { readonly kind: 'unattached'; readonly term: number };

/** What the host must do, in order. Nothing has happened yet. A `send` with `after` waits for that write. */
export type RaftEffect =
  | {
      readonly kind: 'write';
      readonly token: number;
      readonly write: RaftWrite;
      readonly term: number;
      readonly lastIndex: number;
    }
  | {
      readonly kind: 'send';
      readonly to: ReplicaKey;
      readonly message: RaftMessage;
      readonly after?: number;
    }
  /** Everything up to here is committed. */
  | { readonly kind: 'committed'; readonly index: number }
  | { readonly kind: 'leadership'; readonly state: LeadershipState }
  | { readonly kind: 'readable'; readonly id: number; readonly index: number }
  | { readonly kind: 'unreadable'; readonly id: number }
  | { readonly kind: 'membership'; readonly id: number; readonly outcome: MembershipOutcome }
  /** Send that piece of the snapshot file, or say that it is gone. */
  | {
      readonly kind: 'serve-chunk';
      readonly to: ReplicaKey;
      readonly term: number;
      readonly snapshot: LogPosition;
      readonly position: number;
      readonly maxBytes: number;
    }
  /** A snapshot comes in: begin its file anew. */
  | { readonly kind: 'begin-snapshot'; readonly snapshot: LogPosition; readonly sizeBytes: number }
  | {
      readonly kind: 'store-chunk';
      readonly snapshot: LogPosition;
      readonly position: number;
      readonly bytes: Buffer;
      readonly isLast: boolean;
    }
  /** That snapshot is not wanted any more, whether it is still coming in or was just stored. */
  | { readonly kind: 'abandon-snapshot'; readonly snapshot: LogPosition }
  /** The state is to be replaced by that stored snapshot; what is committed behind it follows. */
  | { readonly kind: 'restore'; readonly snapshot: LogPosition };

/** What a step came to. */
export interface RaftStep {
  readonly effects: readonly RaftEffect[];
  /** When to come back with `woken`, if nothing happens before; Infinity: never. */
  readonly wakeAtMs: number;
}
