import type { BrokerId } from '@kafkaesque/kernel';
import { assert } from '@kafkaesque/kernel';
import type { ReplicaKey, Voter } from '@kafkaesque/protocol';
import { LeaderChangeMessage, encodeVoterSet } from '@kafkaesque/protocol';
import type { Core } from './core';
import { becomeUnattached } from './election';
import { entryTypes } from './log';
import {
  forgetSilentLearners,
  learnerProgressed,
  membershipCommitted,
  membershipEnds,
  membershipWoken,
} from './membership';
import type { MessageOf } from './messages';
import { ANY_DIRECTORY, NO_ROUND, replicaId } from './messages';
import { Progress } from './progress';
import { earlyReadsReady, failReads, readsConfirmed } from './reads';
import { becomeRemoved, transferProgressed, transferWoken } from './transfer';
import { isMajority, isVoterKey, majorityReaches, voterOf } from './voters';

const LEADER_CHANGE_VERSION = 1;

/** A majority has voted for this replica: its term begins with an entry that says so. */
export const becomeLeader = (core: Core, granting: readonly Voter[]): void => {
  const { nowMs, settings } = core;
  core.become({
    kind: 'leader',
    startIndex: core.log.lastIndex + 1,
    startedMs: nowMs,
    progress: new Map(),
    round: 0,
    heartbeatAtMs: nowMs + settings.heartbeatMs,
    earlyReads: [],
    reads: [],
    membership: undefined,
    transfer: undefined,
  });
  // A leader never replaces its state by somebody's snapshot: what was coming in is of no use.
  if (core.fetch !== undefined)
    core.effects.push({ kind: 'abandon-snapshot', snapshot: core.fetch.snapshot });
  core.fetch = undefined;
  core.electionDeadlineMs = Infinity;
  trackReplicas(core);
  const named = ({ nodeId, directoryId }: Voter) => ({ voterId: nodeId, voterDirectoryId: directoryId });
  const change = LeaderChangeMessage.encode(
    {
      version: LEADER_CHANGE_VERSION,
      leaderId: core.self.nodeId,
      voters: core.voters.map(named),
      grantingVoters: granting.map(named),
    },
    LEADER_CHANGE_VERSION,
  );
  core.announce({ kind: 'leader', term: core.term });
  appendOwn(core, entryTypes.leaderChange, change);
  nameVoters(core);
  broadcast(core, true);
};

/**
 * The voters that disks were formatted with stand in no entry: the first leader writes them into the log, so that those
 * who only follow know them too. Voters that configuration names are known to all, and never change.
 */
const nameVoters = (core: Core): void => {
  const { voters, history } = core;
  if (history.currentIndex > 0 || voters.some(({ directoryId }) => directoryId === ANY_DIRECTORY)) return;
  history.append(appendOwn(core, entryTypes.voters, encodeVoterSet(voters)), voters);
  core.writeVoters();
};

/** Somebody else leads, or nobody does: whoever waits for this leader is told. */
export const leaveLeadership = (core: Core): void => {
  failReads(core);
  membershipEnds(core, 'unknown');
};

/** Progress of every voter and learner but this replica; of those that stay, as it was. */
export const trackReplicas = (core: Core): void => {
  const { progress } = core.leader;
  const before = new Map(progress);
  progress.clear();
  const track = (key: ReplicaKey): void => {
    const id = replicaId(key);
    if (key.nodeId === core.self.nodeId || progress.has(id)) return;
    progress.set(id, before.get(id) ?? new Progress(key, core.log.lastIndex + 1, core.nowMs));
  };
  for (const { nodeId, directoryId } of core.voters) track({ nodeId, directoryId });
  for (const learner of core.learners.values()) track(learner);
};

/** Appends an entry of this term, and returns its index. */
export const appendOwn = (core: Core, type: number, bytes: Buffer): number => {
  const index = core.log.lastIndex + 1;
  core.appendEntry({ index, term: core.term, type, bytes });
  return index;
};

/** Sends everyone what they do not have; with `toAll` also those who have everything: a heartbeat. */
export const broadcast = (core: Core, toAll: boolean): void => {
  for (const progress of core.leader.progress.values()) sendEntries(core, progress, toAll);
};

const offerSnapshot = (core: Core, to: ReplicaKey): void => {
  const { index, term, sizeBytes } = core.snapshot;
  core.sendAfterTerm(to, {
    kind: 'QuorumSnapshotOffer',
    value: {
      term: core.term,
      leader: core.self,
      round: core.leader.round,
      snapshotIndex: index,
      snapshotTerm: term,
      sizeBytes,
    },
  });
};

/**
 * The last entry that a replica may have. Who has no vote gets only what is committed: a learner with entries that no voter
 * keeps would refuse its vote, as the newest log there is, to whoever has an uncommitted set in which it is a voter, and by
 * its own log it may not stand for election itself.
 */
const lastIndexFor = (core: Core, { key }: Progress): number =>
  voterOf(core.voters, key) === undefined ? core.commitIndex : core.log.lastIndex;

const sendAppend = (core: Core, progress: Progress, withEntries: boolean): number => {
  const prevIndex = progress.nextIndex - 1;
  const prevTerm = core.log.term(prevIndex);
  assert(prevTerm !== undefined, () => `the log reaches entry ${prevIndex}`);
  const { maxAppendBytes } = core.settings;
  const lastIndex = lastIndexFor(core, progress);
  const entries =
    withEntries && progress.nextIndex <= lastIndex
      ? core.log.slice(progress.nextIndex, lastIndex + 1, maxAppendBytes)
      : [];
  core.sendAfterTerm(progress.key, {
    kind: 'QuorumAppend',
    value: {
      term: core.term,
      leader: core.self,
      prevIndex,
      prevTerm,
      commitIndex: core.commitIndex,
      round: core.leader.round,
      entries: entries.map(({ term, type, bytes }) => ({ term, type, bytes })),
    },
  });
  const last = entries.at(-1);
  if (last !== undefined && progress.state === 'replicate')
    progress.sent(
      last.index,
      entries.reduce((total, { bytes }) => total + bytes.length, 0),
    );
  return entries.length;
};

/** Sends a replica what it may have now. With `evenNothing` it hears from its leader in any case. */
export const sendEntries = (core: Core, progress: Progress, evenNothing: boolean): void => {
  if (core.log.term(progress.nextIndex - 1) === undefined && progress.state !== 'snapshot')
    progress.wantSnapshot();
  if (progress.state === 'snapshot') {
    if (evenNothing) offerSnapshot(core, progress.key);
    return;
  }
  if (progress.state === 'probe') {
    const asksAnew = !progress.probeSent;
    if (asksAnew || evenNothing) sendAppend(core, progress, asksAnew);
    progress.probeSent = true;
    return;
  }
  let sent = false;
  while (
    progress.nextIndex <= lastIndexFor(core, progress) &&
    progress.inFlightBytes < core.settings.maxInFlightBytes &&
    progress.inFlightCount < MAX_IN_FLIGHT_APPENDS
  ) {
    sendAppend(core, progress, true);
    sent = true;
  }
  if (!sent && evenNothing) sendAppend(core, progress, false);
};

const MAX_IN_FLIGHT_APPENDS = 256;

/** A replica says how far its log is as this leader's. */
export const appendAnswered = (
  core: Core,
  from: ReplicaKey,
  answer: MessageOf<'QuorumAppendAnswer'>,
): void => {
  if (core.role.kind !== 'leader' || answer.term !== core.term || answer.round === NO_ROUND) return;
  const progress = progressOf(core, from);
  if (progress === undefined) return;
  assert(
    answer.matchIndex <= core.log.lastIndex,
    () => `node ${from.nodeId} matches up to ${answer.matchIndex}, this log ends at ${core.log.lastIndex}`,
  );
  if (progress.answersFrom(from.directoryId, core.log.lastIndex + 1))
    return sendEntries(core, progress, false);
  progress.confirmedRound = Math.max(progress.confirmedRound, answer.round);
  if (answer.accepted) accepted(core, progress, answer.matchIndex);
  else refused(core, progress, answer);
  progress.answered(core.nowMs, core.log.lastIndex);
  readsConfirmed(core);
  learnerProgressed(core, progress);
  transferProgressed(core, progress);
};

/** What this leader knows of a replica; a voter that is named without its directory is found by its node. */
export const progressOf = (core: Core, key: ReplicaKey): Progress | undefined => {
  const { progress } = core.leader;
  return progress.get(replicaId(key)) ?? progress.get(replicaId({ ...key, directoryId: ANY_DIRECTORY }));
};

const accepted = (core: Core, progress: Progress, matchIndex: number): void => {
  const advanced = matchIndex > progress.matchIndex;
  progress.matched(matchIndex);
  if (progress.state === 'probe') progress.replicate();
  // A snapshot that it was offered takes it to where the log goes on.
  else if (progress.state === 'snapshot' && progress.matchIndex >= core.log.start.index)
    progress.probe(progress.matchIndex + 1);
  if (advanced && maybeCommit(core)) return;
  if (core.role.kind === 'leader') sendEntries(core, progress, false);
};

const refused = (
  core: Core,
  progress: Progress,
  { prevIndex, hintIndex, hintTerm }: MessageOf<'QuorumAppendAnswer'>,
): void => {
  // An answer to something sent before: what it says is known to be past.
  if (prevIndex <= progress.matchIndex || progress.state === 'snapshot') return;
  if (progress.state === 'probe' && prevIndex !== progress.nextIndex - 1) return;
  progress.probe(core.log.lastNotAbove(hintIndex, hintTerm) + 1);
  sendEntries(core, progress, false);
};

/**
 * Commits what a majority of voters has durably, this leader by its own disk like everyone else. Only an entry of the
 * own term is committed by counting; what lies before it is committed with it (Raft 5.4.2).
 */
export const maybeCommit = (core: Core): boolean => {
  const { startIndex } = core.leader;
  const durable = core.voters.map((voter) =>
    isVoterKey(voter, core.self) ? core.durableIndex : (progressOf(core, voter)?.matchIndex ?? 0),
  );
  const index = majorityReaches(durable, 0);
  if (index <= core.commitIndex || core.log.term(index) !== core.term) return false;
  const first = core.commitIndex < startIndex;
  core.commit(index);
  if (first) earlyReadsReady(core);
  membershipCommitted(core);
  if (core.role.kind !== 'leader') return true;
  broadcast(core, true);
  if (core.role.membership === undefined && !core.isVoter && core.history.currentIndex <= core.commitIndex)
    becomeRemoved(core);
  return true;
};

/** Whether a majority of voters was heard within the time that a leader may go on without. */
export const holdsQuorum = (core: Core): boolean => {
  const { progress } = core.leader;
  const heard = new Set<BrokerId>([core.self.nodeId]);
  for (const { key, heardMs } of progress.values()) {
    const isRecent = core.nowMs - heardMs < core.settings.fetchTimeoutMs;
    if (isRecent && voterOf(core.voters, key) !== undefined) heard.add(key.nodeId);
  }
  return isMajority(core.voters, heard);
};

/** Time has passed: heartbeats, and what must not wait for ever. */
export const leaderWoken = (core: Core): void => {
  const { leader } = core;
  if (!holdsQuorum(core)) return becomeUnattached(core, core.term);
  membershipWoken(core);
  transferWoken(core);
  if (core.nowMs < leader.heartbeatAtMs) return;
  leader.heartbeatAtMs = core.nowMs + core.settings.heartbeatMs;
  leader.round += 1;
  forgetSilentLearners(core);
  broadcast(core, true);
};
