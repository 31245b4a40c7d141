import { assert, TimestampMs } from '@kafkaesque/kernel';
import type {
  GroupRecord,
  HeartbeatRequest,
  JoinGroupRequest,
  LeaveGroupRequest,
  SyncGroupRequest,
} from '@kafkaesque/protocol';
import { ErrorCode, errorName, groupRecords } from '@kafkaesque/protocol';
import { coordinatorError } from '../../../runtime/errors';
import type { Now, Ticket } from '../../../runtime/machine';
import type { GroupDecision, GroupFacts } from '../../group';
import { groupRefusal } from '../../refusal';
import type { GroupAnswer, GroupAnswers, GroupRequest } from '../../requests';
import { kafkaGroupSettings, kafkaSettings } from '../../testing/kafka-settings';
import type { CoordinatorSettings, GroupWorld } from '../../world';
import { ClassicGroup } from '../classic-group';
import { ClassicRules } from '../classic-rules';

export const GROUP = 'payments';
export const WALL = 1_700_000_000_000;

export const protocols = (
  ...names: readonly string[]
): { readonly name: string; readonly metadata: Buffer }[] =>
  names.map((name) => ({ name, metadata: Buffer.from(`knows ${name}`) }));

/** Of a request, what differs from the usual. Members of a list may be undefined for the compiler only. */
type Ask<Request> = { readonly [Name in keyof Request]?: Request[Name] | undefined };
type JoinAsk = Ask<JoinGroupRequest> & { readonly version?: number; readonly clientId?: string };
type SyncAsk = Ask<SyncGroupRequest> & { readonly version?: number };
type LeaveAsk = Ask<LeaveGroupRequest> & { readonly version?: number };

/** Classic rules with a virtual clock, timers and a log; does with decisions what the runtime does, every record by way of its bytes. */
export class ClassicScene {
  readonly settings: { -readonly [Name in keyof CoordinatorSettings]: CoordinatorSettings[Name] };
  readonly world: GroupWorld;
  readonly log: { readonly key: Buffer; readonly value: Buffer | null; readonly record: GroupRecord }[] = [];
  readonly lines: { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[] = [];
  readonly answers = new Map<Ticket, GroupAnswer>();
  /** Whose answers did not wait for any commit. */
  readonly unwaiting = new Set<Ticket>();
  readonly timers = new Map<string, number>();
  groups = new Map<string, GroupFacts>();
  rules: ClassicRules;
  nowMs = 0;
  /** Other than 0: every write is refused with it. */
  refusesWrites = 0;
  readonly #open = new Map<Ticket, GroupRequest>();
  #nextTicket = 1;
  #ids = 0;

  constructor(settings: Partial<CoordinatorSettings> = {}) {
    this.settings = { ...kafkaSettings, ...settings };
    this.world = {
      topicByName: () => undefined,
      topicById: () => undefined,
      topicNames: () => [],
      metadataOffset: 0,
      settings: this.settings,
      settingsOf: () => kafkaGroupSettings,
      uuid: () => String((this.#ids += 1)),
      javaUuid: () => String((this.#ids += 1)),
      mayDescribeTopic: () => true,
      log: (_level, message, fields) => this.lines.push({ message, fields }),
    };
    this.rules = new ClassicRules(this.world, this.groups);
  }

  get now(): Now {
    return { nowMs: this.nowMs, wallMs: TimestampMs(WALL + this.nowMs) };
  }

  /** Requests that wait. */
  get open(): readonly Ticket[] {
    return [...this.#open.keys()];
  }

  group(groupId = GROUP): ClassicGroup {
    const group = this.groups.get(groupId);
    assert(group instanceof ClassicGroup, `no classic group ${groupId}`);
    return group;
  }

  // --- requests ------------------------------------------------------------------------------------------------------

  join(ask: JoinAsk = {}): Ticket {
    const { version = 9, clientId = 'client', ...fields } = ask;
    const request: JoinGroupRequest = {
      groupId: GROUP,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 60_000,
      memberId: '',
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: protocols('range'),
      reason: null,
      ...defined(fields),
    };
    return this.#ask({ kind: 'join', apiVersion: version, asker: asker(clientId), request });
  }

  sync(ask: SyncAsk = {}): Ticket {
    const { version = 5, ...fields } = ask;
    const request: SyncGroupRequest = {
      groupId: GROUP,
      generationId: 1,
      memberId: '',
      groupInstanceId: null,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: [],
      ...defined(fields),
    };
    return this.#ask({ kind: 'sync', apiVersion: version, asker: asker('client'), request });
  }

  /** A join that makes a classic group of another one, by these records; its member takes that id. */
  joinByDowngrade(
    request: Extract<GroupRequest, { kind: 'join' }>,
    records: readonly GroupRecord[],
    memberId: string,
  ): Ticket {
    const ticket = this.#nextTicket;
    this.#nextTicket += 1;
    this.#open.set(ticket, request);
    this.#carryOut({
      records,
      then: () => this.rules.downgradedByJoin(request, memberId, ticket, this.now),
    });
    return ticket;
  }

  heartbeat(ask: Ask<HeartbeatRequest>): string {
    const request: HeartbeatRequest = {
      ...{ groupId: GROUP, generationId: 1, memberId: '', groupInstanceId: null },
      ...defined(ask),
    };
    const ticket = this.#ask({ kind: 'heartbeat', apiVersion: 4, asker: asker('client'), request });
    return errorName(this.answer('heartbeat', ticket).errorCode);
  }

  leave(ask: LeaveAsk): GroupAnswers['leave'] {
    const { version = 5, ...fields } = ask;
    const request: LeaveGroupRequest = { groupId: GROUP, memberId: '', members: [], ...defined(fields) };
    const ticket = this.#ask({ kind: 'leave', apiVersion: version, asker: asker('client'), request });
    return this.answer('leave', ticket);
  }

  // --- answers -------------------------------------------------------------------------------------------------------

  answer<Kind extends GroupAnswer['kind']>(kind: Kind, ticket: Ticket): GroupAnswers[Kind] {
    const answer = this.answers.get(ticket);
    assert(answer?.kind === kind, () => `ticket ${String(ticket)} has no ${kind}: ${JSON.stringify(answer)}`);
    return answer.answer as GroupAnswers[Kind];
  }

  joined(ticket: Ticket): GroupAnswers['join'] {
    return this.answer('join', ticket);
  }

  /** Name of the error of an answered ticket; undefined while it waits. */
  errorOf(ticket: Ticket): string | undefined {
    const answer = this.answers.get(ticket)?.answer;
    return answer !== undefined && 'errorCode' in answer ? errorName(answer.errorCode) : undefined;
  }

  /** What a sync brought, as text. */
  assigned(ticket: Ticket): string {
    const { errorCode, assignment } = this.answer('sync', ticket);
    return errorCode === ErrorCode.NONE ? assignment.toString() : errorName(errorCode);
  }

  // --- longer stretches ----------------------------------------------------------------------------------------------

  /** A member id by the handshake of version 4. */
  memberId(ask: JoinAsk = {}): string {
    return this.joined(this.join(ask)).memberId;
  }

  /** New members, joined and waiting; dynamic ones, or static ones by their instance ids. */
  joining(...names: readonly string[]): { readonly memberId: string; readonly ticket: Ticket }[] {
    return names.map((clientId) => {
      const memberId = this.memberId({ clientId });
      return { memberId, ticket: this.join({ clientId, memberId }) };
    });
  }

  /** Every member joins again, and the leader assigns each member its own id. The ids, the leader's first. */
  stabilize(): readonly string[] {
    const group = this.group();
    for (const member of [...group.members.values()])
      if (group.state !== 'CompletingRebalance' && member.joinWait === undefined)
        this.join({
          memberId: member.memberId,
          groupInstanceId: member.groupInstanceId,
          protocols: [...member.protocols],
        });
    while (group.initialRebalance !== undefined) this.advance(this.settings.initialRebalanceDelayMs);
    assert(group.state === 'CompletingRebalance', () => `${group.state}, not CompletingRebalance`);
    return this.syncAll();
  }

  /** All members ask for their assignment, the leader last. */
  syncAll(): readonly string[] {
    const group = this.group();
    const { leaderId, generationId } = group;
    const memberIds = [...group.members.keys()];
    const fields = { generationId, protocolType: group.protocolType, protocolName: group.protocolName };
    for (const memberId of memberIds) if (memberId !== leaderId) this.sync({ memberId, ...fields });
    const assignments = memberIds.map((memberId) => ({ memberId, assignment: Buffer.from(memberId) }));
    this.sync({ memberId: leaderId ?? '', ...fields, assignments });
    return [...memberIds.filter((id) => id === leaderId), ...memberIds.filter((id) => id !== leaderId)];
  }

  /** A stable group of that many dynamic members; their ids, the leader's first. */
  stable(count: number): readonly string[] {
    this.joining(...Array.from({ length: count }, (_, index) => `c${String(index)}`));
    return this.stabilize();
  }

  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const due = [...this.timers]
        .filter(([, atMs]) => atMs <= untilMs)
        .sort((left, right) => left[1] - right[1])[0];
      if (due === undefined) break;
      const [key, atMs] = due;
      this.timers.delete(key);
      this.nowMs = Math.max(this.nowMs, atMs);
      const refusal = this.#carryOut(this.rules.timer(key, this.now));
      if (refusal !== 0) this.timers.set(key, this.nowMs + 500);
    }
    this.nowMs = untilMs;
  }

  /** Another broker takes over, with what was written. Who waited is sent away. */
  reload(): void {
    for (const [ticket, request] of this.#open)
      this.answers.set(ticket, groupRefusal(request, ErrorCode.NOT_COORDINATOR));
    this.#open.clear();
    this.timers.clear();
    this.groups = new Map();
    this.rules = new ClassicRules(this.world, this.groups);
    for (const { key, value } of this.log) this.rules.replay(decoded(key, value));
    for (const decision of this.rules.loaded(this.now)) this.#carryOut(decision);
  }

  /** Writes what somebody else would. */
  write(...records: readonly GroupRecord[]): void {
    assert(this.#carryOut({ records }) === 0, 'the write was refused');
  }

  carryOut(decision: GroupDecision): void {
    this.#carryOut(decision);
  }

  /** What the last record of the log says. */
  stored(): Extract<GroupRecord, { kind: 'GroupMetadata' }>['value'] | undefined {
    const last = this.log.at(-1);
    return last === undefined ? undefined : decoded(last.key, last.value).value;
  }

  #ask(request: GroupRequest): Ticket {
    const ticket = this.#nextTicket;
    this.#nextTicket += 1;
    this.#open.set(ticket, request);
    const decision = this.#decide(request, ticket);
    const refusal = this.#carryOut(decision);
    if (refusal !== 0) {
      this.#reply(ticket, groupRefusal(request, refusal));
      this.#effects(decision.refused?.(coordinatorError(refusal)) ?? []);
    }
    return ticket;
  }

  #decide(request: GroupRequest, ticket: Ticket): GroupDecision {
    switch (request.kind) {
      case 'join':
        return this.rules.join(request, ticket, this.now);
      case 'sync':
        return this.rules.sync(request, ticket, this.now);
      case 'heartbeat':
        return this.rules.heartbeat(request, ticket, this.now);
      case 'leave':
        return this.rules.leave(request, ticket, this.now);
      default:
        throw new Error(`${request.kind} is not classic`);
    }
  }

  #carryOut({ records, then }: GroupDecision): number {
    if (records.length > 0 && this.refusesWrites !== 0) return this.refusesWrites;
    for (const record of records) {
      this.log.push({ ...encoded(record), record });
      if (record.kind === 'GroupMetadata') this.rules.replay(record);
    }
    this.#effects(then?.() ?? []);
    return 0;
  }

  #effects(effects: ReturnType<NonNullable<GroupDecision['then']>>): void {
    for (const effect of effects) {
      if (effect.kind === 'reply') {
        if (effect.isCommitted === true) this.unwaiting.add(effect.ticket);
        this.#reply(effect.ticket, effect.answer);
      } else if (effect.kind === 'set-timer') this.timers.set(effect.key, effect.atMs);
      else this.timers.delete(effect.key);
    }
  }

  #reply(ticket: Ticket, answer: GroupAnswer): void {
    assert(this.#open.delete(ticket), () => `ticket ${String(ticket)} is answered twice`);
    this.answers.set(ticket, answer);
  }
}

const defined = <Fields extends object>(
  fields: Fields,
): { [Name in keyof Fields]: Exclude<Fields[Name], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;

const asker = (clientId: string): Extract<GroupRequest, { kind: 'join' }>['asker'] => ({
  clientId,
  clientHost: '/10.0.0.1',
  principal: undefined,
});

const { key: keyMessage, value: valueMessage, writeVersion } = groupRecords.GroupMetadata;

const encoded = (record: GroupRecord): { readonly key: Buffer; readonly value: Buffer | null } => {
  if (record.kind !== 'GroupMetadata') return { key: Buffer.alloc(0), value: null };
  return {
    key: keyMessage.encode(record.key, 0),
    value: record.value === null ? null : valueMessage.encode(record.value, writeVersion),
  };
};

const decoded = (key: Buffer, value: Buffer | null): Extract<GroupRecord, { kind: 'GroupMetadata' }> => ({
  kind: 'GroupMetadata',
  key: keyMessage.decode(key, 0),
  value: value === null ? null : valueMessage.decode(value, writeVersion),
});
