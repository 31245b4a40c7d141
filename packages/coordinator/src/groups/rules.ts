import type { GroupRecord, GroupRecordKind } from '@kafkaesque/protocol';
import type { Effect, Now, RecordPosition, Ticket } from '../runtime/machine';
import type { ClassicConversion } from './classic-conversion';
import type { GroupDecision, GroupFacts } from './group';
import type { GroupAnswer, GroupRequest, GroupRequestKind } from './requests';

/** One kind of request. */
export type RequestOf<Kind extends GroupRequestKind> = Extract<GroupRequest, { readonly kind: Kind }>;
/** One kind of record. */
export type RecordOf<Kind extends GroupRecordKind> = Extract<GroupRecord, { readonly kind: Kind }>;
/** All groups of one partition. Rules add and remove their own kind, by `replay` only. */
export type Groups = Map<string, GroupFacts>;

/** What the machine asks of the rules of the classic protocol. */
export interface ClassicProtocol extends ClassicConversion {
  /** Also when the group is one of consumers that nobody is in. */
  join(request: RequestOf<'join'>, ticket: Ticket, now: Now): GroupDecision;
  sync(request: RequestOf<'sync'>, ticket: Ticket, now: Now): GroupDecision;
  heartbeat(request: RequestOf<'heartbeat'>, ticket: Ticket, now: Now): GroupDecision;
  leave(request: RequestOf<'leave'>, ticket: Ticket, now: Now): GroupDecision;
  /** For keys that begin with `classic/`. */
  timer(key: string, now: Now): GroupDecision;
  replay(record: RecordOf<'GroupMetadata'>, at: RecordPosition): void;
  loaded(now: Now): readonly GroupDecision[];
  /**
   * Adds a group that has offsets but never had a member (a simple consumer's): empty, without protocol type. While
   * records are loaded, those of a group of either protocol may still follow, and replace it.
   */
  createSimpleGroup(groupId: string): GroupFacts;
  /** A member has committed: its session starts anew, where the state of the group lets it. */
  committed(groupId: string, memberId: string, now: Now): readonly Effect<GroupAnswer>[];
  /** The group is gone, by a deletion or because nothing is left of it: cancels its timers. */
  forgotten(group: GroupFacts): readonly Effect<GroupAnswer>[];
}
