import { assert } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Now, Ticket } from '../../runtime/machine';
import type { ConvertibleGroup } from '../classic-conversion';
import type { GroupDecision, GroupFacts } from '../group';
import type { ClassicProtocol, Groups, RecordOf, RequestOf } from '../rules';
import type { GroupWorld } from '../world';
import {
  answerOnly,
  heartbeatAnswer,
  refuseJoinWait,
  refuseSyncWait,
  type GroupEffect,
} from './classic-answers';
import { decideExpiry } from './classic-expiry';
import { ClassicGroup } from './classic-group';
import { decideJoin } from './classic-join';
import { joinCall, updateMember } from './classic-join-call';
import { decideLeave } from './classic-leave';
import { beginTurn, prepareRebalance, touchSession, type Turn } from './classic-rebalance';
import { decideSync } from './classic-sync';

/**
 * The rules of the classic protocol over the groups of one coordinator. `groups` is shared with the other kinds of group;
 * of those, only empty ones are touched here, by the join that makes them classic.
 */
export class ClassicRules implements ClassicProtocol {
  readonly #world: GroupWorld;
  readonly #groups: Groups;

  constructor(world: GroupWorld, groups: Groups) {
    this.#world = world;
    this.#groups = groups;
  }

  join(request: RequestOf<'join'>, ticket: Ticket, now: Now): GroupDecision {
    return decideJoin(this.#world, this.#groups, request, ticket, now);
  }

  sync(request: RequestOf<'sync'>, ticket: Ticket, now: Now): GroupDecision {
    return decideSync(this.#world, this.#classic(request.request.groupId), request, ticket, now);
  }

  heartbeat({ request }: RequestOf<'heartbeat'>, ticket: Ticket, now: Now): GroupDecision {
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

  leave(request: RequestOf<'leave'>, ticket: Ticket, now: Now): GroupDecision {
    return decideLeave(this.#world, this.#classic(request.request.groupId), request, ticket, now);
  }

  /** For keys that begin with `CLASSIC_TIMER_PREFIX`. */
  timer(key: string, now: Now): GroupDecision {
    return decideExpiry(this.#world, (groupId) => this.#classic(groupId), key, now);
  }

  /** A group is stored as a whole: the record is all that is known of it, beside who waits. */
  replay({ key, value }: RecordOf<'GroupMetadata'>): void {
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
        takeOver(turn, this.#rebalanceAfterLoading(group));
      }
      return effects;
    };
    return [{ records: [], then: begin }];
  }

  createSimpleGroup(groupId: string): ClassicGroup {
    const group = new ClassicGroup(groupId);
    this.#groups.set(groupId, group);
    return group;
  }

  committed(groupId: string, memberId: string, now: Now): readonly GroupEffect[] {
    const member = this.#classic(groupId)?.members.get(memberId);
    return member === undefined
      ? []
      : [{ kind: 'set-timer', key: member.sessionKey, atMs: now.nowMs + member.sessionTimeoutMs }];
  }

  forgotten(group: GroupFacts): readonly GroupEffect[] {
    return group instanceof ClassicGroup ? dissolve(group) : [];
  }

  upgraded(group: ConvertibleGroup): readonly GroupEffect[] {
    return this.forgotten(group);
  }

  downgraded(groupId: string, reason: string, now: Now): readonly GroupEffect[] {
    const group = this.#classic(groupId);
    if (group === undefined) return [];
    const turn = beginTurn(this.#world, group, now);
    takeOver(turn, reason);
    return turn.effects;
  }

  downgradedByJoin(
    request: RequestOf<'join'>,
    memberId: string,
    ticket: Ticket,
    now: Now,
  ): readonly GroupEffect[] {
    const group = this.#classic(request.request.groupId);
    const member = group?.members.get(memberId);
    assert(group !== undefined && member !== undefined, `member ${memberId} came with its group's record`);
    const turn = beginTurn(this.#world, group, now);
    const call = joinCall(request, ticket);
    updateMember(turn, member, call);
    takeOver(
      turn,
      `Static member ${memberId} replaced a member of the consumer protocol; client reason: ${call.reason}`,
    );
    return turn.effects;
  }

  #rebalanceAfterLoading(group: ClassicGroup): string | undefined {
    const { maxSize } = this.#world.settings;
    if (group.members.size > maxSize)
      return `Freshly-loaded group (size ${String(group.members.size)}) is over capacity ${String(maxSize)}`;
    // So a group is written that was one of the consumer protocol: nobody has been told what it is now.
    return group.members.size > 0 && group.leaderId === null
      ? 'Freshly-loaded group has no leader'
      : undefined;
  }

  #classic(groupId: string): ClassicGroup | undefined {
    const group = this.#groups.get(groupId);
    return group instanceof ClassicGroup ? group : undefined;
  }
}

/** Gives every member of a group that was just loaded a whole session, and a rebalance where the group needs one. */
const takeOver = (turn: Turn, rebalanceReason: string | undefined): void => {
  for (const member of turn.group.members.values()) touchSession(turn, member);
  if (rebalanceReason !== undefined && turn.group.state === 'Stable') prepareRebalance(turn, rebalanceReason);
};

/** The group is gone, or no longer classic: who waits is told to join again, and no timer is left. */
const dissolve = (group: ClassicGroup): readonly GroupEffect[] => {
  const effects: GroupEffect[] = [
    { kind: 'cancel-timer', key: group.joinTimerKey },
    { kind: 'cancel-timer', key: group.syncTimerKey },
  ];
  for (const member of group.members.values()) {
    refuseJoinWait(group, member, ErrorCode.REBALANCE_IN_PROGRESS, effects);
    refuseSyncWait(member, ErrorCode.REBALANCE_IN_PROGRESS, effects);
    effects.push({ kind: 'cancel-timer', key: member.sessionKey });
  }
  for (const key of group.pendingJoins.values()) effects.push({ kind: 'cancel-timer', key });
  return effects;
};
