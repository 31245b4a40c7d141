import type { BrokerId } from '@kafkaesque/kernel';

/** One entry of the replicated log. The bytes never change once they are here. */
export interface WriteAheadLogEntry {
  /** From 1 on, without gaps. */
  readonly index: number;
  readonly term: number;
  /** What the bytes are, 0 to 255; the log does not look. */
  readonly type: number;
  readonly bytes: Buffer;
}

/** Who a vote went to: a node with this very disk. */
export interface Candidate {
  readonly nodeId: BrokerId;
  /** Base64url UUID, 22 characters. */
  readonly directoryId: string;
}

/** What a voter must never forget. */
export interface HardState {
  readonly term: number;
  /** Null: no vote in this term. */
  readonly votedFor: Candidate | null;
}

/** A place in the log: the entry with this index has this term. Index 0, term 0 is the place before the first. */
export interface LogPosition {
  readonly index: number;
  readonly term: number;
}

/** One thing that a frame says. */
export type WriteAheadLogRecord =
  | { readonly kind: 'entry'; readonly entry: WriteAheadLogEntry }
  | { readonly kind: 'hard-state'; readonly hardState: HardState }
  /** A snapshot holds everything up to here. `resets`: the entries behind it contradict it and are gone too. */
  | { readonly kind: 'start'; readonly start: LogPosition; readonly resets: boolean }
  /** The voter set as of the end of the log, in the quorum's own encoding. */
  | { readonly kind: 'voters'; readonly voters: Buffer };

/** Term and vote of a voter that has never voted. */
export const initialHardState: HardState = { term: 0, votedFor: null };
/** The place before the first entry. */
export const logBeginning: LogPosition = { index: 0, term: 0 };
