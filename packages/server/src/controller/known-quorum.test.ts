import { BrokerId } from '@kafkaesque/kernel';
import type { QuorumState } from '@kafkaesque/protocol';
import { KnownQuorum } from './known-quorum';

const told = (term: number, leaderId: number, ...nodeIds: number[]): QuorumState => ({
  term,
  leaderId: BrokerId(leaderId),
  controllers: nodeIds.map((nodeId) => ({ nodeId: BrokerId(nodeId), host: `n${nodeId}`, port: 9093 })),
});

const [ONE, TWO] = [BrokerId(1), BrokerId(2)];

describe('what is known of the quorum', () => {
  test('is the leader of the latest term', () => {
    const quorum = new KnownQuorum();
    expect(quorum.leader).toBeUndefined();
    expect(quorum.learn(told(3, 1, 1, 2), TWO)).toBe(true);
    expect(quorum.learn(told(2, 2), TWO)).toBe(false);
    expect(quorum.leader).toEqual({ nodeId: 1, term: 3 });
    expect(quorum.learn(told(4, 2, 1, 2), ONE)).toBe(true);
    expect(quorum.leader).toEqual({ nodeId: 2, term: 4 });
    expect(quorum.controllers).toHaveLength(2);
  });

  test('is nobody once the leader says that it leads no more, in a term that may never have been written down', () => {
    const quorum = new KnownQuorum();
    quorum.learn(told(12, 1, 1, 2), ONE);
    expect(quorum.learn(told(12, -1), TWO)).toBe(false);
    expect(quorum.learn(told(13, -1, 1, 2, 3), ONE)).toBe(true);
    expect(quorum.leader).toBeUndefined();
    expect(quorum.controllers).toHaveLength(3);
    // It lost term 13 with its power, and leads term 12 again.
    expect(quorum.learn(told(12, 1, 1, 2), ONE)).toBe(true);
    expect(quorum.leader).toEqual({ nodeId: 1, term: 12 });
  });

  test('is still the leader where another controller sees none in a later term: it may be cut off', () => {
    const quorum = new KnownQuorum();
    quorum.learn(told(12, 1, 1, 2), ONE);
    expect(quorum.learn(told(13, -1, 1, 2), TWO)).toBe(true);
    expect(quorum.leader).toEqual({ nodeId: 1, term: 12 });
  });

  test('keeps the addresses it has where a controller knows none', () => {
    const quorum = new KnownQuorum();
    quorum.learn(told(1, 1, 1, 2, 3), ONE);
    quorum.learn(told(2, -1), ONE);
    expect(quorum.controllers).toHaveLength(3);
  });
});
