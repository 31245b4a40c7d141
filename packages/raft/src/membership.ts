import type { BrokerId } from '@kafkaesque/kernel';
import { assertNever } from '@kafkaesque/kernel';
import type { ReplicaKey, Voter, VoterSet } from '@kafkaesque/protocol';
import { encodeVoterSet } from '@kafkaesque/protocol';
import type { MembershipChange, MembershipOutcome, RaftInput } from './contract';
import type { Core } from './core';
import { appendOwn, broadcast, maybeCommit, progressOf, trackReplicas } from './leader';
import { entryTypes } from './log';
import { ANY_DIRECTORY, replicaId, sameReplica } from './messages';
import type { Progress } from './progress';
import { voterOf } from './voters';

type ChangeInput = Extract<RaftInput, { readonly kind: 'change-membership' }>;

const answer = (core: Core, id: number, outcome: MembershipOutcome): void => {
  core.effects.push({ kind: 'membership', id, outcome });
};

const without = (voters: VoterSet, nodeId: BrokerId): VoterSet =>
  voters.filter((voter) => voter.nodeId !== nodeId);

const withVoter = (voters: VoterSet, voter: Voter): VoterSet =>
  [...without(voters, voter.nodeId), voter].sort((a, b) => a.nodeId - b.nodeId);

/** Why a change cannot be, whatever is under way; undefined: it can. */
const refusal = (voters: VoterSet, change: MembershipChange): MembershipOutcome | undefined => {
  if (voters.some(({ directoryId }) => directoryId === ANY_DIRECTORY)) return 'static';
  switch (change.kind) {
    case 'add':
      return voters.some(({ nodeId }) => nodeId === change.voter.nodeId) ? 'duplicate-voter' : undefined;
    case 'remove':
      if (voterOf(voters, change.voter) === undefined) return 'voter-not-found';
      return voters.length === 1 ? 'last-voter' : undefined;
    case 'update':
      return voterOf(voters, change.voter) === undefined ? 'voter-not-found' : undefined;
    default:
      return assertNever(change);
  }
};

/**
 * Begins a change of one voter. One at a time: the next begins when the one before is committed, and the first when
 * an entry of the leader's own term is (Ongaro, raft-dev 2015): so any two sets in force meet in a majority.
 */
export const changeMembership = (core: Core, input: ChangeInput): void => {
  const { id, change } = input;
  if (core.role.kind !== 'leader') return answer(core, id, 'not-leader');
  const { startIndex, membership, transfer } = core.role;
  const isUnderWay =
    membership !== undefined || transfer !== undefined || core.history.currentIndex > core.commitIndex;
  if (core.commitIndex < startIndex || isUnderWay) return answer(core, id, 'busy');
  const refused = refusal(core.voters, change);
  if (refused !== undefined) return answer(core, id, refused);
  if (change.kind !== 'add') {
    const voters =
      change.kind === 'remove'
        ? without(core.voters, change.voter.nodeId)
        : withVoter(core.voters, change.voter);
    return appendVoters(core, input, voters);
  }
  const { voter } = change;
  const key: ReplicaKey = { nodeId: voter.nodeId, directoryId: voter.directoryId };
  core.role.membership = {
    id,
    answerWhenAppended: input.answerWhenAppended,
    stage: {
      kind: 'catching-up',
      voter: key,
      append: () => appendVoters(core, input, withVoter(core.voters, voter)),
      deadlineMs: core.nowMs + input.timeoutMs,
    },
  };
  const progress = progressOf(core, key);
  if (progress !== undefined) learnerProgressed(core, progress);
};

/** The new set is in force from its entry on, committed or not. */
const appendVoters = (core: Core, { id, answerWhenAppended }: ChangeInput, voters: VoterSet): void => {
  const leaving = core.voters.filter((voter) => voterOf(voters, voter) === undefined);
  const index = appendOwn(core, entryTypes.voters, encodeVoterSet(voters));
  core.history.append(index, voters);
  core.writeVoters();
  // Who leaves must still learn that it did.
  for (const { nodeId, directoryId } of leaving)
    if (nodeId !== core.self.nodeId)
      core.learners.set(replicaId({ nodeId, directoryId }), { nodeId, directoryId });
  trackReplicas(core);
  core.leader.membership = { id, answerWhenAppended, stage: { kind: 'appended', index } };
  if (answerWhenAppended) answer(core, id, 'appended');
  broadcast(core, false);
  // With fewer voters, what is durable may be a majority's by now.
  maybeCommit(core);
};

/** The replica that waits to become a voter may have caught up. */
export const learnerProgressed = (core: Core, progress: Progress): void => {
  if (core.role.kind !== 'leader') return;
  const stage = core.role.membership?.stage;
  if (stage?.kind !== 'catching-up' || !sameReplica(stage.voter, progress.key)) return;
  if (progress.matchIndex >= core.commitIndex) stage.append();
};

/** Something was committed: perhaps the change that is under way. */
export const membershipCommitted = (core: Core): void => {
  const { membership } = core.leader;
  if (membership?.stage.kind !== 'appended' || membership.stage.index > core.commitIndex) return;
  core.leader.membership = undefined;
  if (!membership.answerWhenAppended) answer(core, membership.id, 'committed');
};

/** A new voter that does not catch up holds nobody up for ever. */
export const membershipWoken = (core: Core): void => {
  const { membership } = core.leader;
  if (membership?.stage.kind !== 'catching-up' || core.nowMs < membership.stage.deadlineMs) return;
  core.leader.membership = undefined;
  answer(core, membership.id, 'timed-out');
};

/** Leadership ends: nobody here will learn how the change ends; one that was not appended will not be. */
export const membershipEnds = (core: Core, outcome: 'unknown'): void => {
  const { membership } = core.leader;
  core.leader.membership = undefined;
  if (membership === undefined) return;
  if (membership.stage.kind === 'catching-up') answer(core, membership.id, 'not-leader');
  else if (!membership.answerWhenAppended) answer(core, membership.id, outcome);
};

/** A controller without a vote wants the log. */
export const learnerFound = (core: Core, key: ReplicaKey): void => {
  core.learners.set(replicaId(key), key);
  if (core.role.kind !== 'leader') return;
  trackReplicas(core);
  const progress = progressOf(core, key);
  if (progress?.state === 'replicate') progress.probe(progress.matchIndex + 1);
  else if (progress !== undefined) progress.probeSent = false;
  broadcast(core, false);
};

/** A replica without a vote that was silent for so long is not waited for any more (as long as Kafka's observers). */
const LEARNER_TIMEOUT_MS = 300_000;

/** A voter that was dead when it was removed comes to be a learner, and nobody will say that it is gone. */
export const forgetSilentLearners = (core: Core): void => {
  const { progress } = core.leader;
  for (const [id, key] of core.learners) {
    const silentMs = core.nowMs - (progress.get(id)?.heardMs ?? core.nowMs);
    if (silentMs > LEARNER_TIMEOUT_MS && voterOf(core.voters, key) === undefined) learnerLost(core, key);
  }
};

export const learnerLost = (core: Core, key: ReplicaKey): void => {
  if (core.learners.delete(replicaId(key)) && core.role.kind === 'leader') trackReplicas(core);
};
