import type { BrokerId } from '@kafkaesque/kernel';
import { NO_BROKER, SeededRandom } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import type { Command } from './decide/commands';
import { ExampleCluster, exampleConfigs } from './example-cluster';
import { drawTrouble } from './example-commands';
import { configOverrides } from './image/lookups';
import type { MetadataImage, PartitionImage } from './image/metadata-image';

/** What each replica of one partition holds, as a number of records, and how many were acknowledged. */
class Copies {
  readonly #held = new Map<BrokerId, number>();
  #written = 0;
  acknowledged = 0;
  uncleanElections = 0;
  cleanElections = 0;

  /** A change of the partition; who leads must hold what was acknowledged, unless it is said that records may be lost. */
  change(before: PartitionImage | undefined, after: PartitionImage): void {
    const { leader, isr, replicas } = after;
    for (const id of this.#held.keys()) if (!replicas.includes(id)) this.#held.delete(id);
    if (leader === NO_BROKER) return;
    if (before?.leader !== leader) this.#elected(before, after);
    // Whoever is in sync has caught up with the leader.
    for (const id of isr) this.#held.set(id, this.#of(leader));
  }

  /** Records reach everybody in sync, and are acknowledged where these are enough. */
  write({ leader, isr, replicas }: PartitionImage, minimum: number): void {
    if (leader === NO_BROKER) return;
    this.#written += 1;
    // What is not acknowledged may have reached the leader alone.
    this.#held.set(leader, this.#written);
    if (isr.length < Math.min(minimum, replicas.length)) return;
    for (const id of isr) this.#held.set(id, this.#written);
    this.acknowledged = this.#written;
  }

  /** A leader asks only for those that have all it has. */
  caughtUp(leader: BrokerId, ids: readonly BrokerId[]): void {
    for (const id of ids) this.#held.set(id, this.#of(leader));
  }

  /** A broker comes back with an empty disk. */
  wiped(id: BrokerId): void {
    this.#held.set(id, 0);
  }

  #elected(before: PartitionImage | undefined, after: PartitionImage): void {
    const isUnclean = after.leaderRecoveryState === 1 && !(before?.isr.includes(after.leader) ?? false);
    if (isUnclean) {
      this.uncleanElections += 1;
      this.acknowledged = this.#of(after.leader);
    } else {
      this.cleanElections += before === undefined ? 0 : 1;
      expect(this.#of(after.leader)).toBeGreaterThanOrEqual(this.acknowledged);
    }
    this.#written = Math.max(this.acknowledged, this.#of(after.leader));
  }

  #of(id: BrokerId): number {
    return this.#held.get(id) ?? 0;
  }
}

const minimumOf = (image: MetadataImage, name: string): number => {
  const overrides = (type: 2 | 4, of: string): ReadonlyMap<string, string> =>
    new Map(configOverrides(image, { type, name: of }).entries());
  return exampleConfigs.replication(overrides(2, name), overrides(4, '')).minInsyncReplicas;
};

/** After it, elections are unclean for long, and say nothing about the clean ones. */
const losesRecords = (command: Command): boolean =>
  command.kind === 'unregister-broker' ||
  (command.kind === 'register-broker' && command.previousBrokerEpoch === -1) ||
  (command.kind === 'elect-leaders' && command.electionType === 1);

const run = (seed: number, features: ReadonlyMap<string, number>): { clean: number; unclean: number } => {
  const random = new SeededRandom(seed, 'acknowledged');
  const cluster = new ExampleCluster(
    [1, 2, 3, 4].map((id) => ({ id })),
    undefined,
    features,
  );
  cluster.assign('a', [
    [1, 2, 3],
    [2, 3, 1],
  ]);
  const copies = new Map<string, Copies>();
  const copiesOf = (key: string): Copies => {
    const known = copies.get(key) ?? new Copies();
    copies.set(key, known);
    return known;
  };
  const told = (command: Command): void => {
    if (command.kind === 'register-broker' && command.previousBrokerEpoch === -1)
      for (const one of copies.values()) one.wiped(command.brokerId);
    if (command.kind !== 'alter-partition') return;
    for (const { topicId, partitions } of command.topics)
      for (const { partitionIndex, newIsrWithEpochs } of partitions)
        copiesOf(`${topicId}-${partitionIndex}`).caughtUp(
          command.brokerId,
          newIsrWithEpochs.map(({ brokerId }) => brokerId),
        );
  };
  for (let i = 0; i < 300; i++) {
    const command = drawTrouble(cluster.controller.speculative, random, ['a']);
    if (losesRecords(command) && random.below(8) > 0) continue;
    const decision = cluster.decide(command);
    if (decision.kind === 'refused') continue;
    told(command);
    const delta = cluster.commit(decision.records);
    for (const { topicId, partitions } of delta?.topicsCreated ?? [])
      for (const partition of partitions)
        copiesOf(`${topicId}-${partition.partition}`).change(undefined, partition);
    for (const { after, partitions } of delta?.topicsChanged ?? [])
      for (const change of partitions)
        copiesOf(`${after.topicId}-${change.partition}`).change(change.before, change.after);
    const image = cluster.controller.committed;
    for (const { topicId, name, partitions } of image.topicsById.values())
      for (const partition of partitions)
        copiesOf(`${topicId}-${partition.partition}`).write(partition, minimumOf(image, name));
  }
  let [clean, unclean] = [0, 0];
  for (const one of copies.values()) {
    clean += one.cleanElections;
    unclean += one.uncleanElections;
  }
  return { clean, unclean };
};

const seeds = casesOf(12, 50);

describe('whoever is elected cleanly', () => {
  test.each([
    ['eligible replicas are kept', new Map<string, number>()],
    [
      'they are not',
      new Map([
        ['metadata.version', 30],
        ['kafkaesque.version', 1],
      ]),
    ],
  ])(
    `holds everything that was acknowledged, where %s (${seeds} seeds)`,
    (_, features) => {
      let [clean, unclean] = [0, 0];
      for (let seed = 1; seed <= seeds; seed++) {
        try {
          const elections = run(seed, features);
          clean += elections.clean;
          unclean += elections.unclean;
        } catch (cause) {
          throw new Error(`SEED=${seed}`, { cause });
        }
      }
      expect(clean).toBeGreaterThan(unclean);
      expect(unclean).toBeGreaterThan(0);
    },
    60_000,
  );
});
