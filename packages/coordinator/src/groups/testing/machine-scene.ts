import type { TopicId } from '@kafkaesque/kernel';
import { LeaderEpoch, Offset, TimestampMs, ZERO_TOPIC_ID, assert } from '@kafkaesque/kernel';
import type { GroupRecord } from '@kafkaesque/protocol';
import { decodeGroupRecord, encodeGroupRecord } from '@kafkaesque/protocol';
import type { Now, RecordPosition, Ticket } from '../../runtime/machine';
import type { GroupDecision } from '../group';
import { GroupMachine } from '../group-machine';
import type { GroupAnswer, GroupAnswers, GroupRequest, OffsetPartition, OffsetToCommit } from '../requests';
import type { Groups, RequestOf } from '../rules';
import type { CoordinatorSettings, GroupWorld, TopicView } from '../world';
import { kafkaGroupSettings, kafkaSettings } from './kafka-settings';
import { SimpleGroup, SimpleGroups } from './simple-groups';

export const WALL = 1_700_000_000_000;
export const DAY_MS = 86_400_000;

type OfKind<Kind extends GroupRequest['kind']> = GroupAnswers[Kind];

interface Stored {
  readonly key: Buffer;
  readonly value: Buffer | null;
  readonly at: RecordPosition;
}

interface Marker {
  readonly offset: number;
  readonly producerId: number;
  readonly isCommitted: boolean;
}

/** A group machine with a virtual clock and a log. Every record goes by way of its bytes; groups are simple ones. */
export class MachineScene {
  readonly settings: { -readonly [Name in keyof CoordinatorSettings]: CoordinatorSettings[Name] } = {
    ...kafkaSettings,
  };
  readonly topics = new Map<string, TopicId>();
  readonly log: Stored[] = [];
  readonly #markers: Marker[] = [];
  /** While true, nothing that is appended is committed. */
  isHeld = false;
  readonly timers = new Map<string, number>();
  readonly #world: GroupWorld;
  #groups: Groups = new Map();
  #metadataOffset = 1;
  #endOffset = 0;
  #nextTicket = 1;
  nowMs = 0;
  machine: GroupMachine;

  constructor() {
    const view = (name: string): TopicView | undefined => {
      const topicId = this.topics.get(name);
      return topicId === undefined ? undefined : { topicId, name, partitionCount: 9, racksOf: () => [] };
    };
    const metadataOffset = (): number => this.#metadataOffset;
    this.#world = {
      topicByName: view,
      topicById: () => undefined,
      topicNames: () => this.topics.keys(),
      get metadataOffset() {
        return metadataOffset();
      },
      settings: this.settings,
      settingsOf: () => kafkaGroupSettings,
      uuid: () => 'an-id',
      javaUuid: () => 'an-id',
      mayDescribeTopic: () => true,
      log: () => undefined,
    };
    this.machine = this.#begin();
  }

  get now(): Now {
    return { nowMs: this.nowMs, wallMs: TimestampMs(WALL + this.nowMs) };
  }

  group(groupId: string): SimpleGroup {
    const group = this.#groups.get(groupId);
    assert(group instanceof SimpleGroup, `there is no simple group ${groupId}`);
    return group;
  }

  /** A topic as it is from now on; undefined: gone. */
  setTopic(name: string, topicId: TopicId | undefined): void {
    if (topicId === undefined) this.topics.delete(name);
    else this.topics.set(name, topicId);
    this.#metadataOffset += 1;
    for (const decision of this.machine.metadataChanged(this.now)) this.#carryOut(decision);
  }

  ask<Kind extends GroupRequest['kind']>(request: RequestOf<Kind>): OfKind<Kind> {
    const ticket = this.#nextTicket++;
    const answers = this.#carryOut(this.machine.decide(request, ticket, this.now));
    const answer = answers.get(ticket);
    assert(answer !== undefined, 'it waits');
    return answer.answer as OfKind<Kind>;
  }

  commit(
    groupId: string,
    offsets: readonly OffsetToCommit[],
    other: Partial<RequestOf<'commit-offsets'>> = {},
  ): readonly number[] {
    return this.ask<'commit-offsets'>({
      ...{ kind: 'commit-offsets', apiVersion: 9, groupId, memberId: '', groupInstanceId: null },
      ...{ generationIdOrMemberEpoch: -1, retentionTimeMs: -1, offsets, ...other },
    }).errorCodes;
  }

  fetch(
    groupId: string,
    partitions: readonly OffsetPartition[] | null,
    requireStable = false,
  ): OfKind<'fetch-offsets'> {
    return this.ask<'fetch-offsets'>({
      ...{ kind: 'fetch-offsets', groupId, memberId: null, memberEpoch: -1, partitions, requireStable },
    });
  }

  /** What the group has committed, as `topic-partition: offset`, in order of partitions. */
  shown(groupId: string): readonly string[] {
    return this.fetch(groupId, null)
      .offsets.map(({ topic, partition, offset }) => `${topic}-${partition}: ${offset}`)
      .toSorted();
  }

  partition(topic: string, partition: number): OffsetPartition {
    return { topicId: this.topics.get(topic) ?? ZERO_TOPIC_ID, topic, partition };
  }

  offset(topic: string, partition: number, offset: number, metadata: string | null = ''): OffsetToCommit {
    return {
      ...this.partition(topic, partition),
      ...{ offset: Offset(offset), leaderEpoch: LeaderEpoch(3), metadata },
    };
  }

  /** Lets time pass, timers included. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const next = [...this.timers].toSorted((a, b) => a[1] - b[1])[0];
      if (next === undefined || next[1] > endMs) break;
      this.nowMs = Math.max(this.nowMs, next[1]);
      this.timers.delete(next[0]);
      this.#carryOut(this.machine.timer(next[0], this.now));
    }
    this.nowMs = endMs;
  }

  /** What was held is committed now, up to there; absent: all of it. */
  commitLog(upTo = this.#endOffset): void {
    this.machine.committedUpTo(upTo);
  }

  /** Something wrote this, in a transaction if it says so. */
  append(record: GroupRecord, producerId = -1): void {
    const { key, value } = encodeGroupRecord(record);
    const at: RecordPosition = {
      ...{ offset: this.#endOffset++, timestampMs: this.now.wallMs, producerId, producerEpoch: 0 },
    };
    this.log.push({ key, value, at });
    this.#replay(this.machine, key, value, at);
    if (!this.isHeld) this.commitLog();
  }

  /** The marker of everything that this producer has written since its last one. */
  endTransaction(producerId: number, isCommitted: boolean): void {
    const marker = { offset: this.#endOffset++, producerId, isCommitted };
    this.#markers.push(marker);
    this.#replayMarker(this.machine, marker);
    if (!this.isHeld) this.commitLog();
  }

  /** Another coordinator takes over: all that it knows comes from the log; `isCompacted`: from what compaction leaves of it. */
  reload({ isCompacted = false } = {}): void {
    this.timers.clear();
    const last = new Map<string, number>();
    for (const { key, at } of this.log) if (!this.#isAborted(at)) last.set(key.toString('hex'), at.offset);
    const kept = this.log.filter(
      ({ key, value, at }) => !isCompacted || (last.get(key.toString('hex')) === at.offset && value !== null),
    );
    this.machine = this.#begin(kept);
  }

  #isAborted({ offset, producerId }: RecordPosition): boolean {
    const marker = this.#markers.find((one) => one.producerId === producerId && one.offset > offset);
    return producerId >= 0 && marker?.isCommitted === false;
  }

  #begin(log: readonly Stored[] = []): GroupMachine {
    const machine = new GroupMachine(this.#world, (_world, groups) => {
      this.#groups = groups;
      return new SimpleGroups(groups);
    });
    this.machine = machine;
    machine.committedUpTo(this.#endOffset);
    const markers = [...this.#markers];
    const end = (upTo: number): void => {
      while ((markers[0]?.offset ?? Infinity) <= upTo) {
        const marker = markers.shift();
        if (marker !== undefined) this.#replayMarker(machine, marker);
      }
    };
    for (const { key, value, at } of log) {
      end(at.offset);
      this.#replay(machine, key, value, at);
    }
    end(this.#endOffset);
    for (const decision of machine.loaded(this.now)) this.#carryOut(decision);
    return machine;
  }

  #carryOut(decision: GroupDecision): ReadonlyMap<Ticket, GroupAnswer> {
    for (const record of decision.records) this.append(record);
    const answers = new Map<Ticket, GroupAnswer>();
    for (const effect of decision.then?.() ?? []) {
      if (effect.kind === 'reply') answers.set(effect.ticket, effect.answer);
      else if (effect.kind === 'set-timer') this.timers.set(effect.key, effect.atMs);
      else this.timers.delete(effect.key);
    }
    return answers;
  }

  #replayMarker(machine: GroupMachine, { offset, producerId, isCommitted }: Marker): void {
    const at = { offset, timestampMs: this.now.wallMs, producerId, producerEpoch: 0 };
    machine.replayEndOfTransaction(isCommitted, at);
  }

  #replay(machine: GroupMachine, key: Buffer, value: Buffer | null, at: RecordPosition): void {
    const record = decodeGroupRecord(key, value);
    assert(record !== undefined, 'a record of a known kind');
    machine.replay(record, at);
  }
}
