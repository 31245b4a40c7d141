import type { TopicId } from '@kafkaesque/kernel';
import type { GroupRecord } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Effect, Now, RecordPosition, ReplayedMachine, Ticket } from '../runtime/machine';
import { ClassicRules } from './classic/classic-rules';
import { ConsumerRules } from './consumer/consumer-rules';
import type { GroupDecision, GroupFacts } from './group';
import { listGroups } from './list-groups';
import type { TopicChange } from './offsets/group-offsets';
import { GroupOffsets } from './offsets/group-offsets';
import { groupRefusal } from './refusal';
import type { GroupAnswer, GroupAnswers, GroupRequest } from './requests';
import type { ClassicProtocol, Groups, RequestOf } from './rules';
import type { GroupWorld } from './world';

/** Expiry of offsets and of groups that have nothing left. */
const EXPIRY = 'offsets/expiry';
/** How many tombstones one step writes, and how many groups it looks at. */
const MAX_TOMBSTONES = 2000;
const MAX_GROUPS_IN_A_STEP = 500;
/** DescribeGroups says GROUP_ID_NOT_FOUND since v6 (KIP-1043), and `Dead` before. */
const FIRST_WITH_GROUP_ID_NOT_FOUND = 6;

const NOTHING: GroupDecision = { records: [] };

/** The groups of one partition of `__consumer_offsets`: sends requests, timers and records to the rules that know them. */
export class GroupMachine implements ReplayedMachine<GroupRecord, GroupRequest, GroupAnswer> {
  readonly #world: GroupWorld;
  readonly #groups: Groups = new Map();
  readonly #classic: ClassicProtocol;
  readonly #consumer: ConsumerRules;
  readonly #offsets: GroupOffsets;
  /** Of each topic with committed offsets: the id that it had when last looked at. */
  #topicIds = new Map<string, TopicId>();
  #lookedAtMetadata = -1;
  /** Groups that the running round of expiry has still to look at. */
  #toExpire: string[] = [];

  constructor(world: GroupWorld, classic: typeof classicRules = classicRules) {
    this.#world = world;
    this.#classic = classic(world, this.#groups);
    this.#consumer = new ConsumerRules(world, this.#groups, this.#classic);
    this.#offsets = new GroupOffsets(world, this.#groups, this.#classic);
  }

  /** Every group, to read only. */
  get groups(): ReadonlyMap<string, GroupFacts> {
    return this.#groups;
  }

  /** The committed offsets, to read only: lag is measured by them. */
  get committedOffsets(): GroupOffsets['committed'] {
    return this.#offsets.committed;
  }

  decide(request: GroupRequest, ticket: Ticket, now: Now): GroupDecision {
    switch (request.kind) {
      case 'join': {
        const group = this.#groups.get(request.request.groupId);
        // A group of consumers that nobody is in becomes a classic one again.
        return group?.kind === 'consumer' && group.state !== 'Empty'
          ? this.#consumer.classicJoin(request, ticket, now)
          : this.#classic.join(request, ticket, now);
      }
      case 'sync':
        return this.#isConsumer(request.request.groupId)
          ? this.#consumer.classicSync(request, ticket, now)
          : this.#classic.sync(request, ticket, now);
      case 'heartbeat':
        return this.#isConsumer(request.request.groupId)
          ? this.#consumer.classicHeartbeat(request, ticket, now)
          : this.#classic.heartbeat(request, ticket, now);
      case 'leave':
        return this.#isConsumer(request.request.groupId)
          ? this.#consumer.classicLeave(request, ticket, now)
          : this.#classic.leave(request, ticket, now);
      case 'consumer-heartbeat':
        return this.#consumer.heartbeat(request, ticket, now);
      case 'commit-offsets':
        return this.#commit(request, ticket, now);
      case 'fetch-offsets':
        return this.#fetch(request, ticket);
      case 'delete-offsets': {
        const { records, answer } = this.#offsets.deleteOffsets(request);
        return answered(ticket, { kind: 'delete-offsets', answer }, records);
      }
      case 'delete-group':
        return this.#deleteGroup(request.groupId, ticket);
      case 'describe-classic':
        return answered(ticket, { kind: 'describe-classic', answer: this.#describe(request) });
      case 'describe-consumer':
        return answered(ticket, {
          kind: 'describe-consumer',
          answer: this.#consumer.describe(request.groupId),
        });
      case 'list-groups':
        return answered(ticket, {
          kind: 'list-groups',
          answer: { errorCode: ErrorCode.NONE, groups: listGroups(this.#groups.values(), request) },
        });
    }
  }

  timer(key: string, now: Now): GroupDecision {
    if (key === EXPIRY) return this.#expire(now);
    if (key.startsWith('classic/')) return this.#classic.timer(key, now);
    if (key.startsWith('consumer/')) return this.#consumer.timer(key, now);
    return NOTHING;
  }

  metadataChanged(now: Now): readonly GroupDecision[] {
    return [...this.#consumer.metadataChanged(now), ...this.#forgetDeletedTopics()];
  }

  replay(record: GroupRecord, at: RecordPosition): void {
    if (record.kind === 'OffsetCommit') this.#offsets.replay(record, at);
    else if (record.kind === 'GroupMetadata') this.#classic.replay(record, at);
    else this.#consumer.replay(record, at);
  }

  /** The marker of a transaction that committed offsets: they count from now on, or never did. */
  replayEndOfTransaction(isCommitted: boolean, at: RecordPosition): void {
    this.#offsets.replayEndOfTransaction(isCommitted, at);
  }

  committedUpTo(offset: number): void {
    this.#offsets.committedUpTo(offset);
  }

  loaded(now: Now): readonly GroupDecision[] {
    return [
      ...this.#classic.loaded(now),
      ...this.#consumer.loaded(now),
      ...this.#forgetDeletedTopics(),
      { records: [], then: () => [this.#nextExpiry(now)] },
    ];
  }

  refusal(request: GroupRequest, errorCode: number): GroupAnswer {
    return groupRefusal(request, errorCode);
  }

  #isConsumer(groupId: string): boolean {
    return this.#groups.get(groupId)?.kind === 'consumer';
  }

  #commit(request: RequestOf<'commit-offsets'>, ticket: Ticket, now: Now): GroupDecision {
    const { records, answer } = this.#offsets.commit(request, now);
    const { groupId, memberId } = request;
    return {
      records,
      then: () => [
        ...(records.length > 0 && memberId !== '' && this.#groups.get(groupId)?.kind === 'classic'
          ? this.#classic.committed(groupId, memberId, now)
          : []),
        { kind: 'reply', ticket, answer: { kind: 'commit-offsets', answer } },
      ],
    };
  }

  #fetch(request: RequestOf<'fetch-offsets'>, ticket: Ticket): GroupDecision {
    const { answer, isCommitted } = this.#offsets.fetch(request);
    const reply = { kind: 'reply', ticket, answer: { kind: 'fetch-offsets', answer }, isCommitted } as const;
    return { records: [], then: () => [reply] };
  }

  #deleteGroup(groupId: string, ticket: Ticket): GroupDecision {
    const group = this.#groups.get(groupId);
    const errorCode = group?.deleteRefusal() ?? ErrorCode.GROUP_ID_NOT_FOUND;
    const answer: GroupAnswer = { kind: 'delete-group', answer: { errorCode, errorMessage: null } };
    if (group === undefined || errorCode !== ErrorCode.NONE) return answered(ticket, answer);
    return {
      records: [...this.#offsets.tombstonesOf(groupId), ...group.tombstones()],
      isDivisible: true,
      then: () => [...this.#forgotten(group), { kind: 'reply', ticket, answer }],
    };
  }

  #forgotten(group: GroupFacts): readonly Effect<GroupAnswer>[] {
    return group.kind === 'classic' ? this.#classic.forgotten(group) : [];
  }

  #describe({ groupId, apiVersion }: RequestOf<'describe-classic'>): GroupAnswers['describe-classic'] {
    const group = this.#groups.get(groupId);
    if (group?.kind === 'classic') return group.describe();
    const why =
      group === undefined ? `Group ${groupId} not found.` : `Group ${groupId} is not a classic group.`;
    const isTold = apiVersion >= FIRST_WITH_GROUP_ID_NOT_FOUND;
    return {
      errorCode: isTold ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.NONE,
      errorMessage: isTold ? why : null,
      groupId,
      groupState: 'Dead',
      protocolType: '',
      protocolData: '',
      members: [],
    };
  }

  #nextExpiry({ nowMs }: Now): Effect<GroupAnswer> {
    const { offsetsRetentionCheckIntervalMs } = this.#world.settings;
    return { kind: 'set-timer', key: EXPIRY, atMs: nowMs + offsetsRetentionCheckIntervalMs };
  }

  /** One step of a round of expiry (KIP-211): some groups, or some of the offsets of a large one. */
  #expire(now: Now): GroupDecision {
    const groupIds = this.#toExpire.length > 0 ? this.#toExpire : [...this.#groups.keys()].toReversed();
    const records: GroupRecord[] = [];
    const gone: GroupFacts[] = [];
    let looked = 0;
    let left = groupIds.length;
    while (left > 0 && looked < MAX_GROUPS_IN_A_STEP && records.length < MAX_TOMBSTONES) {
      looked += 1;
      const group = this.#groups.get(groupIds[left - 1] ?? '');
      left -= 1;
      if (group === undefined) continue;
      const expired = this.#offsets.expired(group, now, MAX_TOMBSTONES - records.length);
      records.push(...expired.records);
      if (expired.isEmpty && group.deleteRefusal() === ErrorCode.NONE) {
        records.push(...group.tombstones());
        gone.push(group);
      } else if (records.length >= MAX_TOMBSTONES) left += 1;
    }
    return {
      records,
      isDivisible: true,
      then: () => {
        this.#toExpire = groupIds.slice(0, left);
        if (records.length > 0)
          this.#world.log('info', 'expired offsets and groups', {
            records: records.length,
            groups: gone.length,
          });
        const next: Effect<GroupAnswer> =
          left > 0 ? { kind: 'set-timer', key: EXPIRY, atMs: now.nowMs } : this.#nextExpiry(now);
        return [...gone.flatMap((group) => this.#forgotten(group)), next];
      },
    };
  }

  /**
   * Offsets of topics that are gone, those included that were deleted and created anew. A topic that was unknown when
   * the partition was loaded is gone only as far as offsets tell its id: others may wait for it to be created.
   */
  #forgetDeletedTopics(): readonly GroupDecision[] {
    if (this.#world.metadataOffset === this.#lookedAtMetadata) return [];
    const changed = new Map<string, TopicChange>();
    const topicIds = new Map<string, TopicId>();
    for (const topic of this.#offsets.committed.topicNames) {
      const current = this.#world.topicByName(topic)?.topicId;
      const known = this.#topicIds.get(topic);
      if (current !== undefined) topicIds.set(topic, current);
      if (current === undefined || current !== known)
        changed.set(topic, { current, wasDeleted: known !== undefined });
    }
    const records = changed.size === 0 ? [] : this.#offsets.tombstonesOfTopics(changed);
    const { metadataOffset } = this.#world;
    // Only once the tombstones are written: until then each change of the metadata looks again.
    const then = (): readonly Effect<GroupAnswer>[] => {
      this.#topicIds = topicIds;
      this.#lookedAtMetadata = metadataOffset;
      return [];
    };
    return [{ records, isDivisible: true, then }];
  }
}

const classicRules = (world: GroupWorld, groups: Groups): ClassicProtocol => new ClassicRules(world, groups);

const answered = (
  ticket: Ticket,
  answer: GroupAnswer,
  records: readonly GroupRecord[] = [],
): GroupDecision => ({ records, then: () => [{ kind: 'reply', ticket, answer }] });
