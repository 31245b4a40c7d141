import type { VoterSet } from '@kafkaesque/protocol';
import { Violation } from '../../runner/suite';
import { keyOf } from './watched-raft';
import type { WatchedRaft } from './watched-raft';

/** R10: whether a leader may append this set of voters behind the one that is in force in its log. */
export const checkVoterChange = (
  watched: WatchedRaft,
  before: VoterSet,
  beforeIndex: number,
  after: VoterSet,
): void => {
  const { raft, key } = watched;
  const fail = (what: string): never => {
    throw new Violation('R10 membership', `${key}, leader of term ${raft.term}, ${what}`);
  };
  const had = new Set(before.map(keyOf));
  const has = new Set(after.map(keyOf));
  const added = [...has].filter((voter) => !had.has(voter));
  const removed = [...had].filter((voter) => !has.has(voter));
  if (added.length + removed.length > 1)
    fail(`adds ${added.join(', ') || 'nobody'} and removes ${removed.join(', ') || 'nobody'} at once`);
  if (has.size === 0) fail('leaves nobody with a vote');
  if (new Set(after.map(({ nodeId }) => nodeId)).size < after.length) fail('gives a node two votes');
  // The first leader writes down the voters that disks were formatted with.
  if (added.length + removed.length === 0 && beforeIndex === 0) return;
  if (beforeIndex > raft.commitIndex)
    fail(`changes the voters while the change at ${beforeIndex} is not committed (${raft.commitIndex})`);
  const startIndex = raft.leaderStartIndex ?? Infinity;
  if (raft.commitIndex < startIndex)
    fail(
      `changes the voters before an entry of its own term is committed (${raft.commitIndex} < ${startIndex})`,
    );
};
