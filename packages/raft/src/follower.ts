import { assert } from '@kafkaesque/kernel';
import type { ReplicaKey } from '@kafkaesque/protocol';
import { decodeVoterSet } from '@kafkaesque/protocol';
import type { Core } from './core';
import { postponeElection } from './election';
import type { LogEntry } from './log';
import { entryTypes } from './log';
import type { MessageOf } from './messages';
import { NO_ROUND, sameReplica } from './messages';

/** This term's leader has spoken. */
export const hearLeader = (core: Core, leader: ReplicaKey): void => {
  const { role } = core;
  assert(
    role.kind !== 'leader',
    () => `term ${core.term} has two leaders: this one and node ${leader.nodeId}`,
  );
  if (role.kind === 'follower')
    assert(
      sameReplica(role.leader, leader),
      () => `term ${core.term} has two leaders: nodes ${role.leader.nodeId} and ${leader.nodeId}`,
    );
  else {
    core.become({ kind: 'follower', leader });
    core.announce({ kind: 'follower', term: core.term, leader });
  }
  core.lostVotes = 0;
  core.leaderHeardMs = core.nowMs;
  core.leaderLost = false;
  postponeElection(core);
};

/**
 * Tells the leader how far this log is as its own, and durable. `appended`: entries of this step are on their way to
 * the disk, and the answer waits for them.
 */
export const acceptAppend = (
  core: Core,
  to: ReplicaKey,
  { prevIndex, round }: { readonly prevIndex: number; readonly round: number },
  appended: boolean,
): void => {
  const message = {
    kind: 'QuorumAppendAnswer' as const,
    value: {
      term: core.term,
      round,
      accepted: true,
      prevIndex,
      matchIndex: Math.min(core.verifiedIndex, appended ? core.log.lastIndex : core.durableIndex),
      hintIndex: -1,
      hintTerm: -1,
    },
  };
  if (appended) core.sendAfterWrites(to, message);
  else core.sendAfterTerm(to, message);
};

/** The entry before the first is not there: the logs meet at `hintIndex` at best. */
const refuseAppend = (
  core: Core,
  to: ReplicaKey,
  { prevIndex, prevTerm, round }: MessageOf<'QuorumAppend'>,
): void => {
  const hintIndex = Math.max(core.log.lastNotAbove(prevIndex - 1, prevTerm), core.commitIndex);
  core.sendAfterTerm(to, {
    kind: 'QuorumAppendAnswer',
    value: {
      term: core.term,
      round,
      accepted: false,
      prevIndex,
      matchIndex: Math.min(core.verifiedIndex, core.durableIndex),
      hintIndex,
      hintTerm: core.log.term(hintIndex) ?? core.log.start.term,
    },
  });
};

/**
 * Somebody that leads an earlier term must learn that it is over. Where it leads this one again, the answer must not pass
 * for one to what it sends now: it would confirm reads that nobody has confirmed.
 */
export const refuseOldLeader = (core: Core, to: ReplicaKey, prevIndex: number): void => {
  const nothing = { round: NO_ROUND, matchIndex: 0, hintIndex: -1, hintTerm: -1 };
  core.sendAfterTerm(to, {
    kind: 'QuorumAppendAnswer',
    value: { term: core.term, accepted: false, prevIndex, ...nothing },
  });
};

/** Entries from this term's leader, or a sign of life. */
export const takeAppend = (core: Core, from: ReplicaKey, append: MessageOf<'QuorumAppend'>): void => {
  const { prevIndex, prevTerm } = append;
  hearLeader(core, append.leader);
  checkCommitted(core, append.leader, prevIndex, prevTerm);
  // What is committed is in every leader's log.
  if (prevIndex > core.commitIndex && core.log.term(prevIndex) !== prevTerm) {
    refuseAppend(core, from, append);
    return;
  }
  const appended = takeEntries(core, append);
  core.verifiedIndex = Math.max(core.verifiedIndex, prevIndex + append.entries.length);
  // The leader's commit index may lie beyond what it has sent, and what lies there in this log may be another's.
  core.commit(Math.min(append.commitIndex, core.verifiedIndex));
  acceptAppend(core, from, append, appended);
};

/** A leader that contradicts what is committed here has lost it: to go on would hide that. */
const checkCommitted = (core: Core, { nodeId }: ReplicaKey, index: number, term: number): void => {
  const own = core.log.term(index);
  assert(
    index > core.commitIndex || own === undefined || own === term,
    () => `entry ${index} is committed with term ${own}, and node ${nodeId} leads with term ${term} there`,
  );
};

/** Appends what is not there yet. Only a contradiction is overridden: an append may be an old one that came late. */
const takeEntries = (core: Core, { prevIndex, entries, leader }: MessageOf<'QuorumAppend'>): boolean => {
  let appended = false;
  for (const [i, { term, type, bytes }] of entries.entries()) {
    const index = prevIndex + 1 + i;
    checkCommitted(core, leader, index, term);
    if (index <= core.commitIndex || core.log.term(index) === term) continue;
    if (index <= core.log.lastIndex) core.truncate(index);
    appendReceived(core, { index, term, type, bytes });
    appended = true;
  }
  return appended;
};

const appendReceived = (core: Core, entry: LogEntry): void => {
  core.appendEntry(entry);
  if (entry.type !== entryTypes.voters) return;
  core.history.append(entry.index, decodeVoterSet(entry.bytes));
  core.writeVoters();
};
