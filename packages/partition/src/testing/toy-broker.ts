import { BrokerEpoch, LeaderEpoch, NO_BROKER } from '@kafkaesque/kernel';
import type { BrokerId, Offset } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Effect } from '../effects';
import type { Partition } from '../partition';
import { openPartition } from '../scenario';
import type { ReplicaQuestion } from '../subscription';
import type { AlterPartition, ToyImage } from './toy-controller';
import { ToyLog } from './toy-log';
import type { Downward, ToyFeed, ToyStream, Upward } from './toy-stream';

/** What a broker needs of the world around it. */
export interface ToySurroundings {
  readonly minInsyncReplicas: number;
  readonly replicas: readonly BrokerId[];
  nowMs(): number;
  imageAt(version: number): ToyImage | undefined;
  /** Says from which image on the new incarnation takes roles. */
  register(brokerId: BrokerId): number;
  openStream(follower: BrokerId, leader: BrokerId): ToyStream;
  ask(broker: ToyBroker, question: AlterPartition): void;
  renew(brokerId: BrokerId, leaderEpoch: LeaderEpoch): void;
  /** An acknowledgement leaves. */
  acknowledged(wait: ToyWait): void;
}

/** A producer's attempt that waits for the high watermark. */
export interface ToyWait {
  readonly producerId: number;
  readonly sequence: number;
  readonly baseOffset: Offset;
  readonly awaitedOffset: Offset;
}

export const LAG_MS = 300;

/** One broker: a machine, its log, and a host that does what the machine's README asks of it, and no more. */
export class ToyBroker {
  readonly id: BrokerId;
  readonly log = new ToyLog();
  incarnation = 0;
  /** Undefined while the process is down. */
  machine: Partition | undefined;
  stream: ToyStream | undefined;
  feeds: ToyFeed[] = [];
  waits: ToyWait[] = [];
  /** A truncation under way. */
  cutTo: Offset | undefined;
  version = 0;
  readonly #world: ToySurroundings;
  /** Questions that the leader's present image is too old for, with what their followers have said since. */
  #waiting: { readonly stream: ToyStream; readonly question: ReplicaQuestion; readonly later: Upward[] }[] =
    [];
  #firstVersion = 0;

  constructor(id: BrokerId, world: ToySurroundings) {
    this.id = id;
    this.#world = world;
  }

  get image(): ToyImage {
    const image = this.#world.imageAt(this.version);
    if (image === undefined) throw new Error(`nothing is known of image ${this.version}`);
    return image;
  }

  start(): void {
    this.incarnation += 1;
    this.machine = openPartition(
      { minInsyncReplicas: this.#world.minInsyncReplicas, replicaLagTimeMaxMs: LAG_MS },
      this.log.recovered(),
      {
        eligibleEpoch: (brokerId) => {
          const broker = this.image.brokers.get(brokerId);
          return broker === undefined || broker.isFenced ? undefined : broker.epoch;
        },
      },
    );
    this.#replay();
    this.#firstVersion = this.#world.register(this.id);
  }

  #replay(): void {
    for (const { bytes } of this.log.batches) this.machine?.replayHeader(bytes, 0, 0);
  }

  /** The power goes; what it has sent already still arrives. */
  crash(kept: number): void {
    this.machine = undefined;
    this.log.crash(kept);
    this.cutTo = undefined;
    this.#endSubscription();
    for (const { stream } of [...this.feeds, ...this.#waiting]) stream.isOpen = false;
    this.feeds = [];
    this.#waiting = [];
    this.waits = [];
  }

  /** Learns of the next image. */
  learn(): boolean {
    if (this.machine === undefined || this.#world.imageAt(this.version + 1) === undefined) return false;
    this.version += 1;
    this.takeRole();
    return true;
  }

  /** Takes the role of its newest image, unless its log is being cut: then afterwards. */
  takeRole(): void {
    const { machine, image } = this;
    if (machine === undefined || this.cutTo !== undefined || this.version < this.#firstVersion) return;
    const { leader, leaderEpoch, inSyncReplicas, partitionEpoch } = image;
    const { replicas } = this.#world;
    const effects =
      leader === this.id
        ? machine.becomeLeader({
            ...{ leaderEpoch, self: this.id, replicas, inSyncReplicas, partitionEpoch },
            leaderRecoveryState: 0,
          })
        : machine.becomeFollower({ leaderEpoch, leader });
    this.carryOut(effects);
    this.feeds = this.feeds.filter(
      (feed) => machine.role.kind === 'leader' && feed.leaderEpoch === machine.leaderEpoch,
    );
    for (const { stream, question, later } of this.#waiting.splice(0)) {
      this.#judge(stream, question);
      for (const message of later) this.listen(stream, message);
    }
    this.follow();
  }

  carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'advanced':
          this.#answer(effect.highWatermark);
          break;
        case 'assign-epoch':
          this.log.assignLeaderEpoch(effect.leaderEpoch, effect.startOffset);
          break;
        case 'resigned':
          this.waits = [];
          break;
        case 'ask-for-leader':
          this.#repair();
          this.#world.renew(this.id, effect.leaderEpoch);
          break;
        case 'repair':
          this.#repair();
          this.takeRole();
          break;
        case 'alter-partition':
          this.#world.ask(this, effect);
          break;
      }
    }
  }

  #answer(highWatermark: Offset): void {
    const reached = this.waits.filter((wait) => wait.awaitedOffset <= highWatermark);
    this.waits = this.waits.filter((wait) => wait.awaitedOffset > highWatermark);
    for (const wait of reached) this.#world.acknowledged(wait);
  }

  #repair(): void {
    if (this.machine?.role.kind !== 'resigned') return;
    this.log.crash(0);
    this.#recover();
  }

  #recover(): void {
    this.machine?.recover(this.log.recovered());
    this.#replay();
  }

  /** The disk gets further; a follower tells its leader. */
  sync(count: number): void {
    if (this.cutTo !== undefined) return;
    const synced = this.log.sync(count);
    if (synced === undefined || this.machine === undefined) return;
    this.carryOut(this.machine.durable(synced.endOffset, synced.leaderEpoch));
    this.#acknowledge();
  }

  #acknowledge(): void {
    const { machine } = this;
    if (machine?.role.kind === 'follower' && this.stream?.isOpen === true)
      this.stream.upward.push({ kind: 'ack', durableEndOffset: machine.durableEndOffset });
  }

  /** The round that is under way fails; nothing of it is kept. */
  failAppend(): void {
    if (this.machine === undefined || this.log.durableCount === this.log.batches.length) return;
    this.#endSubscription();
    this.carryOut(this.machine.failed());
  }

  // ---- as a follower ------------------------------------------------------------------------

  /** Subscribes where it is not subscribed, in the epoch of its role. */
  follow(): void {
    const { machine } = this;
    if (machine?.role.kind !== 'follower' || machine.role.leader === NO_BROKER) {
      this.#endSubscription();
      return;
    }
    if (this.#isFollowing(machine)) return;
    this.#endSubscription();
    const { leader } = machine.role;
    const broker = this.image.brokers.get(this.id);
    this.stream = this.#world.openStream(this.id, leader);
    this.stream.upward.push({
      kind: 'subscribe',
      question: {
        ...machine.fetchPosition(),
        ...{ replica: this.id, brokerEpoch: broker?.epoch ?? BrokerEpoch(-1) },
      },
    });
    this.#followedEpoch = machine.leaderEpoch;
    this.#acknowledge();
  }
  #followedEpoch = LeaderEpoch(-1);

  #isFollowing(machine: Partition): boolean {
    return this.stream?.isOpen === true && this.#followedEpoch === machine.leaderEpoch;
  }

  #endSubscription(): void {
    if (this.stream !== undefined) this.stream.isOpen = false;
    this.stream = undefined;
  }

  /** A frame of its leader; of an old subscription it is dropped. */
  hear(stream: ToyStream, frame: Downward): void {
    const { machine } = this;
    if (machine === undefined || this.stream !== stream || this.#followedEpoch !== machine.leaderEpoch)
      return;
    if (frame.kind === 'over') this.#over(machine, frame.plan);
    else {
      const outcome = machine.appendAsFollower(
        Buffer.from(frame.records),
        frame.leaderEpoch,
        this.#world.nowMs(),
      );
      if (outcome.kind === 'accepted') {
        this.log.append(outcome.batches);
        this.carryOut(machine.leaderSays(frame.highWatermark, machine.logStartOffset).effects);
      } else this.#endSubscription();
    }
  }

  #over(machine: Partition, plan: Extract<Downward, { readonly kind: 'over' }>['plan']): void {
    this.#endSubscription();
    if (plan.kind === 'diverging') this.cutTo = machine.divergedAt(plan.epoch, plan.endOffset)?.truncateTo;
    else if (plan.error === ErrorCode.OFFSET_OUT_OF_RANGE)
      throw new Error('no log begins elsewhere than the others');
  }

  /** The truncation is durable. */
  finishCut(): void {
    if (this.cutTo === undefined) return;
    this.log.truncateTo(this.cutTo);
    this.cutTo = undefined;
    this.#recover();
    this.takeRole();
  }

  // ---- as a leader --------------------------------------------------------------------------

  /** A follower's message. */
  listen(stream: ToyStream, message: Upward): void {
    const { machine } = this;
    if (machine === undefined) return;
    if (message.kind === 'subscribe') this.#judge(stream, message.question);
    else {
      const feed = this.feeds.find((candidate) => candidate.stream === stream);
      if (feed === undefined) {
        this.#waiting.find((candidate) => candidate.stream === stream)?.later.push(message);
        return;
      }
      this.carryOut(machine.replicaDurable(feed.replica, message.durableEndOffset, this.#world.nowMs()));
    }
  }

  #judge(stream: ToyStream, question: ReplicaQuestion): void {
    const { machine } = this;
    if (machine === undefined || !stream.isOpen) return;
    this.feeds = this.feeds.filter((feed) => feed.replica !== question.replica);
    const plan = machine.subscribe(question, this.#world.nowMs());
    if (plan.kind === 'wait') this.#waiting.push({ stream, question, later: [] });
    else if (plan.kind === 'from') {
      const { replica, leaderEpoch } = question;
      this.feeds.push({ stream, replica, leaderEpoch, next: plan.offset, saidHighWatermark: -1 });
    } else stream.downward.push({ kind: 'over', plan });
  }

  /** Sends a follower some of what it does not have, and how far everybody is. */
  push(feed: ToyFeed, count: number): void {
    const { machine } = this;
    if (machine === undefined || !feed.stream.isOpen) return;
    const batches = this.log.batches.filter((batch) => batch.baseOffset >= feed.next).slice(0, count);
    const last = batches.at(-1);
    if (last === undefined && feed.saidHighWatermark === machine.highWatermark) return;
    if (last !== undefined) feed.next = last.lastOffset + 1;
    feed.saidHighWatermark = machine.highWatermark;
    feed.stream.downward.push({
      ...{ kind: 'batches', leaderEpoch: machine.leaderEpoch, highWatermark: machine.highWatermark },
      records: Buffer.concat(batches.map((batch) => batch.bytes)),
    });
  }

  /** Notices streams that are gone. */
  notice(): void {
    for (const feed of this.feeds.filter(({ stream }) => !stream.isOpen)) {
      this.feeds = this.feeds.filter((other) => other !== feed);
      this.carryOut(this.machine?.unsubscribe(feed.replica, this.#world.nowMs()) ?? []);
    }
  }

  tick(): void {
    this.carryOut(this.machine?.tick(this.#world.nowMs()) ?? []);
  }
}
