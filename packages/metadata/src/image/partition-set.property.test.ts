import fc from 'fast-check';
import { changedPartitionSet, emptyPartitionSet, hasPartition, partitionsIn } from './partition-set';

const changes = fc
  .uniqueArray(
    fc.record({
      partition: fc.oneof(fc.integer({ min: 0, max: 70 }), fc.integer({ min: 0, max: 20_000 })),
      isMember: fc.boolean(),
    }),
    { maxLength: 40, selector: ({ partition }) => partition },
  )
  .map((list) => list.sort((a, b) => a.partition - b.partition));

test('a set of partitions says what a plain set says, and its earlier versions stay as they were', () => {
  fc.assert(
    fc.property(fc.array(changes, { maxLength: 12 }), (batches) => {
      let set = emptyPartitionSet;
      const plain = new Set<number>();
      for (const batch of batches) {
        const before = set;
        const members = [...plain];
        set = changedPartitionSet(set, batch);
        expect([...partitionsIn(before)].sort()).toEqual(members.sort());
        for (const { partition, isMember } of batch) {
          if (isMember) plain.add(partition);
          else plain.delete(partition);
          expect(hasPartition(set, partition)).toBe(isMember);
        }
        expect(set.size).toBe(plain.size);
        expect([...partitionsIn(set)]).toEqual([...plain].sort((a, b) => a - b));
      }
    }),
  );
}, 60_000);
