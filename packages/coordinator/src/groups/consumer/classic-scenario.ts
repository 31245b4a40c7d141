import type { TopicId } from '@kafkaesque/kernel';
import { ConsumerProtocolAssignment, ConsumerProtocolSubscription, errors } from '@kafkaesque/protocol';
import type { Ticket } from '../../runtime/machine';
import type { GroupAnswers } from '../requests';
import type { Coordinator } from './scenario';

const ASKER = { clientId: 'classic', clientHost: '/127.0.0.1', principal: 'User:test' };
const VERSION = 3;

const withVersion = (body: Buffer): Buffer => {
  const head = Buffer.alloc(2);
  head.writeInt16BE(VERSION);
  return Buffer.concat([head, body]);
};

type Phase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'joining'; readonly ticket: Ticket }
  | { readonly kind: 'syncing'; readonly ticket: Ticket }
  | { readonly kind: 'stable' };

/**
 * A consumer of the classic protocol, with the leader's part in it: a partition goes to the member of its number. `eager` gives
 * everything up before it joins; the others only what they are no longer given, and then join again.
 */
export class TestClassicConsumer {
  memberId = '';
  generation = -1;
  phase: Phase = { kind: 'idle' };
  readonly owned = new Map<string, readonly number[]>();
  /** The same, by the ids that the topics had when it was given them. */
  readonly ownedById = new Map<TopicId, readonly number[]>();
  readonly errors: number[] = [];
  readonly #coordinator: Coordinator;
  readonly #topics: readonly string[];
  readonly #isEager: boolean;
  readonly #instanceId: string | null;

  constructor(
    coordinator: Coordinator,
    topics: readonly string[],
    options: { readonly isEager?: boolean; readonly instanceId?: string } = {},
  ) {
    this.#coordinator = coordinator;
    this.#topics = topics;
    this.#isEager = options.isEager ?? false;
    this.#instanceId = options.instanceId ?? null;
  }

  join(): void {
    if (this.#isEager) this.#forget();
    const metadata = withVersion(
      ConsumerProtocolSubscription.encode(
        {
          topics: [...this.#topics],
          userData: null,
          ownedPartitions: Array.from(this.owned, ([topic, partitions]) => ({
            topic,
            partitions: [...partitions],
          })),
          generationId: this.generation,
          rackId: null,
        },
        VERSION,
      ),
    );
    const ticket = this.#coordinator.ask({
      kind: 'join',
      apiVersion: 9,
      asker: ASKER,
      request: {
        groupId: 'g',
        sessionTimeoutMs: 45_000,
        rebalanceTimeoutMs: 60_000,
        memberId: this.memberId,
        groupInstanceId: this.#instanceId,
        protocolType: 'consumer',
        protocols: [{ name: this.#isEager ? 'range' : 'cooperative-sticky', metadata }],
        reason: null,
      },
    });
    this.phase = { kind: 'joining', ticket };
  }

  /** The coordinator is gone: who waits for it asks the next one. */
  interrupted(): void {
    const { phase } = this;
    const waits = phase.kind === 'joining' || phase.kind === 'syncing';
    if (waits && !this.#coordinator.answers.has(phase.ticket)) this.join();
  }

  leave(): void {
    this.#coordinator.asked({
      kind: 'leave',
      apiVersion: 5,
      asker: ASKER,
      request: {
        groupId: 'g',
        memberId: '',
        members: [{ memberId: this.memberId, groupInstanceId: this.#instanceId, reason: null }],
      },
    });
    this.#forget();
    this.phase = { kind: 'idle' };
  }

  /** Takes the answer that it waits for, if it is there, or heartbeats. */
  step(): void {
    const { phase } = this;
    if (phase.kind === 'idle') return;
    if (phase.kind === 'stable') {
      const answer = this.#coordinator.asked({
        kind: 'heartbeat',
        apiVersion: 4,
        asker: ASKER,
        request: {
          groupId: 'g',
          generationId: this.generation,
          memberId: this.memberId,
          groupInstanceId: this.#instanceId,
        },
      });
      if (answer?.kind === 'heartbeat' && answer.answer.errorCode !== 0) this.#begin(answer.answer.errorCode);
      return;
    }
    const answer = this.#coordinator.answers.get(phase.ticket);
    if (answer?.kind === 'join') this.#joined(answer.answer);
    else if (answer?.kind === 'sync') this.#synced(answer.answer);
  }

  #forget(): void {
    this.owned.clear();
    this.ownedById.clear();
  }

  /** After an error: from the beginning, or with the next generation. */
  #begin(errorCode: number): void {
    this.errors.push(errorCode);
    if (errorCode === errors.UNKNOWN_MEMBER_ID.code || errorCode === errors.ILLEGAL_GENERATION.code) {
      this.#forget();
      if (errorCode === errors.UNKNOWN_MEMBER_ID.code) this.memberId = '';
      this.generation = -1;
    } else if (errorCode === errors.FENCED_INSTANCE_ID.code) {
      this.#forget();
      this.phase = { kind: 'idle' };
      return;
    }
    this.join();
  }

  #joined(answer: GroupAnswers['join']): void {
    if (answer.errorCode === errors.MEMBER_ID_REQUIRED.code) {
      this.memberId = answer.memberId;
      this.join();
      return;
    }
    if (answer.errorCode !== 0) {
      this.#begin(answer.errorCode);
      return;
    }
    this.memberId = answer.memberId;
    this.generation = answer.generationId ?? -1;
    const isLeader = answer.leader === answer.memberId;
    const ticket = this.#coordinator.ask({
      kind: 'sync',
      apiVersion: 5,
      asker: ASKER,
      request: {
        groupId: 'g',
        generationId: this.generation,
        memberId: this.memberId,
        groupInstanceId: this.#instanceId,
        protocolType: 'consumer',
        protocolName: answer.protocolName ?? '',
        assignments: isLeader ? this.#assign(answer.members) : [],
      },
    });
    this.phase = { kind: 'syncing', ticket };
  }

  #synced(answer: GroupAnswers['sync']): void {
    if (answer.errorCode !== 0) {
      this.#begin(answer.errorCode);
      return;
    }
    const given = new Map<string, readonly number[]>();
    if (answer.assignment.length > 0) {
      const { assignedPartitions } = ConsumerProtocolAssignment.decode(answer.assignment, VERSION, 2);
      for (const { topic, partitions } of assignedPartitions) given.set(topic, partitions);
    }
    let givesUp = false;
    for (const [topic, partitions] of this.owned)
      if (partitions.some((partition) => !(given.get(topic) ?? []).includes(partition))) givesUp = true;
    this.#forget();
    for (const [topic, partitions] of given) {
      this.owned.set(topic, partitions);
      const topicId = this.#coordinator.world.topicByName(topic)?.topicId;
      if (topicId !== undefined) this.ownedById.set(topicId, partitions);
    }
    this.phase = { kind: 'stable' };
    if (givesUp && !this.#isEager) this.join();
  }

  #assign(members: GroupAnswers['join']['members']): { memberId: string; assignment: Buffer }[] {
    const owners = new Map<string, string>();
    const subscribers = members
      .map(({ memberId, metadata }) => {
        const { topics, ownedPartitions } = ConsumerProtocolSubscription.decode(metadata, VERSION, 2);
        for (const { topic, partitions } of ownedPartitions)
          for (const partition of partitions) owners.set(`${topic}/${partition}`, memberId);
        return { memberId, topics, given: new Map<string, number[]>() };
      })
      .sort((one, other) => (one.memberId < other.memberId ? -1 : 1));
    for (const topic of new Set(subscribers.flatMap(({ topics }) => topics))) {
      const readers = subscribers.filter(({ topics }) => topics.includes(topic));
      const count = this.#coordinator.world.topicByName(topic)?.partitionCount ?? 0;
      for (let partition = 0; partition < count; partition++) {
        const reader = readers[partition % readers.length];
        const owner = owners.get(`${topic}/${partition}`);
        // Whoever has it gives it up first.
        if (reader === undefined || (owner !== undefined && owner !== reader.memberId)) continue;
        reader.given.set(topic, [...(reader.given.get(topic) ?? []), partition]);
      }
    }
    return subscribers.map(({ memberId, given }) => ({
      memberId,
      assignment: withVersion(
        ConsumerProtocolAssignment.encode(
          {
            assignedPartitions: Array.from(given, ([topic, partitions]) => ({ topic, partitions })),
            userData: null,
          },
          VERSION,
        ),
      ),
    }));
  }
}
