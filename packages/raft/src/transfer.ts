import type { BrokerId } from '@kafkaesque/kernel';
import type { Core } from './core';
import { becomeUnattached } from './election';
import { progressOf, sendEntries } from './leader';
import type { Progress } from './progress';
import { voterOf } from './voters';

const isRecent = (core: Core, { heardMs }: Progress): boolean =>
  core.nowMs - heardMs < core.settings.fetchTimeoutMs;

/** The voter that has most, of those that were heard lately. */
const bestSuccessor = (core: Core): Progress | undefined => {
  let best: Progress | undefined;
  for (const progress of core.leader.progress.values()) {
    if (voterOf(core.voters, progress.key) === undefined || !isRecent(core, progress)) continue;
    if (best === undefined || progress.matchIndex > best.matchIndex) best = progress;
  }
  return best;
};

/** Lets another lead: nothing is appended until it has everything, then it is told to stand for election at once. */
export const transfer = (core: Core, to: BrokerId | undefined): void => {
  if (core.role.kind !== 'leader' || core.role.transfer !== undefined) return;
  const wanted = core.voters.find(({ nodeId }) => nodeId === to);
  const progress =
    to === undefined ? bestSuccessor(core) : wanted === undefined ? undefined : progressOf(core, wanted);
  if (progress === undefined) return;
  core.role.transfer = {
    to: progress.key,
    deadlineMs: core.nowMs + core.settings.electionTimeoutMs,
    sent: false,
  };
  sendEntries(core, progress, true);
  transferProgressed(core, progress);
};

/** The successor may have everything now. */
export const transferProgressed = (core: Core, progress: Progress): void => {
  if (core.role.kind !== 'leader') return;
  const { transfer: underWay } = core.role;
  if (underWay === undefined || underWay.sent || underWay.to.nodeId !== progress.key.nodeId) return;
  if (progress.matchIndex < core.log.lastIndex) return;
  underWay.sent = true;
  core.send(progress.key, { kind: 'QuorumTimeoutNow', value: { term: core.term } });
};

/** A successor that does not come forward keeps nobody from working. */
export const transferWoken = (core: Core): void => {
  const { leader } = core;
  if (leader.transfer !== undefined && core.nowMs >= leader.transfer.deadlineMs) leader.transfer = undefined;
};

/** This leader has no vote any more, and that is committed: it steps down for the one who has most. */
export const becomeRemoved = (core: Core): void => {
  const successor = bestSuccessor(core);
  if (successor !== undefined)
    core.send(successor.key, { kind: 'QuorumTimeoutNow', value: { term: core.term } });
  becomeUnattached(core, core.term);
};
