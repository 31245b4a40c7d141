import type { Clock, Logger, Offset } from '@kafkaesque/kernel';
import { Offset as offset, hasCode, messageOf } from '@kafkaesque/kernel';
import type { MemberMessage, MemberMessageDraft } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Slices } from '@kafkaesque/storage';
import { BatchFrame } from './batch-frame';
import { FRAME_BYTES, PARTITION_CREDIT_BYTES, STREAM_CREDIT_BYTES } from './limits';
import type { Replicated } from './replicated';
import type { Follower, LeaderHost, Subscription, SubscriptionFeed, Wish } from './subscription';
import type { Subscriptions } from './subscriptions';
import type { Throttle } from './throttle';
import { Turns } from './turns';
import { WatermarkNews } from './watermark-news';

export interface ReplicaFeedOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly follower: Follower;
  readonly creditBytes: number;
  readonly subscriptions: Subscriptions;
  readonly host: LeaderHost;
  /** Of everything that this broker leads. */
  readonly throttle: Throttle;
  readonly send: (message: MemberMessageDraft) => boolean;
}

/** Reads from the disk under way for one follower: each holds as much as a partition may have under way. */
const MAX_READS = 2;
/** Credit that stays for those who have caught up. */
const TAIL_CREDIT_BYTES = STREAM_CREDIT_BYTES / 2;
/** Bytes sent in one turn to those who are behind; what they read at once comes from the page cache. */
const BEHIND_BYTES_A_TURN = 1 << 20;

const NONE = offset(-1);

type Acks = Extract<MemberMessage, { readonly kind: 'ReplicaAck' }>['value'];

/** One channel's leader side: what one follower is sent of all partitions that it follows here. */
export class ReplicaFeed implements SubscriptionFeed {
  readonly #options: ReplicaFeedOptions;
  readonly #byHandle = new Map<number, Subscription>();
  /** Those with something to send that have caught up before, in the order in which they became ready. */
  #tail = new Set<Subscription>();
  #behind = new Set<Subscription>();
  readonly #turns: Turns;
  readonly #news: WatermarkNews;
  #creditBytes: number;
  #reads = 0;
  #isEnded = false;

  constructor(options: ReplicaFeedOptions) {
    this.#options = options;
    this.#creditBytes = options.creditBytes;
    this.#turns = new Turns(options.clock, () => this.#push());
    this.#news = new WatermarkNews(options.clock, options.send);
  }

  take(message: MemberMessage): void {
    if (this.#isEnded) return;
    if (message.kind === 'ReplicaSubscribe')
      for (const wish of message.value.partitions) this.#subscribe(wish);
    else if (message.kind === 'ReplicaUnsubscribe') {
      for (const handle of message.value.handles) {
        const subscription = this.#byHandle.get(handle);
        if (subscription !== undefined) this.drop(subscription);
      }
    } else if (message.kind === 'ReplicaAck') this.#acknowledged(message.value);
  }

  /** The channel has ended. */
  ended(): void {
    for (const subscription of [...this.#byHandle.values()]) this.drop(subscription);
    this.#isEnded = true;
    this.#turns.close();
    this.#news.close();
  }

  ready(subscription: Subscription): void {
    if (subscription.isOver || subscription.isReading || subscription.replica === undefined) return;
    if (subscription.isHeldBack) return;
    (subscription.isBehind ? this.#behind : this.#tail).add(subscription);
    this.#turns.request();
  }

  resume(subscription: Subscription): void {
    if (!subscription.isHeldBack) return;
    subscription.isHeldBack = false;
    this.#options.throttle.forget(subscription);
    if (hasMore(subscription)) this.ready(subscription);
  }

  moved(subscription: Subscription): void {
    this.#news.moved(subscription);
  }

  begin(subscription: Subscription): void {
    const { wish, follower } = subscription;
    const replica = this.#options.host.find(wish);
    const nowMs = this.#options.clock.monotonicMs();
    const plan = replica?.machine.subscribe(
      {
        replica: follower.brokerId,
        brokerEpoch: follower.brokerEpoch,
        leaderEpoch: wish.leaderEpoch,
        fetchOffset: wish.fetchOffset,
        lastFetchedEpoch: wish.lastFetchedEpoch,
        logStartOffset: wish.logStartOffset,
      },
      nowMs,
    );
    if (plan === undefined || replica === undefined || plan.kind === 'wait') return;
    if (plan.kind === 'error') {
      this.refuse(subscription, plan.error, plan.logStartOffset);
      return;
    }
    if (plan.kind === 'diverging') {
      const { epoch, endOffset } = plan;
      this.drop(subscription);
      this.#options.send({
        kind: 'ReplicaDiverging',
        value: { handle: wish.handle, epoch, endOffset },
      });
      return;
    }
    subscription.replica = replica;
    subscription.nextOffset = plan.offset;
    subscription.isBehind = plan.offset < replica.machine.endOffset;
    // Told at once: by it the follower learns that it is served, and where the log starts.
    this.#news.moved(subscription);
    this.#durable(subscription);
    this.ready(subscription);
  }

  refuse(subscription: Subscription, errorCode: number, logStartOffset: Offset): void {
    this.drop(subscription);
    this.#options.send({
      kind: 'ReplicaReset',
      value: { handle: subscription.wish.handle, errorCode, logStartOffset },
    });
  }

  drop(subscription: Subscription): void {
    if (subscription.isOver) return;
    const { wish, follower, replica } = subscription;
    subscription.isOver = true;
    this.#byHandle.delete(wish.handle);
    this.#options.subscriptions.remove(subscription);
    this.#tail.delete(subscription);
    this.#behind.delete(subscription);
    this.#news.forget(subscription);
    this.#options.throttle.forget(subscription);
    if (replica === undefined || !isServedFrom(replica, wish)) return;
    const { fullyReplicatedOffset } = replica.machine;
    this.#options.host.carryOut(
      replica,
      replica.machine.unsubscribe(follower.brokerId, this.#options.clock.monotonicMs()),
    );
    this.#tellOthers(replica, fullyReplicatedOffset);
  }

  #subscribe(wish: Wish): void {
    const again = this.#byHandle.get(wish.handle);
    if (again !== undefined) this.drop(again);
    const subscription: Subscription = {
      wish,
      follower: this.#options.follower,
      feed: this,
      replica: undefined,
      nextOffset: wish.fetchOffset,
      outstandingBytes: PARTITION_CREDIT_BYTES - creditOf(wish),
      durableEnd: NONE,
      logStartOffset: wish.logStartOffset,
      toldHighWatermark: NONE,
      toldLogStart: NONE,
      toldFullyReplicated: NONE,
      isBehind: true,
      isReading: false,
      isHeldBack: false,
      isOver: false,
    };
    const earlier = this.#options.subscriptions.add(subscription);
    if (earlier?.feed === this) this.drop(earlier);
    // Which channel is the follower's newest nobody knows here: what was said on one that it gave up may come last.
    // Where the other one is heard, it asks again.
    else earlier?.feed.refuse(earlier, ErrorCode.NOT_LEADER_OR_FOLLOWER, NONE);
    this.#byHandle.set(wish.handle, subscription);
    this.begin(subscription);
  }

  #acknowledged({ creditBytes, acks }: Acks): void {
    this.#creditBytes = Math.min(this.#creditBytes + creditBytes, STREAM_CREDIT_BYTES);
    for (const { handle, durableEnd, logStartOffset, takenBytes } of acks) {
      const subscription = this.#byHandle.get(handle);
      if (subscription === undefined) continue;
      subscription.outstandingBytes = Math.max(0, subscription.outstandingBytes - takenBytes);
      subscription.durableEnd = durableEnd;
      subscription.logStartOffset = logStartOffset;
      this.#durable(subscription);
      if (hasMore(subscription)) this.ready(subscription);
    }
    if (this.#tail.size + this.#behind.size > 0) this.#turns.request();
  }

  #durable({ replica, wish, durableEnd, logStartOffset, follower }: Subscription): void {
    if (replica === undefined || durableEnd < 0 || !isServedFrom(replica, wish)) return;
    const nowMs = this.#options.clock.monotonicMs();
    const { brokerId } = follower;
    const { fullyReplicatedOffset } = replica.machine;
    const effects = replica.machine.replicaDurable(brokerId, durableEnd, nowMs, logStartOffset);
    this.#options.host.carryOut(replica, effects);
    this.#tellOthers(replica, fullyReplicatedOffset);
  }

  /** How far all replicas are may move while the high watermark stands: one that is not in sync came or went. */
  #tellOthers({ machine, topicId, partition }: Replicated, fullyReplicatedBefore: Offset): void {
    if (machine.fullyReplicatedOffset !== fullyReplicatedBefore)
      this.#options.subscriptions.moved(topicId, partition);
  }

  #push(): void {
    const frame = new BatchFrame(this.#options.send);
    const tail = this.#tail;
    this.#tail = new Set();
    for (const subscription of tail) {
      if (this.#creditBytes <= 0) this.#tail.add(subscription);
      else this.#sendTail(subscription, frame);
    }
    frame.send();
    this.#pushBehind(frame);
    frame.send();
  }

  #sendTail(subscription: Subscription, frame: BatchFrame): void {
    while (hasMore(subscription) && this.#creditBytes > 0) {
      if (this.#sendSome(subscription, frame) === 0) return;
    }
    // Without credit for the channel it stays in line; without its own it comes back with the next acknowledgement.
    if (hasMore(subscription)) this.#tail.add(subscription);
  }

  /** Each of those that are behind in turn, and not more than the others leave. */
  #pushBehind(frame: BatchFrame): void {
    let leftBytes = BEHIND_BYTES_A_TURN;
    const behind = [...this.#behind];
    for (const subscription of behind) {
      if (leftBytes <= 0 || this.#creditBytes <= TAIL_CREDIT_BYTES || this.#reads >= MAX_READS) break;
      this.#behind.delete(subscription);
      leftBytes -= this.#sendSome(subscription, frame);
      if (hasMore(subscription) && hasCredit(subscription)) this.ready(subscription);
    }
    if (this.#behind.size > 0 && this.#creditBytes > TAIL_CREDIT_BYTES && this.#reads < MAX_READS)
      this.#turns.request();
  }

  /** Gives the bytes that were put into the frame. */
  #sendSome(subscription: Subscription, frame: BatchFrame): number {
    const { replica, nextOffset, wish } = subscription;
    if (subscription.isOver || subscription.isReading || replica === undefined) return 0;
    if (!isServedFrom(replica, wish)) return 0;
    const creditBytes = Math.min(PARTITION_CREDIT_BYTES - subscription.outstandingBytes, FRAME_BYTES);
    if (creditBytes <= 0 || !hasMore(subscription)) return 0;
    const { throttle } = this.#options;
    const isThrottled = this.#isThrottled(subscription, replica);
    if (isThrottled && throttle.isExhausted) {
      subscription.isHeldBack = true;
      throttle.wait(subscription, () => this.resume(subscription));
      return 0;
    }
    const maxBytes = isThrottled ? Math.min(creditBytes, throttle.pieceBytes) : creditBytes;
    // What is measured out may be less than a batch.
    const isMeasured = isThrottled || wish.creditBytes < PARTITION_CREDIT_BYTES;
    const atLeastOne = isMeasured || subscription.outstandingBytes === 0;
    let read: Slices | Promise<Slices>;
    try {
      read = replica.log.read(nextOffset, replica.machine.endOffset, maxBytes, { atLeastOne });
    } catch (error) {
      this.#unreadable(subscription, replica, error);
      return 0;
    }
    if (!(read instanceof Promise)) return this.#put(subscription, replica, read, frame);
    this.#readLater(subscription, replica, read, maxBytes);
    return 0;
  }

  /** What is read is counted as sent from now on: more than there is credit for is never held in memory. */
  #readLater(
    subscription: Subscription,
    replica: Replicated,
    reading: Promise<Slices>,
    maxBytes: number,
  ): void {
    this.#reads += 1;
    subscription.isReading = true;
    subscription.isBehind = true;
    subscription.outstandingBytes += maxBytes;
    this.#creditBytes -= maxBytes;
    const giveBack = (): void => {
      this.#reads -= 1;
      subscription.isReading = false;
      subscription.outstandingBytes -= maxBytes;
      this.#creditBytes += maxBytes;
    };
    reading.then(
      (slices) => {
        giveBack();
        if (this.#isEnded || subscription.isOver || !isServedFrom(replica, subscription.wish)) {
          slices.release();
          return;
        }
        const frame = new BatchFrame(this.#options.send);
        this.#put(subscription, replica, slices, frame);
        frame.send();
        if (hasMore(subscription)) this.ready(subscription);
        this.#turns.request();
      },
      (error: unknown) => {
        giveBack();
        if (this.#isEnded || subscription.isOver) return;
        this.#unreadable(subscription, replica, error);
      },
    );
  }

  #put(subscription: Subscription, replica: Replicated, slices: Slices, frame: BatchFrame): number {
    const { machine } = replica;
    const { sizeBytes } = slices;
    if (sizeBytes === 0) {
      slices.release();
      return 0;
    }
    subscription.nextOffset = slices.nextOffset;
    subscription.outstandingBytes += sizeBytes;
    this.#creditBytes -= sizeBytes;
    if (this.#isThrottled(subscription, replica)) this.#options.throttle.took(sizeBytes);
    subscription.toldHighWatermark = machine.highWatermark;
    subscription.toldLogStart = machine.logStartOffset;
    subscription.toldFullyReplicated = machine.fullyReplicatedOffset;
    frame.add(subscription.wish.handle, machine, slices);
    if (slices.nextOffset >= machine.endOffset) subscription.isBehind = false;
    return sizeBytes;
  }

  /** Only what catches up: held back in sync, it would keep producers waiting and fall out again. */
  #isThrottled({ follower }: Subscription, replica: Replicated): boolean {
    const { host, throttle } = this.#options;
    const { role } = replica.machine;
    if (!throttle.isLimited || role.kind !== 'leader' || role.inSyncReplicas.includes(follower.brokerId))
      return false;
    return host.isThrottled(replica);
  }

  #unreadable(subscription: Subscription, replica: Replicated, error: unknown): void {
    const { topic, partition, machine } = replica;
    if (hasCode(error, 'INVARIANT_BROKEN')) throw error;
    if (hasCode(error, 'OFFSET_OUT_OF_RANGE') && subscription.nextOffset < machine.logStartOffset) {
      this.refuse(subscription, ErrorCode.OFFSET_OUT_OF_RANGE, machine.logStartOffset);
      return;
    }
    this.#options.logger.error('a log could not be read for a follower', {
      topic,
      partition,
      brokerId: subscription.follower.brokerId,
      error: messageOf(error),
    });
    if (hasCode(error, 'LOG_CORRUPT')) this.#options.host.damaged(replica);
    this.refuse(subscription, ErrorCode.KAFKA_STORAGE_ERROR, machine.logStartOffset);
  }
}

/** Whether the replica still leads in the epoch that was asked for. */
const isServedFrom = ({ machine }: Replicated, { leaderEpoch }: Wish): boolean =>
  machine.role.kind === 'leader' && machine.leaderEpoch === leaderEpoch;

const hasMore = ({ replica, nextOffset, isReading, isOver }: Subscription): boolean =>
  replica !== undefined && !isReading && !isOver && nextOffset < replica.machine.endOffset;

const creditOf = ({ creditBytes }: Wish): number =>
  Math.max(0, Math.min(creditBytes, PARTITION_CREDIT_BYTES));

const hasCredit = ({ outstandingBytes }: Subscription): boolean => outstandingBytes < PARTITION_CREDIT_BYTES;
