import {
  BrokerEpoch,
  LeaderEpoch,
  NO_BROKER,
  Offset,
  SeededRandom,
  TimestampMs,
  silentLogger,
} from '@kafkaesque/kernel';
import type { BrokerId, Clock, Random } from '@kafkaesque/kernel';
import { Partition, defaultPartitionConfig } from '@kafkaesque/partition';
import type { Effect, EpochEntry } from '@kafkaesque/partition';
import type { MemberMessageDraft } from '@kafkaesque/protocol';
import { decodeMemberMessage, encodeBatch, encodeMemberMessage, leaderEpochOf } from '@kafkaesque/protocol';
import { ReplicaFeeds } from './replica-feeds';
import { ReplicaFetchers } from './replica-fetchers';
import type { IsrChange, Replicated } from './replicated';
import type { ScenarioTime } from './replication-scenario';
import { ScenarioLog, TOPIC } from './replication-scenario';

const PARTITION = 0 as never;

/** What the metadata say of the only partition. */
interface Appointment {
  readonly leader: BrokerId;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  readonly isr: readonly BrokerId[];
}

interface Replica extends Replicated {
  readonly machine: Partition;
  readonly log: ScenarioLog;
}

/** One end of a channel. */
interface End {
  readonly send: (message: MemberMessageDraft) => boolean;
}

/** A broker with one replica, whose disk forgets in a crash what it had not synced. */
class Broker {
  readonly id: BrokerId;
  readonly world: ScenarioCluster;
  readonly durable: { bytes: Buffer[]; epochs: EpochEntry[] } = { bytes: [], epochs: [] };
  epoch = BrokerEpoch(-1);
  life = 0;
  isUp = false;
  isBusy = false;
  known: Appointment | undefined;
  replica!: Replica;
  feeds!: ReplicaFeeds<Replica>;
  fetchers!: ReplicaFetchers<Replica>;
  readonly channels = new Map<BrokerId, { down: () => void }>();

  constructor(world: ScenarioCluster, id: BrokerId) {
    this.world = world;
    this.id = id;
  }

  start(): void {
    const { world, id } = this;
    const { clock } = world;
    this.life += 1;
    this.isUp = true;
    this.isBusy = false;
    this.epoch = BrokerEpoch(world.nextBrokerEpoch++);
    this.known = undefined;
    const log = new ScenarioLog();
    log.append(world.batchesOf(this.durable.bytes));
    log.appended = () => this.sync();
    const machine = new Partition(TOPIC, PARTITION, defaultPartitionConfig, this.#recovered(log), {
      eligibleEpoch: (other) => world.eligibleEpoch(other),
    });
    this.replica = { topicId: TOPIC, topic: 'topic', partition: PARTITION, machine, log };
    this.feeds = new ReplicaFeeds({
      ...{ clock, logger: silentLogger },
      host: {
        find: () => this.replica,
        carryOut: (_, effects) => this.carryOut(effects),
        isThrottled: () => false,
        damaged: () => undefined,
      },
    });
    const { life } = this;
    const change = (cut: () => void, then?: () => void): void => {
      this.isBusy = true;
      this.world.later(10, () => {
        if (this.life !== life) return;
        cut();
        this.isBusy = false;
        machine.recover(this.#recovered(log));
        this.takeRole();
        then?.();
      });
    };
    this.fetchers = new ReplicaFetchers({
      ...{ clock, logger: silentLogger, brokerEpoch: () => this.epoch },
      host: {
        carryOut: (_, effects) => this.carryOut(effects),
        failed: () => {
          throw new Error('a log in memory fails');
        },
        truncate: (_, offset) => change(() => this.#cut(offset)),
        reset: (_, offset, then) => {
          if (offset !== 0) throw new Error('no log here starts later');
          change(() => this.#cut(Offset(0)), then);
        },
        raiseLogStart: () => undefined,
        isThrottled: () => false,
      },
      addressOf: (leader) => ({ host: String(leader), port: 1 }),
      keepTo: (leaders) =>
        world.keepChannels(
          this,
          leaders.map(({ nodeId }) => nodeId),
        ),
    });
    world.registered(this, id);
  }

  crash(): void {
    this.isUp = false;
    this.life += 1;
    this.fetchers.close();
    this.feeds.close();
    for (const { down } of [...this.channels.values()]) down();
    for (const { channels } of this.world.brokers) channels.get(this.id)?.down();
    this.world.crashed(this.id);
  }

  learn(appointment: Appointment): void {
    if ((this.known?.partitionEpoch ?? -1) >= appointment.partitionEpoch) return;
    this.known = appointment;
    this.takeRole();
  }

  takeRole(): void {
    const { known, replica } = this;
    const { machine } = replica;
    if (known === undefined || this.isBusy) return;
    const { leader, leaderEpoch, partitionEpoch, isr } = known;
    if (leader === this.id)
      this.carryOut(
        machine.becomeLeader({
          ...{ leaderEpoch: LeaderEpoch(leaderEpoch), self: this.id, replicas: this.world.ids },
          ...{ inSyncReplicas: isr, partitionEpoch, leaderRecoveryState: 0 },
        }),
      );
    else
      this.carryOut(
        machine.becomeFollower({ leader, leaderEpoch: LeaderEpoch(leaderEpoch), partitionEpoch }),
      );
    this.feeds.roleChanged(replica);
    const { role } = machine;
    if (role.kind === 'follower' && role.leader !== NO_BROKER)
      this.fetchers.follow(replica, role.leader, machine.leaderEpoch);
    else this.fetchers.unfollow(replica);
  }

  produce(value: string): void {
    const { machine, log } = this.replica;
    if (machine.role.kind !== 'leader') return;
    const bytes = encodeBatch({
      timestampMs: TimestampMs(1),
      records: [{ key: null, value: Buffer.from(value) }],
    });
    const request = { acks: -1, origin: 'client', apiVersion: 9 } as const;
    const outcome = machine.append(bytes, request, this.world.clock.monotonicMs(), TimestampMs(1));
    if (outcome.kind !== 'accepted') return;
    log.append(outcome.batches);
    this.feeds.appended(this.replica);
  }

  /** What the log holds now is durable after a while, unless the broker crashes first. */
  sync(): void {
    const { life } = this;
    const { log, machine } = this.replica;
    const end = log.batches.length;
    this.world.later(8, () => {
      const last = log.batches[end - 1];
      if (this.life !== life || last === undefined || this.durable.bytes.length >= end) return;
      this.durable.bytes = log.batches.slice(0, end).map(({ bytes }) => bytes);
      this.carryOut(machine.durable(Offset(last.lastOffset + 1), last.leaderEpoch));
      if (machine.role.kind === 'follower') this.fetchers.durable(this.replica);
    });
  }

  carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'alter-partition') this.world.alterPartition(this, effect);
      else if (effect.kind === 'assign-epoch') this.durable.epochs.push(effect);
      else if (effect.kind === 'advanced') {
        const { role } = this.replica.machine;
        if (role.kind === 'leader') this.world.exposed(this.replica, effect.highWatermark);
        this.feeds.moved(this.replica);
      } else if (effect.kind === 'ask-for-leader') this.world.renew(this, effect.leaderEpoch);
    }
  }

  #cut(offset: Offset): void {
    const { log } = this.replica;
    log.batches = log.batches.filter(({ lastOffset }) => lastOffset < offset);
    this.durable.bytes = log.batches.map(({ bytes }) => bytes);
    this.durable.epochs = this.durable.epochs.filter(({ startOffset }) => startOffset < offset);
  }

  /** Epochs as a log has them: those of its batches, and those that began without any. */
  #recovered(log: ScenarioLog): ConstructorParameters<typeof Partition>[3] {
    const end = log.batches.at(-1)?.lastOffset ?? -1;
    const entries = new Map<number, Offset>();
    for (const { leaderEpoch, baseOffset } of log.batches)
      if (!entries.has(leaderEpoch)) entries.set(leaderEpoch, baseOffset);
    for (const { leaderEpoch, startOffset } of this.durable.epochs)
      if (startOffset <= end + 1 && !entries.has(leaderEpoch)) entries.set(leaderEpoch, startOffset);
    const epochs = [...entries].map(([leaderEpoch, startOffset]) => ({
      leaderEpoch: LeaderEpoch(leaderEpoch),
      startOffset,
    }));
    epochs.sort((a, b) => a.leaderEpoch - b.leaderEpoch);
    return { logStartOffset: Offset(0), endOffset: Offset(end + 1), epochs };
  }
}

/** Three brokers that replicate one partition, a controller that never fails, and messages that take their time. */
export class ScenarioCluster {
  readonly scheduler: ScenarioTime['scheduler'];
  readonly clock: Clock;
  readonly ids: readonly BrokerId[] = [1, 2, 3].map((id) => id as BrokerId);
  readonly brokers: readonly Broker[];
  readonly #random: Random;
  /** What consumers may have read, by offset. */
  readonly exposedValues = new Map<number, string>();
  nextBrokerEpoch = 1;
  #appointment: Appointment;
  readonly #live = new Map<BrokerId, BrokerEpoch>();

  constructor({ scheduler, clock }: ScenarioTime, seed: number) {
    this.scheduler = scheduler;
    this.clock = clock;
    this.#random = new SeededRandom(seed);
    this.#appointment = { leader: NO_BROKER, leaderEpoch: 0, partitionEpoch: 0, isr: this.ids };
    this.brokers = this.ids.map((id) => new Broker(this, id));
    for (const broker of this.brokers) broker.start();
  }

  below(bound: number): number {
    return this.#random.below(bound);
  }

  later(mostMs: number, then: () => void): void {
    this.scheduler.after(1 + this.below(mostMs), 'later', then);
  }

  eligibleEpoch(id: BrokerId): BrokerEpoch | undefined {
    return this.#live.get(id);
  }

  batchesOf(parts: readonly Buffer[]): ScenarioLog['batches'] {
    let next = 0;
    return parts.map((bytes) => ({
      ...{ bytes, baseOffset: Offset(next), lastOffset: Offset(next++) },
      ...{ leaderEpoch: leaderEpochOf(bytes), maxTimestampMs: TimestampMs(1) },
    }));
  }

  registered(broker: Broker, id: BrokerId): void {
    this.later(20, () => {
      if (!broker.isUp) return;
      this.#live.set(id, broker.epoch);
      this.#elect(this.#appointment.leader === id);
    });
  }

  crashed(id: BrokerId): void {
    this.later(50, () => {
      if (
        this.brokers.some((broker) => broker.id === id && broker.isUp && this.#live.get(id) === broker.epoch)
      )
        return;
      this.#live.delete(id);
      this.#elect(this.#appointment.leader === id);
    });
  }

  renew(broker: Broker, leaderEpoch: LeaderEpoch): void {
    this.later(20, () => {
      const { leader, leaderEpoch: now } = this.#appointment;
      if (broker.isUp && leader === broker.id && now === leaderEpoch) this.#elect(true);
    });
  }

  /** Somebody else leads, although nobody died. */
  moveLeader(): void {
    const others = this.#appointment.isr.filter(
      (id) => id !== this.#appointment.leader && this.#live.has(id),
    );
    const leader = others[this.below(Math.max(1, others.length))];
    if (leader !== undefined)
      this.#commit({ ...this.#appointment, leader, leaderEpoch: this.#appointment.leaderEpoch + 1 });
  }

  alterPartition(broker: Broker, change: IsrChange): void {
    this.later(30, () => {
      const now = this.#appointment;
      const { leaderEpoch, partitionEpoch } = change;
      const isCurrent = now.leaderEpoch === leaderEpoch && now.partitionEpoch === partitionEpoch;
      const isEligible = change.isr.every(
        ({ brokerId, brokerEpoch }) => brokerEpoch < 0 || this.#live.get(brokerId) === brokerEpoch,
      );
      const isCommitted = isCurrent && isEligible && now.leader === broker.id;
      if (isCommitted) this.#commit({ ...now, isr: change.isr.map(({ brokerId }) => brokerId) });
      const isr = this.#appointment.isr;
      const committed = {
        leaderEpoch,
        partitionEpoch: partitionEpoch + 1,
        isr,
        leaderRecoveryState: 0,
      } as const;
      const { life } = broker;
      this.later(10, () => {
        if (broker.life !== life) return;
        const { machine } = broker.replica;
        const error = isCurrent ? 107 : 95;
        broker.carryOut(
          machine.alterPartitionAnswered(
            isCommitted
              ? { kind: 'committed', ...committed }
              : { kind: 'refused', leaderEpoch, partitionEpoch, error },
            this.clock.monotonicMs(),
          ),
        );
      });
    });
  }

  /** What a leader lets consumers read must stay what it is. */
  exposed({ log }: Replica, highWatermark: Offset): void {
    for (const { bytes, baseOffset } of log.batches) {
      if (baseOffset >= highWatermark) break;
      const value = bytes.toString('latin1', bytes.length - 12);
      const before = this.exposedValues.get(baseOffset);
      if (before !== undefined && before !== value)
        throw new Error(`offset ${baseOffset} was ${before}, and is ${value} now`);
      this.exposedValues.set(baseOffset, value);
    }
  }

  keepChannels(from: Broker, leaders: readonly BrokerId[]): void {
    for (const [leader, channel] of [...from.channels]) if (!leaders.includes(leader)) channel.down();
    for (const leader of leaders) if (!from.channels.has(leader)) this.#dial(from, leader);
  }

  /** Breaks one of the channels; it is dialled again. */
  breakChannel(): void {
    const all = this.brokers.flatMap(({ channels }) => [...channels.values()]);
    all[this.below(Math.max(1, all.length))]?.down();
  }

  #dial(from: Broker, leader: BrokerId): void {
    const to = this.brokers.find(({ id }) => id === leader);
    if (to === undefined) return;
    const lives = [from.life, to.life];
    let isOpen = true;
    const isAlive = (): boolean => isOpen && from.life === lives[0] && to.life === lives[1] && to.isUp;
    /** In order, each after a while. */
    const pipe = (deliver: (bytes: Buffer) => void): End => {
      const queue: Buffer[] = [];
      const next = (): void => {
        this.later(4, () => {
          const bytes = queue.shift();
          if (bytes === undefined || !isAlive()) return;
          deliver(bytes);
          if (queue.length > 0) next();
        });
      };
      return {
        send: (message) => {
          if (!isAlive()) return false;
          queue.push(encodeMemberMessage(message));
          if (queue.length === 1) next();
          return true;
        },
      };
    };
    const toFollower: End = pipe((bytes) =>
      from.fetchers.message(leader, toLeader, decodeMemberMessage(bytes)),
    );
    const toLeader: End = pipe((bytes) =>
      to.feeds.message({ nodeId: from.id }, decodeMemberMessage(bytes), toFollower),
    );
    const channel = {
      down: (): void => {
        if (!isOpen) return;
        isOpen = false;
        if (from.channels.get(leader) === channel) from.channels.delete(leader);
        if (to.life === lives[1]) to.feeds.down(toFollower);
        if (from.life !== lives[0]) return;
        from.fetchers.down(leader, toLeader);
        this.later(30, () => {
          if (from.life === lives[0]) from.fetchers.brokersChanged();
        });
      },
    };
    from.channels.set(leader, channel);
    this.later(5, () => {
      if (isAlive()) from.fetchers.up(leader, toLeader);
      else channel.down();
    });
  }

  #elect(isLeaderGone: boolean): void {
    const now = this.#appointment;
    const staying = now.isr.filter((id) => this.#live.has(id));
    const isr = staying.length === 0 ? now.isr.slice(0, 1) : staying;
    const isLed = !isLeaderGone && this.#live.has(now.leader) && isr.includes(now.leader);
    const leader = isLed ? now.leader : (isr.find((id) => this.#live.has(id)) ?? NO_BROKER);
    const isNew = !isLed && (leader !== NO_BROKER || now.leader !== NO_BROKER);
    this.#commit({ ...now, isr, leader, leaderEpoch: now.leaderEpoch + (isNew ? 1 : 0) });
  }

  #commit(appointment: Appointment): void {
    this.#appointment = { ...appointment, partitionEpoch: this.#appointment.partitionEpoch + 1 };
    const told = this.#appointment;
    for (const broker of this.brokers) {
      const { life } = broker;
      this.later(20, () => {
        if (broker.isUp && broker.life === life) broker.learn(told);
      });
    }
  }
}
