import type { CancelWake, Clock, Logger, Random } from '@kafkaesque/kernel';
import type { ApiName, ResponseOf } from '@kafkaesque/protocol';
import { asClientError, ClientError } from '../../errors';
import type { TopicPartition } from '../../records';
import { backoffMs } from '../../timing/waiting';
import type { BackoffRange } from '../../timing/waiting';
import type { DraftFor } from '../../wire/wire';
import type { LastAssignment, PartitionAssignor } from '../assignors/assignor';
import type { GroupCoordinator } from '../group-coordinator';
import type { CommitIdentity } from '../group-offsets';
import { MemberDriver, hasEnded } from '../member-driver';
import type { MemberHost } from '../member-host';
import type { LeaveOptions, Membership } from '../membership';
import { partitionsWithout, topicsOf } from '../partition-sets';
import { withAdvice } from '../refusal-advice';
import type { SeenTopics, SubscribedTo, TopicWatch } from '../topic-watch';
import { ClassicMember } from './classic-member';
import type { ClassicEffect, ClassicInput, EncodedAssignment, JoinedMember } from './classic-member';
import { decodeAssignment, decodeMember, encodeAssignment, encodeSubscription } from './member-protocol';

export interface ClassicSessionSettings {
  readonly groupInstanceId: string | undefined;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** `max.poll.interval.ms`: as long may the others wait for this one in a rebalance. */
  readonly rebalanceTimeoutMs: number;
  readonly assignors: readonly PartitionAssignor[];
  readonly rackId: string | undefined;
  readonly requestTimeoutMs: number;
  readonly metadataMaxAgeMs: number;
  readonly backoff: BackoffRange;
}

export interface ClassicSessionOptions {
  readonly settings: ClassicSessionSettings;
  readonly coordinator: GroupCoordinator;
  readonly host: MemberHost;
  readonly topics: TopicWatch;
  readonly subscription: () => SubscribedTo;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What a join takes longer than its rebalance, at most. */
const JOIN_GRACE_MS = 5000;
const PROTOCOL_TYPE = 'consumer';
/** Kafka's clients cut reasons there, too (KIP-800). */
const MAX_REASON_LENGTH = 255;

/** The driver of a `ClassicMember`: requests out, answers in, the host's part awaited, topics watched. */
export class ClassicSession implements Membership {
  readonly #options: ClassicSessionOptions;
  readonly #member: ClassicMember;
  readonly #isCooperative: boolean;
  readonly #driver: MemberDriver<ClassicInput, ClassicEffect>;
  #cancelWatch: CancelWake | undefined;
  /** The topics by name when a pattern is subscribed. */
  #matching: readonly string[] = [];
  /** The topics as they were when the leader assigned them, or the pattern was matched. */
  #seen: SeenTopics | undefined;
  /** For assignors that remember. */
  #last: LastAssignment | undefined;

  constructor(options: ClassicSessionOptions) {
    this.#options = options;
    const { settings, random, coordinator, host, clock, logger } = options;
    this.#isCooperative = settings.assignors.every(({ isCooperative }) => isCooperative);
    this.#member = new ClassicMember(
      {
        groupInstanceId: settings.groupInstanceId,
        heartbeatIntervalMs: settings.heartbeatIntervalMs,
        sessionTimeoutMs: settings.sessionTimeoutMs,
        isCooperative: this.#isCooperative,
      },
      (failures) => backoffMs(settings.backoff, failures, random),
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
    return phase !== 'out' && phase !== 'failed' && phase !== 'stable';
  }

  /** What is subscribed, by name. */
  get topicNames(): readonly string[] {
    const subscription = this.#options.subscription();
    return subscription.kind === 'names' ? subscription.names : this.#matching;
  }

  subscriptionChanged(): void {
    this.#driver.feed({ kind: 'rejoin', reason: 'the subscription changed' });
  }

  rejoin(reason: string): void {
    if (this.#member.phase !== 'out') this.#driver.feed({ kind: 'rejoin', reason });
  }

  retry(): void {
    if (this.#member.phase === 'failed') this.#driver.feed({ kind: 'retry' });
  }

  refused(errorCode: number, identity: CommitIdentity): void {
    this.#driver.feed({ kind: 'refused', errorCode, identity });
  }

  expel(reason: string): void {
    const { memberId } = this.#member;
    this.#end();
    this.#driver.feed({ kind: 'expelled' });
    if (this.#options.settings.groupInstanceId !== undefined) return;
    void this.#sendLeave(memberId, reason, this.#options.settings.requestTimeoutMs);
  }

  async leave({ reason, membership, timeoutMs }: LeaveOptions): Promise<void> {
    const { memberId } = this.#member;
    this.#end();
    this.#driver.feed({ kind: 'left' });
    const { groupInstanceId } = this.#options.settings;
    const leaves = membership === 'default' ? groupInstanceId === undefined : membership === 'leave-group';
    if (leaves) await this.#sendLeave(memberId, reason, timeoutMs);
  }

  #end(): void {
    this.#driver.end();
    this.#cancelWatch?.();
    this.#seen = undefined;
  }

  async #sendLeave(memberId: string, reason: string, timeoutMs: number): Promise<void> {
    if (memberId === '') return;
    const { coordinator, settings } = this.#options;
    const groupInstanceId = settings.groupInstanceId ?? null;
    const { groupId } = coordinator;
    const said = coordinator.request(
      'LeaveGroup',
      (version) =>
        version >= 3 ? { groupId, members: [{ memberId, groupInstanceId, reason }] } : { groupId, memberId },
      { timeoutMs },
    );
    await this.#driver.leave(memberId, said);
  }

  async #carryOut(effect: ClassicEffect, life: AbortSignal): Promise<void> {
    switch (effect.kind) {
      case 'prepare':
        return this.#prepare(effect.lost, life);
      case 'join':
        return this.#join(effect, life);
      case 'compute':
        return this.#compute(effect, life);
      case 'sync':
        return this.#sync(effect, life);
      case 'apply':
        return this.#apply(effect.assignment, life);
      case 'heartbeat':
        return this.#heartbeat(effect.ticket, life);
      case 'find-coordinator':
        this.#options.coordinator.judge(effect.errorCode);
        return undefined;
      case 'fail':
        this.#failed(effect.error, effect.isFinal);
        return undefined;
    }
  }

  #failed(error: ClientError, isFinal: boolean): void {
    const { host, coordinator } = this.#options;
    host.failed(withAdvice(error, coordinator.groupId), isFinal);
  }

  async #prepare(lost: boolean, life: AbortSignal): Promise<void> {
    const { host, logger } = this.#options;
    if (lost) await host.lose();
    else if (!this.#isCooperative) await host.revoke(host.owned());
    if (hasEnded(life) || this.#member.phase !== 'preparing') return;
    try {
      await this.#matchTopics(life);
    } catch (error) {
      const failure = asClientError(error);
      if (hasEnded(life)) return;
      if (!failure.retriable) {
        this.#failed(failure, false);
        this.#driver.feed({ kind: 'expelled' });
        return;
      }
      logger.debug('the topics that match are not known', { why: failure.message });
    }
    if (hasEnded(life)) return;
    if (this.#isCooperative && !lost) {
      const names = new Set(this.topicNames);
      await host.revoke(host.owned().filter(({ topic }) => !names.has(topic)));
    }
    this.#driver.answer(life, { kind: 'prepared', protocols: this.#offers() });
  }

  /** Asking for the topics by name also creates them where the broker does that. */
  async #matchTopics(life: AbortSignal): Promise<void> {
    const seen = await this.#look(this.#options.subscription(), life);
    if (life.aborted) return;
    this.#matching = [...seen.topics.keys()];
    this.#watch(seen);
  }

  #look(subscription: SubscribedTo, signal: AbortSignal): Promise<SeenTopics> {
    const { topics } = this.#options;
    if (subscription.kind === 'matching') return topics.matching(subscription.pattern, { signal });
    return topics.named(subscription.kind === 'names' ? subscription.names : [], { signal });
  }

  #offers(): { name: string; metadata: Buffer }[] {
    const { settings, host } = this.#options;
    const owned = host.owned();
    const generationId = this.#last?.generationId ?? -1;
    return settings.assignors.map((assignor) => ({
      name: assignor.name,
      metadata: encodeSubscription({
        topics: this.topicNames,
        userData: assignor.userData?.(this.#last) ?? null,
        ownedPartitions: owned,
        generationId,
        rackId: settings.rackId,
      }),
    }));
  }

  #join(effect: Extract<ClassicEffect, { kind: 'join' }>, life: AbortSignal): Promise<void> {
    const { settings, coordinator } = this.#options;
    const draft = {
      groupId: coordinator.groupId,
      sessionTimeoutMs: settings.sessionTimeoutMs,
      rebalanceTimeoutMs: settings.rebalanceTimeoutMs,
      memberId: effect.memberId,
      groupInstanceId: settings.groupInstanceId ?? null,
      protocolType: PROTOCOL_TYPE,
      protocols: [...effect.protocols],
      reason: effect.reason.slice(0, MAX_REASON_LENGTH),
    };
    const timeoutMs = Math.max(settings.requestTimeoutMs, settings.rebalanceTimeoutMs + JOIN_GRACE_MS);
    return this.#ask('JoinGroup', draft, effect.ticket, life, timeoutMs, (response) => ({
      kind: 'joined',
      ticket: effect.ticket,
      response,
    }));
  }

  #compute(effect: Extract<ClassicEffect, { kind: 'compute' }>, life: AbortSignal): Promise<void> {
    const { ticket } = effect;
    const computed = this.#assignments(effect.protocol, effect.members, life).then(
      (assignments): ClassicInput => ({ kind: 'computed', ticket, assignments }),
    );
    return this.#driver.ask(life, computed, (error) => ({ kind: 'unanswered', ticket, error }));
  }

  async #assignments(
    protocol: string,
    joined: readonly JoinedMember[],
    signal: AbortSignal,
  ): Promise<readonly EncodedAssignment[]> {
    const assignor = this.#options.settings.assignors.find(({ name }) => name === protocol);
    if (assignor === undefined) {
      const message = `the coordinator chose the assignor ${protocol}, which this member does not have`;
      throw new ClientError('protocol', 'INCONSISTENT_GROUP_PROTOCOL', message);
    }
    const members = joined.map(decodeMember);
    const names = [...new Set(members.flatMap(({ topics }) => topics))];
    const seen = await this.#options.topics.named(names, { signal });
    this.#watch(seen);
    const decided = assignor.assign(seen.topics, members);
    return members.map(({ memberId }) => ({
      memberId,
      assignment: encodeAssignment(decided.get(memberId) ?? []),
    }));
  }

  #sync(effect: Extract<ClassicEffect, { kind: 'sync' }>, life: AbortSignal): Promise<void> {
    const { settings, coordinator } = this.#options;
    const { generationId, memberId } = this.#member.identity;
    const draft = {
      groupId: coordinator.groupId,
      generationId,
      memberId,
      groupInstanceId: settings.groupInstanceId ?? null,
      protocolType: PROTOCOL_TYPE,
      protocolName: effect.protocol,
      assignments: [...effect.assignments],
    };
    const timeoutMs = Math.max(settings.requestTimeoutMs, settings.rebalanceTimeoutMs + JOIN_GRACE_MS);
    return this.#ask('SyncGroup', draft, effect.ticket, life, timeoutMs, (response) => ({
      kind: 'synced',
      ticket: effect.ticket,
      response,
    }));
  }

  async #apply(bytes: Buffer, life: AbortSignal): Promise<void> {
    const { host } = this.#options;
    const { generationId } = this.#member.identity;
    const names = new Set(this.topicNames);
    // A leader that heard of an older subscription may assign what is not wanted any more.
    const assigned = this.#decoded(bytes).filter(({ topic }) => names.has(topic));
    this.#last = { partitions: assigned, generationId };
    const revoked = partitionsWithout(host.owned(), assigned);
    if (revoked.length > 0) await host.revoke(revoked);
    if (life.aborted) return;
    await host.assign(partitionsWithout(assigned, host.owned()));
    const rejoin =
      this.#isCooperative && revoked.length > 0
        ? `partitions of ${topicsOf(revoked).join(', ')} were revoked for others`
        : undefined;
    this.#driver.answer(life, { kind: 'applied', rejoin });
  }

  #decoded(bytes: Buffer): readonly TopicPartition[] {
    try {
      return decodeAssignment(bytes);
    } catch (error) {
      this.#options.host.failed(asClientError(error), false);
      return [];
    }
  }

  #heartbeat(ticket: number, life: AbortSignal): Promise<void> {
    const { settings, coordinator } = this.#options;
    const { generationId, memberId } = this.#member.identity;
    const draft = {
      groupId: coordinator.groupId,
      generationId,
      memberId,
      groupInstanceId: settings.groupInstanceId ?? null,
    };
    const timeoutMs = Math.min(settings.requestTimeoutMs, settings.sessionTimeoutMs);
    return this.#ask('Heartbeat', draft, ticket, life, timeoutMs, ({ errorCode }) => ({
      kind: 'heard',
      ticket,
      errorCode,
    }));
  }

  #ask<Name extends ApiName>(
    name: Name,
    draft: DraftFor<Name>,
    ticket: number,
    life: AbortSignal,
    timeoutMs: number,
    input: (response: ResponseOf<Name>) => ClassicInput,
  ): Promise<void> {
    const asked = this.#options.coordinator.request(name, draft, { timeoutMs, signal: life }).then(input);
    return this.#driver.ask(life, asked, (error) => ({ kind: 'unanswered', ticket, error }));
  }

  /** Looks again now and then, sooner while something is missing; who leads or matches asks for a rebalance on a change. */
  #watch(seen: SeenTopics): void {
    const { clock, settings } = this.#options;
    this.#seen = seen;
    this.#cancelWatch?.();
    const delayMs = seen.missing.length > 0 ? settings.backoff.maxMs : settings.metadataMaxAgeMs;
    const life = this.#driver.life;
    this.#cancelWatch = clock.wakeAt(clock.monotonicMs() + delayMs, () => void this.#lookAgain(seen, life));
  }

  async #lookAgain(before: SeenTopics, life: AbortSignal): Promise<void> {
    const { topics, subscription } = this.#options;
    const wanted = subscription();
    let now = before;
    let matching: readonly string[] = this.#matching;
    try {
      const names = [...before.topics.keys(), ...before.missing];
      now = await topics.named(names, { signal: life });
      if (wanted.kind === 'matching') {
        matching = [...(await topics.matching(wanted.pattern, { signal: life })).topics.keys()];
      }
    } catch {
      // Whoever reads these topics will hear of what is wrong with them.
    }
    if (life.aborted || this.#seen !== before) return;
    this.#watch(now);
    if (this.#member.isLeader && shapeOf(now) !== shapeOf(before)) {
      this.rejoin('topics or partitions came or went');
    } else if (matching.join() !== this.#matching.join()) {
      this.rejoin('other topics match the subscription');
    }
  }
}

const shapeOf = ({ topics }: SeenTopics): string =>
  [...topics.values()]
    .map(({ topic, partitions }) => `${topic}/${partitions.length}`)
    .sort()
    .join();
