import type { BrokerId } from '@kafkaesque/kernel';
import { array, bool, bytes, int64, int8, uuid, int32, struct } from '../schema/field';
import { message, type Infer } from '../schema/message';

/*
 * What members of the metadata quorum say to each other. Terms, indexes and positions are counts: -1 means none.
 */

/** A voter's identity: a node with this very disk (KIP-853). */
export const ReplicaKey = struct({
  nodeId: int32.as<BrokerId>(),
  /** 22 characters of base64url; zeros where voters were named by id alone. */
  directoryId: uuid,
});
export type ReplicaKey = (typeof ReplicaKey)['Value'];

/** Asks for a vote, or with `preVote` whether one would be given (KIP-996). */
export const QuorumVote = message({
  name: 'QuorumVote',
  versions: '0',
  flexible: '0+',
  fields: {
    /** Of a pre-vote: the term that the candidate is in and would leave. */
    term: int64,
    preVote: bool,
    /** The leader asked for this election: it does not matter that it was heard of just now. */
    transfer: bool,
    candidate: ReplicaKey,
    /** Whom the candidate means; another disk under the same id must not answer for it. */
    voter: ReplicaKey,
    lastIndex: int64,
    lastTerm: int64,
  },
});
export type QuorumVote = Infer<typeof QuorumVote>;

/** The answer to a QuorumVote. */
export const QuorumVoteAnswer = message({
  name: 'QuorumVoteAnswer',
  versions: '0',
  flexible: '0+',
  fields: {
    /** The voter's own term. */
    term: int64,
    /** The term in the question, so that an answer that comes late is not taken for another question's. */
    askedTerm: int64,
    preVote: bool,
    granted: bool,
  },
});
export type QuorumVoteAnswer = Infer<typeof QuorumVoteAnswer>;

/** Entries behind `prevIndex`; without entries a heartbeat. */
export const QuorumAppend = message({
  name: 'QuorumAppend',
  versions: '0',
  flexible: '0+',
  fields: {
    term: int64,
    leader: ReplicaKey,
    prevIndex: int64,
    prevTerm: int64,
    commitIndex: int64,
    /** Comes back in the answer: what was asked before it left is confirmed by a majority of answers. */
    round: int64,
    entries: array({
      term: int64,
      type: int8,
      bytes,
    }),
  },
});
export type QuorumAppend = Infer<typeof QuorumAppend>;

/** The log no longer has what this node needs: it may fetch a snapshot. Counts as a heartbeat. */
export const QuorumSnapshotOffer = message({
  name: 'QuorumSnapshotOffer',
  versions: '0',
  flexible: '0+',
  fields: {
    term: int64,
    leader: ReplicaKey,
    round: int64,
    snapshotIndex: int64,
    snapshotTerm: int64,
    sizeBytes: int64,
  },
});
export type QuorumSnapshotOffer = Infer<typeof QuorumSnapshotOffer>;

/** The answer to a QuorumAppend or a QuorumSnapshotOffer. */
export const QuorumAppendAnswer = message({
  name: 'QuorumAppendAnswer',
  versions: '0',
  flexible: '0+',
  fields: {
    term: int64,
    /** Of what is answered; -1: that was of an earlier term, and the answer says nothing but that it is over. */
    round: int64,
    /** Whether the entry before the first was there. */
    accepted: bool,
    /** Of a refusal: the `prevIndex` that was refused. */
    prevIndex: int64,
    /** Everything up to here is as the leader has it, and durable. */
    matchIndex: int64,
    /** Of a refusal: the highest entry that may still be as the leader has it, and its term. */
    hintIndex: int64,
    hintTerm: int64,
  },
});
export type QuorumAppendAnswer = Infer<typeof QuorumAppendAnswer>;

/** The leader hands over: the receiver calls an election at once (Raft thesis 3.10). */
export const QuorumTimeoutNow = message({
  name: 'QuorumTimeoutNow',
  versions: '0',
  flexible: '0+',
  fields: {
    term: int64,
  },
});
export type QuorumTimeoutNow = Infer<typeof QuorumTimeoutNow>;

/** Asks for a piece of a snapshot file. */
export const QuorumSnapshotFetch = message({
  name: 'QuorumSnapshotFetch',
  versions: '0',
  flexible: '0+',
  fields: {
    term: int64,
    snapshotIndex: int64,
    snapshotTerm: int64,
    position: int64,
    maxBytes: int32,
  },
});
export type QuorumSnapshotFetch = Infer<typeof QuorumSnapshotFetch>;

/** A piece of a snapshot file. */
export const QuorumSnapshotChunk = message({
  name: 'QuorumSnapshotChunk',
  versions: '0',
  flexible: '0+',
  fields: {
    term: int64,
    snapshotIndex: int64,
    snapshotTerm: int64,
    position: int64,
    /** Of the whole file; -1: it is not there any more. */
    sizeBytes: int64,
    bytes,
  },
});
export type QuorumSnapshotChunk = Infer<typeof QuorumSnapshotChunk>;
