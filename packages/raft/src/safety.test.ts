import { BrokerId } from '@kafkaesque/kernel';
import { ExampleQuorum, exampleVoter } from './example-quorum';
import type { MessageOf } from './messages';

/** Three replicas that hear nothing but what a test tells them. */
const silent = (): ExampleQuorum => {
  const quorum = new ExampleQuorum([1, 2, 3]);
  for (const nodeId of [1, 2, 3]) quorum.slowDisks.add(nodeId);
  return quorum;
};

const elected = (nodeIds = [1, 2, 3]): ExampleQuorum => {
  const quorum = new ExampleQuorum(nodeIds);
  quorum.run(3000);
  return quorum;
};

/** What a leader says. */
const says = (
  quorum: ExampleQuorum,
  leaderId: number,
  append: Partial<MessageOf<'QuorumAppend'>> & { readonly term: number },
): void => {
  const leader = quorum.node(leaderId).key;
  const value = { leader, prevIndex: 0, prevTerm: 0, commitIndex: 0, round: 1, entries: [], ...append };
  quorum.input(2, { kind: 'received', from: leader, message: { kind: 'QuorumAppend', value } });
};

const entry = (term: number, text: string) => ({ term, type: 0, bytes: Buffer.from(text) });

const completeWrite = (quorum: ExampleQuorum): void => {
  const durable = quorum.node(2).completeWrite();
  expect(durable).toBeDefined();
  quorum.input(2, durable!);
};

describe('what is durable', () => {
  test('is not what an older write had at the same place: A, B in its stead, and A again', () => {
    const quorum = silent();
    const { raft } = quorum.node(2);
    says(quorum, 1, { term: 1, entries: [entry(1, 'A')] });
    says(quorum, 3, { term: 2, entries: [entry(2, 'B')] });
    says(quorum, 1, { term: 3, entries: [entry(1, 'A'), entry(3, 'C')] });
    completeWrite(quorum);
    // A power loss now, or after the second write, would leave A overridden by B.
    expect(raft.durableIndex).toBe(0);
    completeWrite(quorum);
    expect(raft.durableIndex).toBe(0);
    completeWrite(quorum);
    expect(raft.durableIndex).toBe(2);
  });

  test('reaches up to what a later write overrides', () => {
    const quorum = silent();
    says(quorum, 1, { term: 1, entries: [entry(1, 'kept'), entry(1, 'A'), entry(1, 'a')] });
    says(quorum, 3, { term: 2, prevIndex: 1, prevTerm: 1, entries: [entry(2, 'B')] });
    says(quorum, 1, { term: 3, prevIndex: 1, prevTerm: 1, entries: [entry(1, 'A'), entry(1, 'a')] });
    completeWrite(quorum);
    expect(quorum.node(2).raft.durableIndex).toBe(1);
  });
});

describe('what is committed', () => {
  test('is not contradicted: whoever leads without it makes a replica stop', () => {
    const quorum = silent();
    says(quorum, 1, { term: 1, entries: [entry(1, 'A')], commitIndex: 1 });
    expect(() => says(quorum, 3, { term: 2, entries: [entry(2, 'B')] })).toThrow(
      'entry 1 is committed with term 1, and node 3 leads with term 2 there',
    );
  });
});

describe('voters', () => {
  test('are known as of every committed entry, also of those before a change that was committed with them', () => {
    const quorum = elected();
    const { raft, key } = quorum.leader;
    const index = quorum.propose('before');
    quorum.slowDisks.add(1).add(2).add(3);
    quorum.input(key.nodeId, { kind: 'propose', bytes: Buffer.from('with three') });
    const removed = exampleVoter([1, 2, 3].find((nodeId) => nodeId !== key.nodeId)!);
    quorum.input(key.nodeId, {
      kind: 'change-membership',
      ...{ id: 1, timeoutMs: 0, answerWhenAppended: false },
      change: { kind: 'remove', voter: removed },
    });
    quorum.slowDisks.clear();
    quorum.settle();
    expect(raft.commitIndex).toBe(index + 2);
    // The host applies what is committed in pieces, and may take a snapshot behind any of them.
    expect(raft.votersAt(index + 1)).toHaveLength(3);
    expect(raft.votersAt(index + 2)).toHaveLength(2);
  });

  test('do not change while leadership is handed over', () => {
    const quorum = elected();
    const { key, effects } = quorum.leader;
    const other = [1, 2, 3].find((nodeId) => nodeId !== key.nodeId)!;
    quorum.isolate(other);
    quorum.input(key.nodeId, { kind: 'transfer', to: BrokerId(other) });
    quorum.input(key.nodeId, {
      kind: 'change-membership',
      ...{ id: 1, timeoutMs: 0, answerWhenAppended: false },
      change: { kind: 'remove', voter: exampleVoter(other) },
    });
    expect(effects).toContainEqual({ kind: 'membership', id: 1, outcome: 'busy' });
  });

  test('that configuration names get everything again when their disks were replaced (kraft.version 0)', () => {
    const quorum = new ExampleQuorum([]);
    const voters = [1, 2, 3].map((nodeId) => ({ ...exampleVoter(nodeId), directoryId: 'A'.repeat(22) }));
    for (const nodeId of [1, 2, 3]) quorum.add(exampleVoter(nodeId), voters);
    quorum.run(3000);
    const { term } = quorum.leader.raft;
    const wiped = [1, 2, 3].find((nodeId) => nodeId !== quorum.leader.key.nodeId)!;
    quorum.propose('a');
    quorum.add(exampleVoter(wiped, 'E'), voters);
    quorum.run(1000);
    expect(quorum.leader.raft.term).toBe(term);
    expect(quorum.applied(wiped)).toEqual(['a']);
  });
});
