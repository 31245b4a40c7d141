import { ErrorCode } from '@kafkaesque/protocol';
import type { ResponseOf } from '@kafkaesque/protocol';
import type { TopicId } from '@kafkaesque/kernel';
import { brokerError } from '../../broker-error';
import { ClientError } from '../../errors';
import type { CommitIdentity } from '../group-offsets';

/** Partitions as the consumer protocol names them. */
export interface TopicIdPartitions {
  readonly topicId: TopicId;
  readonly partitions: readonly number[];
}

/** What a member reads: topics, or what the broker finds for an expression. */
export type MemberSubscription =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 're2'; readonly pattern: string };

/** What happens to a member. Answers carry the ticket of their heartbeat; those of an earlier one are ignored. */
export type ConsumerInput =
  | { readonly kind: 'subscribed'; readonly to: MemberSubscription }
  | {
      readonly kind: 'heard';
      readonly ticket: number;
      readonly response: ResponseOf<'ConsumerGroupHeartbeat'>;
    }
  | { readonly kind: 'unanswered'; readonly ticket: number; readonly error: ClientError }
  /** The host reads these partitions and no others; `isWhole` unless some topics of the target are not known yet. */
  | { readonly kind: 'reconciled'; readonly owned: readonly TopicIdPartitions[]; readonly isWhole: boolean }
  /** The host has given up everything. */
  | { readonly kind: 'released' }
  /** A commit was refused. */
  | { readonly kind: 'refused'; readonly errorCode: number; readonly identity: CommitIdentity }
  | { readonly kind: 'retry' }
  | { readonly kind: 'left' }
  | { readonly kind: 'expelled' }
  | { readonly kind: 'time' };

/** One heartbeat; fields that are undefined have not changed since the broker heard them. */
export interface HeartbeatEffect {
  readonly kind: 'heartbeat';
  readonly ticket: number;
  readonly memberId: string;
  readonly memberEpoch: number;
  /** All that the broker must know of a member, for one that joins or after an answer was lost. */
  readonly isFull: boolean;
  readonly subscription: MemberSubscription | undefined;
  readonly owned: readonly TopicIdPartitions[] | undefined;
}

/** What the driver has to do. */
export type ConsumerEffect =
  | HeartbeatEffect
  /** Read these partitions and no others; answered by `reconciled`. */
  | { readonly kind: 'reconcile'; readonly target: readonly TopicIdPartitions[] }
  /** Give up everything without committing; answered by `released`. */
  | { readonly kind: 'release' }
  | { readonly kind: 'find-coordinator'; readonly errorCode: number }
  | { readonly kind: 'fail'; readonly error: ClientError; readonly isFinal: boolean };

/** Where a member is in its life (KIP-848). Heartbeats go on from `joining` to `stable`. */
type State =
  | 'out'
  | 'joining'
  | 'reconciling'
  /** What was reconciled goes out with the next heartbeat. */
  | 'acknowledging'
  | 'stable'
  /** The host gives up what it read, then it joins again. */
  | 'fenced'
  /** As `fenced`, from when the caller polls again. */
  | 'expelled'
  | 'failed'
  | 'failed-for-good';

const JOINING_EPOCH = 0;

const isRetriedAsIs = (errorCode: number): boolean =>
  errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ||
  errorCode === ErrorCode.COORDINATOR_NOT_AVAILABLE ||
  errorCode === ErrorCode.NOT_COORDINATOR;

/**
 * One member of a group by the consumer protocol: tells the coordinator what it subscribes and reads, and moves to the
 * assignment that comes back, acknowledging each step. Decides only: time and answers come as inputs.
 */
export class ConsumerMember {
  readonly #backoffMs: (failures: number) => number;
  readonly #groupInstanceId: string | undefined;
  #memberId: string;
  #state: State = 'out';
  #epoch = JOINING_EPOCH;
  #subscription: MemberSubscription = { kind: 'names', names: [] };
  /** Whether the broker has yet to hear of the subscription. */
  #isSubscriptionNew = false;
  /** What it reads, as the broker was or will be told. */
  #owned: readonly TopicIdPartitions[] = [];
  #target: readonly TopicIdPartitions[] | undefined;
  /** Reconciliations run one after the other: one is under way. */
  #isReconciling = false;
  /** The next heartbeat tells everything. */
  #isFullDue = true;
  #lastTicket = 0;
  #inFlight: number | undefined;
  #heartbeatAtMs = Infinity;
  #reconcileAtMs = Infinity;
  #intervalMs = 5000;
  #failures = 0;

  constructor(
    memberId: string,
    groupInstanceId: string | undefined,
    backoffMs: (failures: number) => number,
  ) {
    this.#memberId = memberId;
    this.#groupInstanceId = groupInstanceId;
    this.#backoffMs = backoffMs;
  }

  get phase(): State {
    return this.#state;
  }

  get memberId(): string {
    return this.#memberId;
  }

  get identity(): CommitIdentity {
    const isMember = this.#epoch > JOINING_EPOCH;
    return {
      generationId: isMember ? this.#epoch : -1,
      memberId: isMember ? this.#memberId : '',
      groupInstanceId: this.#groupInstanceId,
    };
  }

  get mayCommit(): boolean {
    return this.#epoch > JOINING_EPOCH && this.#isBeating;
  }

  /** When `time` has to be the next input, at the latest. */
  get deadlineMs(): number {
    if (!this.#isBeating) return Infinity;
    const heartbeatMs = this.#inFlight === undefined ? this.#heartbeatAtMs : Infinity;
    return Math.min(heartbeatMs, this.#isReconciling ? Infinity : this.#reconcileAtMs);
  }

  step(input: ConsumerInput, nowMs: number): readonly ConsumerEffect[] {
    switch (input.kind) {
      case 'subscribed':
        return this.#subscribed(input.to, nowMs);
      case 'heard':
        if (input.ticket !== this.#inFlight) return [];
        this.#inFlight = undefined;
        return this.#isBeating ? this.#heard(input.response, nowMs) : [];
      case 'unanswered':
        if (input.ticket !== this.#inFlight) return [];
        this.#inFlight = undefined;
        return this.#isBeating ? this.#unanswered(input.error, nowMs) : [];
      case 'reconciled':
        return this.#reconciled(input.owned, input.isWhole, nowMs);
      case 'released':
        return this.#released(nowMs);
      case 'refused':
        return this.#refused(input.errorCode, input.identity);
      case 'retry':
        return this.#retry(nowMs);
      case 'left':
        this.#leave('out');
        return [];
      case 'expelled':
        this.#leave('expelled');
        return [];
      case 'time':
        return this.#passed(nowMs);
    }
  }

  get #isBeating(): boolean {
    return (
      this.#state === 'joining' ||
      this.#state === 'reconciling' ||
      this.#state === 'acknowledging' ||
      this.#state === 'stable'
    );
  }

  #subscribed(to: MemberSubscription, nowMs: number): readonly ConsumerEffect[] {
    this.#subscription = to;
    this.#isSubscriptionNew = true;
    if (this.#state === 'out') {
      this.#state = 'joining';
      this.#isFullDue = true;
    }
    return this.#isBeating ? this.#beatSoon(nowMs) : [];
  }

  /** At once, or when the one under way has been answered. */
  #beatSoon(nowMs: number): readonly ConsumerEffect[] {
    this.#heartbeatAtMs = nowMs;
    return this.#inFlight === undefined ? this.#beat() : [];
  }

  #beat(): readonly ConsumerEffect[] {
    const isFull = this.#isFullDue || this.#state === 'joining';
    const acknowledges = this.#state === 'acknowledging';
    const subscription = isFull || this.#isSubscriptionNew ? this.#subscription : undefined;
    const owned = isFull || acknowledges ? this.#owned : undefined;
    this.#lastTicket += 1;
    this.#inFlight = this.#lastTicket;
    this.#isFullDue = false;
    this.#isSubscriptionNew = false;
    if (acknowledges) this.#state = 'stable';
    const { ticket, memberId, memberEpoch } = {
      ticket: this.#lastTicket,
      memberId: this.#memberId,
      memberEpoch: this.#epoch,
    };
    const heartbeat: HeartbeatEffect = {
      kind: 'heartbeat',
      ticket,
      memberId,
      memberEpoch,
      isFull,
      subscription,
      owned,
    };
    return [heartbeat, ...this.#reconcile()];
  }

  #heard(response: ResponseOf<'ConsumerGroupHeartbeat'>, nowMs: number): readonly ConsumerEffect[] {
    const { errorCode, memberId, memberEpoch, heartbeatIntervalMs, assignment } = response;
    if (errorCode !== ErrorCode.NONE) return this.#refusedHeartbeat(response, nowMs);
    this.#failures = 0;
    if (memberId !== null && memberId !== '') this.#memberId = memberId;
    this.#epoch = memberEpoch;
    this.#intervalMs = heartbeatIntervalMs;
    // What came up meanwhile goes out at once.
    const isDue = this.#state === 'acknowledging' || this.#isSubscriptionNew || this.#isFullDue;
    this.#heartbeatAtMs = isDue ? nowMs : nowMs + heartbeatIntervalMs;
    if (assignment !== null) this.#target = assignment.topicPartitions;
    if (this.#state === 'joining') this.#state = 'stable';
    const effects = this.#reconcile();
    return isDue ? [...effects, ...this.#beat()] : effects;
  }

  /** Goes for the target, unless something else has to be finished first. */
  #reconcile(): readonly ConsumerEffect[] {
    const target = this.#target;
    if (target === undefined || this.#isReconciling || this.#state !== 'stable') return [];
    this.#target = undefined;
    this.#isReconciling = true;
    this.#state = 'reconciling';
    this.#reconcileAtMs = Infinity;
    return [{ kind: 'reconcile', target }];
  }

  #reconciled(
    owned: readonly TopicIdPartitions[],
    isWhole: boolean,
    nowMs: number,
  ): readonly ConsumerEffect[] {
    this.#isReconciling = false;
    if (this.#state !== 'reconciling') return [];
    this.#owned = owned;
    this.#state = 'acknowledging';
    // Topics that are not known yet will be; the driver keeps what the target was.
    if (!isWhole) this.#reconcileAtMs = nowMs + this.#backoffMs(this.#failures);
    return this.#beatSoon(nowMs);
  }

  #refusedHeartbeat(
    response: ResponseOf<'ConsumerGroupHeartbeat'>,
    nowMs: number,
  ): readonly ConsumerEffect[] {
    const { errorCode, errorMessage } = response;
    this.#isFullDue = true;
    switch (errorCode) {
      case ErrorCode.FENCED_MEMBER_EPOCH:
      case ErrorCode.UNKNOWN_MEMBER_ID:
        return this.#fence();
      case ErrorCode.TOPIC_AUTHORIZATION_FAILED:
        // The membership goes on, with what it may read.
        this.#heartbeatAtMs = nowMs + this.#intervalMs;
        return [{ kind: 'fail', error: brokerError(errorCode, errorMessage), isFinal: false }];
      default:
        if (!isRetriedAsIs(errorCode)) return this.#fail(brokerError(errorCode, errorMessage));
        this.#wait(nowMs);
        return [{ kind: 'find-coordinator', errorCode }];
    }
  }

  #unanswered(error: ClientError, nowMs: number): readonly ConsumerEffect[] {
    if (!error.retriable) return this.#fail(error);
    this.#isFullDue = true;
    this.#wait(nowMs);
    return [];
  }

  #wait(nowMs: number): void {
    this.#heartbeatAtMs = nowMs + this.#backoffMs(this.#failures);
    this.#failures += 1;
    // The acknowledgement may not have been heard: a full heartbeat repeats it.
    if (this.#state === 'acknowledging') this.#state = 'stable';
  }

  #refused(errorCode: number, identity: CommitIdentity): readonly ConsumerEffect[] {
    if (!this.#isBeating || identity.generationId !== this.identity.generationId) return [];
    if (errorCode === ErrorCode.UNKNOWN_MEMBER_ID || errorCode === ErrorCode.FENCED_MEMBER_EPOCH) {
      return this.#fence();
    }
    return [];
  }

  #fence(): readonly ConsumerEffect[] {
    this.#leave('fenced');
    return [{ kind: 'release' }];
  }

  #released(nowMs: number): readonly ConsumerEffect[] {
    if (this.#state !== 'fenced') return [];
    this.#state = 'joining';
    return this.#beatSoon(nowMs);
  }

  #fail(error: ClientError): readonly ConsumerEffect[] {
    const isFinal = error.errorCode === ErrorCode.FENCED_INSTANCE_ID;
    this.#leave(isFinal ? 'failed-for-good' : 'failed');
    this.#failures += 1;
    return [
      {
        kind: 'fail',
        error: isFinal ? fenced(this.#groupInstanceId ?? '', error) : error,
        isFinal,
      },
      { kind: 'release' },
    ];
  }

  #retry(nowMs: number): readonly ConsumerEffect[] {
    if (this.#state === 'expelled') {
      this.#state = 'fenced';
      return [{ kind: 'release' }];
    }
    if (this.#state !== 'failed') return [];
    // A caller that polls on and on over a refusal must not become a flood of heartbeats.
    this.#state = 'joining';
    this.#heartbeatAtMs = nowMs + this.#backoffMs(this.#failures);
    return [];
  }

  #passed(nowMs: number): readonly ConsumerEffect[] {
    if (!this.#isBeating) return [];
    if (this.#reconcileAtMs <= nowMs && !this.#isReconciling) {
      // The whole assignment comes with the answer to a full heartbeat.
      this.#reconcileAtMs = Infinity;
      this.#isFullDue = true;
      return this.#beatSoon(nowMs);
    }
    return this.#heartbeatAtMs <= nowMs && this.#inFlight === undefined ? this.#beat() : [];
  }

  #leave(state: State): void {
    this.#state = state;
    this.#epoch = JOINING_EPOCH;
    this.#owned = [];
    this.#target = undefined;
    this.#isReconciling = false;
    this.#isFullDue = true;
    this.#inFlight = undefined;
    this.#heartbeatAtMs = Infinity;
    this.#reconcileAtMs = Infinity;
    if (state === 'out') this.#failures = 0;
  }
}

const fenced = (groupInstanceId: string, cause: ClientError): ClientError =>
  new ClientError(
    'broker',
    'FENCED_INSTANCE_ID',
    `another member has taken over group.instance.id ${groupInstanceId}`,
    { errorCode: ErrorCode.FENCED_INSTANCE_ID, cause },
  );
