import type { Core } from './core';
import { broadcast, progressOf } from './leader';
import { isVoterKey, majorityReaches } from './voters';

/**
 * A linearizable read point (Raft thesis 6.4): the commit index as of now, good once a majority has answered something
 * sent after now. Until an entry of the own term is committed, the commit index may be too low.
 */
export const read = (core: Core, id: number): void => {
  if (core.role.kind !== 'leader') {
    core.effects.push({ kind: 'unreadable', id });
    return;
  }
  if (core.commitIndex < core.role.startIndex) core.role.earlyReads.push(id);
  else confirm(core, [id]);
};

const confirm = (core: Core, ids: readonly number[]): void => {
  const { leader, commitIndex } = core;
  leader.round += 1;
  for (const id of ids) leader.reads.push({ id, index: commitIndex, round: leader.round });
  broadcast(core, true);
  readsConfirmed(core);
};

/** The first entry of the term is committed. */
export const earlyReadsReady = (core: Core): void => {
  const ids = core.leader.earlyReads.splice(0);
  if (ids.length > 0) confirm(core, ids);
};

/** Lets go the reads whose round a majority has answered. */
export const readsConfirmed = (core: Core): void => {
  if (core.role.kind !== 'leader' || core.role.reads.length === 0) return;
  const { leader } = core;
  const rounds = core.voters.map((voter) =>
    isVoterKey(voter, core.self) ? leader.round : (progressOf(core, voter)?.confirmedRound ?? 0),
  );
  const confirmedRound = majorityReaches(rounds, 0);
  const ready = leader.reads.filter(({ round }) => round <= confirmedRound);
  if (ready.length === 0) return;
  leader.reads = leader.reads.filter(({ round }) => round > confirmedRound);
  for (const { id, index } of ready) core.effects.push({ kind: 'readable', id, index });
};

/** Leadership is lost: whoever waits asks another. */
export const failReads = (core: Core): void => {
  const { leader } = core;
  for (const id of [...leader.earlyReads, ...leader.reads.map((waiting) => waiting.id)])
    core.effects.push({ kind: 'unreadable', id });
  leader.earlyReads = [];
  leader.reads = [];
};
