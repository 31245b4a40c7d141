import type { TopicId } from '@kafkaesque/kernel';
import { LeaderEpoch, Offset, ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { GroupRecord } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Now, RecordPosition } from '../../runtime/machine';
import type { GroupFacts } from '../group';
import type { FetchedOffset, GroupAnswers, OffsetPartition, OffsetToCommit } from '../requests';
import type { ClassicProtocol, Groups, RecordOf, RequestOf } from '../rules';
import type { GroupWorld } from '../world';
import type { CommittedOffset } from './committed-offset';
import { committedOffset } from './committed-offset';
import type { OffsetsByPartition } from './offset-store';
import { OffsetStore } from './offset-store';
import { PendingOffsets } from './pending-offsets';
import { UncommittedOffsets } from './uncommitted-offsets';

/** What a request about offsets comes to. */
export interface OffsetsOutcome<Answer> {
  readonly records: readonly GroupRecord[];
  readonly answer: Answer;
}

/** What a fetch comes to. */
export interface FetchOutcome {
  readonly answer: GroupAnswers['fetch-offsets'];
  /** It tells nothing that is not committed. */
  readonly isCommitted: boolean;
}

/** What became of a topic's name. */
export interface TopicChange {
  /** The id that it has now, if any. */
  readonly current: TopicId | undefined;
  /** A topic of that name was seen, and is gone: offsets without an id go with it, as in Kafka. */
  readonly wasDeleted: boolean;
}

/** GROUP_ID_NOT_FOUND came with the new group protocol, in v9 of OffsetCommit. */
const FIRST_WITH_GROUP_ID_NOT_FOUND = 9;

/** The committed offsets of all groups of one partition of `__consumer_offsets`. */
export class GroupOffsets {
  readonly #world: GroupWorld;
  readonly #groups: Groups;
  readonly #classic: ClassicProtocol;
  readonly #committed = new OffsetStore();
  readonly #pending = new PendingOffsets();
  readonly #uncommitted = new UncommittedOffsets();

  constructor(world: GroupWorld, groups: Groups, classic: ClassicProtocol) {
    this.#world = world;
    this.#groups = groups;
    this.#classic = classic;
  }

  /** What counts as committed; to read only. */
  get committed(): Pick<OffsetStore, 'size' | 'groupIds' | 'topicNames' | 'ofGroup' | 'get'> {
    return this.#committed;
  }

  commit(request: RequestOf<'commit-offsets'>, now: Now): OffsetsOutcome<GroupAnswers['commit-offsets']> {
    const refused = this.#commitRefusal(request);
    if (refused !== ErrorCode.NONE)
      return { records: [], answer: { errorCodes: request.offsets.map(() => refused) } };
    const { offsetMetadataMaxBytes } = this.#world.settings;
    const records: GroupRecord[] = [];
    const errorCodes: number[] = [];
    for (const offset of request.offsets) {
      // Kafka, too, counts characters and calls them bytes.
      if (offset.metadata !== null && offset.metadata.length > offsetMetadataMaxBytes) {
        errorCodes.push(ErrorCode.OFFSET_METADATA_TOO_LARGE);
        continue;
      }
      errorCodes.push(ErrorCode.NONE);
      records.push(commitRecord(request, offset, now));
    }
    return { records, answer: { errorCodes } };
  }

  /**
   * As in Kafka, who does not require stable offsets is told those of the committed part of the log, and waits for nothing
   * (`isCommitted`); who does is told the newest ones, once they are committed.
   */
  fetch(request: RequestOf<'fetch-offsets'>): FetchOutcome {
    const { groupId, partitions, requireStable } = request;
    const { NONE, GROUP_ID_NOT_FOUND } = ErrorCode;
    const errorCode = this.#groups.get(groupId)?.fetchRefusal(request.memberId, request.memberEpoch) ?? NONE;
    // A group that is not there has committed nothing, or its end is not committed yet.
    if (errorCode !== NONE && errorCode !== GROUP_ID_NOT_FOUND)
      return { answer: { errorCode, offsets: [] }, isCommitted: false };
    const offsets =
      partitions === null
        ? this.#fetchAll(groupId, requireStable)
        : partitions.map((asked) => {
            const newest = this.#committed.get(groupId, asked.topic, asked.partition);
            const told = requireStable
              ? newest
              : this.#uncommitted.committed(groupId, asked.topic, asked.partition, newest);
            return this.#fetched(groupId, asked, told, requireStable);
          });
    return { answer: { errorCode: ErrorCode.NONE, offsets }, isCommitted: !requireStable };
  }

  deleteOffsets(request: RequestOf<'delete-offsets'>): OffsetsOutcome<GroupAnswers['delete-offsets']> {
    const { groupId, partitions } = request;
    const group = this.#groups.get(groupId);
    const errorCode = group?.deleteOffsetsRefusal() ?? ErrorCode.GROUP_ID_NOT_FOUND;
    if (group === undefined || errorCode !== ErrorCode.NONE)
      return { records: [], answer: { errorCode, errorCodes: [] } };
    const records: GroupRecord[] = [];
    const errorCodes = partitions.map(({ topic, partition }) => {
      if (group.isSubscribedTo(topic)) return ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC;
      if (this.#hasAny(groupId, topic, partition)) records.push(tombstone(groupId, topic, partition));
      return ErrorCode.NONE;
    });
    return { records, answer: { errorCode: ErrorCode.NONE, errorCodes } };
  }

  /** Tombstones for everything that the group has committed, pending offsets included. */
  tombstonesOf(groupId: string): readonly GroupRecord[] {
    const records: GroupRecord[] = [];
    for (const [topic, partitions] of this.#committed.ofGroup(groupId) ?? [])
      for (const partition of partitions.keys()) records.push(tombstone(groupId, topic, partition));
    for (const [topic, partition] of this.#pending.ofGroup(groupId))
      if (this.#committed.get(groupId, topic, partition) === undefined)
        records.push(tombstone(groupId, topic, partition));
    return records;
  }

  /**
   * Tombstones for the offsets of the group that are too old by KIP-211, at most `limit`. `isEmpty`: with them, the group
   * has none left, not even pending.
   */
  expired(
    group: GroupFacts,
    now: Now,
    limit: number,
  ): { readonly records: readonly GroupRecord[]; readonly isEmpty: boolean } {
    const { groupId } = group;
    const topics = this.#committed.ofGroup(groupId);
    const isPending = this.#pending.hasGroup(groupId);
    if (topics === undefined) return { records: [], isEmpty: !isPending };
    const expiry = group.expiry();
    if (expiry.kind === 'never') return { records: [], isEmpty: false };
    const { offsetsRetentionMs } = this.#world.settings;
    const isExpired = (committed: CommittedOffset): boolean => {
      if (committed.expireTimestampMs !== -1) return now.wallMs >= committed.expireTimestampMs;
      const sinceMs = expiry.kind === 'since' ? expiry.wallMs : committed.commitTimestampMs;
      return now.wallMs - sinceMs >= offsetsRetentionMs;
    };
    const records: GroupRecord[] = [];
    let isEmpty = !isPending;
    for (const [topic, partitions] of topics) {
      if (group.isSubscribedTo(topic)) {
        isEmpty = false;
        continue;
      }
      for (const [partition, committed] of partitions) {
        if (!isExpired(committed) || this.#pending.has(groupId, topic, partition)) isEmpty = false;
        else if (records.length >= limit) return { records, isEmpty: false };
        else records.push(tombstone(groupId, topic, partition));
      }
    }
    return { records, isEmpty };
  }

  /** Tombstones for the offsets of topics that are gone: of all ids but that which the name has now. */
  tombstonesOfTopics(changed: ReadonlyMap<string, TopicChange>): readonly GroupRecord[] {
    const records: GroupRecord[] = [];
    for (const groupId of this.#committed.groupIds)
      for (const [topic, partitions] of this.#committed.ofGroup(groupId) ?? []) {
        const change = changed.get(topic);
        if (change === undefined) continue;
        for (const [partition, committed] of partitions)
          if (isGone(committed, change)) records.push(tombstone(groupId, topic, partition));
      }
    for (const [topic, change] of changed)
      for (const [groupId, partition, committed] of this.#pending.ofTopic(topic))
        if (this.#committed.get(groupId, topic, partition) === undefined && isGone(committed, change))
          records.push(tombstone(groupId, topic, partition));
    return records;
  }

  replay({ key, value }: RecordOf<'OffsetCommit'>, at: RecordPosition): void {
    const { group: groupId, topic, partition } = key;
    if (value === null) {
      const before = this.#committed.get(groupId, topic, partition);
      this.#uncommitted.changes(at.offset, groupId, topic, partition, before);
      this.#committed.delete(groupId, topic, partition);
      this.#pending.delete(groupId, topic, partition);
      return;
    }
    const group = this.#groups.get(groupId) ?? this.#classic.createSimpleGroup(groupId);
    const committed = committedOffset(value, at.offset);
    // The group's own string, so that the one of the record is not kept.
    if (at.producerId < 0) this.#count(at.offset, group.groupId, topic, partition, committed);
    else this.#pending.set(at.producerId, group.groupId, topic, partition, committed);
  }

  /** The marker of a transaction: what was pending counts, unless something newer was committed meanwhile, or is forgotten. */
  replayEndOfTransaction(isCommitted: boolean, at: RecordPosition): void {
    const pending = this.#pending.take(at.producerId);
    if (pending === undefined || !isCommitted) return;
    for (const groupId of pending.groupIds)
      for (const [topic, partitions] of pending.ofGroup(groupId) ?? [])
        for (const [partition, committed] of partitions) {
          const known = this.#committed.get(groupId, topic, partition);
          if (known === undefined || known.recordOffset < committed.recordOffset)
            this.#count(at.offset, groupId, topic, partition, committed);
        }
  }

  /** Everything below that offset of the log is committed. */
  committedUpTo(offset: number): void {
    this.#uncommitted.committedUpTo(offset);
  }

  #count(
    recordOffset: number,
    groupId: string,
    topic: string,
    partition: number,
    committed: CommittedOffset,
  ): void {
    const before = this.#committed.get(groupId, topic, partition);
    this.#uncommitted.changes(recordOffset, groupId, topic, partition, before);
    this.#committed.set(groupId, topic, partition, committed);
  }

  #commitRefusal(request: RequestOf<'commit-offsets'>): number {
    const group = this.#groups.get(request.groupId);
    const { memberId, groupInstanceId, generationIdOrMemberEpoch, apiVersion } = request;
    if (group !== undefined) {
      const refused = group.commitRefusal(memberId, groupInstanceId, generationIdOrMemberEpoch, apiVersion);
      const isOld = refused === ErrorCode.STALE_MEMBER_EPOCH || refused === ErrorCode.ILLEGAL_GENERATION;
      if (!isOld || group.commitPartitionRefusal === undefined) return refused;
      for (const { topicId, partition } of request.offsets) {
        const of = group.commitPartitionRefusal(memberId, generationIdOrMemberEpoch, topicId, partition);
        if (of !== ErrorCode.NONE) return of;
      }
      return ErrorCode.NONE;
    }
    // An administrator, or a consumer that assigns itself: the commit makes the group.
    if (generationIdOrMemberEpoch < 0) return ErrorCode.NONE;
    return apiVersion >= FIRST_WITH_GROUP_ID_NOT_FOUND
      ? ErrorCode.GROUP_ID_NOT_FOUND
      : ErrorCode.ILLEGAL_GENERATION;
  }

  #fetchAll(groupId: string, requireStable: boolean): readonly FetchedOffset[] {
    const fetched: FetchedOffset[] = [];
    const newest = this.#committed.ofGroup(groupId);
    const told = requireStable ? newest : this.#uncommitted.committedOf(groupId, newest);
    for (const [topic, partitions] of told ?? [])
      this.#fetchTopic(fetched, groupId, topic, partitions, requireStable);
    return fetched;
  }

  #fetchTopic(
    fetched: FetchedOffset[],
    groupId: string,
    topic: string,
    partitions: OffsetsByPartition,
    requireStable: boolean,
  ): void {
    const current = this.#world.topicByName(topic)?.topicId ?? ZERO_TOPIC_ID;
    for (const [partition, committed] of partitions) {
      // Of a topic that had the name before: its tombstone is on its way.
      if (!isOf(committed, current)) continue;
      fetched.push(this.#fetched(groupId, { topicId: current, topic, partition }, committed, requireStable));
    }
  }

  #fetched(
    groupId: string,
    asked: OffsetPartition,
    committed: CommittedOffset | undefined,
    requireStable: boolean,
  ): FetchedOffset {
    const { topicId, topic, partition } = asked;
    if (requireStable && this.#pending.has(groupId, topic, partition))
      return nothingCommitted(asked, ErrorCode.UNSTABLE_OFFSET_COMMIT);
    if (committed === undefined || !isOf(committed, topicId)) return nothingCommitted(asked);
    const { offset, leaderEpoch, metadata } = committed;
    return { topicId, topic, partition, offset, leaderEpoch, metadata, errorCode: ErrorCode.NONE };
  }

  #hasAny(groupId: string, topic: string, partition: number): boolean {
    return (
      this.#committed.get(groupId, topic, partition) !== undefined ||
      this.#pending.has(groupId, topic, partition)
    );
  }
}

/** Whether an offset was committed for the topic of that id; zeros on either side tell nothing. */
const isOf = (committed: CommittedOffset, topicId: TopicId): boolean =>
  committed.topicId === topicId || committed.topicId === ZERO_TOPIC_ID || topicId === ZERO_TOPIC_ID;

const isGone = ({ topicId }: CommittedOffset, { current, wasDeleted }: TopicChange): boolean =>
  topicId === ZERO_TOPIC_ID ? wasDeleted : topicId !== current;

const nothingCommitted = (
  { topicId, topic, partition }: OffsetPartition,
  errorCode: number = ErrorCode.NONE,
): FetchedOffset => ({
  topicId,
  topic,
  partition,
  errorCode,
  offset: Offset(-1),
  leaderEpoch: LeaderEpoch(-1),
  metadata: '',
});

const commitRecord = (
  { groupId, retentionTimeMs }: RequestOf<'commit-offsets'>,
  { topicId, topic, partition, offset, leaderEpoch, metadata }: OffsetToCommit,
  { wallMs }: Now,
): GroupRecord => ({
  kind: 'OffsetCommit',
  key: { group: groupId, topic, partition },
  value: {
    offset,
    leaderEpoch: leaderEpoch < 0 ? LeaderEpoch(-1) : leaderEpoch,
    metadata: metadata ?? '',
    commitTimestamp: wallMs,
    expireTimestamp:
      retentionTimeMs === -1 ? -1 : Math.min(wallMs + retentionTimeMs, Number.MAX_SAFE_INTEGER),
    topicId,
  },
});

const tombstone = (group: string, topic: string, partition: number): GroupRecord => ({
  kind: 'OffsetCommit',
  key: { group, topic, partition },
  value: null,
});
