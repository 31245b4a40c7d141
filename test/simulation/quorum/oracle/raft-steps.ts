import { Raft } from '@kafkaesque/raft';
import type { RaftInput, RaftStep } from '@kafkaesque/raft';

/** Who looks on while replicas take their steps. */
export interface RaftWatcher {
  /** A replica is about to begin. */
  begins(raft: Raft): void;
  /** What an input is about to do: looked at before it changes anything. */
  steps(raft: Raft, input: RaftInput): void;
  stepped(raft: Raft, input: RaftInput | undefined, step: RaftStep): void;
}

let watcher: RaftWatcher | undefined;

const { begin, step } = Raft.prototype;

Raft.prototype.begin = function (this: Raft, nowMs: number): RaftStep {
  watcher?.begins(this);
  const result = begin.call(this, nowMs);
  watcher?.stepped(this, undefined, result);
  return result;
};

Raft.prototype.step = function (this: Raft, input: RaftInput, nowMs: number): RaftStep {
  watcher?.steps(this, input);
  const result = step.call(this, input, nowMs);
  watcher?.stepped(this, input, result);
  return result;
};

/**
 * Lets `next` see every step of every replica in this process, whatever host drives them; the code that runs is the
 * product's own. Undefined: nobody looks on.
 */
export const watchRaft = (next: RaftWatcher | undefined): void => {
  watcher = next;
};
