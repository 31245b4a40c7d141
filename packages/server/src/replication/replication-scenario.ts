import {
  BrokerEpoch,
  BrokerId,
  LeaderEpoch,
  Offset,
  PartitionIndex,
  TimestampMs,
  TopicId,
  silentLogger,
} from '@kafkaesque/kernel';
import type { Clock } from '@kafkaesque/kernel';
import { Partition, defaultPartitionConfig } from '@kafkaesque/partition';
import type { Effect } from '@kafkaesque/partition';
import type { MemberMessage, MemberMessageDraft } from '@kafkaesque/protocol';
import { decodeMemberMessage, encodeBatch, encodeMemberMessage } from '@kafkaesque/protocol';
import type { AppendBatch, Slices } from '@kafkaesque/storage';
import { PARTITION_CREDIT_BYTES } from './limits';
import { ReplicaFeeds } from './replica-feeds';
import type { Replicated } from './replicated';
import { Throttle } from './throttle';

/** Words that the tests of replication are written in. */
export const TOPIC = TopicId('AAAAAAAAAAAAAAAAAAAAAQ');
export const LEADER = BrokerId(1);
export const FOLLOWER = BrokerId(2);
const EPOCH = BrokerEpoch(7);

/** A batch of one record whose value has that many bytes. */
export const batchOf = (sizeBytes: number): Buffer =>
  encodeBatch({ timestampMs: TimestampMs(1), records: [{ key: null, value: Buffer.alloc(sizeBytes, 7) }] });

/** A log in memory: what lies below `coldBelow` is read later, when `thaw` is called. */
export class ScenarioLog {
  batches: AppendBatch[] = [];
  coldBelow = 0;
  readonly borrowed = { count: 0 };
  appended: () => void = () => undefined;
  #reading: (() => void)[] = [];

  get pendingReads(): number {
    return this.#reading.length;
  }

  append(batches: readonly AppendBatch[]): void {
    this.batches.push(...batches);
    this.appended();
  }

  read(
    from: Offset,
    upTo: Offset,
    maxBytes: number,
    { atLeastOne }: { readonly atLeastOne: boolean },
  ): Slices | Promise<Slices> {
    const parts: Buffer[] = [];
    let [sizeBytes, nextOffset] = [0, from];
    for (const { bytes, baseOffset, lastOffset } of this.batches) {
      if (lastOffset < from) continue;
      if (lastOffset >= upTo) break;
      if (sizeBytes + bytes.length > maxBytes && !(atLeastOne && sizeBytes === 0)) break;
      if (from < this.coldBelow && baseOffset >= this.coldBelow) break;
      parts.push(bytes);
      sizeBytes += bytes.length;
      nextOffset = Offset(lastOffset + 1);
    }
    const slices: Slices = {
      parts,
      sizeBytes,
      firstOffset: from,
      nextOffset,
      release: () => this.borrowed.count--,
    };
    this.borrowed.count += 1;
    if (from >= this.coldBelow) return slices;
    return new Promise((resolve) => this.#reading.push(() => resolve(slices)));
  }

  thaw(): void {
    for (const resolve of this.#reading.splice(0)) resolve();
  }
}

export interface ScenarioReplica extends Replicated {
  readonly machine: Partition;
  readonly log: ScenarioLog;
}

export const replicaOf = (partition: number): ScenarioReplica => {
  const index = PartitionIndex(partition);
  return {
    ...{ topicId: TOPIC, topic: 'topic', partition: index },
    machine: new Partition(
      TOPIC,
      index,
      { ...defaultPartitionConfig, maxMessageBytes: 8 << 20 },
      { logStartOffset: Offset(0), endOffset: Offset(0), epochs: [] },
      { eligibleEpoch: () => EPOCH },
    ),
    log: new ScenarioLog(),
  };
};

export const lead = (
  { machine }: ScenarioReplica,
  leaderEpoch: number,
  inSyncReplicas: readonly BrokerId[] = [LEADER],
  replicas: readonly BrokerId[] = [LEADER, FOLLOWER],
): readonly Effect[] =>
  machine.becomeLeader({
    ...{ leaderEpoch: LeaderEpoch(leaderEpoch), self: LEADER, replicas, inSyncReplicas },
    ...{ partitionEpoch: leaderEpoch, leaderRecoveryState: 0 },
  });

/** Virtual time, as the tests hand it in. */
export interface ScenarioTime {
  readonly scheduler: {
    readonly nowMs: number;
    run(limits: { readonly untilMs: number }): Promise<unknown>;
    after(delayMs: number, kind: string, happen: () => void): unknown;
  };
  readonly clock: Clock;
}

/** A leader of some partitions in epoch 1, and what it says to one follower. */
export class FedFollower {
  readonly scheduler: ScenarioTime['scheduler'];
  readonly clock: Clock;
  readonly replicas: ScenarioReplica[];
  readonly effects: Effect[] = [];
  /** Replicas of the leader in which damage was found. */
  readonly damaged: ScenarioReplica[] = [];
  /** Partitions that keep to the throttle. */
  readonly throttled = new Set<number>();
  readonly throttle: Throttle;
  sent: MemberMessage[] = [];
  readonly feeds: ReplicaFeeds<ScenarioReplica>;
  readonly link = {
    send: (message: MemberMessageDraft): boolean => {
      this.sent.push(decodeMemberMessage(encodeMemberMessage(message)));
      return true;
    },
  };

  constructor({ scheduler, clock }: ScenarioTime, partitions: number, creditBytes = 8 << 20) {
    this.scheduler = scheduler;
    this.clock = clock;
    this.throttle = new Throttle(clock);
    this.replicas = Array.from({ length: partitions }, (_, i) => replicaOf(i));
    for (const replica of this.replicas) lead(replica, 1);
    this.feeds = new ReplicaFeeds<ScenarioReplica>({
      clock: this.clock,
      logger: silentLogger,
      throttle: this.throttle,
      host: {
        find: ({ partition }) => this.replicas[partition],
        carryOut: (_, effects) => this.effects.push(...effects),
        isThrottled: ({ partition }) => this.throttled.has(partition),
        damaged: (replica) => this.damaged.push(replica),
      },
    });
    this.says({ kind: 'ReplicationOpen', value: { brokerEpoch: EPOCH, creditBytes } });
  }

  says(message: MemberMessageDraft): void {
    this.feeds.message({ nodeId: FOLLOWER }, decodeMemberMessage(encodeMemberMessage(message)), this.link);
  }

  /** Subscribes, each by a handle that is its number, from the beginning. */
  subscribe(partitions: readonly number[], leaderEpoch = 1, creditBytes = PARTITION_CREDIT_BYTES): void {
    this.says({
      kind: 'ReplicaSubscribe',
      value: {
        partitions: partitions.map((partition) => ({
          ...{ handle: partition, creditBytes, topicId: TOPIC, partition: PartitionIndex(partition) },
          ...{ leaderEpoch: LeaderEpoch(leaderEpoch), fetchOffset: Offset(0) },
          ...{ lastFetchedEpoch: LeaderEpoch(-1), logStartOffset: Offset(0) },
        })),
      },
    });
  }

  acknowledge(handle: number, durableEnd: number, takenBytes: number): void {
    this.says({
      kind: 'ReplicaAck',
      value: {
        creditBytes: takenBytes,
        acks: [{ handle, durableEnd: Offset(durableEnd), logStartOffset: Offset(0), takenBytes }],
      },
    });
  }

  /** Appends to a partition; its own disk is as fast. */
  append(partition: number, sizeBytes: number): void {
    const replica = this.replicas[partition];
    if (replica === undefined) throw new Error(`there is no partition ${partition}`);
    const request = { acks: -1, origin: 'client', apiVersion: 9 } as const;
    const outcome = replica.machine.append(batchOf(sizeBytes), request, 0, TimestampMs(1));
    if (outcome.kind !== 'accepted') throw new Error(outcome.kind);
    replica.log.append(outcome.batches);
    replica.machine.durable(replica.machine.endOffset, replica.machine.leaderEpoch);
    this.feeds.appended(replica);
  }

  async pass(ms = 50): Promise<void> {
    await this.scheduler.run({ untilMs: this.scheduler.nowMs + ms });
  }

  /** Partitions of each frame of records since the last time that this was asked, with the sizes. */
  takeFrames(): readonly (readonly (readonly [handle: number, sizeBytes: number])[])[] {
    const frames = this.sent.flatMap((message) =>
      message.kind === 'ReplicaBatches'
        ? [message.value.partitions.map(({ handle, records }) => [handle, records.length] as const)]
        : [],
    );
    this.sent = this.sent.filter(({ kind }) => kind !== 'ReplicaBatches');
    return frames;
  }

  /** Bytes of records sent since the last time, by handle. */
  takeBytes(): ReadonlyMap<number, number> {
    const bytes = new Map<number, number>();
    for (const [handle, sizeBytes] of this.takeFrames().flat())
      bytes.set(handle, (bytes.get(handle) ?? 0) + sizeBytes);
    return bytes;
  }
}
