import { BrokerId, LeaderEpoch, Offset } from '@kafkaesque/kernel';
import { SELF, batchOf, lead, leaderOf, openPartition, produce, settle, subscribe } from './scenario';
import type { Partition } from './partition';

const [SECOND, THIRD] = [BrokerId(2), BrokerId(3)];
const ofThree = (minInsyncReplicas = 1, inSync = [SELF, SECOND, THIRD]): Partition => {
  const partition = openPartition({ minInsyncReplicas });
  lead(partition, 1, inSync, [SELF, SECOND, THIRD]);
  produce(partition, batchOf(10), { acks: 1 });
  settle(partition);
  subscribe(partition, SECOND, 0);
  subscribe(partition, THIRD, 0);
  return partition;
};
const durable = (partition: Partition, replica: BrokerId, end: number): void => {
  partition.replicaDurable(replica, Offset(end), 0);
};

describe('the high watermark', () => {
  test('of a single replica is its durable end, not the end of its log', () => {
    const partition = leaderOf();
    produce(partition, batchOf(4));
    expect(partition.highWatermark).toBe(0);
    expect(settle(partition)).toEqual([
      expect.objectContaining({
        kind: 'advanced',
        durableEndOffset: 4,
        highWatermark: 4,
        lastStableOffset: 4,
      }),
    ]);
  });

  test('is the least durable end among the replicas in sync', () => {
    const partition = ofThree();
    expect(partition.highWatermark).toBe(0);
    durable(partition, SECOND, 7);
    expect(partition.highWatermark).toBe(0);
    durable(partition, THIRD, 5);
    expect(partition.highWatermark).toBe(5);
    durable(partition, THIRD, 9);
    expect(partition.highWatermark).toBe(7);
  });

  test('does not wait for who is out of sync', () => {
    const partition = ofThree(1, [SELF, SECOND]);
    durable(partition, SECOND, 10);
    expect(partition.highWatermark).toBe(10);
  });

  test('stands still while too few are in sync', () => {
    const partition = ofThree(2, [SELF]);
    expect(partition.highWatermark).toBe(0);
    partition.updateConfig({ ...partition.config, minInsyncReplicas: 1 });
    expect(partition.highWatermark).toBe(10);
  });

  test('never falls, whatever a replica says', () => {
    const partition = ofThree();
    durable(partition, SECOND, 8);
    durable(partition, THIRD, 8);
    durable(partition, THIRD, 3);
    lead(partition, 2, [SELF, SECOND, THIRD]);
    subscribe(partition, SECOND, 2, 1);
    subscribe(partition, THIRD, 2, 1);
    durable(partition, SECOND, 2);
    durable(partition, THIRD, 2);
    expect(partition.highWatermark).toBe(8);
  });

  test('in a new epoch believes a replica only what it says anew', () => {
    const partition = ofThree();
    durable(partition, SECOND, 10);
    lead(partition, 2, [SELF, SECOND], [SELF, SECOND, THIRD]);
    expect(partition.highWatermark).toBe(0);
    durable(partition, SECOND, 4);
    expect(partition.highWatermark).toBe(0);
    subscribe(partition, SECOND, 4, 1);
    durable(partition, SECOND, 4);
    expect(partition.highWatermark).toBe(4);
  });

  test('ignores strangers, and ends that this log does not have', () => {
    const partition = ofThree(1, [SELF, SECOND]);
    durable(partition, BrokerId(9), 10);
    durable(partition, SECOND, 11);
    expect(partition.highWatermark).toBe(0);
  });
});

describe('the end of what every assigned replica has', () => {
  const compacted = (inSync: readonly BrokerId[]): Partition => {
    const partition = ofThree(1, [...inSync]);
    partition.updateConfig({ ...partition.config, compacted: true });
    return partition;
  };

  test('waits for who is out of sync, and is never beyond the high watermark', () => {
    const partition = compacted([SELF, SECOND]);
    durable(partition, SECOND, 8);
    expect([partition.highWatermark, partition.fullyReplicatedOffset]).toEqual([8, 0]);
    durable(partition, THIRD, 6);
    expect(partition.fullyReplicatedOffset).toBe(6);
    durable(partition, THIRD, 10);
    expect(partition.fullyReplicatedOffset).toBe(8);
  });

  test('is not known while one of them does not say how far it is', () => {
    const partition = compacted([SELF, SECOND]);
    for (const replica of [SECOND, THIRD]) durable(partition, replica, 9);
    partition.unsubscribe(THIRD, 0);
    expect([partition.highWatermark, partition.fullyReplicatedOffset]).toEqual([9, 0]);
    // What it said before may have been another disk's.
    subscribe(partition, THIRD, 2);
    expect(partition.fullyReplicatedOffset).toBe(0);
    durable(partition, THIRD, 2);
    expect(partition.fullyReplicatedOffset).toBe(2);
  });

  test('counts a replica that was added, and none that was removed', () => {
    const partition = compacted([SELF, SECOND, THIRD]);
    for (const replica of [SECOND, THIRD]) durable(partition, replica, 9);
    expect(partition.fullyReplicatedOffset).toBe(9);
    lead(partition, 1, [SELF, SECOND, THIRD], [SELF, SECOND, THIRD, BrokerId(4)]);
    expect(partition.fullyReplicatedOffset).toBe(0);
    lead(partition, 1, [SELF, SECOND], [SELF, SECOND]);
    expect(partition.fullyReplicatedOffset).toBe(9);
  });

  test('of a replica alone is its high watermark, and of a topic that is not compacted nobody asks', () => {
    const partition = leaderOf();
    produce(partition, batchOf(4));
    settle(partition);
    expect(partition.fullyReplicatedOffset).toBe(0);
    partition.updateConfig({ ...partition.config, compacted: true });
    expect(partition.fullyReplicatedOffset).toBe(4);
  });
});

describe('an advance says how many bytes became readable', () => {
  const exposed = (partition: Partition, end: number): unknown =>
    partition
      .durable(Offset(end), partition.leaderEpoch)
      .map((effect) => effect.kind === 'advanced' && effect.exposedBytes);

  test('exactly, for what this leader appended', () => {
    const partition = leaderOf();
    const sizes = Array.from({ length: 40 }, (_, i) => {
      const records = batchOf(1 + (i % 3));
      produce(partition, records);
      return records.length;
    });
    const ends = sizes.map((_, i) =>
      Array.from({ length: i + 1 }, (_, n) => 1 + (n % 3)).reduce((a, b) => a + b),
    );
    expect(exposed(partition, ends[0] ?? 0)).toEqual([sizes[0]]);
    expect(exposed(partition, ends[2] ?? 0)).toEqual([(sizes[1] ?? 0) + (sizes[2] ?? 0)]);
    expect(exposed(partition, ends[39] ?? 0)).toEqual([sizes.slice(3).reduce((a, b) => a + b)]);
  });

  test('as "unknown" for what the log held before', () => {
    const partition = openPartition({}, { logStartOffset: Offset(0), endOffset: Offset(5), epochs: [] });
    expect(lead(partition, 1).at(-1)).toMatchObject({
      exposedBytes: Number.MAX_SAFE_INTEGER,
      highWatermark: 5,
    });
  });

  test('as nothing when only the log got further', () => {
    const partition = openPartition();
    lead(partition, 1, [SELF, SECOND]);
    produce(partition, batchOf(1));
    expect(partition.durable(Offset(1), LeaderEpoch(1))).toEqual([
      expect.objectContaining({ durableEndOffset: 1, highWatermark: 0, exposedBytes: 0 }),
    ]);
  });
});
