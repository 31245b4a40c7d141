import type { Mutant } from '../runner/mutant';

const RAFT = 'packages/raft/src';
const LOG = 'packages/storage/src/write-ahead-log';
const QUORUM = 'packages/server/src/quorum';

/** Bugs that the simulation of the quorum must find, each planted into the sources as they load. */
export const mutants: readonly Mutant[] = [
  {
    name: 'vote-forgotten-on-restart',
    about: 'a replica that starts again does not know whom it voted for',
    edits: [
      {
        file: `${RAFT}/core.ts`,
        find: 'this.votedFor = hardState.votedFor;',
        replace: 'this.votedFor = null;',
      },
    ],
  },
  {
    name: 'term-forgotten',
    about: 'a higher term that somebody else named is not written down',
    edits: [
      {
        file: `${RAFT}/election.ts`,
        find: '    core.verifiedIndex = 0;\n    core.writeHardState();\n',
        replace: '    core.verifiedIndex = 0;\n',
      },
    ],
  },
  {
    name: 'vote-sent-before-it-is-durable',
    about: 'a vote leaves while its write is still on the way to the disk',
    edits: [
      {
        file: `${RAFT}/election.ts`,
        find: "core.sendAfterTerm(to, { kind: 'QuorumVoteAnswer', value });",
        replace: "core.send(to, { kind: 'QuorumVoteAnswer', value });",
      },
    ],
  },
  {
    name: 'vote-lost-with-an-overridden-tail',
    about: 'entries that override a divergent tail take the vote with them',
    edits: [
      {
        file: `${LOG}/recovery.ts`,
        find: '        this.entries.put({ ...record.entry, file, token: 0 });',
        replace:
          '        if (index <= this.entries.last.index) this.hardState = { ...this.hardState, votedFor: null };\n' +
          '        this.entries.put({ ...record.entry, file, token: 0 });',
      },
    ],
  },
  {
    name: 'vote-lost-with-an-old-file',
    about: 'a new file of the log does not say whom the ones before it had voted for',
    edits: [
      {
        file: `${LOG}/file-header.ts`,
        find: 'writeHardState(copy, header.hardState, at.hardState);',
        replace: 'writeHardState(copy, { ...header.hardState, votedFor: null }, at.hardState);',
      },
    ],
  },
  {
    name: 'vote-for-a-log-that-is-behind',
    about: 'a vote does not depend on how far the logs are',
    edits: [
      {
        file: `${RAFT}/election.ts`,
        find: 'return lastTerm > term || (lastTerm === term && lastIndex >= index);',
        replace: 'return lastTerm > term || lastIndex >= index || true;',
      },
    ],
  },
  {
    name: 'old-term-committed-by-counting',
    about: 'an entry of an earlier term is committed because a majority has it',
    edits: [
      {
        file: `${RAFT}/leader.ts`,
        find: 'if (index <= core.commitIndex || core.log.term(index) !== core.term) return false;',
        replace: 'if (index <= core.commitIndex) return false;',
      },
    ],
  },
  {
    name: 'leader-counts-itself-early',
    about: 'the leader counts its own copy before its disk has it',
    edits: [
      {
        file: `${RAFT}/leader.ts`,
        find: 'isVoterKey(voter, core.self) ? core.durableIndex :',
        replace: 'isVoterKey(voter, core.self) ? core.log.lastIndex :',
      },
    ],
  },
  {
    name: 'acknowledged-before-it-is-durable',
    about: 'a follower acknowledges entries that are still on the way to its disk',
    edits: [
      {
        file: `${RAFT}/follower.ts`,
        find: 'if (appended) core.sendAfterWrites(to, message);\n  else core.sendAfterTerm(to, message);',
        replace: 'core.sendAfterTerm(to, message);',
      },
    ],
  },
  {
    name: 'older-write-taken-for-a-newer',
    about: 'the completion of a write counts for what has replaced its entries meanwhile (ABA)',
    edits: [
      {
        file: `${RAFT}/core.ts`,
        find: 'if (this.log.term(position.index) !== position.term) return;',
        replace: 'if (position.index > this.log.lastIndex) return;',
      },
      {
        file: `${RAFT}/core.ts`,
        find: 'const isOverridden = !this.isDurable(this.#overriding.token);',
        replace: 'const isOverridden = this.#overriding.token < 0;',
      },
    ],
  },
  {
    name: 'truncated-below-the-commit-index',
    about: 'an append that comes late cuts off what follows it in the log',
    edits: [
      {
        file: `${RAFT}/follower.ts`,
        find: '  return appended;\n};\n\nconst appendReceived',
        replace:
          '  const end = prevIndex + entries.length;\n' +
          '  if (entries.length > 0 && end >= core.log.start.index && end < core.log.lastIndex) core.truncate(end + 1);\n' +
          '  return appended;\n};\n\nconst appendReceived',
      },
      { file: `${RAFT}/core.ts`, find: 'index > this.commitIndex,\n', replace: 'index > 0,\n' },
      { file: `${RAFT}/core.ts`, find: 'assert(index > this.verifiedIndex,', replace: 'assert(index > 0,' },
    ],
  },
  {
    name: 'log-matching-by-index-only',
    about: 'a follower does not compare the term of the entry before the first',
    edits: [
      {
        file: `${RAFT}/follower.ts`,
        find: 'if (prevIndex > core.commitIndex && core.log.term(prevIndex) !== prevTerm) {',
        replace: 'if (prevIndex > core.log.lastIndex && core.log.term(prevIndex) !== prevTerm) {',
      },
    ],
  },
  {
    name: 'committed-beyond-what-was-compared',
    about: "a follower commits up to the leader's index what it has of another leader",
    edits: [
      {
        file: `${RAFT}/follower.ts`,
        find: 'core.commit(Math.min(append.commitIndex, core.verifiedIndex));',
        replace: 'core.commit(Math.min(append.commitIndex, core.log.lastIndex));',
      },
    ],
  },
  {
    name: 'two-voter-changes-at-once',
    about: 'a change of voters begins before the one before it is committed',
    edits: [
      {
        file: `${RAFT}/membership.ts`,
        find: 'membership !== undefined || transfer !== undefined || core.history.currentIndex > core.commitIndex;',
        replace: 'membership?.stage.kind === "catching-up" || transfer !== undefined;',
      },
    ],
  },
  {
    name: 'voters-changed-before-the-own-term',
    about: 'a leader changes the voters before an entry of its own term is committed',
    edits: [
      {
        file: `${RAFT}/membership.ts`,
        find: 'if (core.commitIndex < startIndex || isUnderWay)',
        replace: 'if (core.commitIndex + startIndex < 0 || isUnderWay)',
      },
    ],
  },
  {
    name: 'voters-in-force-only-when-committed',
    about: 'a new set of voters counts from its commit on, not from its entry on',
    edits: [
      {
        file: `${RAFT}/core.ts`,
        find: '    return this.history.current;\n',
        replace: '    return this.history.at(this.commitIndex);\n',
      },
    ],
  },
  {
    name: 'voters-of-the-log-forgotten',
    about: 'a replica that starts again knows only the voters of its snapshot',
    edits: [
      {
        file: `${RAFT}/core.ts`,
        find: 'if (type === entryTypes.voters && index > snapshot.index)',
        replace: 'if (type === entryTypes.voters && index < 0)',
      },
    ],
  },
  {
    name: 'snapshot-without-voters',
    about: 'a snapshot does not say who votes',
    edits: [
      {
        file: `${QUORUM}/snapshots.ts`,
        find: 'voters: encodeVoterSet(voters),',
        replace: 'voters: encodeVoterSet(voters.slice(0, 0)),',
      },
    ],
  },
  {
    name: 'wiped-disk-keeps-its-vote',
    about: 'a voter is its node id, whatever disk it has',
    edits: [
      {
        file: `${RAFT}/voters.ts`,
        find: /voter\.nodeId === key\.nodeId &&\n\s+\(voter\.directoryId === ANY_DIRECTORY \|\| voter\.directoryId === key\.directoryId\)/,
        replace: 'voter.nodeId === key.nodeId',
      },
      {
        file: `${RAFT}/messages.ts`,
        find: '`${nodeId}/${directoryId}`',
        replace: '`${nodeId}/${directoryId.slice(0, 0)}`',
      },
      {
        file: `${QUORUM}/controller-member.ts`,
        find: 'directoryId === ANY_DIRECTORY || links.peer(nodeId)?.directoryId === directoryId',
        replace: 'directoryId !== "" || directoryId === ANY_DIRECTORY',
      },
    ],
  },
  {
    name: 'who-is-removed-does-not-stand',
    about: 'a replica whose removal is in its log calls no election, though only it can win one',
    edits: [
      {
        file: `${RAFT}/election.ts`,
        find: 'core.history.since(core.commitIndex).some((voters) => voterOf(voters, core.self) !== undefined);',
        replace: 'core.isVoter;',
      },
    ],
  },
  {
    name: 'stale-read-of-an-old-leader',
    about: 'a leader answers reads without asking whether it still leads',
    edits: [
      {
        file: `${RAFT}/reads.ts`,
        find: 'else confirm(core, [id]);',
        replace: "else core.effects.push({ kind: 'readable', id, index: core.commitIndex });",
      },
    ],
  },
  {
    name: 'read-before-the-own-term',
    about: 'a new leader answers reads with a commit index that may be too low',
    edits: [
      {
        file: `${RAFT}/reads.ts`,
        find: 'if (core.commitIndex < core.role.startIndex) core.role.earlyReads.push(id);',
        replace: 'if (core.commitIndex < 0) core.role.earlyReads.push(id);',
      },
    ],
  },
  {
    name: 'pre-vote-raises-the-term',
    about: 'who only asks around begins a term already',
    edits: [
      {
        file: `${RAFT}/election.ts`,
        find: '  if (isMajority(core.voters, granted)) campaign(core, false);',
        replace:
          '  core.term += 1;\n  core.votedFor = null;\n  core.writeHardState();\n' +
          '  if (isMajority(core.voters, granted)) campaign(core, false);',
      },
    ],
  },
  {
    name: 'no-check-quorum',
    about: 'a leader that hears nobody goes on leading',
    edits: [
      {
        file: `${RAFT}/leader.ts`,
        find: 'if (!holdsQuorum(core)) return becomeUnattached(core, core.term);',
        replace: 'if (core.term < 0) return becomeUnattached(core, core.term);',
      },
    ],
  },
  {
    name: 'log-not-flushed',
    about: 'a frame of the log counts as durable once it is written',
    edits: [
      {
        file: `${LOG}/write-ahead-log.ts`,
        find: 'await this.#file.write(parts, position);\n    await this.#file.sync();',
        replace: 'await this.#file.write(parts, position);',
      },
    ],
  },
  {
    name: 'directory-entry-not-synced',
    about: 'the name of a new file of the log is not made durable',
    edits: [
      {
        file: `${LOG}/write-ahead-log.ts`,
        find: '      await file.sync();\n      await disk.syncDirectory(directory);\n',
        replace: '      await file.sync();\n',
      },
    ],
  },
  {
    name: 'last-frame-not-written-again',
    about: 'what a killed process left in the page cache is built upon, and a loss of power takes it',
    edits: [
      {
        file: `${LOG}/write-ahead-log.ts`,
        find: 'await file.write([recovered.lastWritten.bytes], recovered.lastWritten.position);\n      await file.sync();\n',
        replace: '',
      },
    ],
  },
  {
    name: 'acknowledged-write-lost-on-a-torn-tail',
    about: 'recovery cuts the last whole frame together with the torn one behind it',
    edits: [
      {
        file: `${LOG}/recovery.ts`,
        find: 'const { end, lastAt } = replayChain(chain, replay);',
        replace:
          'let { end, lastAt } = replayChain(chain, replay);\n' +
          '  if (lastAt !== -1 && newest.content.length > end) {\n' +
          '    const shorter = { ...newest, content: newest.content.subarray(0, lastAt) };\n' +
          '    const anew = new Replay(oldest);\n' +
          '    const without = replayChain([...chain.slice(0, -1), shorter], anew);\n' +
          '    Object.assign(replay, anew);\n' +
          '    (replay as { entries: EntryLog }).entries = anew.entries;\n' +
          '    ({ end, lastAt } = without);\n' +
          '  }',
      },
    ],
  },
  {
    name: 'failed-flush-tried-again',
    about: 'a flush that failed is repeated, and its success believed',
    edits: [
      {
        file: `${LOG}/write-ahead-log.ts`,
        find: 'await this.#file.write(parts, position);\n    await this.#file.sync();',
        replace:
          'await this.#file.write(parts, position);\n    const file0 = this.#file;\n    await file0.sync().catch(() => file0.sync());',
      },
    ],
  },
  {
    name: 'snapshot-not-synced',
    about: 'a snapshot gets its name before its bytes are durable',
    edits: [
      {
        file: `${LOG}/snapshot-files.ts`,
        find: '  await put([encodeTrailer(count, contentCrc, draft.voters)]);\n  await file.sync();\n',
        replace: '  await put([encodeTrailer(count, contentCrc, draft.voters)]);\n',
      },
    ],
  },
  {
    name: 'applied-in-another-order',
    about: 'batches that are delivered together are applied in an order that depends on a map',
    edits: [
      {
        file: 'packages/server/src/controller/controller-host.ts',
        find: /for \(const batch of batches\) this\.#publish\(this\.#controller\.apply\(batch\)\);/,
        replace:
          'for (const batch of new Map(batches.map((one) => [one.records.length, one])).values()) this.#publish(this.#controller.apply(batch));',
      },
    ],
  },
  {
    name: 'state-lost-in-a-snapshot',
    about: 'a snapshot is restored without its last records',
    edits: [
      {
        file: 'packages/metadata/src/controller.ts',
        find: 'for (const record of chunk) replaySnapshotRecord(draft, record);',
        replace:
          'for (const record of chunk.slice(0, Math.max(1, chunk.length - 1))) replaySnapshotRecord(draft, record);',
      },
    ],
  },
];
