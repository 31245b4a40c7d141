import type { Random } from '@kafkaesque/kernel';
import { BrokerEpoch, BrokerId, SeededRandom, ZERO_TOPIC_ID, assert } from '@kafkaesque/kernel';
import type { Controller } from './controller';
import { createController } from './controller';
import type {
  AlterPartitionCommand,
  Command,
  CommandResponses,
  ConfigView,
  PartitionToAlter,
  RegisterBrokerCommand,
} from './decide/commands';
import type { ControllerSettings, Decision } from './decide/decision';
import type { MetadataDelta } from './delta/metadata-delta';
import type { QuorumView } from './decide/quorum-view';
import { supportedFeatures } from './features';
import { brokerById, topicByName } from './image/lookups';
import type { MetadataImage, PartitionImage } from './image/metadata-image';
import type { MetadataRecord } from './records';

/** A view of a few keys, enough to tell valid from invalid. */
export const exampleConfigs: ConfigView = {
  validate: (_, overrides) => {
    for (const [name, value] of overrides) {
      if (name === 'retention.ms' && !/^-?\d+$/.test(value))
        return `Invalid value ${value} for configuration retention.ms: Not a number of type LONG`;
      if (name === 'nope') return 'Unknown topic config name: nope';
    }
    return undefined;
  },
  isList: (_, name) => name === 'cleanup.policy',
  defaultValue: (_, name) =>
    new Map([
      ['cleanup.policy', 'delete'],
      ['min.insync.replicas', '1'],
    ]).get(name),
  effectiveTopicConfigs: (overrides) =>
    [...overrides].map(([name, value]) => ({
      name,
      value,
      readOnly: false,
      configSource: 1,
      isSensitive: false,
    })),
  replication: (overrides, cluster) => {
    const get = (name: string): string | undefined => overrides.get(name) ?? cluster.get(name);
    return {
      minInsyncReplicas: Number(get('min.insync.replicas') ?? 1),
      allowsUncleanElection: get('unclean.leader.election.enable') === 'true',
      flushPolicy: get('flush.policy') === 'replication' ? 'replication' : 'ack',
    };
  },
};

/** Controller 1 alone, whose voters do not change. */
export const exampleQuorum: QuorumView = {
  nodeId: BrokerId(1),
  voterIds: [BrokerId(1)],
  kraftVersion: 0,
  supportedKraftVersions: { min: 0, max: 0 },
  refusesKraftVersion: () => undefined,
};

export const epochIn = (image: MetadataImage, brokerId: number): BrokerEpoch =>
  brokerById(image, BrokerId(brokerId))?.epoch ?? BrokerEpoch(-1);

/** What a new start of a broker says of itself. */
export const exampleRegistration = (
  image: MetadataImage,
  random: Random,
  brokerId: number,
  changes: Partial<RegisterBrokerCommand> = {},
): RegisterBrokerCommand => ({
  kind: 'register-broker',
  brokerId: BrokerId(brokerId),
  clusterId: 'example',
  incarnationId: random.bytes(16).toString('base64url'),
  listeners: [{ name: 'PLAINTEXT', host: `host-${brokerId}`, port: 9092, securityProtocol: 0 }],
  features: supportedFeatures,
  rack: null,
  logDirs: [Buffer.alloc(16, 100 + brokerId).toString('base64url')],
  previousBrokerEpoch: epochIn(image, brokerId),
  ...changes,
});

/** The settings of an example's controller. */
export const exampleSettings = (quorum: QuorumView = exampleQuorum): ControllerSettings => ({
  clusterId: 'example',
  defaultPartitions: 1,
  defaultReplicationFactor: 1,
  maxPartitionsPerRequest: 10_000,
  configs: exampleConfigs,
  quorum,
});

/** A cluster whose log commits everything at once: for the tests of this package. */
export class ExampleCluster {
  readonly controller: Controller;
  readonly log: { readonly offset: number; readonly records: readonly MetadataRecord[] }[] = [];
  readonly random = new SeededRandom(1, 'example cluster');
  #nextOffset = 1;

  constructor(
    brokers: readonly { readonly id: number; readonly rack?: string }[] = [{ id: 1 }],
    quorum: QuorumView = exampleQuorum,
    features: ReadonlyMap<string, number> = new Map(),
  ) {
    this.controller = createController(exampleSettings(quorum));
    this.run({ kind: 'bootstrap', features });
    for (const { id, rack } of brokers) this.start(id, rack === undefined ? {} : { rack });
  }

  decide<C extends Command>(command: C): Decision<CommandResponses[C['kind']]> {
    return this.controller.decide(command, { random: this.random, nextOffset: this.#nextOffset });
  }

  commit(records: readonly MetadataRecord[]): MetadataDelta | undefined {
    if (records.length === 0) return undefined;
    const offset = this.#nextOffset++;
    this.controller.appended(offset, 1, records);
    this.log.push({ offset, records });
    return this.controller.apply({ offset, epoch: 1, records });
  }

  /** Decides and commits; a refusal is a mistake of the test. */
  run<C extends Command>(command: C): CommandResponses[C['kind']] {
    const decision = this.decide(command);
    assert(decision.kind === 'decided', () => `refused: ${JSON.stringify(decision)}`);
    this.commit(decision.records);
    return decision.response;
  }

  registration(brokerId: number, changes: Partial<RegisterBrokerCommand> = {}): RegisterBrokerCommand {
    return exampleRegistration(this.controller.speculative, this.random, brokerId, changes);
  }

  /** Registers and unfences. */
  start(brokerId: number, changes: Partial<RegisterBrokerCommand> = {}): BrokerEpoch {
    const { brokerEpoch } = this.run(this.registration(brokerId, changes));
    this.run({ kind: 'unfence-broker', brokerId: BrokerId(brokerId), brokerEpoch });
    return brokerEpoch;
  }

  epochOf(brokerId: number): BrokerEpoch {
    return epochIn(this.controller.speculative, brokerId);
  }

  /** The topic `name`, whose partition 0, 1 … has these replicas, with configs. */
  assign(
    name: string,
    replicas: readonly (readonly number[])[],
    configs: Readonly<Record<string, string>> = {},
  ): void {
    const topic = {
      name,
      numPartitions: -1,
      replicationFactor: -1,
      assignments: replicas.map((ids, partitionIndex) => ({ partitionIndex, brokerIds: ids.map(BrokerId) })),
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    };
    const { topics } = this.run({
      kind: 'create-topics',
      topics: [topic],
      validateOnly: false,
      topicIds: new Map(),
    });
    assert(topics[0]?.errorCode === 0, () => `refused: ${topics[0]?.errorMessage}`);
  }

  partition(name: string, index = 0): PartitionImage {
    const partition = topicByName(this.controller.speculative, name)?.partitions.get(index);
    assert(partition !== undefined, () => `partition ${name}-${index} is there`);
    return partition;
  }

  /** In as many batches as it takes. */
  fence(...ids: readonly number[]): void {
    for (const id of ids)
      while (brokerById(this.controller.speculative, BrokerId(id))?.fenced === false)
        this.run({ kind: 'fence-broker', brokerId: BrokerId(id), brokerEpoch: this.epochOf(id) });
  }

  unfence(...ids: readonly number[]): void {
    for (const id of ids)
      this.run({ kind: 'unfence-broker', brokerId: BrokerId(id), brokerEpoch: this.epochOf(id) });
  }

  /** What the leader of a partition asks for, as it knows the partition now. */
  alteration(
    name: string,
    isr: readonly number[],
    changes: Partial<PartitionToAlter> = {},
  ): AlterPartitionCommand {
    const topicId = topicByName(this.controller.speculative, name)?.topicId ?? ZERO_TOPIC_ID;
    const { leader, leaderEpoch, partitionEpoch, partition: partitionIndex } = this.partition(name);
    const newIsrWithEpochs = isr.map((id) => ({ brokerId: BrokerId(id), brokerEpoch: this.epochOf(id) }));
    const asked = { partitionIndex, leaderEpoch, partitionEpoch, newIsrWithEpochs, leaderRecoveryState: 0 };
    return {
      kind: 'alter-partition',
      brokerId: leader,
      brokerEpoch: this.epochOf(leader),
      topics: [{ topicId, partitions: [{ ...asked, ...changes }] }],
    };
  }

  /** A leader's in-sync set becomes this. */
  inSync(name: string, ...isr: readonly number[]): void {
    const { errorCode } = this.run(this.alteration(name, isr)).topics[0]?.partitions[0] ?? {};
    assert(errorCode === 0, () => `error ${errorCode} altering ${name}`);
  }

  createTopic(name: string, partitions = 1, replicationFactor = 1): void {
    const topic = { name, numPartitions: partitions, replicationFactor, assignments: [], configs: [] };
    this.run({ kind: 'create-topics', topics: [topic], validateOnly: false, topicIds: new Map() });
  }
}
