import { BrokerEpoch, BrokerId, SeededRandom, silentLogger } from '@kafkaesque/kernel';
import type { Command, CommittedBatch, MetadataRecord, Quorum } from '@kafkaesque/metadata';
import { createController, heldReplicas, supportedFeatures } from '@kafkaesque/metadata';
import { onlyVoter } from '../quorum/only-voter';
import { ControllerHost } from './controller-host';

/** A quorum of one that commits whatever it is given in the next turn. */
class ImmediateQuorum implements Quorum {
  readonly leadership = { kind: 'leader', epoch: 1 } as const;
  readonly sizes: number[] = [];
  nextOffset = 1;
  committedOffset = 0;
  readonly #committed: (batch: CommittedBatch) => void;

  constructor(committed: (batch: CommittedBatch) => void) {
    this.#committed = committed;
  }

  propose(records: readonly MetadataRecord[]) {
    const offset = this.nextOffset++;
    this.sizes.push(records.length);
    const outcome = Promise.resolve().then(() => {
      this.committedOffset = offset;
      this.#committed({ offset, epoch: 1, records });
      return { kind: 'committed', offset } as const;
    });
    return { kind: 'appended', offset, outcome } as const;
  }

  readBarrier(): Promise<number> {
    return Promise.resolve(this.committedOffset);
  }
}

const start = (): { readonly host: ControllerHost; readonly quorum: ImmediateQuorum } => {
  const controller = createController({
    clusterId: 'cluster',
    defaultPartitions: 1,
    defaultReplicationFactor: 1,
    maxPartitionsPerRequest: 10_000,
    configs: {
      validate: () => undefined,
      isList: () => false,
      defaultValue: () => undefined,
      effectiveTopicConfigs: () => [],
      replication: () => ({ minInsyncReplicas: 1, allowsUncleanElection: false, flushPolicy: 'ack' }),
    },
    quorum: onlyVoter(BrokerId(1)),
  });
  const faults = {
    fault: (what: string, cause: unknown) => {
      throw new Error(what, { cause });
    },
  };
  const host = new ControllerHost({
    ...{ controller, random: new SeededRandom(1), logger: silentLogger, faults, publish: () => undefined },
  });
  const quorum = new ImmediateQuorum((batch) => {
    host.committed([batch]);
  });
  host.attach(quorum);
  return { host, quorum };
};

const done = async (host: ControllerHost, command: Command): Promise<unknown> => {
  const outcome = await host.submit(command);
  if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
  return outcome.response;
};

test('a command that does not go into one batch is carried on until it is done', async () => {
  const { host, quorum } = start();
  await done(host, { kind: 'bootstrap', features: new Map() });
  for (const id of [1, 2].map(BrokerId)) {
    const { brokerEpoch } = (await done(host, {
      ...{ kind: 'register-broker', brokerId: id, clusterId: 'cluster', listeners: [], rack: null },
      incarnationId: `${id}`.repeat(22),
      features: supportedFeatures,
      logDirs: [`${id}`.repeat(22)],
      previousBrokerEpoch: BrokerEpoch(-1),
    })) as { readonly brokerEpoch: BrokerEpoch };
    await done(host, { kind: 'unfence-broker', brokerId: id, brokerEpoch });
  }
  for (const name of ['a', 'b']) {
    const topic = { name, numPartitions: 5_001, replicationFactor: 2, assignments: [], configs: [] };
    await done(host, { kind: 'create-topics', topics: [topic], validateOnly: false, topicIds: new Map() });
  }
  const { epoch: brokerEpoch } = host.image.brokers.get('1')!;
  await done(host, { kind: 'fence-broker', brokerId: BrokerId(1), brokerEpoch });
  expect(quorum.sizes.slice(-3)).toEqual([5_000, 5_000, 3]);
  expect(host.image.brokers.get('1')?.fenced).toBe(true);
  expect(heldReplicas(host.image, BrokerId(2)).leaderships).toBe(10_002);
});
