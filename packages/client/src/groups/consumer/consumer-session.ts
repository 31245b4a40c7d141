import { messageOf } from '@kafkaesque/kernel';
import type { CancelWake, Clock, Logger, Random, TopicId } from '@kafkaesque/kernel';
import type { RequestDraftOf } from '@kafkaesque/protocol';
import type { ClusterView } from '../../cluster/cluster-view';
import { asClientError } from '../../errors';
import type { TopicPartition } from '../../records';
import { backoffMs, sleep } from '../../timing/waiting';
import type { BackoffRange } from '../../timing/waiting';
import type { GroupCoordinator } from '../group-coordinator';
import type { CommitIdentity } from '../group-offsets';
import type { MemberHost } from '../member-host';
import type { LeaveOptions, Membership } from '../membership';
import { partitionsWithout, topicsOf } from '../partition-sets';
import type { SubscribedTo } from '../topic-watch';
import { ConsumerMember } from './consumer-member';
import type {
  ConsumerEffect,
  ConsumerInput,
  HeartbeatEffect,
  MemberSubscription,
  TopicIdPartitions,
} from './consumer-member';
import { TopicNames } from './topic-names';

export interface ConsumerSessionSettings {
  readonly groupInstanceId: string | undefined;
  readonly remoteAssignor: string | undefined;
  /** `max.poll.interval.ms`: how long revoking may take. */
  readonly rebalanceTimeoutMs: number;
  readonly rackId: string | undefined;
  readonly requestTimeoutMs: number;
  readonly backoff: BackoffRange;
}

export interface ConsumerSessionOptions {
  readonly settings: ConsumerSessionSettings;
  readonly coordinator: GroupCoordinator;
  readonly cluster: ClusterView;
  readonly host: MemberHost;
  readonly subscription: () => SubscribedTo;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const LEAVES = -1;
/** A static member that may come back under the same name within its session. */
const LEAVES_FOR_NOW = -2;
/** Of ConsumerGroupHeartbeat, from which on members name themselves (KIP-1082). */
const OWN_IDS = 1;

type HeartbeatDraft = RequestDraftOf<'ConsumerGroupHeartbeat'>;

/** The driver of a `ConsumerMember`: heartbeats out, answers in, assignments carried out by the host. */
export class ConsumerSession implements Membership {
  readonly #options: ConsumerSessionOptions;
  readonly #member: ConsumerMember;
  readonly #names: TopicNames;
  #cancelWake: CancelWake | undefined;
  /** Of what runs in the name of one membership; whatever comes later is nobody's. */
  #life = new AbortController();

  constructor(options: ConsumerSessionOptions) {
    this.#options = options;
    const { settings, random, cluster } = options;
    this.#names = new TopicNames(cluster);
    this.#member = new ConsumerMember(memberIdFrom(random), settings.groupInstanceId, (failures) =>
      backoffMs(settings.backoff, failures, random),
    );
  }

  get identity(): CommitIdentity {
    return this.#member.identity;
  }

  get mayCommit(): boolean {
    return this.#member.mayCommit;
  }

  get isJoining(): boolean {
    const { state } = this.#member;
    return state === 'joining' || state === 'fenced';
  }

  get topicNames(): readonly string[] {
    const subscription = this.#options.subscription();
    return subscription.kind === 'names' ? subscription.names : topicsOf(this.#options.host.owned());
  }

  subscriptionChanged(): void {
    this.#feed({ kind: 'subscribed', to: memberSubscription(this.#options.subscription()) });
  }

  rejoin(): void {
    this.#options.logger.warn(
      'a rebalance cannot be enforced under the consumer protocol: the broker decides',
      {
        groupId: this.#options.coordinator.groupId,
      },
    );
  }

  retry(): void {
    const { state } = this.#member;
    if (state === 'failed' || state === 'expelled') this.#feed({ kind: 'retry' });
  }

  refused(errorCode: number, identity: CommitIdentity): void {
    this.#feed({ kind: 'refused', errorCode, identity });
  }

  expel(): void {
    this.#end();
    const { groupInstanceId, requestTimeoutMs } = this.#options.settings;
    void this.#sendLeave(groupInstanceId === undefined ? LEAVES : LEAVES_FOR_NOW, requestTimeoutMs);
    this.#feed({ kind: 'expelled' });
  }

  async leave({ membership, timeoutMs }: LeaveOptions): Promise<void> {
    const isIn = !['out', 'expelled', 'failed', 'failed-for-good'].includes(this.#member.state);
    this.#end();
    this.#feed({ kind: 'left' });
    const isStatic = this.#options.settings.groupInstanceId !== undefined;
    if (!isIn || (membership === 'remain-in-group' && !isStatic)) return;
    const leavesForNow = isStatic && membership !== 'leave-group';
    await this.#sendLeave(leavesForNow ? LEAVES_FOR_NOW : LEAVES, timeoutMs);
  }

  #end(): void {
    this.#life.abort();
    this.#life = new AbortController();
  }

  async #sendLeave(memberEpoch: number, timeoutMs: number): Promise<void> {
    const { coordinator, settings, logger } = this.#options;
    const { memberId } = this.#member;
    const { groupId } = coordinator;
    const draft = { groupId, memberId, memberEpoch, instanceId: settings.groupInstanceId ?? null };
    try {
      await coordinator.request('ConsumerGroupHeartbeat', draft, { timeoutMs });
    } catch (error) {
      // The session ends by itself then.
      logger.debug('a member could not say that it leaves', { groupId, memberId, why: messageOf(error) });
    }
  }

  #feed(input: ConsumerInput): void {
    const { host, clock, logger, coordinator } = this.#options;
    const before = this.#member.state;
    const effects = this.#member.step(input, clock.monotonicMs());
    if (effects.some(({ kind }) => kind === 'release')) this.#end();
    for (const effect of effects) void this.#carryOut(effect, this.#life.signal);
    const { state, identity } = this.#member;
    this.#arm();
    if (state === before) return;
    const { groupId } = coordinator;
    logger.debug('a member moved on', { groupId, from: before, to: state, ...identity });
    host.changed();
  }

  /** As `#feed`, unless the membership has ended meanwhile. */
  #answer(life: AbortSignal, input: ConsumerInput): void {
    if (!life.aborted) this.#feed(input);
  }

  #arm(): void {
    this.#cancelWake?.();
    const { deadlineMs } = this.#member;
    this.#cancelWake =
      deadlineMs === Infinity
        ? undefined
        : this.#options.clock.wakeAt(deadlineMs, () => this.#feed({ kind: 'time' }));
  }

  async #carryOut(effect: ConsumerEffect, life: AbortSignal): Promise<void> {
    const { host, coordinator } = this.#options;
    switch (effect.kind) {
      case 'heartbeat':
        return this.#heartbeat(effect, life);
      case 'reconcile':
        return this.#reconcile(effect.target, life);
      case 'release':
        await host.lose();
        this.#answer(life, { kind: 'released' });
        return undefined;
      case 'find-coordinator':
        coordinator.judge(effect.errorCode);
        return undefined;
      case 'fail':
        host.failed(effect.error, effect.isFinal);
        return undefined;
    }
  }

  async #heartbeat(effect: HeartbeatEffect, life: AbortSignal): Promise<void> {
    const { ticket } = effect;
    const { coordinator, settings } = this.#options;
    let answer: ConsumerInput;
    try {
      const response = await coordinator.request(
        'ConsumerGroupHeartbeat',
        (version) => this.#draft(effect, version),
        { timeoutMs: settings.requestTimeoutMs, signal: life },
      );
      answer = { kind: 'heard', ticket, response };
    } catch (error) {
      answer = { kind: 'unanswered', ticket, error: asClientError(error) };
    }
    this.#answer(life, answer);
  }

  #draft(effect: HeartbeatEffect, version: number): HeartbeatDraft {
    const { coordinator, settings } = this.#options;
    const { memberId, memberEpoch, isFull, subscription, owned } = effect;
    const namesItself = version >= OWN_IDS || memberEpoch > 0;
    const draft = {
      groupId: coordinator.groupId,
      memberId: namesItself ? memberId : '',
      memberEpoch,
      instanceId: settings.groupInstanceId ?? null,
      topicPartitions: owned?.map((one) => ({ ...one, partitions: [...one.partitions] })) ?? null,
      ...subscribing(subscription, version >= OWN_IDS && memberEpoch > 0),
    };
    if (!isFull) return draft;
    return {
      ...draft,
      rackId: settings.rackId ?? null,
      rebalanceTimeoutMs: settings.rebalanceTimeoutMs,
      serverAssignor: settings.remoteAssignor ?? null,
    };
  }

  /** Revokes first, with a commit, then takes in: what was revoked may be read by others as soon as that is known. */
  async #reconcile(target: readonly TopicIdPartitions[], life: AbortSignal): Promise<void> {
    const { host } = this.#options;
    const names = await this.#namesOf(target, life);
    if (ended(life)) return;
    const known = target.filter(({ topicId }) => names.has(topicId));
    const wanted = known.flatMap(({ topicId, partitions }) => {
      const topic = names.get(topicId) ?? '';
      return partitions.map((partition): TopicPartition => ({ topic, partition }));
    });
    const revoked = partitionsWithout(host.owned(), wanted);
    if (revoked.length > 0) await host.revoke(revoked);
    if (ended(life)) return;
    await host.assign(partitionsWithout(wanted, host.owned()));
    this.#answer(life, { kind: 'reconciled', owned: known, isWhole: known.length === target.length });
  }

  /** Until the cluster has answered: to go on without would be to give up what is assigned. */
  async #namesOf(
    target: readonly TopicIdPartitions[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<TopicId, string>> {
    const { settings, clock, random, logger } = this.#options;
    const ids = target.map(({ topicId }) => topicId);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#names.of(ids, { timeoutMs: settings.requestTimeoutMs, signal });
      } catch (error) {
        if (ended(signal)) return new Map();
        logger.debug('assigned topics could not be looked up', { why: messageOf(error) });
        await sleep(clock, backoffMs(settings.backoff, attempt, random), signal).catch(() => undefined);
      }
    }
  }
}

/** The empty expression takes an earlier one back; brokers before version 1 know none. */
const subscribing = (
  subscription: MemberSubscription | undefined,
  withdraws: boolean,
): Pick<HeartbeatDraft, 'subscribedTopicNames' | 'subscribedTopicRegex'> => {
  if (subscription === undefined) return {};
  if (subscription.kind === 're2') {
    return { subscribedTopicNames: [], subscribedTopicRegex: subscription.pattern };
  }
  return {
    subscribedTopicNames: [...subscription.names],
    ...(withdraws ? { subscribedTopicRegex: '' } : {}),
  };
};

const memberSubscription = (to: SubscribedTo): MemberSubscription => {
  if (to.kind === 'matching') return { kind: 're2', pattern: to.pattern.source };
  return to;
};

/** A function, because it changes while something is awaited. */
const ended = (life: AbortSignal): boolean => life.aborted;

/** As Kafka's ids: 16 random bytes in the URL alphabet, never with a dash in front. */
const memberIdFrom = (random: Random): string => {
  for (;;) {
    const id = random.bytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
};
