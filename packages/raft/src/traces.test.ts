import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BrokerId } from '@kafkaesque/kernel';
import { ExampleQuorum, exampleVoter } from './example-quorum';
import { ExampleTrace } from './example-trace';

/*
 * What the machine says and does in the classic scenarios, step by step. `UPDATE_TRACES=1 npx jest packages/raft` writes
 * the transcripts anew; the difference is for the reviewer.
 */

const leaderOf = (quorum: ExampleQuorum): number => quorum.leader.key.nodeId;
const othersOf = (quorum: ExampleQuorum): readonly number[] =>
  [...quorum.replicas.keys()].filter((id) => id !== leaderOf(quorum));

const elected = (options: ConstructorParameters<typeof ExampleQuorum>[1] = {}): ExampleQuorum => {
  const quorum = new ExampleQuorum([1, 2, 3], options);
  quorum.run(3000);
  return quorum;
};

const propose = (quorum: ExampleQuorum, nodeId: number, text: string): void =>
  quorum.input(nodeId, { kind: 'propose', bytes: Buffer.from(text) });

/** Its process ends, and the others notice. */
const kill = (quorum: ExampleQuorum, nodeId: number): void => {
  quorum.crash(nodeId);
  for (const [other, { isUp }] of quorum.replicas)
    if (isUp) quorum.input(other, { kind: 'peer-lost', nodeId: BrokerId(nodeId) });
};

const scenarios: Record<string, () => ExampleTrace> = {
  'election with pre-vote (KIP-996, Raft 5.2)': () => {
    const quorum = new ExampleQuorum([1, 2, 3]);
    const trace = new ExampleTrace(quorum);
    trace.during('nobody leads, until the first wait is over', () => quorum.run(1150));
    return trace;
  },
  'death of the leader': () => {
    const quorum = elected();
    const trace = new ExampleTrace(quorum);
    const leader = leaderOf(quorum);
    trace.during('an entry is committed', () => quorum.propose('kept'));
    trace.during('the process of the leader is gone', () => {
      kill(quorum, leader);
      quorum.run(60);
    });
    trace.during('it comes back', () => {
      quorum.restart(leader);
      quorum.run(60);
    });
    return trace;
  },
  'divergent tail (Raft 5.3, figure 7)': () => {
    const quorum = elected();
    const trace = new ExampleTrace(quorum);
    const old = leaderOf(quorum);
    const [a = 0, b = 0] = othersOf(quorum);
    trace.during('a leader that nobody hears appends', () => {
      quorum.isolate(old);
      propose(quorum, old, 'lost 1');
      propose(quorum, old, 'lost 2');
      quorum.settle();
    });
    quorum.cut.clear();
    quorum.crash(old);
    for (const nodeId of [a, b]) quorum.input(nodeId, { kind: 'peer-lost', nodeId: BrokerId(old) });
    quorum.run(60);
    quorum.propose('won');
    trace.during('it comes back as a follower', () => {
      quorum.restart(old);
      quorum.run(250);
    });
    return trace;
  },
  'an entry of an earlier term (Raft 5.4.2, figure 8)': () => {
    const quorum = new ExampleQuorum([1, 2, 3, 4, 5], { settings: { maxAppendBytes: 1 } });
    quorum.run(3000);
    const trace = new ExampleTrace(quorum);
    const first = leaderOf(quorum);
    const [a = 0, b = 0, c = 0, d = 0] = othersOf(quorum);
    trace.during('a: the first leader gets its entry to one other, and its process ends', () => {
      quorum.loses = (_, from, to) => from === first && to !== a;
      quorum.propose('two');
      quorum.crash(first);
    });
    const { lastIndex } = quorum.node(a).raft;
    trace.during('b: another, elected by the rest, appends for itself alone, and its process ends', () => {
      quorum.loses = (message, from) => from === a || (from === b && message.kind === 'QuorumAppend');
      for (const nodeId of [b, c, d]) quorum.input(nodeId, { kind: 'peer-lost', nodeId: BrokerId(first) });
      quorum.run(50);
      quorum.crash(b);
    });
    expect(quorum.node(b).raft.lastIndex).toBe(lastIndex);
    trace.during('c: the first leads again, and a majority has its old entry: that commits nothing', () => {
      quorum.restart(first);
      const { raft } = quorum.node(first);
      quorum.loses = (message, from) =>
        (message.kind === 'QuorumVote' && from !== first) ||
        (message.kind === 'QuorumAppend' && message.value.entries.some(({ term }) => term === raft.term));
      for (let ms = 0; ms < 3000 && raft.roleKind !== 'leader'; ms += 10) quorum.run(10);
      quorum.run(150);
      for (const nodeId of [a, c]) expect(quorum.node(nodeId).raft.durableIndex).toBe(lastIndex);
      expect(raft.commitIndex).toBeLessThan(lastIndex);
    });
    trace.during('e: with an entry of its new term both are committed', () => {
      quorum.loses = undefined;
      quorum.run(100);
      expect(quorum.node(first).raft.commitIndex).toBe(quorum.node(first).raft.lastIndex);
    });
    return trace;
  },
  'a voter is added, and another removed (thesis 4, KIP-853)': () => {
    const quorum = elected();
    const trace = new ExampleTrace(quorum);
    const added = exampleVoter(4);
    const change = (what: object): void =>
      quorum.input(leaderOf(quorum), {
        kind: 'change-membership',
        ...{ id: 1, timeoutMs: 1000, answerWhenAppended: false, ...what },
      } as never);
    trace.during('a controller without a vote gets the log', () => {
      const { key } = quorum.add(added, []);
      quorum.input(leaderOf(quorum), { kind: 'learner-found', key });
      quorum.settle();
    });
    trace.during('it becomes a voter', () => {
      change({ change: { kind: 'add', voter: added } });
      quorum.settle();
    });
    trace.during('the leader removes itself', () => {
      change({ id: 2, change: { kind: 'remove', voter: quorum.leader.key } });
      quorum.settle();
    });
    return trace;
  },
  'catching up by a snapshot': () => {
    const quorum = elected({
      settings: { keptEntries: 0, snapshotChunkBytes: 300, snapshotWindowChunks: 2 },
    });
    const trace = new ExampleTrace(quorum);
    const [away = 0] = othersOf(quorum);
    quorum.crash(away);
    for (const text of ['a', 'b', 'c']) quorum.propose(text);
    trace.during('the leader takes a snapshot and drops its log', () => {
      quorum.leader.takeSnapshot();
      quorum.settle();
    });
    trace.during('one that was away comes back', () => {
      quorum.restart(away);
      quorum.run(250);
    });
    return trace;
  },
  'leadership is handed over (thesis 3.10)': () => {
    const quorum = elected();
    const trace = new ExampleTrace(quorum);
    const [to = 0] = othersOf(quorum);
    trace.during('to a voter that has everything', () => {
      quorum.input(leaderOf(quorum), { kind: 'transfer', to: BrokerId(to) });
      quorum.settle();
    });
    return trace;
  },
  'linearizable reads (thesis 6.4)': () => {
    const quorum = elected();
    const trace = new ExampleTrace(quorum);
    const old = leaderOf(quorum);
    trace.during('of a leader that a majority confirms', () => {
      quorum.input(old, { kind: 'read', id: 1 });
      quorum.settle();
    });
    trace.during('of a leader that nobody hears', () => {
      quorum.isolate(old);
      quorum.input(old, { kind: 'read', id: 2 });
      quorum.run(1600);
    });
    return trace;
  },
};

const fileOf = (name: string): string =>
  join(
    __dirname,
    'traces',
    `${name
      .replace(/ \(.*\)/, '')
      .replace(/[^a-z0-9]+/gi, '-')
      .toLowerCase()}.txt`,
  );

test.each(Object.entries(scenarios))('%s goes as its transcript says', (name, play) => {
  const path = fileOf(name);
  const text = `${play().text}\n`;
  if (process.env['UPDATE_TRACES'] === '1') writeFileSync(path, text);
  expect(existsSync(path)).toBe(true);
  expect(text).toBe(readFileSync(path, 'utf8'));
});
