import type { BrokerId } from '@kafkaesque/kernel';
import type { ReplicaKey } from '@kafkaesque/protocol';
import type { Core } from './core';
import { becomeLeader, holdsQuorum, leaveLeadership } from './leader';
import type { MessageOf } from './messages';
import { sameReplica } from './messages';
import { isMajority, isVoterKey, voterOf } from './voters';

/** A timer that fires later than this tells of a stalled process, not of a silent leader: it is drawn again. */
const LATE_MS = 100;
/** The remaining voters call elections one after the other when their leader's process is gone. */
const RANK_STEP_MS = 30;
const RANK_JITTER_MS = 10;
/** Whoever helped another waits with its own. */
const GRANTED_WAIT_MS = 100;
/** A vote lost by answers is tried again after this, doubling. */
const LOST_VOTE_MIN_MS = 20;
const LOST_VOTE_MAX_MS = 100;

/** A wait between half of `wholeMs` and all of it. */
const drawWait = (core: Core, wholeMs: number): number => wholeMs * (0.5 + core.random.fraction() / 2);

/** The leader was heard, or there is reason to wait for one: the next election is a whole draw away. */
export const postponeElection = (core: Core): void => {
  core.electionDeadlineMs = core.nowMs + drawWait(core, core.settings.fetchTimeoutMs);
};

/** A term has no known leader. A higher one comes without a vote. */
export const becomeUnattached = (core: Core, term: number): void => {
  const before = core.role.kind;
  if (before === 'leader') leaveLeadership(core);
  if (term > core.term) {
    core.term = term;
    core.votedFor = null;
    core.verifiedIndex = 0;
    core.writeHardState();
  }
  if (before === 'leader') postponeElection(core);
  else if (before === 'prospective' || before === 'candidate')
    core.electionDeadlineMs = core.nowMs + drawWait(core, core.settings.electionTimeoutMs);
  core.become({ kind: 'unattached' });
  core.leaderLost = false;
  core.leaderHeardMs = -Infinity;
  if (before === 'leader' || before === 'follower') core.announce({ kind: 'unattached', term: core.term });
};

/** Whether this replica has reason to think that the quorum has a leader: then it helps nobody to become another. */
const hasFreshLeader = (core: Core): boolean => {
  if (core.role.kind === 'leader') return holdsQuorum(core);
  return (
    core.role.kind === 'follower' &&
    !core.leaderLost &&
    core.nowMs - core.leaderHeardMs < core.settings.freshMs
  );
};

/** The leader's process is gone: no need to wait for its silence. */
export const leaderGone = (core: Core, nodeId: BrokerId): void => {
  if (core.role.kind !== 'follower' || core.role.leader.nodeId !== nodeId || core.leaderLost) return;
  core.leaderLost = true;
  const remaining = core.voters.map((voter) => voter.nodeId).filter((id) => id !== nodeId);
  const rank = Math.max(remaining.toSorted((a, b) => a - b).indexOf(core.self.nodeId), 0);
  core.electionDeadlineMs = Math.min(
    core.electionDeadlineMs,
    core.nowMs + rank * RANK_STEP_MS + core.random.fraction() * RANK_JITTER_MS,
  );
};

/**
 * Whether this replica may call an election: because it has a vote, or because it had one and is not known to have lost it
 * by an entry that is committed. Then it may be the only one with a log that the others vote for (Raft thesis 4.2.2).
 */
export const mayStand = (core: Core): boolean =>
  core.history.since(core.commitIndex).some((voters) => voterOf(voters, core.self) !== undefined);

/** The time of an election has come, unless this process was away meanwhile. */
export const electionDue = (core: Core): void => {
  if (core.nowMs < core.electionDeadlineMs) return;
  if (!mayStand(core)) return postponeElection(core);
  if (core.nowMs - core.electionDeadlineMs > LATE_MS) return postponeElection(core);
  askForPreVotes(core);
};

const isUpToDate = (core: Core, lastIndex: number, lastTerm: number): boolean => {
  const { index, term } = core.log.last;
  return lastTerm > term || (lastTerm === term && lastIndex >= index);
};

const askVoters = (core: Core, preVote: boolean, transfer: boolean): void => {
  const { index: lastIndex, term: lastTerm } = core.log.last;
  for (const { nodeId, directoryId } of core.voters) {
    if (nodeId === core.self.nodeId) continue;
    const voter = { nodeId, directoryId };
    const value = { term: core.term, preVote, transfer, candidate: core.self, voter, lastIndex, lastTerm };
    // A vote for oneself is a vote: nobody hears of it before it is durable.
    core.sendAfterTerm(voter, { kind: 'QuorumVote', value });
  }
};

/** Would the others elect this replica? Nothing changes by asking (KIP-996). */
const askForPreVotes = (core: Core): void => {
  const granted = new Set(core.isVoter ? [core.self.nodeId] : []);
  const hadLeader = core.role.kind === 'follower';
  core.become({ kind: 'prospective', granted, refused: new Set() });
  if (hadLeader) core.announce({ kind: 'unattached', term: core.term });
  core.electionDeadlineMs = core.nowMs + drawWait(core, core.settings.electionTimeoutMs);
  if (isMajority(core.voters, granted)) campaign(core, false);
  else askVoters(core, true, false);
};

/** Stands for election in a new term. The own vote counts when it is durable. */
export const campaign = (core: Core, transfer: boolean): void => {
  const hadLeader = core.role.kind === 'follower';
  core.term += 1;
  core.votedFor = core.self;
  core.verifiedIndex = 0;
  core.leaderLost = false;
  core.leaderHeardMs = -Infinity;
  core.become({
    kind: 'candidate',
    granted: new Set(),
    refused: new Set(),
    ownVote: core.writeHardState(),
  });
  if (hadLeader) core.announce({ kind: 'unattached', term: core.term });
  core.electionDeadlineMs = core.nowMs + drawWait(core, core.settings.electionTimeoutMs);
  askVoters(core, false, transfer);
};

/** The own vote became durable. */
export const ownVoteDurable = (core: Core): void => {
  const { role } = core;
  if (role.kind !== 'candidate' || role.granted.has(core.self.nodeId) || !core.isDurable(role.ownVote))
    return;
  // Who has no vote any more does not vote for itself either.
  if (!core.isVoter) return;
  role.granted.add(core.self.nodeId);
  if (isMajority(core.voters, role.granted)) win(core, role.granted);
};

const win = (core: Core, granted: ReadonlySet<BrokerId>): void => {
  core.lostVotes = 0;
  becomeLeader(
    core,
    core.voters.filter(({ nodeId }) => granted.has(nodeId)),
  );
};

const answerVote = (
  core: Core,
  to: ReplicaKey,
  { term: askedTerm, preVote }: MessageOf<'QuorumVote'>,
  granted: boolean,
): void => {
  const value = { term: core.term, askedTerm, preVote, granted };
  core.sendAfterTerm(to, { kind: 'QuorumVoteAnswer', value });
};

const isMeant = (core: Core, { voter }: MessageOf<'QuorumVote'>): boolean =>
  isVoterKey({ ...voter, endpoints: [], kraftVersion: { min: 0, max: 0 } }, core.self);

/** Somebody asks whether it would get this replica's vote. */
const judgePreVote = (core: Core, from: ReplicaKey, vote: MessageOf<'QuorumVote'>): void => {
  const granted =
    !hasFreshLeader(core) &&
    core.role.kind !== 'leader' &&
    vote.term >= core.term &&
    isUpToDate(core, vote.lastIndex, vote.lastTerm);
  if (granted) core.electionDeadlineMs = Math.max(core.electionDeadlineMs, core.nowMs + GRANTED_WAIT_MS);
  answerVote(core, from, vote, granted);
};

/** Somebody stands for election. */
export const judgeVote = (core: Core, from: ReplicaKey, vote: MessageOf<'QuorumVote'>): void => {
  // Another disk under this id was meant: what that one promised is unknown here.
  if (!isMeant(core, vote) || !sameReplica(vote.candidate, from)) return answerVote(core, from, vote, false);
  if (vote.preVote) return judgePreVote(core, from, vote);
  if (vote.term > core.term) {
    if (!vote.transfer && hasFreshLeader(core)) return answerVote(core, from, vote, false);
    becomeUnattached(core, vote.term);
  }
  // Whoever knows this term's leader has no use for another.
  const isFree =
    core.votedFor === null
      ? core.role.kind === 'unattached' || core.role.kind === 'prospective'
      : sameReplica(core.votedFor, vote.candidate);
  const granted = vote.term === core.term && isFree && isUpToDate(core, vote.lastIndex, vote.lastTerm);
  if (granted) {
    if (core.votedFor === null) {
      core.votedFor = vote.candidate;
      core.writeHardState();
    }
    if (core.role.kind === 'prospective') core.become({ kind: 'unattached' });
    postponeElection(core);
  }
  answerVote(core, from, vote, granted);
};

/** An answer to the question that is open, or to one that was given up. */
export const countVote = (core: Core, from: ReplicaKey, answer: MessageOf<'QuorumVoteAnswer'>): void => {
  const { role } = core;
  if (role.kind !== 'prospective' && role.kind !== 'candidate') return;
  if (answer.preVote !== (role.kind === 'prospective') || answer.askedTerm !== core.term) return;
  if (voterOf(core.voters, from) === undefined) return;
  if (answer.granted) {
    role.granted.add(from.nodeId);
    if (!isMajority(core.voters, role.granted)) return;
    if (role.kind === 'prospective') campaign(core, false);
    else win(core, role.granted);
    return;
  }
  role.refused.add(from.nodeId);
  if (!isLost(core, role.refused)) return;
  core.lostVotes += 1;
  const { electionTimeoutMs } = core.settings;
  const waitMs =
    (LOST_VOTE_MIN_MS + core.random.fraction() * (LOST_VOTE_MAX_MS - LOST_VOTE_MIN_MS)) *
    2 ** Math.min(core.lostVotes - 1, 10);
  core.become({ kind: 'unattached' });
  core.electionDeadlineMs = core.nowMs + Math.min(waitMs, electionTimeoutMs);
};

/** Whether so many have refused that the others are no majority. */
const isLost = (core: Core, refused: ReadonlySet<BrokerId>): boolean => {
  const others = core.voters.filter(({ nodeId }) => !refused.has(nodeId)).map(({ nodeId }) => nodeId);
  return !isMajority(core.voters, new Set(others));
};
