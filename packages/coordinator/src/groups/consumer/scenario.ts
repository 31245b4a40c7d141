import { TopicId, TimestampMs } from '@kafkaesque/kernel';
import {
  groupRecords,
  type ConsumerGroupHeartbeatRequest,
  type GroupRecord,
  type Message,
} from '@kafkaesque/protocol';
import type { Now, Ticket } from '../../runtime/machine';
import type { GroupDecision } from '../group';
import { GroupMachine } from '../group-machine';
import type { GroupAnswer, GroupAnswers, GroupRequest } from '../requests';
import { kafkaGroupSettings, kafkaSettings } from '../testing/kafka-settings';
import type { CoordinatorSettings, GroupSettings, GroupWorld, TopicView } from '../world';
import { ConsumerGroup } from './consumer-group';

export type HeartbeatAnswer = GroupAnswers['consumer-heartbeat'];

/** Topics and settings that a test changes as it likes. */
export class TestWorld implements GroupWorld {
  metadataOffset = 1;
  groupSettings: GroupSettings = { ...kafkaGroupSettings, consumerAssignmentIntervalMs: 0 };
  settings: CoordinatorSettings = { ...kafkaSettings, maxSize: 1000, consumerMaxSize: 1000 };
  readonly hidden = new Set<string>();
  readonly #topics = new Map<string, TopicView>();
  readonly #byId = new Map<TopicId, TopicView>();
  #made = 0;

  topicByName(name: string): TopicView | undefined {
    return this.#topics.get(name);
  }

  topicById(topicId: TopicId): TopicView | undefined {
    return this.#byId.get(topicId);
  }

  topicNames(): Iterable<string> {
    return this.#topics.keys();
  }

  settingsOf(): GroupSettings {
    return this.groupSettings;
  }

  uuid(): string {
    this.#made += 1;
    return `uuid-${this.#made}`;
  }

  javaUuid(): string {
    return this.uuid();
  }

  mayDescribeTopic(_principal: unknown, topic: string): boolean {
    return !this.hidden.has(topic);
  }

  log(): void {
    return;
  }

  /** Creates a topic, or gives it more partitions. */
  putTopic(
    name: string,
    partitionCount: number,
    racksOf: (partition: number) => readonly string[] = () => [],
  ): TopicId {
    const topicId = this.#topics.get(name)?.topicId ?? this.#newId();
    const topic = { topicId, name, partitionCount, racksOf };
    this.#topics.set(name, topic);
    this.#byId.set(topicId, topic);
    this.metadataOffset += 1;
    return topicId;
  }

  deleteTopic(name: string): void {
    const topic = this.#topics.get(name);
    if (topic !== undefined) this.#byId.delete(topic.topicId);
    this.#topics.delete(name);
    this.metadataOffset += 1;
  }

  #newId(): TopicId {
    this.#made += 1;
    return TopicId(`t${this.#made}`.padEnd(21, 'x') + 'A');
  }
}

/** A record as it comes back from the log. */
const throughLog = (record: GroupRecord): GroupRecord => {
  const { key: keyMessage, value: valueMessage, writeVersion } = groupRecords[record.kind];
  const recode = (message: Message, value: unknown, version: number): unknown =>
    message.decode(message.encode(value, version), version);
  return {
    kind: record.kind,
    key: recode(keyMessage, record.key, 0),
    value: record.value === null ? null : recode(valueMessage, record.value, writeVersion),
  } as GroupRecord;
};

/**
 * The machine of groups with all that a runtime does for it: records go through their bytes, replay and answers at once,
 * timers by a clock that the test moves.
 */
export class Coordinator {
  readonly world: TestWorld;
  readonly log: GroupRecord[] = [];
  machine: GroupMachine;
  readonly timers = new Map<string, number>();
  readonly answers = new Map<Ticket, GroupAnswer>();
  nowMs = 1000;
  #ticket = 0;

  constructor(world = new TestWorld()) {
    this.world = world;
    this.machine = new GroupMachine(world);
  }

  get now(): Now {
    return { nowMs: this.nowMs, wallMs: TimestampMs(1_700_000_000_000 + this.nowMs) };
  }

  /** Carries a decision out; gives the records as the log has them. */
  carryOut({ records, then }: GroupDecision): readonly GroupRecord[] {
    const written = records.map(throughLog);
    for (const record of written) this.#replay(record);
    this.log.push(...written);
    for (const effect of then?.() ?? []) {
      if (effect.kind === 'reply') this.answers.set(effect.ticket, effect.answer);
      else if (effect.kind === 'set-timer') this.timers.set(effect.key, effect.atMs);
      else this.timers.delete(effect.key);
    }
    return written;
  }

  #replay(record: GroupRecord): void {
    const offset = this.log.length;
    this.machine.replay(record, {
      offset,
      timestampMs: this.now.wallMs,
      producerId: -1,
      producerEpoch: -1,
    });
  }

  /** Writes records as if they had always been in the log. */
  write(...records: GroupRecord[]): void {
    this.carryOut({ records });
  }

  /** Forgets all and loads it from the log, as another broker would. */
  reload(records: readonly GroupRecord[] = this.log): void {
    this.machine = new GroupMachine(this.world);
    this.timers.clear();
    for (const record of records) this.#replay(record);
    for (const decision of this.machine.loaded(this.now)) this.carryOut(decision);
  }

  /** Moves the clock, and carries out what becomes due on the way. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const due = [...this.timers].filter(([, atMs]) => atMs <= untilMs).sort((a, b) => a[1] - b[1])[0];
      if (due === undefined) break;
      const [key, atMs] = due;
      this.nowMs = Math.max(this.nowMs, atMs);
      this.timers.delete(key);
      this.carryOut(this.machine.timer(key, this.now));
    }
    this.nowMs = untilMs;
  }

  group(groupId = 'g'): ConsumerGroup {
    const group = this.machine.groups.get(groupId);
    if (group instanceof ConsumerGroup) return group;
    throw new Error(`there is no consumer group ${groupId}`);
  }

  /** The answer, or undefined while it waits. */
  asked(request: GroupRequest): GroupAnswer | undefined {
    return this.answers.get(this.ask(request));
  }

  /** The ticket of a request whose answer may come later. */
  ask(request: GroupRequest): Ticket {
    this.#ticket += 1;
    this.carryOut(this.machine.decide(request, this.#ticket, this.now));
    return this.#ticket;
  }

  /** A heartbeat with what is given; all else is left out. */
  heartbeat(request: Partial<ConsumerGroupHeartbeatRequest>, apiVersion = 1): HeartbeatAnswer {
    const answer = this.asked({
      kind: 'consumer-heartbeat',
      apiVersion,
      asker: { clientId: 'client', clientHost: '/127.0.0.1', principal: 'User:test' },
      request: { ...EMPTY_HEARTBEAT, ...request },
    });
    if (answer?.kind !== 'consumer-heartbeat') throw new Error('no answer');
    return answer.answer;
  }
}

const EMPTY_HEARTBEAT: ConsumerGroupHeartbeatRequest = {
  groupId: 'g',
  memberId: '',
  memberEpoch: 0,
  instanceId: null,
  rackId: null,
  rebalanceTimeoutMs: -1,
  subscribedTopicNames: null,
  subscribedTopicRegex: null,
  serverAssignor: null,
  topicPartitions: null,
};

/** A consumer as KIP-848's clients are: takes what it is given, gives up what it is not, and says so. */
export class TestConsumer {
  readonly memberId: string;
  readonly instanceId: string | null;
  epoch = 0;
  readonly owned = new Map<TopicId, number[]>();
  readonly #coordinator: Coordinator;
  #assigned: readonly { readonly topicId: TopicId; readonly partitions: readonly number[] }[] = [];
  topics: readonly string[] | null;
  regex: string | null;
  readonly extra: Partial<ConsumerGroupHeartbeatRequest>;
  /** Takes its time to give partitions up: until then it owns them. */
  isSlow = false;

  constructor(
    coordinator: Coordinator,
    memberId: string,
    subscription: readonly string[] | string,
    extra: Partial<ConsumerGroupHeartbeatRequest> = {},
  ) {
    this.#coordinator = coordinator;
    this.memberId = memberId;
    this.instanceId = extra.instanceId ?? null;
    this.topics = typeof subscription === 'string' ? null : subscription;
    this.regex = typeof subscription === 'string' ? subscription : null;
    this.extra = extra;
  }

  join(): HeartbeatAnswer {
    this.epoch = 0;
    this.#assigned = [];
    this.owned.clear();
    return this.#take(this.#full());
  }

  /** A short heartbeat; `acknowledging` tells what the member owns. */
  beat(acknowledging = true): HeartbeatAnswer {
    return this.#take(
      this.#coordinator.heartbeat({
        ...this.#who(),
        topicPartitions: acknowledging ? this.#travelling() : null,
      }),
    );
  }

  full(): HeartbeatAnswer {
    return this.#take(this.#full());
  }

  leave(epoch: -1 | -2 = -1): HeartbeatAnswer {
    return this.#coordinator.heartbeat({ ...this.#who(), memberEpoch: epoch });
  }

  /** Has given up what it is no longer to have. */
  giveUp(): void {
    this.isSlow = false;
    this.owned.clear();
    for (const { topicId, partitions } of this.#assigned) this.owned.set(topicId, [...partitions]);
  }

  partitions(topicId: TopicId): readonly number[] {
    return this.owned.get(topicId) ?? [];
  }

  #who(): Pick<ConsumerGroupHeartbeatRequest, 'memberId' | 'memberEpoch' | 'instanceId'> {
    return { memberId: this.memberId, memberEpoch: this.epoch, instanceId: this.instanceId };
  }

  #travelling(): ConsumerGroupHeartbeatRequest['topicPartitions'] {
    return Array.from(this.owned, ([topicId, partitions]) => ({ topicId, partitions }));
  }

  #full(): HeartbeatAnswer {
    return this.#coordinator.heartbeat({
      rebalanceTimeoutMs: 60_000,
      subscribedTopicNames: this.topics,
      subscribedTopicRegex: this.regex,
      topicPartitions: this.#travelling(),
      ...this.extra,
      ...this.#who(),
    });
  }

  #take(answer: HeartbeatAnswer): HeartbeatAnswer {
    if (answer.errorCode !== 0) return answer;
    this.epoch = answer.memberEpoch;
    if (answer.assignment !== null && answer.assignment !== undefined) {
      if (!this.isSlow) this.owned.clear();
      for (const { topicId, partitions } of answer.assignment.topicPartitions) {
        const kept = this.owned.get(topicId) ?? [];
        this.owned.set(topicId, [...new Set([...kept, ...partitions])]);
      }
      this.#assigned = answer.assignment.topicPartitions;
    }
    return answer;
  }
}

/** Lets all heartbeat until nothing is written any longer; how many rounds that took. */
export const settle = (coordinator: Coordinator, consumers: readonly TestConsumer[]): number => {
  for (let round = 1; round <= 50; round++) {
    const before = coordinator.log.length;
    for (const consumer of consumers) consumer.beat();
    if (coordinator.log.length === before) return round;
  }
  throw new Error('the group does not settle');
};
