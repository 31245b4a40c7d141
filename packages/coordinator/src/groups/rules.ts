import type { GroupRecord, GroupRecordKind } from '@kafkaesque/protocol';
import type { Effect, Now, RecordPosition, Ticket } from '../runtime/machine';
import type { GroupDecision, GroupFacts } from './group';
import type { GroupAnswer, GroupRequest, GroupRequestKind } from './requests';

/** One kind of request. */
export type RequestOf<Kind extends GroupRequestKind> = Extract<GroupRequest, { readonly kind: Kind }>;
/** One kind of record. */
export type RecordOf<Kind extends GroupRecordKind> = Extract<GroupRecord, { readonly kind: Kind }>;
/** Records of KIP-848. */
export type ConsumerRecord = Exclude<GroupRecord, { readonly kind: 'OffsetCommit' | 'GroupMetadata' }>;

/** All groups of one partition. Rules add and remove their own kind, by `replay` only. */
export type Groups = Map<string, GroupFacts>;

/** What the machine asks of the classic protocol. */
export interface ClassicProtocol {
  /** Also when the group is one of consumers that nobody is in. */
  join(request: RequestOf<'join'>, ticket: Ticket, now: Now): GroupDecision;
  sync(request: RequestOf<'sync'>, ticket: Ticket, now: Now): GroupDecision;
  heartbeat(request: RequestOf<'heartbeat'>, ticket: Ticket, now: Now): GroupDecision;
  leave(request: RequestOf<'leave'>, ticket: Ticket, now: Now): GroupDecision;
  /** For keys that begin with `classic/`. */
  timer(key: string, now: Now): GroupDecision;
  replay(record: RecordOf<'GroupMetadata'>, at: RecordPosition): void;
  loaded(now: Now): readonly GroupDecision[];
  /** Adds a group that has offsets but never had a member (a simple consumer's): empty, without protocol type. */
  createSimpleGroup(groupId: string): GroupFacts;
  /** A member has committed: its session starts anew, where the state of the group lets it. */
  committed(groupId: string, memberId: string, now: Now): readonly Effect<GroupAnswer>[];
  /** The group is gone, by a deletion or because nothing is left of it: cancels its timers. */
  forgotten(groupId: string): readonly Effect<GroupAnswer>[];
}

/** What the machine asks of the protocol of KIP-848. */
export interface ConsumerProtocol {
  /** Also when the group is a classic one, which it converts where that is allowed. */
  heartbeat(request: RequestOf<'consumer-heartbeat'>, ticket: Ticket, now: Now): GroupDecision;
  describe(request: RequestOf<'describe-consumer'>, ticket: Ticket, now: Now): GroupDecision;
  classicJoin(request: RequestOf<'join'>, ticket: Ticket, now: Now): GroupDecision;
  classicSync(request: RequestOf<'sync'>, ticket: Ticket, now: Now): GroupDecision;
  classicHeartbeat(request: RequestOf<'heartbeat'>, ticket: Ticket, now: Now): GroupDecision;
  classicLeave(request: RequestOf<'leave'>, ticket: Ticket, now: Now): GroupDecision;
  /** For keys that begin with `consumer/`. */
  timer(key: string, now: Now): GroupDecision;
  replay(record: ConsumerRecord, at: RecordPosition): void;
  metadataChanged(now: Now): readonly GroupDecision[];
  loaded(now: Now): readonly GroupDecision[];
  /** The group is gone: cancels its timers. */
  forgotten(groupId: string): readonly Effect<GroupAnswer>[];
}
