import type { BrokerEpoch, CancelWake, Clock, LeaderEpoch, Logger, Offset } from '@kafkaesque/kernel';
import { messageOf } from '@kafkaesque/kernel';
import type { Effect } from '@kafkaesque/partition';
import type { MemberMessage, MemberMessageDraft } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { MemberLink } from '../members/member-link';
import type { HeldRecords, LeaderWord } from './following';
import { Following } from './following';
import { PARTITION_CREDIT_BYTES, STREAM_CREDIT_BYTES } from './limits';
import type { Replicated } from './replicated';
import type { Throttle } from './throttle';
import { Turns } from './turns';

/** What happens to replicas beyond their rules. */
export interface FollowerHost<R extends Replicated = Replicated> {
  carryOut(replica: R, effects: readonly Effect[]): void;
  /** The log refused an append: the replica is repaired, and follows again afterwards. */
  failed(replica: R, cause: unknown): void;
  /** Removes what the leader has not. The replica follows again afterwards. */
  truncate(replica: R, offset: Offset): void;
  /** Begins anew at the leader's log start. The replica follows again afterwards. */
  reset(replica: R, offset: Offset, then?: () => void): void;
  raiseLogStart(replica: R, offset: Offset): void;
  /** Whether the configuration holds it back here. Never what is in sync. */
  isThrottled(replica: R): boolean;
}

export interface ReplicaFetcherOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly brokerEpoch: () => BrokerEpoch;
  readonly host: FollowerHost;
  /** Of everything that this broker follows. */
  readonly throttle: Throttle;
}

/** What a fetcher sees of the channel to its leader. */
export type LeaderLink = Pick<MemberLink, 'send'>;

/** How long a partition rests that its leader did not serve. */
const RETRY_MS = 250;
/** … at most, where it could not read what comes next, or sent what cannot be right: asking again is seldom a remedy. */
const LONGEST_RETRY_MS = 16_000;
const MAX_PARTITIONS_A_MESSAGE = 1000;

type Batches = Extract<MemberMessage, { readonly kind: 'ReplicaBatches' }>['value'];

/** Everything that this broker follows at one leader, on one channel. */
export class ReplicaFetcher {
  readonly #options: ReplicaFetcherOptions;
  readonly #followings = new Map<Replicated, Following>();
  readonly #byHandle = new Map<number, Following>();
  readonly #turns: Turns;
  readonly #retries = new Map<Following, CancelWake>();
  #link: LeaderLink | undefined;
  #lastHandle = 0;
  /** What the next messages say. */
  #subscribing = new Set<Following>();
  #acknowledging = new Set<Following>();
  #unsubscribing: number[] = [];
  #creditBytes = 0;

  constructor(options: ReplicaFetcherOptions) {
    this.#options = options;
    this.#turns = new Turns(options.clock, () => this.#tell());
  }

  get isIdle(): boolean {
    return this.#followings.size === 0;
  }

  get maxLag(): number {
    let maxLag = 0;
    for (const following of this.#followings.values()) maxLag = Math.max(maxLag, following.lag);
    return maxLag;
  }

  /** Records by which it is behind what consumers may read at the leader. */
  lagOf(replica: Replicated): number {
    return this.#followings.get(replica)?.lag ?? 0;
  }

  /** Follows in this epoch from now on; what was subscribed in an earlier one is over. */
  follow(replica: Replicated, leaderEpoch: LeaderEpoch): void {
    const known = this.#followings.get(replica);
    if (known?.leaderEpoch === leaderEpoch) {
      this.#measure(known);
      return;
    }
    this.unfollow(replica);
    const following = new Following(replica, leaderEpoch);
    this.#followings.set(replica, following);
    this.#subscribe(following);
  }

  unfollow(replica: Replicated): void {
    const following = this.#followings.get(replica);
    if (following === undefined) return;
    this.#followings.delete(replica);
    this.#stop(following, true);
  }

  /** Other replicas may be throttled now. */
  throttlesChanged(): void {
    for (const following of this.#followings.values()) this.#measure(following);
  }

  /** More of a log is durable. */
  durable(replica: Replicated): void {
    const following = this.#followings.get(replica);
    if (following?.handle === undefined) return;
    this.#acknowledging.add(following);
    this.#turns.request();
  }

  up(link: LeaderLink): void {
    this.#link = link;
    this.#forget();
    link.send({
      kind: 'ReplicationOpen',
      value: { brokerEpoch: this.#options.brokerEpoch(), creditBytes: STREAM_CREDIT_BYTES },
    });
    for (const following of this.#followings.values()) this.#subscribe(following);
  }

  down(link: LeaderLink): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#forget();
  }

  message(link: LeaderLink, message: MemberMessage): void {
    if (link !== this.#link) return;
    switch (message.kind) {
      case 'ReplicaBatches':
        this.#append(message.value);
        return;
      case 'ReplicaWatermarks':
        for (const word of message.value.partitions) {
          const following = this.#byHandle.get(word.handle);
          if (following !== undefined) this.#leaderSays(following, word);
        }
        return;
      case 'ReplicaDiverging':
        this.#diverging(message.value);
        return;
      case 'ReplicaReset':
        this.#reset(message.value);
        return;
      default:
    }
  }

  close(): void {
    this.#turns.close();
    for (const following of this.#followings.values()) this.#over(following);
    for (const cancel of this.#retries.values()) cancel();
    this.#retries.clear();
    this.#followings.clear();
    this.#byHandle.clear();
    this.#link = undefined;
  }

  /** Nothing that was said on an earlier channel holds on this one. */
  #forget(): void {
    this.#byHandle.clear();
    this.#subscribing.clear();
    this.#acknowledging.clear();
    this.#unsubscribing = [];
    this.#creditBytes = 0;
    this.#lastHandle = 0;
    for (const following of this.#followings.values()) this.#over(following);
  }

  #over(following: Following): number {
    const { throttle } = this.#options;
    throttle.forget(following);
    if (following.isMeasured) throttle.took(-following.awaitedBytes);
    return following.over();
  }

  #subscribe(following: Following): void {
    this.#retries.get(following)?.();
    this.#retries.delete(following);
    if (this.#link === undefined) return;
    this.#subscribing.add(following);
    this.#turns.request();
  }

  /** Its subscription is over, at this side or by the leader's word. */
  #stop(following: Following, isToBeTold: boolean): void {
    this.#retries.get(following)?.();
    this.#retries.delete(following);
    this.#subscribing.delete(following);
    this.#acknowledging.delete(following);
    const { handle } = following;
    if (handle === undefined) return;
    this.#byHandle.delete(handle);
    if (isToBeTold) this.#unsubscribing.push(handle);
    this.#giveBack(this.#over(following));
    this.#turns.request();
  }

  /** It stops following here; the host takes it up again, by the metadata as they are then. */
  #handOver(following: Following): Replicated {
    const { replica } = following;
    this.#followings.delete(replica);
    this.#stop(following, false);
    return replica;
  }

  #retry(following: Following, isToBeTold: boolean, inMs = RETRY_MS): void {
    const { clock } = this.#options;
    this.#stop(following, isToBeTold);
    const cancel = clock.wakeAt(clock.monotonicMs() + inMs, () => {
      this.#retries.delete(following);
      this.#subscribe(following);
    });
    this.#retries.set(following, cancel);
  }

  /** After a failure that may last: each rests twice as long as the one before, until records are taken again. */
  #retryLater(following: Following, isToBeTold: boolean): void {
    const inMs = Math.min(RETRY_MS * 2 ** following.failures, LONGEST_RETRY_MS);
    following.failures += 1;
    this.#retry(following, isToBeTold, inMs);
  }

  #append({ partitions }: Batches): void {
    for (const delivered of partitions) this.#deliver(this.#byHandle.get(delivered.handle), delivered);
  }

  #deliver(following: Following | undefined, delivered: HeldRecords): void {
    if (following?.held !== undefined) following.held.push(delivered);
    else if (following?.handle === undefined || !this.#take(following, delivered))
      this.#giveBack(delivered.records.length);
  }

  /** False: it was not taken, and what it took of the credit is to be given back. */
  #take(following: Following, delivered: HeldRecords): boolean {
    const { replica } = following;
    const { machine, log, topic, partition } = replica;
    const { clock, logger, host } = this.#options;
    const { records, leaderEpoch } = delivered;
    const outcome = machine.appendAsFollower(records, leaderEpoch, clock.monotonicMs());
    switch (outcome.kind) {
      case 'stale':
        return false;
      case 'restart':
        this.#restart(following, outcome.at, delivered);
        return true;
      case 'corrupt':
        logger.error('a leader sent records that cannot be right', {
          topic,
          partition,
          leaderEpoch,
          error: outcome.message,
        });
        this.#retryLater(following, true);
        return false;
      case 'accepted':
        try {
          log.append(outcome.batches);
        } catch (error) {
          logger.error('a log refused what its leader sent', {
            topic,
            partition,
            error: messageOf(error),
          });
          host.failed(replica, error);
          return false;
        }
        following.failures = 0;
        following.took(machine.endOffset, records.length);
        this.#came(following, records.length);
        this.#leaderSays(following, delivered);
        return true;
    }
  }

  /** The leader's log begins within a batch: this one begins anew with all of it. */
  #restart(following: Following, at: Offset, delivered: HeldRecords): void {
    following.held = [delivered];
    this.#options.host.reset(following.replica, at, () => {
      const { held = [] } = following;
      following.held = undefined;
      if (this.#followings.get(following.replica) !== following) return;
      // The channel has ended meanwhile.
      if (following.handle === undefined) this.#subscribe(following);
      for (const records of held) this.#deliver(following, records);
    });
  }

  #leaderSays(following: Following, word: LeaderWord): void {
    const { replica } = following;
    const { highWatermark, logStartOffset, fullyReplicatedOffset } = word;
    following.highWatermark = highWatermark;
    const { effects, raiseLogStartTo } = replica.machine.leaderSays(
      highWatermark,
      logStartOffset,
      fullyReplicatedOffset,
    );
    this.#options.host.carryOut(replica, effects);
    if (raiseLogStartTo !== undefined) this.#options.host.raiseLogStart(replica, raiseLogStartTo);
  }

  #diverging({
    handle,
    epoch,
    endOffset,
  }: Extract<MemberMessage, { kind: 'ReplicaDiverging' }>['value']): void {
    const following = this.#byHandle.get(handle);
    if (following === undefined) return;
    const replica = this.#handOver(following);
    const { topic, partition, machine } = replica;
    const truncation = machine.divergedAt(epoch, endOffset);
    if (truncation === undefined) return;
    const { truncateTo, isBelowHighWatermark } = truncation;
    this.#options.logger[isBelowHighWatermark ? 'warn' : 'info'](
      isBelowHighWatermark
        ? 'committed records go, because a leader was elected that did not have them'
        : 'a log has what its leader has not, and is truncated',
      {
        topic,
        partition,
        leaderEpoch: following.leaderEpoch,
        endOffset: machine.endOffset,
        truncateTo,
      },
    );
    this.#options.host.truncate(replica, truncateTo);
  }

  #reset({
    handle,
    errorCode,
    logStartOffset,
  }: Extract<MemberMessage, { kind: 'ReplicaReset' }>['value']): void {
    const following = this.#byHandle.get(handle);
    if (following === undefined) return;
    const { topic, partition, machine } = following.replica;
    const reset =
      errorCode === ErrorCode.OFFSET_OUT_OF_RANGE ? machine.outOfRange(logStartOffset) : undefined;
    if (reset !== undefined) {
      this.#options.logger.info('the log of a leader lies elsewhere, and the one here starts anew', {
        topic,
        partition,
        endOffset: machine.endOffset,
        resetTo: reset.resetTo,
      });
      this.#options.host.reset(this.#handOver(following), reset.resetTo);
      return;
    }
    // The metadata will name the epoch in which to go on.
    if (errorCode === ErrorCode.FENCED_LEADER_EPOCH) this.#stop(following, false);
    else if (errorCode === ErrorCode.KAFKA_STORAGE_ERROR) this.#retryLater(following, false);
    else this.#retry(following, false);
  }

  #giveBack(sizeBytes: number): void {
    if (sizeBytes === 0) return;
    this.#creditBytes += sizeBytes;
    this.#turns.request();
  }

  #tell(): void {
    if (this.#link === undefined) return;
    if (this.#unsubscribing.length > 0) {
      this.#send({ kind: 'ReplicaUnsubscribe', value: { handles: this.#unsubscribing } });
      this.#unsubscribing = [];
    }
    this.#tellSubscriptions();
    this.#tellAcknowledgements();
  }

  #tellSubscriptions(): void {
    const partitions = [...this.#subscribing].flatMap((following) => {
      const { topicId, partition, machine } = following.replica;
      // Its log is being begun anew; it asks when that is done.
      if (machine.role.kind !== 'follower' || machine.leaderEpoch !== following.leaderEpoch) return [];
      // Frames of an earlier subscription may still come: they have another handle.
      const handle = ++this.#lastHandle;
      following.handle = handle;
      this.#byHandle.set(handle, following);
      this.#acknowledging.add(following);
      const { leaderEpoch } = following;
      const creditBytes = this.#beginToMeasure(following);
      const { fetchOffset, lastFetchedEpoch, logStartOffset } = machine.fetchPosition();
      return {
        handle,
        topicId,
        partition,
        leaderEpoch,
        fetchOffset,
        lastFetchedEpoch,
        logStartOffset,
        creditBytes,
      };
    });
    this.#subscribing.clear();
    for (const some of chunks(partitions))
      this.#send({ kind: 'ReplicaSubscribe', value: { partitions: some } });
  }

  #tellAcknowledgements(): void {
    const acks = [...this.#acknowledging].flatMap((following) => {
      const { handle, replica } = following;
      const durableEnd = replica.machine.durableEndOffset;
      if (handle === undefined) return [];
      const settledBytes = following.settled(durableEnd);
      this.#creditBytes += settledBytes;
      const takenBytes = this.#creditFor(following, settledBytes);
      return [{ handle, durableEnd, logStartOffset: replica.machine.logStartOffset, takenBytes }];
    });
    this.#acknowledging.clear();
    if (acks.length === 0 && this.#creditBytes === 0) return;
    const creditBytes = this.#creditBytes;
    this.#creditBytes = 0;
    const [first = [], ...others] = chunks(acks);
    this.#send({ kind: 'ReplicaAck', value: { creditBytes, acks: first } });
    for (const some of others) this.#send({ kind: 'ReplicaAck', value: { creditBytes: 0, acks: some } });
  }

  /** Gives the partition's credit at the beginning of a subscription: nothing, if it is measured out from then on. */
  #beginToMeasure(following: Following): number {
    following.isMeasured = this.#isThrottled(following);
    if (!following.isMeasured) return PARTITION_CREDIT_BYTES;
    following.withheldBytes = PARTITION_CREDIT_BYTES;
    this.#measureOut(following);
    return 0;
  }

  #isThrottled({ replica }: Following): boolean {
    const { throttle, host } = this.#options;
    return throttle.isLimited && host.isThrottled(replica);
  }

  /** It may have come into the in-sync set, or left it, or the configuration is another one. */
  #measure(following: Following): void {
    const { throttle } = this.#options;
    if (following.handle === undefined || this.#isThrottled(following) === following.isMeasured) return;
    if (!following.isMeasured) {
      // What has its credit already has to begin anew.
      this.#stop(following, true);
      this.#subscribe(following);
      return;
    }
    throttle.forget(following);
    throttle.took(-following.awaitedBytes);
    following.isMeasured = false;
    following.awaitedBytes = 0;
    following.creditBytes += following.withheldBytes;
    following.withheldBytes = 0;
    this.#acknowledging.add(following);
    this.#turns.request();
  }

  /** Lets it have the next piece, now or when the throttle allows it. */
  #measureOut(following: Following): void {
    const { throttle } = this.#options;
    const sizeBytes = Math.min(throttle.pieceBytes, following.withheldBytes);
    if (sizeBytes <= 0 || following.awaitedBytes > 0 || throttle.isWaiting(following)) return;
    if (throttle.isExhausted) {
      throttle.wait(following, () => this.#measureOut(following));
      return;
    }
    throttle.took(sizeBytes);
    following.awaitedBytes = sizeBytes;
    following.withheldBytes -= sizeBytes;
    following.creditBytes += sizeBytes;
    this.#acknowledging.add(following);
    this.#turns.request();
  }

  /** A batch may be larger than what was measured out for it; the leader, which has overdrawn, is given the rest. */
  #came(following: Following, sizeBytes: number): void {
    if (!following.isMeasured) return;
    const missingBytes = Math.max(0, sizeBytes - following.awaitedBytes);
    this.#options.throttle.took(missingBytes);
    following.awaitedBytes -= sizeBytes - missingBytes;
    following.withheldBytes -= missingBytes;
    following.creditBytes += missingBytes;
    this.#measureOut(following);
  }

  /** What the leader gets back of the partition's credit. */
  #creditFor(following: Following, settledBytes: number): number {
    if (following.isMeasured) {
      following.withheldBytes += settledBytes;
      this.#measureOut(following);
    } else following.creditBytes += settledBytes;
    const { creditBytes } = following;
    following.creditBytes = 0;
    return creditBytes;
  }

  #send(message: MemberMessageDraft): void {
    this.#link?.send(message);
  }
}

const chunks = <Item>(items: readonly Item[]): readonly (readonly Item[])[] => {
  const all: (readonly Item[])[] = [];
  for (let from = 0; from < items.length; from += MAX_PARTITIONS_A_MESSAGE)
    all.push(items.slice(from, from + MAX_PARTITIONS_A_MESSAGE));
  return all;
};
