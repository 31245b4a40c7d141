import { BrokerId } from '@kafkaesque/kernel';
import { ExampleCluster } from '../example-cluster';
import { brokerById, heldReplicas, topicByName } from '../image/lookups';
import type { Command, CommandResponses } from './commands';

const PARTITIONS = 5_001;

/** Two brokers that hold 10,002 partitions, all led by the first. */
const large = (): ExampleCluster => {
  const cluster = new ExampleCluster([{ id: 1 }, { id: 2 }]);
  for (const name of ['a', 'b']) {
    const assignments = Array.from({ length: PARTITIONS }, (_, partitionIndex) => ({
      partitionIndex,
      brokerIds: [1, 2].map(BrokerId),
    }));
    const topic = { name, numPartitions: -1, replicationFactor: -1, assignments, configs: [] };
    cluster.run({ kind: 'create-topics', topics: [topic], validateOnly: false, topicIds: new Map() });
  }
  return cluster;
};

/** Decides until nothing is left, as the driver does; tells the sizes of the batches, and the last answer. */
const runAll = <C extends Command>(
  cluster: ExampleCluster,
  command: C,
): { readonly sizes: readonly number[]; readonly response: CommandResponses[C['kind']] } => {
  const sizes: number[] = [];
  for (;;) {
    const decision = cluster.decide(command);
    if (decision.kind === 'refused') throw new Error(decision.errorMessage ?? 'refused');
    sizes.push(decision.records.length);
    cluster.commit(decision.records);
    if (decision.again !== true) return { sizes, response: decision.response };
  }
};

const leaders = (cluster: ExampleCluster): readonly number[] =>
  [1, 2].map((id) => heldReplicas(cluster.controller.committed, BrokerId(id)).leaderships);

describe('a broker that holds more than one batch can change', () => {
  test('is fenced, and comes back, in several', () => {
    const cluster = large();
    const ids = (id: number) => ({ brokerId: BrokerId(id), brokerEpoch: cluster.epochOf(id) });
    expect(runAll(cluster, { kind: 'fence-broker', ...ids(1) }).sizes).toEqual([5_000, 5_000, 3]);
    expect(leaders(cluster)).toEqual([0, 10_002]);
    expect(brokerById(cluster.controller.committed, BrokerId(1))?.fenced).toBe(true);
    expect(runAll(cluster, { kind: 'fence-broker', ...ids(2) }).sizes).toEqual([5_000, 5_000, 3]);
    expect(leaders(cluster)).toEqual([0, 0]);
    expect(runAll(cluster, { kind: 'unfence-broker', ...ids(1) }).sizes).toEqual([1]);
    expect(runAll(cluster, { kind: 'unfence-broker', ...ids(2) }).sizes).toEqual([5_000, 5_000, 3]);
    expect(leaders(cluster)).toEqual([0, 10_002]);
  });

  test('registers anew once all it led is given away, with the offset of its own record for its epoch', () => {
    const cluster = large();
    const { sizes, response } = runAll(cluster, cluster.registration(1));
    expect(sizes).toEqual([5_000, 5_000, 4]);
    expect(response.brokerEpoch).toBe(cluster.log.at(-1)!.offset);
    expect(leaders(cluster)).toEqual([0, 10_002]);
    const heartbeat = {
      ...({ kind: 'broker-heartbeat', brokerId: BrokerId(1), brokerEpoch: response.brokerEpoch } as const),
      ...{ currentMetadataOffset: response.brokerEpoch, wantFence: false, offlineLogDirs: [] },
      standing: { controlledShutdownOffset: undefined, lowestActiveOffset: Infinity },
    };
    expect(runAll(cluster, { ...heartbeat, wantShutDown: false })).toMatchObject({
      sizes: [1],
      response: { isFenced: false },
    });
    const leading = cluster.epochOf(2);
    const goes = { ...heartbeat, brokerId: BrokerId(2), brokerEpoch: leading, wantShutDown: true };
    // Broker 1 is in no in-sync set yet, so there is nobody to lead instead.
    expect(runAll(cluster, goes)).toMatchObject({
      sizes: [5_000, 5_000, 3],
      response: { inControlledShutdown: true, shouldShutDown: false },
    });
    expect(topicByName(cluster.controller.committed, 'a')!.partitions.get(0)).toMatchObject({
      leader: -1,
      isr: [],
      eligibleLeaderReplicas: [2],
    });
  });

  test('is unregistered, or loses its directory, in several', () => {
    const cluster = large();
    const { directories } = brokerById(cluster.controller.committed, BrokerId(1))!;
    const heartbeat = {
      ...({ kind: 'broker-heartbeat', brokerId: BrokerId(1), brokerEpoch: cluster.epochOf(1) } as const),
      ...{ currentMetadataOffset: 1_000, wantFence: false, wantShutDown: false, offlineLogDirs: directories },
      standing: { controlledShutdownOffset: undefined, lowestActiveOffset: Infinity },
    };
    expect(runAll(cluster, heartbeat).sizes).toEqual([5_000, 5_000, 2]);
    expect(leaders(cluster)).toEqual([0, 10_002]);
    expect(runAll(cluster, { kind: 'unregister-broker', brokerId: BrokerId(2) }).sizes).toEqual([
      5_000, 5_000, 3,
    ]);
    expect(leaders(cluster)).toEqual([0, 0]);
  });
});
