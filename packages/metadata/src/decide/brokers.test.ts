import { BrokerEpoch, BrokerId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { ExampleCluster } from '../example-cluster';
import { supportedFeatures } from '../features';
import { aliveBrokers, brokerById, topicByName } from '../image/lookups';
import type { PartitionImage } from '../image/metadata-image';

const partition = (cluster: ExampleCluster, name = 'a', index = 0): PartitionImage =>
  topicByName(cluster.controller.committed, name)!.partitions.get(index)!;
const three = (): ExampleCluster => new ExampleCluster([{ id: 1 }, { id: 2 }, { id: 3 }]);
const assigned = (cluster: ExampleCluster, ...ids: readonly number[]): void => {
  const assignments = [{ partitionIndex: 0, brokerIds: ids.map(BrokerId) }];
  const topic = { name: 'a', numPartitions: -1, replicationFactor: -1, assignments, configs: [] };
  cluster.run({ kind: 'create-topics', topics: [topic], validateOnly: false, topicIds: new Map() });
};

describe('registering a broker', () => {
  test('makes the offset of the registration its epoch, and leaves it fenced', () => {
    const cluster = new ExampleCluster([]);
    const { brokerEpoch } = cluster.run(cluster.registration(5, { rack: 'r1' }));
    expect(brokerEpoch).toBe(cluster.log.at(-1)!.offset);
    expect(brokerById(cluster.controller.committed, BrokerId(5))).toMatchObject({
      fenced: true,
      epoch: brokerEpoch,
      rack: 'r1',
    });
    expect(aliveBrokers(cluster.controller.committed, 'PLAINTEXT')).toEqual([]);
    cluster.run({ kind: 'unfence-broker', brokerId: BrokerId(5), brokerEpoch });
    expect(aliveBrokers(cluster.controller.committed, 'PLAINTEXT')).toEqual([
      { brokerId: 5, host: 'host-5', port: 9092, rack: 'r1' },
    ]);
    expect(aliveBrokers(cluster.controller.committed, 'OTHER')).toEqual([]);
  });

  test('again as the same incarnation keeps the epoch and amends the rest', () => {
    const cluster = new ExampleCluster([]);
    const registration = cluster.registration(1);
    const { brokerEpoch } = cluster.run(registration);
    cluster.run({ kind: 'unfence-broker', brokerId: BrokerId(1), brokerEpoch });
    expect(cluster.run({ ...registration, rack: 'moved' })).toEqual({ brokerEpoch });
    expect(brokerById(cluster.controller.committed, BrokerId(1))).toMatchObject({
      fenced: false,
      rack: 'moved',
    });
  });

  test('as a new incarnation raises the leader epoch even where the only replica leads again', () => {
    const cluster = new ExampleCluster();
    cluster.createTopic('a', 3);
    const before = partition(cluster);
    cluster.run(cluster.registration(1));
    expect(partition(cluster)).toMatchObject({ leader: -1, isr: [], eligibleLeaderReplicas: [1] });
    cluster.start(1);
    const after = partition(cluster);
    expect(after).toMatchObject({ leader: 1, isr: [1], leaderRecoveryState: 0 });
    expect(after.leaderEpoch).toBeGreaterThan(before.leaderEpoch);
    expect(after.partitionEpoch).toBeGreaterThan(before.partitionEpoch);
  });

  test('as a new incarnation hands what it led to another in-sync replica', () => {
    const cluster = three();
    assigned(cluster, 1, 2, 3);
    cluster.run(cluster.registration(1));
    expect(partition(cluster)).toMatchObject({ leader: 2, isr: [2, 3], leaderEpoch: 1 });
    cluster.run({ kind: 'unfence-broker', brokerId: BrokerId(1), brokerEpoch: cluster.epochOf(1) });
    expect(partition(cluster)).toMatchObject({ leader: 2, isr: [2, 3], leaderEpoch: 1 });
  });

  test('without the epoch of the one before leaves every in-sync set, and is only elected uncleanly', () => {
    const cluster = new ExampleCluster([{ id: 1 }, { id: 2 }]);
    assigned(cluster, 1);
    const registration = cluster.registration(1, { previousBrokerEpoch: BrokerEpoch(-1) });
    const { brokerEpoch } = cluster.run(registration);
    expect(partition(cluster)).toMatchObject({ leader: -1, isr: [], lastKnownElr: [1] });
    cluster.run({ kind: 'unfence-broker', brokerId: BrokerId(1), brokerEpoch });
    expect(partition(cluster)).toMatchObject({
      leader: 1,
      isr: [1],
      lastKnownElr: [],
      leaderRecoveryState: 1,
    });
  });

  test('counts as whole where the one before died ahead of recording its epoch, but never once that had served', () => {
    const cluster = three();
    assigned(cluster, 1, 2);
    cluster.fence(2);
    const first = cluster.epochOf(1);
    for (let deaths = 0; deaths < 3; deaths++) {
      cluster.run(cluster.registration(1, { previousBrokerEpoch: first }));
      expect(partition(cluster)).toMatchObject({ leader: -1, isr: [], eligibleLeaderReplicas: [1] });
    }
    cluster.unfence(1);
    expect(partition(cluster)).toMatchObject({ leader: 1, isr: [1], leaderRecoveryState: 0 });
    cluster.run(cluster.registration(1, { previousBrokerEpoch: first }));
    expect(partition(cluster)).toMatchObject({ leader: -1, isr: [], eligibleLeaderReplicas: [] });
  });

  test('amended, is still believed what it was', () => {
    const cluster = new ExampleCluster([{ id: 1 }]);
    assigned(cluster, 1);
    const first = cluster.epochOf(1);
    const registration = cluster.registration(1);
    cluster.run(registration);
    cluster.run(registration);
    cluster.start(1, { previousBrokerEpoch: first });
    expect(partition(cluster)).toMatchObject({ leader: 1, isr: [1], leaderRecoveryState: 0 });
  });

  test('that showed no epoch proved none', () => {
    const cluster = new ExampleCluster([{ id: 1 }]);
    assigned(cluster, 1);
    const nothing = { previousBrokerEpoch: BrokerEpoch(-1) };
    cluster.run(cluster.registration(1, nothing));
    cluster.run(cluster.registration(1, nothing));
    expect(partition(cluster)).toMatchObject({ leader: -1, isr: [], lastKnownElr: [1] });
  });

  test.each([
    {
      name: 'another cluster',
      changes: { clusterId: 'x' },
      code: 104,
      message: 'Expected cluster ID example, but got cluster ID x',
    },
    {
      name: 'no directories',
      changes: { logDirs: [] },
      code: 119,
      message: 'No directories specified in request',
    },
    {
      name: 'a reserved directory',
      changes: { logDirs: ['AAAAAAAAAAAAAAAAAAAAAQ'] },
      code: 119,
      message: 'Reserved directory ID in request',
    },
    {
      name: 'a directory twice',
      changes: { logDirs: ['Z'.repeat(22), 'Z'.repeat(22)] },
      code: 119,
      message: 'Duplicate directory ID in request',
    },
    {
      name: 'features that are too old',
      changes: { features: supportedFeatures.filter(({ name }) => name !== 'kafkaesque.version') },
      code: 35,
      message:
        'Unable to register because the broker does not support finalized version 1 of kafkaesque.version. The broker ' +
        'wants a version between 0 and 0, inclusive.',
    },
    {
      name: 'a feature that is only there at higher levels',
      changes: {
        features: [
          ...supportedFeatures,
          { name: 'group.version', minSupportedVersion: 1, maxSupportedVersion: 2 },
        ],
      },
      code: 35,
      message:
        'Unable to register because the broker does not support finalized version 0 of group.version. The broker wants ' +
        'a version between 1 and 2, inclusive.',
    },
    {
      name: 'features without the metadata version',
      changes: { features: [] },
      code: 119,
      message: "Request features do not contain 'metadata.version'",
    },
  ])('refuses $name', ({ changes, code, message }) => {
    const cluster = three();
    expect(cluster.decide(cluster.registration(1, changes))).toEqual({
      kind: 'refused',
      errorCode: code,
      errorMessage: message,
    });
  });

  test('refuses a directory of another broker, and a second incarnation beside one that is alive', () => {
    const cluster = three();
    const { directories } = brokerById(cluster.controller.committed, BrokerId(2))!;
    expect(cluster.decide(cluster.registration(1, { logDirs: directories }))).toMatchObject({
      errorCode: ErrorCode.INVALID_REGISTRATION,
    });
    expect(cluster.decide(cluster.registration(1, { otherIncarnationAlive: true }))).toMatchObject({
      errorCode: ErrorCode.DUPLICATE_BROKER_REGISTRATION,
    });
  });
});

describe('taking brokers out of service', () => {
  test('fencing moves leaders to the next in-sync replica and shrinks in-sync sets, and forgets nobody who has everything', () => {
    const cluster = three();
    assigned(cluster, 1, 2);
    const fence = (id: number): void => {
      cluster.run({ kind: 'fence-broker', brokerId: BrokerId(id), brokerEpoch: cluster.epochOf(id) });
    };
    fence(1);
    expect(partition(cluster)).toMatchObject({ leader: 2, isr: [2], leaderEpoch: 1 });
    fence(2);
    expect(partition(cluster)).toMatchObject({
      leader: -1,
      isr: [],
      eligibleLeaderReplicas: [2],
      leaderEpoch: 2,
    });
    cluster.run({ kind: 'unfence-broker', brokerId: BrokerId(1), brokerEpoch: cluster.epochOf(1) });
    expect(partition(cluster)).toMatchObject({ leader: -1, isr: [], eligibleLeaderReplicas: [2] });
    cluster.run({ kind: 'unfence-broker', brokerId: BrokerId(2), brokerEpoch: cluster.epochOf(2) });
    expect(partition(cluster)).toMatchObject({ leader: 2, isr: [2], leaderEpoch: 3 });
  });

  test('a controlled shutdown moves leaders away and keeps new ones from coming', () => {
    const cluster = three();
    assigned(cluster, 1, 2);
    cluster.run({
      kind: 'begin-controlled-shutdown',
      brokerId: BrokerId(1),
      brokerEpoch: cluster.epochOf(1),
    });
    expect(partition(cluster)).toMatchObject({ leader: 2, isr: [2] });
    cluster.createTopic('b', 10, 1);
    for (const { leader } of topicByName(cluster.controller.committed, 'b')!.partitions)
      expect(leader).not.toBe(1);
  });

  test('unregistering forgets the broker', () => {
    const cluster = three();
    cluster.run({ kind: 'unregister-broker', brokerId: BrokerId(3) });
    expect(brokerById(cluster.controller.committed, BrokerId(3))).toBeUndefined();
    expect(cluster.decide({ kind: 'unregister-broker', brokerId: BrokerId(3) })).toMatchObject({
      errorCode: ErrorCode.BROKER_ID_NOT_REGISTERED,
    });
  });

  test.each([
    'fence-broker',
    'unfence-broker',
    'begin-controlled-shutdown',
    'allocate-producer-ids',
  ] as const)('%s is refused for an earlier incarnation and for an unknown broker', (kind) => {
    const cluster = three();
    const stale = { errorCode: ErrorCode.STALE_BROKER_EPOCH };
    expect(cluster.decide({ kind, brokerId: BrokerId(1), brokerEpoch: BrokerEpoch(0) })).toMatchObject(stale);
    expect(cluster.decide({ kind, brokerId: BrokerId(9), brokerEpoch: BrokerEpoch(0) })).toMatchObject(stale);
  });
});

describe('producer ids', () => {
  test('are handed out in blocks of 1000 that never overlap', () => {
    const cluster = three();
    const starts = [1, 2, 1].map(
      (id) =>
        cluster.run({
          kind: 'allocate-producer-ids',
          brokerId: BrokerId(id),
          brokerEpoch: cluster.epochOf(id),
        }).producerIdStart,
    );
    expect(starts).toEqual([0, 1000, 2000]);
  });
});
