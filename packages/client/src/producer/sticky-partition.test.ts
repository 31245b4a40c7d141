import { SeededRandom } from '@kafkaesque/kernel';
import { StickyPartition, chooseByLoad } from './sticky-partition';
import type { PartitionLoad } from './sticky-partition';

const loads = (...queued: readonly number[]): readonly PartitionLoad[] =>
  queued.map((queuedBatches, partition) => ({ partition, hasLeader: true, queuedBatches }));

describe('the sticky partition', () => {
  test('stays until a batch of bytes went there and the batch is closed', () => {
    const sticky = new StickyPartition(new SeededRandom(1), 100);
    const first = sticky.current(50, () => loads(...Array<number>(50).fill(0)));
    sticky.produced(100, false);
    expect(sticky.current(50, () => [])).toBe(first);
    sticky.produced(50, true);
    const second = sticky.current(50, () => loads(...Array<number>(50).fill(0)));
    expect(second).not.toBe(first);
  });

  test('moves on after two batches of bytes even when none was closed', () => {
    const sticky = new StickyPartition(new SeededRandom(1), 100);
    const first = sticky.current(50, () => loads(...Array<number>(50).fill(0)));
    sticky.produced(200, false);
    expect(sticky.current(50, () => loads(...Array<number>(50).fill(0)))).not.toBe(first);
  });

  test('chooses again when the topic has lost the partition', () => {
    const sticky = new StickyPartition(new SeededRandom(1), 100);
    sticky.current(50, () => [{ partition: 40, hasLeader: true, queuedBatches: 0 }]);
    expect(sticky.current(10, () => loads(0))).toBe(0);
  });

  test('prefers short queues in proportion', () => {
    const random = new SeededRandom(3);
    const counts = [0, 0];
    for (let n = 0; n < 4000; n += 1) counts[chooseByLoad(random, loads(3, 0))]! += 1;
    // Weights are 1 and 4.
    expect(counts[1]! / counts[0]!).toBeGreaterThan(3);
    expect(counts[1]! / counts[0]!).toBeLessThan(5.3);
  });

  test('never chooses a partition without leader while another has one', () => {
    const random = new SeededRandom(4);
    const some = [
      { partition: 0, hasLeader: false, queuedBatches: 0 },
      { partition: 1, hasLeader: true, queuedBatches: 9 },
    ];
    const chosen = new Set(Array.from({ length: 200 }, () => chooseByLoad(random, some)));
    expect([...chosen]).toEqual([1]);
  });
});
