import { BrokerId, SeededRandom } from '@kafkaesque/kernel';
import { defaultRaftSettings } from './contract';
import { ExampleQuorum, exampleVoter } from './example-quorum';
import { Raft } from './raft';

const elected = (nodeIds = [1, 2, 3], seed = 1): ExampleQuorum => {
  const quorum = new ExampleQuorum(nodeIds, { seed });
  quorum.run(3000);
  expect(quorum.leaders).toHaveLength(1);
  return quorum;
};

const others = (quorum: ExampleQuorum): number[] =>
  [...quorum.replicas.keys()].filter((nodeId) => nodeId !== quorum.leader.key.nodeId);

describe('elections', () => {
  test('the only voter leads at once, when its vote and its first entry are durable', () => {
    const quorum = new ExampleQuorum([1]);
    quorum.slowDisks.add(1);
    quorum.settle();
    expect(quorum.leaders).toHaveLength(0);
    quorum.slowDisks.clear();
    quorum.settle();
    // The first entry of its term, and the voters that its disk was formatted with.
    expect(quorum.leader.raft.commitIndex).toBe(2);
  });

  test.each([[[1, 2, 3]], [[1, 2, 3, 4, 5]]])('%p elect one leader, and all follow it', (nodeIds) => {
    const quorum = elected(nodeIds);
    for (const replica of quorum.replicas.values()) expect(replica.raft.leader).toEqual(quorum.leader.key);
  });

  test('a leader that dies is followed by another in a higher term', () => {
    const quorum = elected();
    const first = quorum.leader;
    quorum.propose('kept');
    quorum.crash(first.key.nodeId);
    quorum.run(5000);
    expect(quorum.leader.key).not.toEqual(first.key);
    expect(quorum.leader.raft.term).toBeGreaterThan(first.raft.term);
    expect(quorum.applied(quorum.leader.key.nodeId)).toEqual(['kept']);
  });

  test('known death of the leader is followed within milliseconds', () => {
    const quorum = elected();
    const first = quorum.leader.key.nodeId;
    quorum.crash(first);
    for (const nodeId of [1, 2, 3].filter((id) => id !== first))
      quorum.input(nodeId, { kind: 'peer-lost', nodeId: BrokerId(first) });
    quorum.run(50);
    expect(quorum.leaders).toHaveLength(1);
  });

  test('an isolated replica neither raises terms nor unseats the leader when it comes back (KIP-996)', () => {
    const quorum = elected();
    const [away = 0] = others(quorum);
    const { term } = quorum.leader.raft;
    quorum.isolate(away);
    quorum.run(30_000);
    expect(quorum.node(away).raft.term).toBe(term);
    quorum.heal();
    quorum.run(3000);
    expect(quorum.leader.raft.term).toBe(term);
  });

  test('a leader that hears no majority resigns', () => {
    const quorum = elected();
    const old = quorum.leader;
    quorum.isolate(old.key.nodeId);
    quorum.run(1700);
    expect(old.raft.roleKind).not.toBe('leader');
  });

  test('a vote that was not durable is not heard of', () => {
    const quorum = elected();
    const first = quorum.leader.key.nodeId;
    quorum.crash(first);
    const rest = [1, 2, 3].filter((id) => id !== first);
    for (const nodeId of rest) quorum.slowDisks.add(nodeId);
    quorum.run(5000);
    expect(quorum.leaders).toHaveLength(0);
  });

  test('a replica whose log is behind is not elected', () => {
    const quorum = elected();
    const [behind = 0, ahead = 0] = others(quorum);
    quorum.isolate(behind);
    quorum.propose('one');
    quorum.crash(quorum.leader.key.nodeId);
    quorum.heal();
    quorum.run(10_000);
    expect(quorum.leader.key.nodeId).toBe(ahead);
  });

  test('a timer that fires late tells of a stalled process and is drawn again', () => {
    const quorum = elected();
    const [nodeId = 0] = others(quorum);
    const replica = quorum.node(nodeId);
    const before = replica.raft.roleKind;
    replica.take(replica.raft.step({ kind: 'woken' }, quorum.nowMs + 60_000));
    expect(replica.raft.roleKind).toBe(before);
    expect(replica.wakeAtMs).toBeGreaterThan(quorum.nowMs + 60_000);
  });
});

describe('replication', () => {
  test('an entry is committed when a majority has it durably, the leader by its own disk', () => {
    const quorum = elected();
    const { nodeId } = quorum.leader.key;
    quorum.slowDisks.add(nodeId);
    const index = quorum.propose('a');
    expect(quorum.leader.raft.commitIndex).toBe(index);
    const [first = 0] = others(quorum);
    quorum.slowDisks.add(first);
    const next = quorum.propose('b');
    expect(quorum.leader.raft.commitIndex).toBeLessThan(next);
    quorum.slowDisks.delete(first);
    quorum.settle();
    expect(quorum.leader.raft.commitIndex).toBe(next);
  });

  test('a divergent tail is overridden, and the vote is kept', () => {
    const quorum = elected();
    const old = quorum.leader;
    quorum.isolate(old.key.nodeId);
    quorum.input(old.key.nodeId, { kind: 'propose', bytes: Buffer.from('lost 1') });
    quorum.input(old.key.nodeId, { kind: 'propose', bytes: Buffer.from('lost 2') });
    quorum.run(5000);
    quorum.propose('won');
    quorum.heal();
    quorum.run(5000);
    expect(quorum.applied(old.key.nodeId)).toEqual(['won']);
    expect(old.disk.hardState.term).toBe(quorum.leader.raft.term);
  });

  test('an entry of an earlier term is not committed by counting (Raft figure 8)', () => {
    const quorum = elected();
    const first = quorum.leader;
    quorum.isolate(first.key.nodeId);
    quorum.input(first.key.nodeId, { kind: 'propose', bytes: Buffer.from('old') });
    const { lastIndex } = first.raft;
    quorum.settle();
    quorum.run(5000);
    quorum.heal();
    quorum.run(2000);
    expect(quorum.leader.raft.termOf(lastIndex)).not.toBe(first.raft.term - 1);
    expect(quorum.applied(first.key.nodeId)).toEqual([]);
  });

  test('a replica that was away gets everything that it lacks', () => {
    const quorum = elected();
    const [away = 0] = others(quorum);
    quorum.crash(away);
    const texts = Array.from({ length: 500 }, (_, i) => `entry ${i}`);
    for (const text of texts) quorum.propose(text);
    quorum.restart(away);
    quorum.run(3000);
    expect(quorum.applied(away)).toEqual(texts);
  });

  test('what is sent ahead is bounded in bytes', () => {
    const quorum = new ExampleQuorum([1, 2, 3], {
      settings: { maxInFlightBytes: 1000, maxAppendBytes: 300 },
    });
    quorum.run(3000);
    const { nodeId } = quorum.leader.key;
    const [away = 0] = others(quorum);
    quorum.slowDisks.add(away);
    for (let i = 0; i < 50; i++) quorum.input(nodeId, { kind: 'propose', bytes: Buffer.alloc(100, i) });
    const sent = quorum.leader.takeMessages().filter(({ to }) => to.nodeId === away);
    const bytes = sent.reduce(
      (total, { message }) =>
        total + (message.kind === 'QuorumAppend' ? message.value.entries.length * 100 : 0),
      0,
    );
    expect(bytes).toBeLessThanOrEqual(1300);
  });
});

describe('snapshots', () => {
  test('who is offered what it has says so, and is sent what follows', () => {
    const voters = [1, 2, 3].map((nodeId) => exampleVoter(nodeId));
    const [, self, leader] = voters.map(({ nodeId, directoryId }) => ({ nodeId, directoryId }));
    const position = { index: 5, term: 1 };
    const raft = new Raft({
      self: self!,
      settings: defaultRaftSettings,
      random: new SeededRandom(1),
      restored: {
        hardState: { term: 1, votedFor: null },
        start: position,
        entries: [],
        snapshot: { ...position, voters, sizeBytes: 100 },
      },
    });
    raft.begin(0);
    const value = { term: 1, leader: leader!, round: 1, snapshotIndex: 5, snapshotTerm: 1, sizeBytes: 100 };
    const { effects } = raft.step(
      {
        kind: 'received',
        from: leader!,
        message: { kind: 'QuorumSnapshotOffer', value },
      },
      10,
    );
    expect(effects.find(({ kind }) => kind === 'send')).toMatchObject({
      message: { kind: 'QuorumAppendAnswer', value: { accepted: true, matchIndex: 5 } },
    });
  });
});

describe('linearizable reads', () => {
  test('are answered once a majority has confirmed the leader', () => {
    const quorum = elected();
    const { nodeId } = quorum.leader.key;
    const index = quorum.propose('x');
    quorum.input(nodeId, { kind: 'read', id: 7 });
    expect(quorum.leader.effects.some(({ kind }) => kind === 'readable')).toBe(false);
    quorum.settle();
    expect(quorum.leader.effects).toContainEqual({ kind: 'readable', id: 7, index });
  });

  test('are not confirmed by a refusal of what the same leader said in an earlier term', () => {
    const quorum = elected();
    const { key, raft, effects } = quorum.leader;
    const follower = [1, 2, 3].find((nodeId) => nodeId !== key.nodeId)!;
    const late = { term: raft.term - 1, leader: key, prevIndex: 0, prevTerm: 0, commitIndex: 0 };
    quorum.input(follower, {
      kind: 'received',
      from: key,
      message: { kind: 'QuorumAppend', value: { ...late, round: 1000, entries: [] } },
    });
    quorum.settle();
    quorum.isolate(key.nodeId);
    quorum.input(key.nodeId, { kind: 'read', id: 9 });
    expect(effects.some(({ kind }) => kind === 'readable')).toBe(false);
  });

  test('of a leader that was replaced unawares are not answered', () => {
    const quorum = elected();
    const old = quorum.leader;
    quorum.isolate(old.key.nodeId);
    quorum.run(1000);
    quorum.input(old.key.nodeId, { kind: 'read', id: 8 });
    quorum.run(5000);
    expect(old.effects.filter((effect) => 'id' in effect && effect.id === 8)).toEqual([
      { kind: 'unreadable', id: 8 },
    ]);
  });
});

describe('membership', () => {
  const withLearner = (): ExampleQuorum => {
    const quorum = elected();
    const learner = quorum.add(exampleVoter(4), []);
    quorum.input(quorum.leader.key.nodeId, { kind: 'learner-found', key: learner.key });
    quorum.run(500);
    return quorum;
  };
  const change = (quorum: ExampleQuorum, input: object): unknown => {
    const { leader } = quorum;
    quorum.input(leader.key.nodeId, {
      kind: 'change-membership',
      id: 1,
      timeoutMs: 1000,
      answerWhenAppended: false,
      ...input,
    } as never);
    quorum.run(3000);
    return leader.effects.findLast(({ kind }) => kind === 'membership');
  };

  test('a replica that has caught up becomes a voter', () => {
    const quorum = withLearner();
    quorum.propose('before');
    expect(change(quorum, { change: { kind: 'add', voter: exampleVoter(4) } })).toMatchObject({
      outcome: 'committed',
    });
    for (const nodeId of [1, 2, 3, 4]) expect(quorum.votersOf(nodeId)).toEqual([1, 2, 3, 4]);
    expect(quorum.applied(4)).toEqual(['before']);
  });

  test('who has no vote gets only what is committed', () => {
    const quorum = withLearner();
    const { key } = quorum.leader;
    quorum.propose('committed');
    quorum.run(500);
    const others = [1, 2, 3].filter((nodeId) => nodeId !== key.nodeId);
    for (const nodeId of [key.nodeId, ...others]) quorum.slowDisks.add(nodeId);
    quorum.propose('not committed');
    quorum.run(100);
    const { lastIndex } = quorum.node(others[0] ?? 0).raft;
    expect(quorum.leader.key).toEqual(key);
    expect(quorum.leader.raft.commitIndex).toBeLessThan(lastIndex);
    expect(quorum.node(4).raft.lastIndex).toBe(quorum.leader.raft.commitIndex);
    quorum.slowDisks.clear();
    quorum.run(500);
    expect(quorum.node(4).raft.lastIndex).toBe(lastIndex);
    expect(quorum.applied(4)).toEqual(['committed', 'not committed']);
  });

  test('who starts again knows the voters that its log names', () => {
    const quorum = withLearner();
    change(quorum, { change: { kind: 'add', voter: exampleVoter(4) } });
    for (const nodeId of [1, 2, 3, 4]) {
      quorum.crash(nodeId);
      quorum.restart(nodeId);
      expect(quorum.votersOf(nodeId)).toEqual([1, 2, 3, 4]);
    }
  });

  test('who was formatted without voters learns them from the log', () => {
    const quorum = withLearner();
    expect(quorum.votersOf(4)).toEqual([1, 2, 3]);
    quorum.crash(4);
    quorum.restart(4);
    expect(quorum.votersOf(4)).toEqual([1, 2, 3]);
  });

  test('a replica that nobody has heard of does not', () => {
    const quorum = elected();
    expect(change(quorum, { change: { kind: 'add', voter: exampleVoter(9) } })).toMatchObject({
      outcome: 'timed-out',
    });
  });

  test('the same node with another disk is another voter', () => {
    const quorum = withLearner();
    expect(change(quorum, { change: { kind: 'remove', voter: exampleVoter(2, 'E') } })).toMatchObject({
      outcome: 'voter-not-found',
    });
    expect(change(quorum, { change: { kind: 'add', voter: exampleVoter(2, 'E') } })).toMatchObject({
      outcome: 'duplicate-voter',
    });
  });

  test('a leader that removes itself leads until that is committed, and hands over', () => {
    const quorum = elected();
    const old = quorum.leader;
    expect(change(quorum, { change: { kind: 'remove', voter: old.key } })).toMatchObject({
      outcome: 'committed',
    });
    expect(quorum.leader.key).not.toEqual(old.key);
    expect(quorum.leader.raft.voters).toHaveLength(2);
    expect(old.raft.isVoter).toBe(false);
  });

  test('who is about to be removed stands for election when nobody else can win', () => {
    const quorum = new ExampleQuorum([1, 2]);
    quorum.run(3000);
    const old = quorum.leader;
    const [other = 0] = others(quorum);
    // Its removal reaches its own log and no other, and then it starts again.
    quorum.isolate(old.key.nodeId);
    quorum.input(old.key.nodeId, {
      kind: 'change-membership',
      id: 9,
      change: { kind: 'remove', voter: old.key },
      timeoutMs: 1000,
      answerWhenAppended: false,
    });
    quorum.settle();
    quorum.crash(old.key.nodeId);
    quorum.restart(old.key.nodeId);
    quorum.heal();
    quorum.run(5000);
    expect(quorum.leader.key.nodeId).toBe(other);
    expect(quorum.votersOf(other)).toEqual([other]);
  });

  test('a set that is overridden was never in force', () => {
    const quorum = withLearner();
    const old = quorum.leader;
    for (const nodeId of [1, 2, 3].filter((id) => id !== old.key.nodeId))
      quorum.cut.add(`${old.key.nodeId}>${nodeId}`);
    change(quorum, { change: { kind: 'add', voter: exampleVoter(4) } });
    quorum.run(5000);
    quorum.heal();
    quorum.run(5000);
    for (const nodeId of [1, 2, 3]) expect(quorum.votersOf(nodeId)).toEqual([1, 2, 3]);
  });

  test('a voter that was dead when it was removed is forgotten after five minutes', () => {
    const quorum = elected();
    const [dead = 0] = others(quorum);
    quorum.crash(dead);
    change(quorum, { change: { kind: 'remove', voter: exampleVoter(dead) } });
    expect(quorum.leader.raft.replicas().map(({ key }) => key.nodeId)).toContain(dead);
    quorum.run(301_000);
    expect(quorum.leader.raft.replicas().map(({ key }) => key.nodeId)).not.toContain(dead);
  });

  test('voters that are fixed by configuration do not change', () => {
    const quorum = new ExampleQuorum([]);
    const voters = [1, 2, 3].map((id) => ({ ...exampleVoter(id), directoryId: 'A'.repeat(22) }));
    for (const id of [1, 2, 3]) quorum.add(exampleVoter(id), voters);
    quorum.run(3000);
    expect(change(quorum, { change: { kind: 'remove', voter: exampleVoter(2) } })).toMatchObject({
      outcome: 'static',
    });
  });
});

describe('transfer', () => {
  test('another leads soon, and nothing is lost', () => {
    const quorum = elected();
    quorum.propose('a');
    const [to = 0] = others(quorum);
    quorum.input(quorum.leader.key.nodeId, { kind: 'transfer', to: BrokerId(to) });
    quorum.run(100);
    expect(quorum.leader.key.nodeId).toBe(to);
    expect(quorum.applied(to)).toEqual(['a']);
  });

  test('a successor that does not come forward keeps nobody from working', () => {
    const quorum = elected();
    const [to = 0] = others(quorum);
    quorum.isolate(to);
    quorum.input(quorum.leader.key.nodeId, { kind: 'transfer', to: BrokerId(to) });
    expect(quorum.leader.raft.isTransferring).toBe(true);
    quorum.run(1000);
    expect(quorum.leader.raft.isTransferring).toBe(false);
    quorum.propose('still');
    expect(quorum.applied(quorum.leader.key.nodeId)).toEqual(['still']);
  });
});
