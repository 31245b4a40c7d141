import type { Clock } from '@kafkaesque/kernel';
import {
  BrokerEpoch,
  BrokerId,
  LeaderEpoch,
  PartitionIndex,
  TopicId,
  silentLogger,
} from '@kafkaesque/kernel';
import type { Command, MetadataRecord } from '@kafkaesque/metadata';
import { UNASSIGNED_DIRECTORY, applyRecords, emptyImage } from '@kafkaesque/metadata';
import { DirectoryAssignments } from './directory-assignments';

const TOPIC = TopicId('AAAAAAAAAAAAAAAAAAAACA');

const partitionRecord = (
  partition: number,
  replicas: readonly number[],
  directory: string,
): MetadataRecord => ({
  kind: 'PartitionRecord',
  value: {
    ...{ partitionId: PartitionIndex(partition), topicId: TOPIC, replicas: replicas.map(BrokerId) },
    ...{ isr: replicas.map(BrokerId), removingReplicas: [], addingReplicas: [], leader: BrokerId(2) },
    ...{ leaderRecoveryState: 0, leaderEpoch: LeaderEpoch(0), partitionEpoch: 0 },
    ...{
      directories: replicas.map(() => directory),
      eligibleLeaderReplicas: null,
      lastKnownElr: null,
    },
  },
});

/** Broker 1 with partitions 0 and 3 in one directory and 1 in another; partition 2 is not its own. */
const scene = (outcomes: readonly string[] = []) => {
  let image = emptyImage;
  let epoch = BrokerEpoch(-1);
  const places = new Map([
    [0, 'here'],
    [1, 'there'],
    [3, 'here'],
  ]);
  const submitted: Command[] = [];
  const wakes: (() => void)[] = [];
  const clock: Clock = {
    monotonicMs: () => 0,
    wallMs: () => 0,
    wakeAt: (_, wake) => {
      wakes.push(wake);
      return () => undefined;
    },
  };
  const assignments = new DirectoryAssignments({
    ...{ nodeId: BrokerId(1), brokerEpoch: () => epoch, image: () => image, clock, logger: silentLogger },
    controller: {
      submit: (command) => {
        submitted.push(command);
        return Promise.resolve({ kind: outcomes[submitted.length - 1] ?? 'done' } as never);
      },
    },
    directoryOf: (_, partition) => places.get(partition),
  });
  const change = (records: readonly MetadataRecord[]): void => {
    const delta = applyRecords(image, records, { offset: image.offset + 1, epoch: 1 });
    image = delta.after;
    assignments.changed(delta);
  };
  const create = (): void => {
    change([
      { kind: 'TopicRecord', value: { name: 'a', topicId: TOPIC } },
      partitionRecord(0, [1, 2], UNASSIGNED_DIRECTORY),
      partitionRecord(1, [2, 1], UNASSIGNED_DIRECTORY),
      partitionRecord(2, [2], UNASSIGNED_DIRECTORY),
      partitionRecord(3, [1], 'here'),
    ]);
  };
  const register = (): void => {
    epoch = BrokerEpoch(7);
    assignments.registered();
  };
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  return { assignments, submitted, wakes, change, create, register, settle };
};

const expected = {
  kind: 'assign-replicas-to-dirs',
  brokerId: 1,
  brokerEpoch: 7,
  directories: [
    { id: 'here', topics: [{ topicId: TOPIC, partitions: [{ partitionIndex: 0 }] }] },
    { id: 'there', topics: [{ topicId: TOPIC, partitions: [{ partitionIndex: 1 }] }] },
  ],
};

describe('a broker', () => {
  test('says where its replicas are once it is registered, where the metadata say otherwise', async () => {
    const { submitted, create, register, settle } = scene();
    create();
    await settle();
    expect(submitted).toEqual([]);
    register();
    await settle();
    expect(submitted).toEqual([expected]);
  });

  test('says it of new partitions too, and of nothing that is gone by then', async () => {
    const { submitted, change, create, register, settle } = scene();
    register();
    create();
    change([{ kind: 'RemoveTopicRecord', value: { topicId: TOPIC } }]);
    await settle();
    expect(submitted).toEqual([]);
  });

  test('says it again when nobody was there to hear it', async () => {
    const { assignments, submitted, wakes, create, register, settle } = scene(['not-controller']);
    register();
    create();
    await settle();
    expect(submitted).toEqual([expected]);
    expect(wakes).toHaveLength(1);
    wakes[0]!();
    await settle();
    expect(submitted).toEqual([expected, expected]);
    assignments.close();
  });
});
