import { LeaderEpoch, Offset, SeededRandom } from '@kafkaesque/kernel';
import { EpochCache } from './epochs';

const cacheOf = (...entries: readonly (readonly [epoch: number, start: number])[]): EpochCache =>
  new EpochCache(
    entries.map(([epoch, start]) => ({ leaderEpoch: LeaderEpoch(epoch), startOffset: Offset(start) })),
  );
const pairs = (cache: EpochCache): readonly (readonly [number, number])[] =>
  cache.entries.map((entry) => [entry.leaderEpoch, entry.startOffset]);

describe('where an epoch ends', () => {
  const cache = cacheOf([2, 10], [4, 20], [7, 35]);
  test.each([
    { name: 'the newest epoch ends at the log end', asked: 7, gives: [7, 50] },
    { name: 'an older epoch ends where the next one starts', asked: 4, gives: [4, 35] },
    { name: 'an epoch that wrote nothing here gives the one before it (KIP-279)', asked: 5, gives: [4, 35] },
    { name: 'an epoch older than the log gives the log’s first offset', asked: 1, gives: [1, 10] },
    { name: 'an epoch from the future is undefined', asked: 8, gives: [-1, -1] },
    { name: 'the undefined epoch is undefined', asked: -1, gives: [-1, -1] },
  ])('$name', ({ asked, gives }) => {
    const { leaderEpoch, endOffset } = cache.endOffsetOf(asked, Offset(50));
    expect([leaderEpoch, endOffset]).toEqual(gives);
  });

  test('nothing is defined in a log without epochs', () => {
    expect(cacheOf().endOffsetOf(0, Offset(0))).toEqual({ leaderEpoch: -1, endOffset: -1 });
  });

  test('KIP-101, scenario 1: a follower that restarts keeps the record its leader also has', () => {
    // Both have offsets 0 and 1 of epoch 0; the follower's high watermark is still 1. By epoch it keeps both.
    expect(cacheOf([0, 0]).endOffsetOf(0, Offset(2))).toEqual({ leaderEpoch: 0, endOffset: 2 });
  });

  test('KIP-101, scenario 2: of two logs that diverge at 1, the old leader truncates to 1', () => {
    // The old leader asks with its epoch 0; the new one wrote epoch 1 from offset 1.
    expect(cacheOf([0, 0], [1, 1]).endOffsetOf(0, Offset(2))).toEqual({ leaderEpoch: 0, endOffset: 1 });
  });
});

describe('keeping entries in order', () => {
  test('an epoch that wrote nothing is replaced by the next one at the same offset', () => {
    const cache = cacheOf([1, 0], [2, 10]);
    cache.assign(LeaderEpoch(3), Offset(10));
    expect(pairs(cache)).toEqual([
      [1, 0],
      [3, 10],
    ]);
  });

  test('a later epoch that a divergent leader left gives way', () => {
    const cache = cacheOf([1, 0], [5, 10]);
    cache.assign(LeaderEpoch(3), Offset(20));
    expect(pairs(cache)).toEqual([
      [1, 0],
      [3, 20],
    ]);
  });

  test('assigning the newest epoch again changes nothing', () => {
    const cache = cacheOf([1, 0], [2, 10]);
    cache.assign(LeaderEpoch(2), Offset(15));
    expect(pairs(cache)).toEqual([
      [1, 0],
      [2, 10],
    ]);
  });

  test('a raised log start leaves the covering epoch, beginning there', () => {
    const cache = cacheOf([1, 0], [2, 10], [3, 20]);
    cache.truncateFromStart(Offset(15));
    expect(pairs(cache)).toEqual([
      [2, 15],
      [3, 20],
    ]);
  });

  test('epochs and offsets increase whatever is assigned, and every offset keeps its writer', () => {
    for (let seed = 0; seed < 300; seed++) {
      const random = new SeededRandom(seed, 'epochs');
      const cache = cacheOf();
      const writers: number[] = [];
      let epoch = 0;
      for (let step = 0; step < 30; step++) {
        epoch += 1 + random.below(3);
        cache.assign(LeaderEpoch(epoch), Offset(writers.length));
        for (let n = random.below(4); n > 0; n--) writers.push(epoch);
      }
      const start = random.below(writers.length + 1);
      cache.truncateFromStart(Offset(start));
      const entries = pairs(cache);
      const increasing = entries.every(
        ([e, s], i) => i === 0 || (e > (entries[i - 1]?.[0] ?? 0) && s > (entries[i - 1]?.[1] ?? 0)),
      );
      const found = writers.map((_, offset) => (offset < start ? 0 : cache.epochOf(Offset(offset))));
      expect({ seed, increasing, found }).toEqual({
        seed,
        increasing: true,
        found: writers.map((writer, offset) => (offset < start ? 0 : writer)),
      });
    }
  });
});
