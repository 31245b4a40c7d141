import type { CancelWake, Clock } from '@kafkaesque/kernel';
import { ErrorCode, apis } from '@kafkaesque/protocol';
import type { RequestDraftOf } from '@kafkaesque/protocol';

interface Member {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  protocols: readonly { readonly name: string; readonly metadata: Buffer }[];
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  assignment: Buffer;
  joining: ((answer: unknown) => void) | undefined;
  syncing: ((answer: unknown) => void) | undefined;
  cancelSession: CancelWake | undefined;
}

type Phase = 'empty' | 'preparing' | 'completing' | 'stable';

const NOTHING = Buffer.alloc(0);
/** `group.initial.rebalance.delay.ms`. */
const INITIAL_DELAY_MS = 300;

/** A join that came to nothing. */
export const refusedJoin = (errorCode: number, memberId = ''): unknown =>
  apis.JoinGroup.response.make({ errorCode, protocolName: null, leader: '', memberId, members: [] });

/** A group of the classic protocol as a coordinator keeps it; what a test needs of it, and no more. */
export class SimulatedClassicGroup {
  readonly #clock: Clock;
  readonly #members = new Map<string, Member>();
  readonly #pending = new Set<string>();
  #phase: Phase = 'empty';
  generationId = 0;
  #leader = '';
  #protocol = '';
  #nextMember = 1;
  #cancelRebalance: CancelWake | undefined;
  /** The first rebalance waits for more members, whoever has come. */
  #isInitial = false;
  /** What leaders decided, by generation: member ids and their assignments. */
  readonly generations = new Map<number, ReadonlyMap<string, Buffer>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get phase(): Phase {
    return this.#phase;
  }

  get memberIds(): readonly string[] {
    return [...this.#members.keys()];
  }

  /** Who waited for an answer hears that the coordinator is another one; what is stored stays. */
  moved(): void {
    const errorCode = ErrorCode.NOT_COORDINATOR;
    for (const member of this.#members.values()) {
      member.joining?.(refusedJoin(errorCode));
      member.joining = undefined;
      member.syncing?.(apis.SyncGroup.response.make({ errorCode, assignment: NOTHING }));
      member.syncing = undefined;
      this.#keepAlive(member);
    }
  }

  join(draft: RequestDraftOf<'JoinGroup'>): unknown {
    const { memberId, groupInstanceId = null } = draft;
    const refused = (errorCode: number, id = memberId): unknown => refusedJoin(errorCode, id);
    if (memberId === '' && groupInstanceId === null) {
      const id = `member-${this.#nextMember++}`;
      this.#pending.add(id);
      return refused(ErrorCode.MEMBER_ID_REQUIRED, id);
    }
    const known = this.#members.get(memberId);
    const replaced = groupInstanceId === null ? undefined : this.#ofInstance(groupInstanceId);
    if (memberId !== '' && known === undefined && !this.#pending.delete(memberId)) {
      return refused(replaced === undefined ? ErrorCode.UNKNOWN_MEMBER_ID : ErrorCode.FENCED_INSTANCE_ID);
    }
    if (known === undefined && replaced !== undefined) this.#drop(replaced.memberId);
    const member =
      known ?? this.#add(memberId === '' ? `static-${this.#nextMember++}` : memberId, groupInstanceId);
    Object.assign(member, {
      protocols: draft.protocols.map(({ name, metadata }) => ({ name, metadata: metadata })),
      sessionTimeoutMs: draft.sessionTimeoutMs,
      rebalanceTimeoutMs: draft.rebalanceTimeoutMs ?? draft.sessionTimeoutMs,
    });
    member.cancelSession?.();
    return new Promise((resolve) => {
      member.joining = resolve;
      this.#prepare();
      this.#completeIfAll();
    });
  }

  sync(draft: RequestDraftOf<'SyncGroup'>): unknown {
    const member = this.#members.get(draft.memberId);
    const refused = (errorCode: number): unknown =>
      apis.SyncGroup.response.make({ errorCode, assignment: NOTHING });
    if (member === undefined) return refused(this.#unknown(draft.groupInstanceId));
    if (draft.generationId !== this.generationId) return refused(ErrorCode.ILLEGAL_GENERATION);
    this.#keepAlive(member);
    if (this.#phase === 'preparing') return refused(ErrorCode.REBALANCE_IN_PROGRESS);
    if (this.#phase === 'stable') return this.#assigned(member);
    return new Promise((resolve) => {
      member.syncing = resolve;
      if (draft.memberId === this.#leader) this.#assign(draft.assignments);
    });
  }

  heartbeat(draft: RequestDraftOf<'Heartbeat'>): unknown {
    const member = this.#members.get(draft.memberId);
    const answer = (errorCode: number): unknown => apis.Heartbeat.response.make({ errorCode });
    if (member === undefined) return answer(this.#unknown(draft.groupInstanceId));
    if (draft.generationId !== this.generationId) return answer(ErrorCode.ILLEGAL_GENERATION);
    this.#keepAlive(member);
    return answer(this.#phase === 'preparing' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE);
  }

  leave({ members = [] }: RequestDraftOf<'LeaveGroup'>): unknown {
    return apis.LeaveGroup.response.make({
      errorCode: 0,
      members: members.map(({ memberId, groupInstanceId = null }) => {
        const isKnown = this.#members.has(memberId);
        if (isKnown) this.#remove(memberId);
        return { memberId, groupInstanceId, errorCode: isKnown ? 0 : ErrorCode.UNKNOWN_MEMBER_ID };
      }),
    });
  }

  /** Whether a commit by this member would be taken: Kafka's error code. */
  judgeCommit(memberId: string, generationId: number): number {
    if (memberId === '' && generationId < 0) {
      return this.#members.size === 0 ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
    }
    const member = this.#members.get(memberId);
    if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    if (generationId !== this.generationId) return ErrorCode.ILLEGAL_GENERATION;
    this.#keepAlive(member);
    return this.#phase === 'completing' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
  }

  #ofInstance(groupInstanceId: string): Member | undefined {
    return [...this.#members.values()].find((one) => one.groupInstanceId === groupInstanceId);
  }

  #unknown(groupInstanceId: string | null | undefined): number {
    const isTaken = typeof groupInstanceId === 'string' && this.#ofInstance(groupInstanceId) !== undefined;
    return isTaken ? ErrorCode.FENCED_INSTANCE_ID : ErrorCode.UNKNOWN_MEMBER_ID;
  }

  #add(memberId: string, groupInstanceId: string | null): Member {
    const member: Member = {
      memberId,
      groupInstanceId,
      protocols: [],
      sessionTimeoutMs: 0,
      rebalanceTimeoutMs: 0,
      assignment: NOTHING,
      joining: undefined,
      syncing: undefined,
      cancelSession: undefined,
    };
    this.#members.set(memberId, member);
    return member;
  }

  #keepAlive(member: Member): void {
    member.cancelSession?.();
    member.cancelSession = undefined;
    if (member.joining !== undefined) return;
    const atMs = this.#clock.monotonicMs() + member.sessionTimeoutMs;
    member.cancelSession = this.#clock.wakeAt(atMs, () => this.#remove(member.memberId));
  }

  #drop(memberId: string): void {
    const member = this.#members.get(memberId);
    member?.cancelSession?.();
    this.#members.delete(memberId);
    const errorCode = ErrorCode.UNKNOWN_MEMBER_ID;
    member?.joining?.(refusedJoin(errorCode, memberId));
    member?.syncing?.(apis.SyncGroup.response.make({ errorCode, assignment: NOTHING }));
  }

  #remove(memberId: string): void {
    if (!this.#members.has(memberId)) return;
    this.#drop(memberId);
    if (this.#members.size === 0) {
      this.#cancelRebalance?.();
      this.#phase = 'empty';
      this.generationId += 1;
      return;
    }
    this.#prepare();
    this.#completeIfAll();
  }

  #prepare(): void {
    if (this.#phase === 'preparing') return;
    const wasEmpty = this.#phase === 'empty';
    this.#phase = 'preparing';
    const errorCode = ErrorCode.REBALANCE_IN_PROGRESS;
    for (const member of this.#members.values()) {
      member.syncing?.(apis.SyncGroup.response.make({ errorCode, assignment: NOTHING }));
      member.syncing = undefined;
    }
    const waitMs = wasEmpty
      ? INITIAL_DELAY_MS
      : Math.max(...[...this.#members.values()].map(({ rebalanceTimeoutMs }) => rebalanceTimeoutMs));
    this.#cancelRebalance?.();
    this.#cancelRebalance = this.#clock.wakeAt(this.#clock.monotonicMs() + waitMs, () => this.#complete());
    this.#isInitial = wasEmpty;
  }

  #completeIfAll(): void {
    if (this.#phase !== 'preparing' || this.#isInitial) return;
    if ([...this.#members.values()].every(({ joining }) => joining !== undefined)) this.#complete();
  }

  #complete(): void {
    this.#cancelRebalance?.();
    this.#isInitial = false;
    for (const member of [...this.#members.values()])
      if (member.joining === undefined) this.#drop(member.memberId);
    this.generationId += 1;
    if (this.#members.size === 0) {
      this.#phase = 'empty';
      return;
    }
    this.#phase = 'completing';
    const members = [...this.#members.values()];
    if (!this.#members.has(this.#leader)) this.#leader = members[0]?.memberId ?? '';
    const offered = this.#members.get(this.#leader)?.protocols ?? [];
    const common = offered.find(({ name }) =>
      members.every(({ protocols }) => protocols.some((one) => one.name === name)),
    );
    this.#protocol = common?.name ?? '';
    for (const member of members) {
      const { memberId, joining } = member;
      member.joining = undefined;
      this.#keepAlive(member);
      joining?.(
        apis.JoinGroup.response.make({
          errorCode: 0,
          generationId: this.generationId,
          protocolType: 'consumer',
          protocolName: this.#protocol,
          leader: this.#leader,
          memberId,
          members: memberId === this.#leader ? members.map((one) => this.#described(one)) : [],
        }),
      );
    }
  }

  #described({ memberId, groupInstanceId, protocols }: Member): {
    memberId: string;
    groupInstanceId: string | null;
    metadata: Buffer;
  } {
    const metadata = protocols.find(({ name }) => name === this.#protocol)?.metadata ?? NOTHING;
    return { memberId, groupInstanceId, metadata };
  }

  #assign(assignments: RequestDraftOf<'SyncGroup'>['assignments']): void {
    this.#phase = 'stable';
    const decided = new Map(assignments.map((one) => [one.memberId, one.assignment]));
    this.generations.set(this.generationId, decided);
    for (const member of this.#members.values()) {
      member.assignment = decided.get(member.memberId) ?? NOTHING;
      const { syncing } = member;
      member.syncing = undefined;
      syncing?.(this.#assigned(member));
    }
  }

  #assigned({ assignment }: Member): unknown {
    return apis.SyncGroup.response.make({
      errorCode: 0,
      protocolType: 'consumer',
      protocolName: this.#protocol,
      assignment,
    });
  }
}
