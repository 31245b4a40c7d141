import type { BrokerId } from '@kafkaesque/kernel';
import type { MetadataRecord } from './records';

/** A batch that a majority holds durably. Batches without records (leader changes, no-ops) are delivered too. */
export interface CommittedBatch {
  /** Index of the batch: the metadata offset. */
  readonly offset: number;
  /** Term of the leader that wrote it. */
  readonly epoch: number;
  readonly records: readonly MetadataRecord[];
}

/** Who leads, as this node knows it. */
export type Leadership =
  | { readonly kind: 'leader'; readonly epoch: number }
  | { readonly kind: 'follower'; readonly epoch: number; readonly leader: BrokerId }
  | { readonly kind: 'unattached'; readonly epoch: number }
  | { readonly kind: 'closed'; readonly epoch: number };

/**
 * How a proposal ended. `committed` is definite success, `dropped` definite failure (it will never be committed);
 * `unknown` means that leadership was lost or the node is closing before the answer was known.
 */
export type ProposalOutcome =
  | { readonly kind: 'committed'; readonly offset: number }
  | { readonly kind: 'dropped'; readonly cause: unknown }
  | { readonly kind: 'unknown'; readonly cause: unknown };

/** A proposal that has its place in the log, or the reason why it has none (definite: nothing was written). */
export type Proposal =
  | { readonly kind: 'appended'; readonly offset: number; readonly outcome: Promise<ProposalOutcome> }
  | { readonly kind: 'refused'; readonly reason: 'not-leader' | 'too-large' | 'too-many-in-flight' };

/** The whole state as of one offset, as records in chunks; walked lazily, so a driver can rest between chunks. */
export interface StateSnapshot {
  readonly offset: number;
  readonly epoch: number;
  readonly chunks: Iterable<readonly MetadataRecord[]>;
}

/** Takes a snapshot that replaces all state, chunk by chunk. Nothing of it may be shown before it is finished. */
export interface SnapshotSink {
  records(chunk: readonly MetadataRecord[]): void;
  /**
   * After the last chunk: the work that is left, in short steps between which a driver can rest. The state is replaced
   * when the walk ends, never before; nothing else is delivered to the listener meanwhile.
   */
  finish(): Iterable<void>;
}

/** Who follows the metadata. Calls are synchronous, in order, never from within `propose` or `subscribe`. */
export interface QuorumListener {
  /** Everything committed, in offset order, each offset once, before the proposal's outcome resolves. */
  committed(batches: readonly CommittedBatch[]): void;
  /** The state is replaced by a snapshot taken at `offset`. */
  restore(offset: number, epoch: number): SnapshotSink;
  /** `leader` is announced only once everything before that term has been delivered to `committed`. */
  leadership(state: Leadership): void;
  /** The state as of the last batch delivered, for the quorum to store and then drop the log before it. */
  snapshot(): StateSnapshot;
}

/** Largest batch that `propose` accepts, encoded. */
export const MAX_BATCH_BYTES = 8 * 1024 * 1024;

/**
 * The replicated log of metadata batches. With one voter it is a write-ahead log on this node's disk; with several it
 * is Raft. Nothing above this port knows which.
 */
export interface Quorum {
  readonly leadership: Leadership;
  /** The offset that the next proposal gets when this node leads. */
  readonly nextOffset: number;
  /** The highest offset delivered to listeners. */
  readonly committedOffset: number;
  /**
   * Puts `records` as one atomic batch behind everything proposed before, if this node leads in `epoch`. Offsets are
   * assigned in this very call, so a decision made from `nextOffset` in the same tick holds.
   */
  propose(records: readonly MetadataRecord[], epoch: number): Proposal;
  /**
   * A linearizable read point: resolves with an offset at or above everything committed when the call was made, after
   * leadership has been confirmed. Rejects with a Failure `NOT_LEADER` otherwise.
   */
  readBarrier(signal?: AbortSignal): Promise<number>;
}
