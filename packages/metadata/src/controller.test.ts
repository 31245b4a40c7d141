import { BrokerId, SeededRandom } from '@kafkaesque/kernel';
import { encodeMetadataRecord } from '@kafkaesque/protocol';
import type { Controller } from './controller';
import { createController } from './controller';
import type { MetadataDelta } from './delta/metadata-delta';
import { ExampleCluster, exampleSettings } from './example-cluster';
import { topicByName } from './image/lookups';
import type { MetadataRecord } from './records';
import { decodeRecords, encodeRecords } from './batch-codec';

const freshController = (): Controller => createController(exampleSettings());

const topicRecords = (cluster: ExampleCluster, name: string): readonly MetadataRecord[] => {
  const topic = { name, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] };
  const decision = cluster.decide({
    kind: 'create-topics',
    topics: [topic],
    validateOnly: false,
    topicIds: new Map(),
  });
  return decision.kind === 'decided' ? decision.records : [];
};

describe('the controller', () => {
  test('decides on what it has appended, and shows only what is committed', () => {
    const cluster = new ExampleCluster();
    const { controller } = cluster;
    const records = topicRecords(cluster, 'a');
    const offset = controller.committed.offset + 1;
    controller.appended(offset, 1, records);
    expect(topicByName(controller.committed, 'a')).toBeUndefined();
    expect(topicByName(controller.speculative, 'a')).toBeDefined();
    const { speculative } = controller;
    const delta = controller.apply({ offset, epoch: 1, records });
    expect(controller.committed).toBe(speculative);
    expect(delta.topicsCreated.map(({ name }) => name)).toEqual(['a']);
  });

  test('forgets what was not committed when it resigns, and then follows another leader', () => {
    const cluster = new ExampleCluster();
    const { controller } = cluster;
    const offset = controller.committed.offset + 1;
    const theirs = topicRecords(cluster, 'theirs');
    controller.appended(offset, 1, topicRecords(cluster, 'mine'));
    controller.resign();
    expect(controller.speculative).toBe(controller.committed);
    controller.apply({ offset, epoch: 2, records: [] });
    controller.apply({ offset: offset + 1, epoch: 2, records: theirs });
    expect(topicByName(controller.committed, 'mine')).toBeUndefined();
    expect(topicByName(controller.committed, 'theirs')).toBeDefined();
    expect(controller.committed).toMatchObject({ offset: offset + 1, epoch: 2 });
  });

  test('takes batches without records between its own', () => {
    const cluster = new ExampleCluster();
    const { controller } = cluster;
    const offset = controller.committed.offset + 1;
    const records = topicRecords(cluster, 'a');
    controller.appended(offset + 1, 1, records);
    controller.apply({ offset, epoch: 1, records: [] });
    controller.apply({ offset: offset + 1, epoch: 1, records });
    expect(controller.committed.offset).toBe(offset + 1);
    expect(controller.speculative).toBe(controller.committed);
  });

  test('gives its state as records that make it again', () => {
    const cluster = new ExampleCluster([{ id: 1, rack: 'a' }, { id: 2 }]);
    for (let i = 0; i < 30; i++) cluster.createTopic(`topic.${i}`, 5, 2);
    cluster.run({ kind: 'fence-broker', brokerId: BrokerId(2), brokerEpoch: cluster.epochOf(2) });
    cluster.run({ kind: 'allocate-producer-ids', brokerId: BrokerId(1), brokerEpoch: cluster.epochOf(1) });
    const snapshot = cluster.controller.snapshot();
    const other = freshController();
    const changes: MetadataDelta[] = [];
    const sink = other.restore(snapshot.offset, snapshot.epoch, (delta) => changes.push(delta));
    for (const chunk of snapshot.chunks) sink.records(decodeRecords(encodeRecords(chunk)));
    expect(other.committed.offset).toBe(-1);
    expect([...sink.finish()]).toEqual([]);
    expect(other.committed.offset).toBe(cluster.controller.committed.offset);
    expect([...other.snapshot().chunks]).toEqual([...cluster.controller.snapshot().chunks]);
    expect(changes).toHaveLength(1);
    expect(changes[0]!.topicsCreated).toHaveLength(30);
    expect(changes[0]!.brokersChanged).toHaveLength(2);
  });

  test('reports only what differs when a snapshot replaces a state', () => {
    const cluster = new ExampleCluster();
    cluster.createTopic('stays', 2);
    cluster.createTopic('grows', 1);
    cluster.createTopic('goes', 1);
    const follower = freshController();
    for (const { offset, records } of cluster.log) follower.apply({ offset, epoch: 1, records });
    const { topicId } = topicByName(cluster.controller.committed, 'goes')!;
    cluster.run({ kind: 'delete-topics', topics: [{ name: null, topicId }], retried: false });
    const grown = { name: 'grows', count: 3, assignments: null };
    cluster.run({ kind: 'create-partitions', topics: [grown], validateOnly: false });
    cluster.createTopic('comes');
    const change = { name: 'retention.ms', configOperation: 0, value: '5' };
    const resource = { resourceType: 2, resourceName: 'stays', configs: [change] };
    cluster.run({ kind: 'incremental-alter-configs', resources: [resource], validateOnly: false });
    const { offset, epoch, chunks } = cluster.controller.snapshot();
    let delta: MetadataDelta | undefined;
    const sink = follower.restore(offset, epoch, (changed) => (delta = changed));
    for (const chunk of chunks) sink.records(chunk);
    expect([...sink.finish()]).toEqual([]);
    expect(delta!.topicsCreated.map(({ name }) => name)).toEqual(['comes']);
    expect(delta!.topicsRemoved.map(({ name }) => name)).toEqual(['goes']);
    expect(
      delta!.topicsChanged.map(({ after, partitions }) => [
        after.name,
        partitions.map((one) => one.partition),
      ]),
    ).toEqual([['grows', [1, 2]]]);
    expect(delta!.configsChanged).toEqual([
      { resource: { type: 2, name: 'stays' }, changed: new Map([['retention.ms', '5']]) },
    ]);
    expect(delta!.brokersChanged).toEqual([]);
    expect(delta!.featuresChanged.size).toBe(0);
  });

  test('refuses records of a kind that this release does not apply', () => {
    const foreign = encodeMetadataRecord({
      kind: 'RemoveUserScramCredentialRecord',
      value: { name: 'a', mechanism: 1 },
    });
    const length = Buffer.alloc(4);
    length.writeUInt32BE(foreign.length);
    expect(() => decodeRecords(Buffer.concat([length, foreign]))).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_METADATA' }) as Error,
    );
  });

  test('asks for an offset behind everything it has appended', () => {
    const cluster = new ExampleCluster();
    expect(() =>
      cluster.controller.decide(
        { kind: 'bootstrap', features: new Map() },
        { random: new SeededRandom(1), nextOffset: 0 },
      ),
    ).toThrow(expect.objectContaining({ code: 'INVARIANT_BROKEN' }) as Error);
  });
});
