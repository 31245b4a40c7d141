import type { TopicId } from '@kafkaesque/kernel';
import { BrokerEpoch, BrokerId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { ExampleCluster } from '../example-cluster';
import { LOST_DIRECTORY, UNASSIGNED_DIRECTORY } from '../image/directory-id';
import { topicByName } from '../image/lookups';
import type { PartitionImage } from '../image/metadata-image';
import type { AssignReplicasToDirsCommand } from './commands';

const [one, two] = ['one', 'two'].map((name) => name.padEnd(22, '_')) as [string, string];

const example = (): ExampleCluster => {
  const cluster = new ExampleCluster([{ id: 2 }, { id: 3 }]);
  cluster.start(1, { logDirs: [one, two] });
  const lists = [
    [1, 2],
    [1, 3],
    [3, 2],
  ];
  const assignments = lists.map((ids, partitionIndex) => ({ partitionIndex, brokerIds: ids.map(BrokerId) }));
  const topic = { name: 'a', numPartitions: -1, replicationFactor: -1, assignments, configs: [] };
  cluster.run({ kind: 'create-topics', topics: [topic], validateOnly: false, topicIds: new Map() });
  // Now partition 1 has no other replica in sync.
  cluster.run({ kind: 'fence-broker', brokerId: BrokerId(3), brokerEpoch: cluster.epochOf(3) });
  return cluster;
};

const partition = (cluster: ExampleCluster, index: number): PartitionImage =>
  topicByName(cluster.controller.committed, 'a')!.partitions.get(index)!;

const assign = (
  cluster: ExampleCluster,
  ...places: readonly (readonly [directory: string, partition: number, topicId?: TopicId])[]
): AssignReplicasToDirsCommand => ({
  kind: 'assign-replicas-to-dirs',
  brokerId: BrokerId(1),
  brokerEpoch: cluster.epochOf(1),
  directories: places.map(([id, partitionIndex, topicId]) => ({
    id,
    topics: [
      {
        topicId: topicId ?? topicByName(cluster.controller.committed, 'a')!.topicId,
        partitions: [{ partitionIndex }],
      },
    ],
  })),
});

const codes = (cluster: ExampleCluster, command: AssignReplicasToDirsCommand): readonly number[] =>
  cluster
    .run(command)
    .directories.flatMap(({ topics }) => topics)
    .flatMap(({ partitions }) => partitions)
    .map(({ errorCode }) => errorCode);

describe('assigning replicas to directories', () => {
  test('notes the directory of the broker’s own replica, and changes nothing else', () => {
    const cluster = example();
    expect(partition(cluster, 0).directories[0]).toBe(UNASSIGNED_DIRECTORY);
    const before = partition(cluster, 0);
    expect(codes(cluster, assign(cluster, [one, 0], [two, 1]))).toEqual([0, 0]);
    expect(partition(cluster, 0)).toEqual({
      ...before,
      directories: [one, before.directories[1]],
      partitionEpoch: before.partitionEpoch + 1,
    });
    expect(partition(cluster, 1).directories[0]).toBe(two);
    expect(cluster.decide(assign(cluster, [one, 0]))).toMatchObject({ records: [] });
  });

  test('takes the last word on a partition that is named twice', () => {
    const cluster = example();
    expect(codes(cluster, assign(cluster, [one, 0], [two, 0]))).toEqual([0, 0]);
    expect(partition(cluster, 0).directories[0]).toBe(two);
  });

  test('answers for each partition by itself', () => {
    const cluster = example();
    const unknown = 'x'.repeat(22) as TopicId;
    expect(codes(cluster, assign(cluster, [one, 0, unknown], [one, 9], [one, 2], [one, 1]))).toEqual([
      ErrorCode.UNKNOWN_TOPIC_ID,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      ErrorCode.NOT_LEADER_OR_FOLLOWER,
      ErrorCode.NONE,
    ]);
    const stale = { ...assign(cluster, [one, 0]), brokerEpoch: BrokerEpoch(0) };
    expect(cluster.decide(stale)).toMatchObject({ errorCode: ErrorCode.STALE_BROKER_EPOCH });
  });

  test.each([LOST_DIRECTORY, 'gone'.padEnd(22, '_')])(
    'takes a replica in a directory that does not serve (%s) out of service, and back into it',
    (directory) => {
      const cluster = example();
      codes(cluster, assign(cluster, [directory, 0], [directory, 1]));
      expect(partition(cluster, 0)).toMatchObject({ leader: 2, isr: [2] });
      expect(partition(cluster, 1)).toMatchObject({ leader: -1, isr: [], eligibleLeaderReplicas: [1] });
      codes(cluster, assign(cluster, [two, 0], [two, 1]));
      expect(partition(cluster, 0)).toMatchObject({ leader: 2, isr: [2] });
      expect(partition(cluster, 1)).toMatchObject({ leader: 1, isr: [1] });
    },
  );
});
