import type { ReplicaKey } from '@kafkaesque/protocol';
import type { RaftInput } from './contract';
import type { Core } from './core';
import { acceptAppend, hearLeader } from './follower';
import type { LogPosition } from './log';
import type { MessageOf } from './messages';

/** A snapshot that is coming in, piece by piece, from this term's leader. */
export interface SnapshotFetch {
  readonly leader: ReplicaKey;
  readonly snapshot: LogPosition;
  readonly sizeBytes: number;
  /** Pieces up to here were asked for. */
  askedPosition: number;
  /** Pieces up to here have come. */
  receivedPosition: number;
  /** Pieces up to here are in the file. */
  storedPosition: number;
  /** What was asked for and has not come by then is asked for again; Infinity: nothing is missing. */
  deadlineMs: number;
}

const isSame = (a: LogPosition, b: LogPosition): boolean => a.index === b.index && a.term === b.term;

/** The leader's log no longer reaches back to where this one ends. */
export const takeOffer = (core: Core, from: ReplicaKey, offer: MessageOf<'QuorumSnapshotOffer'>): void => {
  hearLeader(core, offer.leader);
  // What is committed is in every leader's log: one that offers no more than that must learn how far this log is.
  core.verifiedIndex = Math.max(core.verifiedIndex, core.commitIndex);
  const snapshot = { index: offer.snapshotIndex, term: offer.snapshotTerm };
  const isWanted = snapshot.index > core.commitIndex && offer.sizeBytes > 0;
  if (isWanted && !isComingFrom(core, from)) {
    core.fetch = {
      leader: from,
      snapshot,
      sizeBytes: offer.sizeBytes,
      askedPosition: 0,
      receivedPosition: 0,
      storedPosition: 0,
      deadlineMs: Infinity,
    };
    core.effects.push({ kind: 'begin-snapshot', snapshot, sizeBytes: offer.sizeBytes });
    askForChunks(core, core.fetch);
  }
  acceptAppend(core, from, { prevIndex: -1, round: offer.round }, false);
};

/**
 * Whether a snapshot of that leader is on its way that takes this replica further. A newer one that it offers meanwhile
 * does not interrupt it: where snapshots are taken faster than one travels, none would ever arrive.
 */
const isComingFrom = ({ fetch, commitIndex }: Core, from: ReplicaKey): boolean =>
  fetch !== undefined && fetch.leader.nodeId === from.nodeId && fetch.snapshot.index > commitIndex;

/** Asks ahead, but not so far that memory fills with what the disk has not taken. */
const askForChunks = (core: Core, fetch: SnapshotFetch): void => {
  const { snapshotChunkBytes, snapshotWindowChunks, fetchTimeoutMs } = core.settings;
  const windowEnd = fetch.storedPosition + snapshotChunkBytes * snapshotWindowChunks;
  while (fetch.askedPosition < Math.min(fetch.sizeBytes, windowEnd)) {
    core.send(fetch.leader, {
      kind: 'QuorumSnapshotFetch',
      value: {
        term: core.term,
        snapshotIndex: fetch.snapshot.index,
        snapshotTerm: fetch.snapshot.term,
        position: fetch.askedPosition,
        maxBytes: snapshotChunkBytes,
      },
    });
    fetch.askedPosition += snapshotChunkBytes;
  }
  fetch.deadlineMs =
    fetch.receivedPosition < Math.min(fetch.sizeBytes, fetch.askedPosition)
      ? core.nowMs + fetchTimeoutMs / 2
      : Infinity;
};

/** What was asked for does not come: it is asked for again. */
export const snapshotWoken = (core: Core): void => {
  const { fetch } = core;
  if (fetch === undefined || core.nowMs < fetch.deadlineMs) return;
  fetch.askedPosition = fetch.receivedPosition;
  askForChunks(core, fetch);
};

/** Any replica serves the snapshot that it has. */
export const serveChunk = (core: Core, to: ReplicaKey, asked: MessageOf<'QuorumSnapshotFetch'>): void => {
  core.effects.push({
    kind: 'serve-chunk',
    to,
    term: core.term,
    snapshot: { index: asked.snapshotIndex, term: asked.snapshotTerm },
    position: asked.position,
    maxBytes: Math.min(asked.maxBytes, core.settings.snapshotChunkBytes),
  });
};

/** A piece of the snapshot. Repeated, cut or misplaced pieces are passed over: they are asked for again. */
export const takeChunk = (core: Core, from: ReplicaKey, chunk: MessageOf<'QuorumSnapshotChunk'>): void => {
  const { fetch } = core;
  if (fetch === undefined || fetch.leader.nodeId !== from.nodeId) return;
  const snapshot = { index: chunk.snapshotIndex, term: chunk.snapshotTerm };
  if (!isSame(fetch.snapshot, snapshot)) return;
  if (chunk.sizeBytes !== fetch.sizeBytes) return abandonFetch(core);
  const { position, bytes } = chunk;
  const length = Math.min(core.settings.snapshotChunkBytes, fetch.sizeBytes - position);
  if (position !== fetch.receivedPosition || bytes.length !== length || length <= 0) return;
  fetch.receivedPosition += length;
  const isLast = fetch.receivedPosition === fetch.sizeBytes;
  core.effects.push({ kind: 'store-chunk', snapshot, position, bytes, isLast });
  askForChunks(core, fetch);
};

/** The snapshot is gone where it came from, or is another one by now: the next offer begins anew. */
export const abandonFetch = (core: Core): void => {
  if (core.fetch === undefined) return;
  core.effects.push({ kind: 'abandon-snapshot', snapshot: core.fetch.snapshot });
  core.fetch = undefined;
};

type InputOf<Kind extends RaftInput['kind']> = Extract<RaftInput, { readonly kind: Kind }>;

/** There is room for more pieces. */
export const chunkStored = (core: Core, { index, term, endPosition }: InputOf<'chunk-stored'>): void => {
  const { fetch } = core;
  if (fetch === undefined || !isSame(fetch.snapshot, { index, term })) return;
  fetch.storedPosition = Math.max(fetch.storedPosition, endPosition);
  askForChunks(core, fetch);
};

/** The snapshot that came in could not be kept. */
export const fetchFailed = (core: Core, { index, term }: InputOf<'snapshot-failed'>): void => {
  if (core.fetch !== undefined && isSame(core.fetch.snapshot, { index, term })) core.fetch = undefined;
};

/** A whole snapshot is here: the log goes on behind it, and the state is replaced by it. */
export const snapshotStored = (core: Core, stored: InputOf<'snapshot-stored'>): void => {
  const { index, term, sizeBytes, voters } = stored;
  const position = { index, term };
  const leader = core.fetch?.leader;
  if (core.fetch !== undefined && isSame(core.fetch.snapshot, position)) core.fetch = undefined;
  // The log may have got there by itself meanwhile, and a leader has everything anyway.
  if (index <= core.commitIndex || core.role.kind === 'leader') {
    core.effects.push({ kind: 'abandon-snapshot', snapshot: position });
    return;
  }
  const continues = core.log.term(index) === term;
  if (continues) core.log.trim(position);
  else core.log.reset(position);
  core.durableIndex = continues ? Math.max(core.durableIndex, index) : index;
  core.verifiedIndex = Math.max(core.verifiedIndex, index);
  core.commitIndex = index;
  core.history.restore(index, voters, continues);
  core.snapshot = { index, term, sizeBytes };
  core.writeStart(position);
  core.writeVoters();
  core.effects.push({ kind: 'restore', snapshot: position });
  if (leader !== undefined && core.role.kind === 'follower')
    acceptAppend(core, leader, { prevIndex: -1, round: 0 }, true);
};

/** A snapshot of this replica's own state is durable: what the log has before it may go, but for a little. */
export const snapshotTaken = (core: Core, { index, term, sizeBytes }: InputOf<'snapshot-taken'>): void => {
  if (index <= core.snapshot.index || index > core.commitIndex) return;
  core.snapshot = { index, term, sizeBytes };
  // Nobody lags behind a replica that is alone.
  if (core.voters.length === 1 && core.isVoter && core.learners.size === 0) return trimLog(core);
  const { keptEntries, keptBytes } = core.settings;
  let start = index;
  let bytes = 0;
  while (start > core.log.start.index && index - start < keptEntries) {
    bytes += core.log.at(start)?.bytes.length ?? 0;
    if (bytes > keptBytes) break;
    start -= 1;
  }
  trimUpTo(core, start);
};

/** Lets go of everything that the newest snapshot covers. */
export const trimLog = (core: Core): void => trimUpTo(core, core.snapshot.index);

const trimUpTo = (core: Core, index: number): void => {
  const term = core.log.term(index);
  if (index <= core.log.start.index || term === undefined) return;
  core.log.trim({ index, term });
  core.history.prune(core.snapshot.index);
  core.writeStart({ index, term });
};
