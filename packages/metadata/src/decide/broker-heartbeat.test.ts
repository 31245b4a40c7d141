import { BrokerEpoch, BrokerId, SeededRandom } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import { ErrorCode } from '@kafkaesque/protocol';
import { ExampleCluster } from '../example-cluster';
import { brokerById, heldReplicas, isActive, topicByName } from '../image/lookups';
import type { PartitionImage } from '../image/metadata-image';
import type { BrokerHeartbeatAnswer, BrokerHeartbeatCommand } from './commands';

const partition = (cluster: ExampleCluster, index = 0): PartitionImage =>
  topicByName(cluster.controller.committed, 'a')!.partitions.get(index)!;

const assigned = (cluster: ExampleCluster, ...lists: readonly (readonly number[])[]): void => {
  const assignments = lists.map((ids, partitionIndex) => ({ partitionIndex, brokerIds: ids.map(BrokerId) }));
  const topic = { name: 'a', numPartitions: -1, replicationFactor: -1, assignments, configs: [] };
  cluster.run({ kind: 'create-topics', topics: [topic], validateOnly: false, topicIds: new Map() });
};

const heartbeat = (
  cluster: ExampleCluster,
  id: number,
  changes: Partial<BrokerHeartbeatCommand> = {},
): BrokerHeartbeatCommand => ({
  kind: 'broker-heartbeat',
  brokerId: BrokerId(id),
  brokerEpoch: cluster.epochOf(id),
  currentMetadataOffset: cluster.controller.committed.offset,
  wantFence: false,
  wantShutDown: false,
  offlineLogDirs: [],
  standing: { controlledShutdownOffset: undefined, lowestActiveOffset: Infinity },
  ...changes,
});

const answer = (state: Partial<BrokerHeartbeatAnswer>): BrokerHeartbeatAnswer => ({
  isCaughtUp: true,
  isFenced: false,
  inControlledShutdown: false,
  shouldShutDown: false,
  ...state,
});

describe('a heartbeat', () => {
  test('of an unknown broker, or of an earlier incarnation, is refused', () => {
    const cluster = new ExampleCluster();
    expect(cluster.decide(heartbeat(cluster, 9))).toEqual({
      kind: 'refused',
      errorCode: ErrorCode.STALE_BROKER_EPOCH,
      errorMessage: 'Receive a heartbeat from broker 9 before registration',
    });
    const epoch = cluster.epochOf(1);
    expect(cluster.decide(heartbeat(cluster, 1, { brokerEpoch: BrokerEpoch(0) }))).toEqual({
      kind: 'refused',
      errorCode: ErrorCode.STALE_BROKER_EPOCH,
      errorMessage: `Expected broker epoch ${epoch}, but got broker epoch 0`,
    });
  });

  test('takes a fenced broker into service once it has applied its registration', () => {
    const cluster = new ExampleCluster();
    assigned(cluster, [1]);
    const { brokerEpoch } = cluster.run(cluster.registration(1));
    const behind = { currentMetadataOffset: brokerEpoch - 1 };
    expect(cluster.run(heartbeat(cluster, 1, behind))).toEqual(answer({ isCaughtUp: false, isFenced: true }));
    expect(cluster.run(heartbeat(cluster, 1, { wantFence: true }))).toEqual(answer({ isFenced: true }));
    expect(brokerById(cluster.controller.committed, BrokerId(1))?.fenced).toBe(true);
    expect(partition(cluster).leader).toBe(-1);
    const caughtUp = { currentMetadataOffset: brokerEpoch };
    expect(cluster.run(heartbeat(cluster, 1, caughtUp))).toEqual(answer({}));
    expect(partition(cluster).leader).toBe(1);
  });

  test('of a broker in service decides nothing', () => {
    const cluster = new ExampleCluster();
    expect(cluster.decide(heartbeat(cluster, 1))).toEqual({
      kind: 'decided',
      records: [],
      response: answer({}),
    });
  });

  test.each([
    { name: 'fences a broker that wants to be', wants: { wantFence: true }, gets: { isFenced: true } },
    {
      name: 'lets a broker that wants both go at once',
      wants: { wantFence: true, wantShutDown: true },
      gets: { isFenced: true, shouldShutDown: true },
    },
  ])('$name', ({ wants, gets }) => {
    const cluster = new ExampleCluster([{ id: 1 }, { id: 2 }]);
    assigned(cluster, [1, 2]);
    expect(cluster.run(heartbeat(cluster, 1, wants))).toEqual(answer(gets));
    expect(partition(cluster)).toMatchObject({ leader: 2, isr: [2] });
    expect(brokerById(cluster.controller.committed, BrokerId(1))?.fenced).toBe(true);
  });

  test('lets a broker that leads nothing, or is fenced, go at once', () => {
    const cluster = new ExampleCluster([{ id: 1 }, { id: 2 }]);
    assigned(cluster, [2, 1]);
    const gone = answer({ isFenced: true, shouldShutDown: true });
    expect(cluster.run(heartbeat(cluster, 1, { wantShutDown: true }))).toEqual(gone);
    expect(partition(cluster)).toMatchObject({ leader: 2, isr: [2] });
    expect(cluster.decide(heartbeat(cluster, 1, { wantShutDown: true }))).toEqual({
      kind: 'decided',
      records: [],
      response: gone,
    });
  });

  test('has a broker that leads hand over first, and wait until all in service have seen it', () => {
    const cluster = new ExampleCluster([{ id: 1 }, { id: 2 }]);
    assigned(cluster, [1, 2]);
    const wanting = answer({ inControlledShutdown: true });
    expect(cluster.run(heartbeat(cluster, 1, { wantShutDown: true }))).toEqual(wanting);
    const handedOver = cluster.controller.committed.offset;
    expect(partition(cluster)).toMatchObject({ leader: 2, isr: [2] });
    const ask = (standing: BrokerHeartbeatCommand['standing']): BrokerHeartbeatAnswer =>
      cluster.run(heartbeat(cluster, 1, { wantShutDown: true, standing }));
    expect(ask({ controlledShutdownOffset: handedOver, lowestActiveOffset: handedOver - 1 })).toEqual(
      wanting,
    );
    // A new controller has noted nothing yet.
    expect(ask({ controlledShutdownOffset: undefined, lowestActiveOffset: handedOver })).toEqual(wanting);
    expect(ask({ controlledShutdownOffset: handedOver, lowestActiveOffset: handedOver })).toEqual(
      answer({ isFenced: true, shouldShutDown: true }),
    );
    expect(brokerById(cluster.controller.committed, BrokerId(1))).toMatchObject({
      fenced: true,
      inControlledShutdown: true,
    });
  });

  test('keeps a broker that shuts down out of the lead when it turns out that it was fenced meanwhile', () => {
    const cluster = new ExampleCluster([{ id: 1 }, { id: 2 }]);
    assigned(cluster, [1]);
    cluster.run(heartbeat(cluster, 1, { wantShutDown: true }));
    expect(partition(cluster)).toMatchObject({ leader: -1, isr: [], eligibleLeaderReplicas: [1] });
    cluster.run({ kind: 'fence-broker', brokerId: BrokerId(1), brokerEpoch: cluster.epochOf(1) });
    cluster.run(heartbeat(cluster, 1));
    expect(brokerById(cluster.controller.committed, BrokerId(1))).toMatchObject({
      fenced: false,
      inControlledShutdown: true,
    });
    expect(partition(cluster).leader).toBe(-1);
  });

  test('with directories that failed takes the replicas in them out of service, once', () => {
    const cluster = new ExampleCluster([{ id: 2 }, { id: 3 }]);
    const [kept, lost] = ['kept', 'lost'].map((name) => name.padEnd(22, '_')) as [string, string];
    cluster.start(1, { logDirs: [kept, lost] });
    assigned(cluster, [1, 2], [1, 2], [1, 3]);
    cluster.run({ kind: 'fence-broker', brokerId: BrokerId(3), brokerEpoch: cluster.epochOf(3) });
    const { topicId } = topicByName(cluster.controller.committed, 'a')!;
    const inDirectory = (id: string, partitions: readonly number[]) => ({
      id,
      topics: [{ topicId, partitions: partitions.map((partitionIndex) => ({ partitionIndex })) }],
    });
    const directories = [inDirectory(kept, [0]), inDirectory(lost, [1, 2])];
    const brokerEpoch = cluster.epochOf(1);
    cluster.run({ kind: 'assign-replicas-to-dirs', brokerId: BrokerId(1), brokerEpoch, directories });
    cluster.run(heartbeat(cluster, 1, { offlineLogDirs: [lost, 'unknown'] }));
    expect(partition(cluster, 0)).toMatchObject({ leader: 1, isr: [1, 2] });
    expect(partition(cluster, 1)).toMatchObject({ leader: 2, isr: [2] });
    expect(partition(cluster, 2)).toMatchObject({ leader: -1, isr: [], eligibleLeaderReplicas: [1] });
    expect(brokerById(cluster.controller.committed, BrokerId(1))?.directories).toEqual([kept]);
    expect(cluster.decide(heartbeat(cluster, 1, { offlineLogDirs: [lost] }))).toMatchObject({ records: [] });
    // Coming back without the directory does not make it lead what was there.
    cluster.run(heartbeat(cluster, 1, { wantFence: true }));
    cluster.run(heartbeat(cluster, 1));
    expect(partition(cluster, 2)).toMatchObject({ leader: -1, isr: [], eligibleLeaderReplicas: [1] });
  });
});

describe('any heartbeats', () => {
  test('let a broker go only when it leads nothing, and leave none in service that asked to go', () => {
    for (let seed = 1; seed <= casesOf(8, 30); seed++) {
      const random = new SeededRandom(seed, 'heartbeats');
      const cluster = new ExampleCluster([{ id: 1 }, { id: 2 }, { id: 3 }]);
      cluster.createTopic('a', 8, 2);
      try {
        for (let i = 0; i < 60; i++) {
          const id = 1 + random.below(3);
          if (random.below(12) === 0) cluster.run(cluster.registration(id));
          const { offset } = cluster.controller.committed;
          const wants = { wantFence: random.below(6) === 0, wantShutDown: random.below(5) === 0 };
          const seen = offset - random.below(4);
          const standing = {
            controlledShutdownOffset: random.below(3) === 0 ? undefined : offset - random.below(3),
            lowestActiveOffset: offset - random.below(3),
          };
          const got = cluster.run(
            heartbeat(cluster, id, { ...wants, currentMetadataOffset: seen, standing }),
          );
          const image = cluster.controller.committed;
          const broker = brokerById(image, BrokerId(id))!;
          expect(got.isFenced).toBe(broker.fenced);
          expect(got.isCaughtUp).toBe(seen >= broker.epoch);
          if (got.shouldShutDown || got.inControlledShutdown) {
            expect(heldReplicas(image, BrokerId(id)).leaderships).toBe(0);
            expect(isActive(broker)).toBe(false);
          }
          if (wants.wantShutDown) expect(got.shouldShutDown || got.inControlledShutdown).toBe(true);
        }
      } catch (cause) {
        throw new Error(`SEED=${seed}`, { cause });
      }
    }
  });
});
