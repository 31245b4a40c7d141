import { ExampleQuorum } from './example-quorum';

/** A quorum whose snapshots travel in small pieces and of which nothing is kept in the log. */
const elected = (): ExampleQuorum => {
  const quorum = new ExampleQuorum([1, 2, 3], {
    settings: { snapshotChunkBytes: 100, snapshotWindowChunks: 2, keptEntries: 0 },
  });
  quorum.run(3000);
  return quorum;
};

const follower = (quorum: ExampleQuorum): number =>
  [...quorum.replicas.keys()].find((nodeId) => nodeId !== quorum.leader.key.nodeId)!;

const write = (quorum: ExampleQuorum, count: number): readonly string[] => {
  const texts = Array.from({ length: count }, (_, i) => `entry ${i}`);
  for (const text of texts) quorum.propose(text);
  return texts;
};

const compact = (quorum: ExampleQuorum): void => {
  quorum.leader.takeSnapshot();
  quorum.settle();
};

describe('snapshots', () => {
  test('bring whoever needs what the log no longer has up to date', () => {
    const quorum = elected();
    const away = follower(quorum);
    quorum.crash(away);
    const texts = write(quorum, 20);
    compact(quorum);
    expect(quorum.leader.raft.start.index).toBe(quorum.leader.raft.commitIndex);
    quorum.restart(away);
    quorum.run(3000);
    expect(quorum.applied(away)).toEqual(texts);
    const more = quorum.propose('behind it');
    expect(quorum.node(away).raft.commitIndex).toBe(more);
  });

  test('that are stored when the process ends are not asked for again, and the log goes on behind them', () => {
    const quorum = elected();
    const away = follower(quorum);
    quorum.crash(away);
    write(quorum, 20);
    compact(quorum);
    quorum.restart(away);
    quorum.run(10);
    // All of it arrives, and the process ends before its log says so, or anybody hears of it.
    quorum.slowDisks.add(away);
    const { snapshotIndex } = quorum.leader.raft;
    while (quorum.node(away).raft.snapshotIndex < snapshotIndex) quorum.run(10);
    quorum.crash(away);
    quorum.slowDisks.clear();
    quorum.restart(away);
    const index = quorum.propose('next');
    quorum.run(3000);
    expect(quorum.node(away).raft.commitIndex).toBe(index);
  });

  test('that are newer do not interrupt one that is on its way', () => {
    const quorum = elected();
    const { nodeId, leader } = { nodeId: follower(quorum), leader: quorum.leader };
    quorum.isolate(nodeId);
    const offer = (snapshotIndex: number): void => {
      const value = { term: leader.raft.term, leader: leader.key, round: 1, snapshotIndex };
      const message = {
        kind: 'QuorumSnapshotOffer' as const,
        value: { ...value, snapshotTerm: leader.raft.term, sizeBytes: 1000 },
      };
      quorum.input(nodeId, { kind: 'received', from: leader.key, message });
    };
    const begun = (): number[] =>
      quorum
        .node(nodeId)
        .effects.flatMap((effect) => (effect.kind === 'begin-snapshot' ? [effect.snapshot.index] : []));
    offer(50);
    offer(60);
    offer(50);
    expect(begun()).toEqual([50]);
    // It is not there any more: the next offer is as good as any.
    const gone = { term: leader.raft.term, snapshotIndex: 50, snapshotTerm: leader.raft.term, position: 0 };
    quorum.input(nodeId, {
      kind: 'received',
      from: leader.key,
      message: { kind: 'QuorumSnapshotChunk', value: { ...gone, sizeBytes: -1, bytes: Buffer.alloc(0) } },
    });
    offer(60);
    expect(begun()).toEqual([50, 60]);
  });
});
