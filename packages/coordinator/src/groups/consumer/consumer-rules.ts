import { errors, type GroupRecord } from '@kafkaesque/protocol';
import type { Effect, Now, RecordPosition, Ticket } from '../../runtime/machine';
import type { ClassicConversion } from '../classic-conversion';
import type { GroupDecision, GroupFacts } from '../group';
import type { GroupAnswer, GroupAnswers, GroupRequest } from '../requests';
import type { GroupWorld } from '../world';
import { classicJoin } from './classic-join';
import { classicHeartbeat, classicLeave, classicSync } from './classic-members';
import { ConsumerGroup } from './consumer-group';
import { describeGroup } from './describe';
import { afterStep, refreshGroup } from './group-step';
import { heartbeat } from './heartbeat';
import { fence, NOTHING_FOLLOWS } from './leave';
import { parseTimerKey, setTimer, type TimerKey } from './member-timers';
import { Regexes } from './regexes';
import { replayRecord } from './replay';
import { consumerGroup, type SharedRules } from './shared-rules';
import { TopicHashes } from './topic-hashes';

type Asked<Kind extends GroupRequest['kind']> = Extract<GroupRequest, { readonly kind: Kind }>;

/** The records that these rules replay. */
export type ConsumerRecord = Extract<GroupRecord, { readonly kind: `Consumer${string}` }>;

const WHY_FENCED: Readonly<Record<Exclude<TimerKey['kind'], 'assignment'>, string>> = {
  session: 'the member session expired',
  rebalance: 'it failed to give up its partitions within the rebalance timeout',
  join: 'the classic member failed to join within the rebalance timeout',
  sync: 'the member failed to sync within timeout',
};

/** The rules of groups of the consumer protocol (KIP-848). Timer keys begin with `consumer/`. */
export class ConsumerRules {
  readonly #rules: SharedRules;

  /** `groups` is shared with the rules of the other protocol; records of each kind put their groups there. */
  constructor(world: GroupWorld, groups: Map<string, GroupFacts>, classic: ClassicConversion) {
    this.#rules = {
      world,
      groups,
      classic,
      regexes: new Regexes(world),
      hashes: new TopicHashes(world),
    };
  }

  /** ConsumerGroupHeartbeat, whatever there is of the group: a classic one may be converted. */
  heartbeat(asked: Asked<'consumer-heartbeat'>, ticket: Ticket, now: Now): GroupDecision {
    return heartbeat(this.#rules, asked, ticket, now);
  }

  /** Answers a describe-consumer request; the handler adds the authorized operations. */
  describe(groupId: string): GroupAnswers['describe-consumer'] {
    return describeGroup(this.#rules, groupId);
  }

  /** A classic member's join of a group that is a consumer one and has members; empty ones are for the classic rules. */
  classicJoin(asked: Asked<'join'>, ticket: Ticket, now: Now): GroupDecision {
    const group = consumerGroup(this.#rules, asked.request.groupId);
    if (group !== undefined) return classicJoin(this.#rules, group, asked, ticket, now);
    return answered(ticket, {
      kind: 'join',
      answer: {
        errorCode: errors.UNKNOWN_MEMBER_ID.code,
        memberId: asked.request.memberId,
        protocolName: '',
        leader: '',
        members: [],
      },
    });
  }

  classicSync(asked: Asked<'sync'>, ticket: Ticket, now: Now): GroupDecision {
    const group = consumerGroup(this.#rules, asked.request.groupId);
    if (group !== undefined) return classicSync(this.#rules, group, asked, ticket, now);
    const answer = { errorCode: errors.UNKNOWN_MEMBER_ID.code, assignment: Buffer.alloc(0) };
    return answered(ticket, { kind: 'sync', answer });
  }

  classicHeartbeat(asked: Asked<'heartbeat'>, ticket: Ticket, now: Now): GroupDecision {
    const group = consumerGroup(this.#rules, asked.request.groupId);
    if (group !== undefined) return classicHeartbeat(this.#rules, group, asked, ticket, now);
    return answered(ticket, {
      kind: 'heartbeat',
      answer: { errorCode: errors.UNKNOWN_MEMBER_ID.code },
    });
  }

  classicLeave(asked: Asked<'leave'>, ticket: Ticket, now: Now): GroupDecision {
    const group = consumerGroup(this.#rules, asked.request.groupId);
    if (group !== undefined) return classicLeave(this.#rules, group, asked, ticket, now);
    const answer = { errorCode: errors.UNKNOWN_MEMBER_ID.code, members: [] };
    return answered(ticket, { kind: 'leave', answer });
  }

  /** A timer whose key begins with `consumer/` is due. */
  timer(key: string, now: Now): GroupDecision {
    const parsed = parseTimerKey(key);
    const group = parsed === undefined ? undefined : consumerGroup(this.#rules, parsed.groupId);
    if (parsed === undefined || group === undefined) return NOTHING_FOLLOWS;
    if (parsed.kind === 'assignment') return this.#assignmentDue(group, now);
    const member = group.members.get(parsed.memberId);
    if (member === undefined) return NOTHING_FOLLOWS;
    if (parsed.kind === 'rebalance' && (member.state !== 'unrevoked' || member.classic !== null))
      return NOTHING_FOLLOWS;
    const { groupId, memberId } = parsed;
    const { world } = this.#rules;
    const outcome = fence(this.#rules, group, [member], now);
    return {
      records: outcome.records,
      then: () => {
        world.log('info', `member fenced from the group because ${WHY_FENCED[parsed.kind as 'session']}`, {
          groupId,
          memberId,
        });
        return outcome.then();
      },
    };
  }

  #assignmentDue(group: ConsumerGroup, now: Now): GroupDecision {
    const { groupId } = group;
    if (group.members.size === 0)
      return {
        records: [],
        then: () => {
          group.assignmentTimerRuns = false;
          return [];
        },
      };
    const refreshed = refreshGroup(this.#rules, group, now);
    return {
      records: refreshed.records,
      then: () => {
        group.assignmentTimerRuns = false;
        return afterStep(this.#rules, groupId, refreshed, now);
      },
    };
  }

  replay(record: ConsumerRecord, _at: RecordPosition): void {
    replayRecord(this.#rules.groups, record);
  }

  /** Nothing at once: each group looks at what has changed with the next heartbeat of a member. */
  metadataChanged(_now: Now): readonly GroupDecision[] {
    return [];
  }

  /** Everyone has a whole session to be heard of, and who is to give up partitions a whole rebalance timeout. */
  loaded(now: Now): readonly GroupDecision[] {
    const begin = (): Effect<GroupAnswer>[] => {
      const effects: Effect<GroupAnswer>[] = [];
      for (const group of this.#rules.groups.values())
        if (group instanceof ConsumerGroup) effects.push(...this.#beginTimers(group, now));
      return effects;
    };
    return [{ records: [], then: begin }];
  }

  #beginTimers(group: ConsumerGroup, now: Now): Effect<GroupAnswer>[] {
    const { groupId } = group;
    const sessionMs = this.#rules.world.settingsOf(groupId).consumerSessionTimeoutMs;
    const effects: Effect<GroupAnswer>[] = [];
    for (const { memberId, classic, state, rebalanceTimeoutMs } of group.members.values()) {
      const ownMs = classic?.sessionTimeoutMs ?? sessionMs;
      effects.push(setTimer('session', groupId, memberId, now.nowMs + ownMs));
      if (state === 'unrevoked' && classic === null)
        effects.push(setTimer('rebalance', groupId, memberId, now.nowMs + rebalanceTimeoutMs));
    }
    return effects;
  }
}

const answered = (ticket: Ticket, answer: GroupAnswer): GroupDecision => ({
  records: [],
  then: () => [{ kind: 'reply', ticket, answer }],
});
