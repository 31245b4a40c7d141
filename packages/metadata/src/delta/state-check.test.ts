import { BrokerId } from '@kafkaesque/kernel';
import { ExampleCluster } from '../example-cluster';
import { emptyImage, stateHash } from '../image/lookups';
import { recordsOfImage } from '../image/snapshot-records';
import type { MetadataRecord } from '../records';
import { applyRecords } from './apply-records';

const check = (hash: string): readonly MetadataRecord[] => [
  { kind: 'StateHashRecord', value: { stateHash: hash } },
];

describe('the hash that a leader writes down', () => {
  test('is that of the state before it, changes nothing, and holds for whoever restored a snapshot', () => {
    const cluster = new ExampleCluster([{ id: 1 }, { id: 2 }]);
    cluster.run({ kind: 'check-state' });
    const { committed } = cluster.controller;
    const restored = applyRecords(emptyImage, [...recordsOfImage(committed)], { offset: 1, epoch: 1 }).after;
    const after = applyRecords(restored, check(stateHash(committed)), { offset: 2, epoch: 1 }).after;
    expect(stateHash(after)).toBe(stateHash(committed));
  });

  test('stops a node that has another state', () => {
    const cluster = new ExampleCluster([{ id: 1 }]);
    const { committed } = cluster.controller;
    const other = new ExampleCluster([{ id: BrokerId(2) }]).controller.committed;
    expect(() => applyRecords(committed, check(stateHash(other)), { offset: 99, epoch: 9 })).toThrow(
      `the state as of offset ${committed.offset} has hash ${stateHash(other)}, not ${stateHash(committed)}`,
    );
  });
});
