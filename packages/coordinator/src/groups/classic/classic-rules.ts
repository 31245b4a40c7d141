import { ErrorCode, type GroupRecord } from '@kafkaesque/protocol';
import type { Now, Ticket } from '../../runtime/machine';
import type { GroupDecision, GroupFacts } from '../group';
import type { GroupRequest } from '../requests';
import type { GroupWorld } from '../world';
import { answerOnly, heartbeatAnswer, refuseJoinWait, type GroupEffect } from './classic-answers';
import { decideExpiry } from './classic-expiry';
import { ClassicGroup } from './classic-group';
import { decideJoin } from './classic-join';
import { decideLeave } from './classic-leave';
import type { MemberDraft } from './classic-member';
import {
  beginTurn,
  cancelTimer,
  endSyncs,
  prepareRebalance,
  removePending,
  touchSession,
} from './classic-rebalance';
import { decideSync } from './classic-sync';

type Asked<Kind extends GroupRequest['kind']> = Extract<GroupRequest, { kind: Kind }>;
type GroupMetadataRecord = Extract<GroupRecord, { kind: 'GroupMetadata' }>;

/**
 * The rules of the classic protocol over the groups of one coordinator. `groups` is shared with the other kinds of group;
 * of those, only empty ones are touched here, by the join that makes them classic.
 */
export class ClassicRules<Other extends GroupFacts = GroupFacts> {
  readonly #world: GroupWorld;
  readonly #groups: Map<string, ClassicGroup | Other>;

  constructor(world: GroupWorld, groups: Map<string, ClassicGroup | Other>) {
    this.#world = world;
    this.#groups = groups;
  }

  join(request: Asked<'join'>, ticket: Ticket, now: Now): GroupDecision {
    return decideJoin(this.#world, this.#groups, request, ticket, now);
  }

  sync(request: Asked<'sync'>, ticket: Ticket, now: Now): GroupDecision {
    return decideSync(this.#world, this.#classic(request.request.groupId), request, ticket, now);
  }

  heartbeat({ request }: Asked<'heartbeat'>, ticket: Ticket, now: Now): GroupDecision {
    const group = this.#classic(request.groupId);
    const member = group?.members.get(request.memberId);
    const refusal =
      group?.memberRefusal(request.memberId, request.groupInstanceId) ?? ErrorCode.UNKNOWN_MEMBER_ID;
    if (group === undefined || member === undefined || refusal !== ErrorCode.NONE)
      return answerOnly(ticket, heartbeatAnswer(refusal));
    if (request.generationId !== group.generationId)
      return answerOnly(ticket, heartbeatAnswer(ErrorCode.ILLEGAL_GENERATION));
    const errorCode = group.state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
    return {
      records: [],
      then: () => {
        const atMs = now.nowMs + member.sessionTimeoutMs;
        return [
          { kind: 'set-timer', key: member.sessionKey, atMs },
          { kind: 'reply', ticket, answer: heartbeatAnswer(errorCode) },
        ];
      },
    };
  }

  leave(request: Asked<'leave'>, ticket: Ticket, now: Now): GroupDecision {
    return decideLeave(this.#world, this.#classic(request.request.groupId), request, ticket, now);
  }

  /** For keys that begin with `CLASSIC_TIMER_PREFIX`. */
  timer(key: string, now: Now): GroupDecision {
    return decideExpiry(this.#world, (groupId) => this.#classic(groupId), key, now);
  }

  /** A group is stored as a whole: the record is all that is known of it, beside who waits. */
  replay({ key, value }: GroupMetadataRecord): void {
    const known = this.#classic(key.group);
    if (value === null) {
      if (known === undefined) return;
      known.state = 'Dead';
      this.#groups.delete(key.group);
      return;
    }
    const group = known ?? new ClassicGroup(key.group);
    group.load(value);
    this.#groups.set(key.group, group);
  }

  /** Gives every stored member a whole session. */
  loaded(now: Now): readonly GroupDecision[] {
    const begin = (): GroupEffect[] => {
      const effects: GroupEffect[] = [];
      for (const group of this.#groups.values()) {
        if (!(group instanceof ClassicGroup)) continue;
        const turn = { ...beginTurn(this.#world, group, now), effects };
        for (const member of group.members.values()) touchSession(turn, member);
        const { maxSize } = this.#world.settings;
        if (group.members.size > maxSize)
          prepareRebalance(
            turn,
            `Freshly-loaded group (size ${String(group.members.size)}) is over capacity ${String(maxSize)}`,
          );
      }
      return effects;
    };
    return [{ records: [], then: begin }];
  }

  /**
   * For whoever makes another kind of group of this one, or deletes it: ends its timers, and all that waits is answered with that code. Effects of a `then`,
   * before or after the group's tombstone was replayed.
   */
  dissolve(group: ClassicGroup, errorCode: number, now: Now): readonly GroupEffect[] {
    const turn = beginTurn(this.#world, group, now);
    for (const member of group.members.values()) refuseJoinWait(group, member, errorCode, turn.effects);
    endSyncs(turn, errorCode);
    for (const member of group.members.values()) cancelTimer(turn, member.sessionKey);
    for (const memberId of [...group.pendingJoins.keys()]) removePending(turn, memberId);
    cancelTimer(turn, group.joinTimerKey);
    cancelTimer(turn, group.syncTimerKey);
    return turn.effects;
  }

  /**
   * For whoever has made a classic group by a record (`groupMetadataRecord`), in `then`: gives the members, who are told nothing by it, all their protocols and
   * their sessions, and has them join a first generation of their own.
   */
  adopt(
    groupId: string,
    members: readonly Pick<MemberDraft, 'memberId' | 'protocols'>[],
    reason: string,
    now: Now,
  ): readonly GroupEffect[] {
    const group = this.#classic(groupId);
    if (group === undefined) return [];
    const turn = beginTurn(this.#world, group, now);
    for (const { memberId, protocols } of members) {
      const member = group.members.get(memberId);
      if (member === undefined) continue;
      group.setProtocols(member, protocols);
      touchSession(turn, member);
    }
    if (group.canRebalance() && group.members.size > 0) prepareRebalance(turn, reason);
    return turn.effects;
  }

  #classic(groupId: string): ClassicGroup | undefined {
    const group = this.#groups.get(groupId);
    return group instanceof ClassicGroup ? group : undefined;
  }
}
