import type { CancelWake, Clock } from '@kafkaesque/kernel';
import type { MemberMessageDraft } from '@kafkaesque/protocol';
import type { Subscription } from './subscription';

/** What moves within this time is told in one message; records that leave meanwhile tell it without any. */
const DELAY_MS = 10;
/** Partitions in one message. */
const MAX_PARTITIONS = 4096;

/** Tells a follower what moved of high watermarks, log starts and the ends of all replicas, and no records carry to it. */
export class WatermarkNews {
  readonly #clock: Clock;
  readonly #send: (message: MemberMessageDraft) => boolean;
  readonly #moved = new Set<Subscription>();
  #cancel: CancelWake | undefined;

  constructor(clock: Clock, send: (message: MemberMessageDraft) => boolean) {
    this.#clock = clock;
    this.#send = send;
  }

  moved(subscription: Subscription): void {
    this.#moved.add(subscription);
    this.#cancel ??= this.#clock.wakeAt(this.#clock.monotonicMs() + DELAY_MS, () => this.#tell());
  }

  forget(subscription: Subscription): void {
    this.#moved.delete(subscription);
  }

  close(): void {
    this.#cancel?.();
    this.#moved.clear();
  }

  #tell(): void {
    this.#cancel = undefined;
    const news = [...this.#moved].flatMap((subscription) => newsOf(subscription) ?? []);
    this.#moved.clear();
    for (let from = 0; from < news.length; from += MAX_PARTITIONS)
      this.#send({
        kind: 'ReplicaWatermarks',
        value: { partitions: news.slice(from, from + MAX_PARTITIONS) },
      });
  }
}

type News = Extract<
  MemberMessageDraft,
  { readonly kind: 'ReplicaWatermarks' }
>['value']['partitions'][number];

/** Undefined: records have told it meanwhile. */
const newsOf = (subscription: Subscription): News | undefined => {
  const { replica, wish } = subscription;
  if (replica === undefined) return undefined;
  const { highWatermark, logStartOffset, fullyReplicatedOffset, leaderEpoch, role } = replica.machine;
  // Of another epoch its subscriber must not hear: this one's watermark may count what that one's log has not.
  if (role.kind !== 'leader' || leaderEpoch !== wish.leaderEpoch) return undefined;
  const isTold =
    highWatermark === subscription.toldHighWatermark &&
    logStartOffset === subscription.toldLogStart &&
    fullyReplicatedOffset === subscription.toldFullyReplicated;
  if (isTold) return undefined;
  subscription.toldHighWatermark = highWatermark;
  subscription.toldLogStart = logStartOffset;
  subscription.toldFullyReplicated = fullyReplicatedOffset;
  return { handle: wish.handle, highWatermark, logStartOffset, fullyReplicatedOffset };
};
