import { messageOf } from '@kafkaesque/kernel';
import type { Clock, Logger, Random, TopicId } from '@kafkaesque/kernel';
import type { RequestDraftOf } from '@kafkaesque/protocol';
import type { ClusterView } from '../../cluster/cluster-view';
import type { TopicPartition } from '../../records';
import { backoffMs, sleep } from '../../timing/waiting';
import type { BackoffRange } from '../../timing/waiting';
import type { GroupCoordinator } from '../group-coordinator';
import type { CommitIdentity } from '../group-offsets';
import { MemberDriver, hasEnded } from '../member-driver';
import type { MemberHost } from '../member-host';
import type { LeaveOptions, Membership } from '../membership';
import { partitionsWithout, topicsOf } from '../partition-sets';
import { withAdvice } from '../refusal-advice';
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
  readonly #driver: MemberDriver<ConsumerInput, ConsumerEffect>;

  constructor(options: ConsumerSessionOptions) {
    this.#options = options;
    const { settings, random, cluster, coordinator, host, clock, logger } = options;
    this.#names = new TopicNames(cluster);
    this.#member = new ConsumerMember(memberIdFrom(random), settings.groupInstanceId, (failures) =>
      backoffMs(settings.backoff, failures, random),
    );
    this.#driver = new MemberDriver({
      rules: this.#member,
      carryOut: (effect, life) => this.#carryOut(effect, life),
      changed: () => host.changed(),
      groupId: coordinator.groupId,
      clock,
      logger,
    });
  }

  get identity(): CommitIdentity {
    return this.#member.identity;
  }

  get mayCommit(): boolean {
    return this.#member.mayCommit;
  }

  get isJoining(): boolean {
    const { phase } = this.#member;
    return phase === 'joining' || phase === 'fenced';
  }

  get topicNames(): readonly string[] {
    const subscription = this.#options.subscription();
    return subscription.kind === 'names' ? subscription.names : topicsOf(this.#options.host.owned());
  }

  subscriptionChanged(): void {
    this.#driver.feed({ kind: 'subscribed', to: memberSubscription(this.#options.subscription()) });
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
    const { phase } = this.#member;
    if (phase === 'failed' || phase === 'expelled') this.#driver.feed({ kind: 'retry' });
  }

  refused(errorCode: number, identity: CommitIdentity): void {
    this.#driver.feed({ kind: 'refused', errorCode, identity });
  }

  expel(): void {
    this.#driver.end();
    const { groupInstanceId, requestTimeoutMs } = this.#options.settings;
    void this.#sendLeave(groupInstanceId === undefined ? LEAVES : LEAVES_FOR_NOW, requestTimeoutMs);
    this.#driver.feed({ kind: 'expelled' });
  }

  async leave({ membership, timeoutMs }: LeaveOptions): Promise<void> {
    const isIn = !['out', 'expelled', 'failed', 'failed-for-good'].includes(this.#member.phase);
    this.#driver.end();
    this.#driver.feed({ kind: 'left' });
    const isStatic = this.#options.settings.groupInstanceId !== undefined;
    if (!isIn || (membership === 'remain-in-group' && !isStatic)) return;
    const leavesForNow = isStatic && membership !== 'leave-group';
    await this.#sendLeave(leavesForNow ? LEAVES_FOR_NOW : LEAVES, timeoutMs);
  }

  #sendLeave(memberEpoch: number, timeoutMs: number): Promise<void> {
    const { coordinator, settings } = this.#options;
    const { memberId } = this.#member;
    const { groupId } = coordinator;
    const draft = { groupId, memberId, memberEpoch, instanceId: settings.groupInstanceId ?? null };
    return this.#driver.leave(memberId, coordinator.request('ConsumerGroupHeartbeat', draft, { timeoutMs }));
  }

  async #carryOut(effect: ConsumerEffect, life: AbortSignal): Promise<void> {
    const { host, coordinator } = this.#options;
    switch (effect.kind) {
      case 'heartbeat':
        return this.#heartbeat(effect, life);
      case 'reconcile':
        return this.#reconcile(effect.target, life);
      case 'release':
        // What was under way for the membership that was lost is of no use to the next one.
        this.#driver.end();
        return this.#release(this.#driver.life);
      case 'find-coordinator':
        coordinator.judge(effect.errorCode);
        return undefined;
      case 'fail':
        host.failed(withAdvice(effect.error, coordinator.groupId), effect.isFinal);
        return undefined;
    }
  }

  async #release(life: AbortSignal): Promise<void> {
    await this.#options.host.lose();
    this.#driver.answer(life, { kind: 'released' });
  }

  #heartbeat(effect: HeartbeatEffect, life: AbortSignal): Promise<void> {
    const { ticket } = effect;
    const { coordinator, settings } = this.#options;
    const asked = coordinator
      .request('ConsumerGroupHeartbeat', (version) => this.#draft(effect, version), {
        timeoutMs: settings.requestTimeoutMs,
        signal: life,
      })
      .then((response): ConsumerInput => ({ kind: 'heard', ticket, response }));
    return this.#driver.ask(life, asked, (error) => ({ kind: 'unanswered', ticket, error }));
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
    if (hasEnded(life)) return;
    const known = target.filter(({ topicId }) => names.has(topicId));
    const wanted = known.flatMap(({ topicId, partitions }) => {
      const topic = names.get(topicId) ?? '';
      return partitions.map((partition): TopicPartition => ({ topic, partition }));
    });
    const revoked = partitionsWithout(host.owned(), wanted);
    if (revoked.length > 0) await host.revoke(revoked);
    if (hasEnded(life)) return;
    await host.assign(partitionsWithout(wanted, host.owned()));
    this.#driver.answer(life, { kind: 'reconciled', owned: known, isWhole: known.length === target.length });
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
        if (hasEnded(signal)) return new Map();
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

/** As Kafka's ids: 16 random bytes in the URL alphabet, never with a dash in front. */
const memberIdFrom = (random: Random): string => {
  for (;;) {
    const id = random.bytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
};
