import { ErrorCode, errorName } from '@kafkaesque/protocol';
import type { ResponseOf } from '@kafkaesque/protocol';
import { brokerError } from '../../broker-error';
import { ClientError } from '../../errors';
import type { CommitIdentity } from '../group-offsets';

export interface ClassicMemberSettings {
  readonly groupInstanceId: string | undefined;
  readonly heartbeatIntervalMs: number;
  readonly sessionTimeoutMs: number;
  /** What it owns it keeps over a join, until another member is to have it (KIP-429). */
  readonly isCooperative: boolean;
}

/** A protocol that the member offers, with its subscription. */
export interface OfferedProtocol {
  readonly name: string;
  readonly metadata: Buffer;
}

/** A member as its leader sees it. */
export type JoinedMember = ResponseOf<'JoinGroup'>['members'][number];
/** What the leader decided for one member. */
export interface EncodedAssignment {
  readonly memberId: string;
  readonly assignment: Buffer;
}

/** What happens to a member. Answers carry the ticket of their request; those of an earlier one are ignored. */
export type ClassicInput =
  /** A rebalance is wanted: what is subscribed changed, partitions were added, the caller asked. */
  | { readonly kind: 'rejoin'; readonly reason: string }
  /** The host gave up what it had to, and offers these protocols. */
  | { readonly kind: 'prepared'; readonly protocols: readonly OfferedProtocol[] }
  | { readonly kind: 'joined'; readonly ticket: number; readonly response: ResponseOf<'JoinGroup'> }
  | { readonly kind: 'computed'; readonly ticket: number; readonly assignments: readonly EncodedAssignment[] }
  | { readonly kind: 'synced'; readonly ticket: number; readonly response: ResponseOf<'SyncGroup'> }
  /** The host reads what was assigned. `rejoin`: something was revoked that another member waits for (KIP-429). */
  | { readonly kind: 'applied'; readonly rejoin: string | undefined }
  | { readonly kind: 'heard'; readonly ticket: number; readonly errorCode: number }
  /** No answer came, or the host could not do its part. */
  | { readonly kind: 'unanswered'; readonly ticket: number; readonly error: ClientError }
  | { readonly kind: 'refused'; readonly errorCode: number; readonly identity: CommitIdentity }
  /** After a failure, or after having been expelled: the caller polls again. */
  | { readonly kind: 'retry' }
  | { readonly kind: 'left' }
  | { readonly kind: 'expelled' }
  | { readonly kind: 'time' };

/** What the driver has to do. Requests, `compute`, `prepare` and `apply` are answered by an input each. */
export type ClassicEffect =
  /** Give up what may not be kept over a join; everything, without committing, when the membership is `lost`. */
  | { readonly kind: 'prepare'; readonly lost: boolean }
  | {
      readonly kind: 'join';
      readonly ticket: number;
      readonly memberId: string;
      readonly protocols: readonly OfferedProtocol[];
      readonly reason: string;
    }
  | {
      readonly kind: 'compute';
      readonly ticket: number;
      readonly protocol: string;
      readonly members: readonly JoinedMember[];
    }
  | {
      readonly kind: 'sync';
      readonly ticket: number;
      readonly protocol: string;
      readonly assignments: readonly EncodedAssignment[];
    }
  | { readonly kind: 'apply'; readonly protocol: string; readonly assignment: Buffer }
  | { readonly kind: 'heartbeat'; readonly ticket: number }
  | { readonly kind: 'find-coordinator'; readonly errorCode: number }
  | { readonly kind: 'fail'; readonly error: ClientError; readonly isFinal: boolean };

/** Where a member is in its life. */
type Phase =
  | { readonly kind: 'out' }
  | { readonly kind: 'preparing' }
  | { readonly kind: 'waiting'; readonly untilMs: number }
  | { readonly kind: 'joining'; readonly ticket: number }
  | { readonly kind: 'computing'; readonly ticket: number; readonly protocol: string }
  | { readonly kind: 'syncing'; readonly ticket: number; readonly protocol: string }
  | { readonly kind: 'applying' }
  | { readonly kind: 'stable' }
  | { readonly kind: 'failed'; readonly isFinal: boolean };

const NO_GENERATION = -1;
const NOT_A_MEMBER = '';

/** Answers after which the same is asked again, of whoever coordinates then. */
const isRetriedAsIs = (errorCode: number): boolean =>
  errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ||
  errorCode === ErrorCode.COORDINATOR_NOT_AVAILABLE ||
  errorCode === ErrorCode.NOT_COORDINATOR;

/**
 * One member of a group by the classic protocol: joins (in two steps, KIP-394), lets the host compute when it leads,
 * syncs, heartbeats, and joins again when somebody wants a rebalance. Decides only: time and answers come as inputs.
 */
export class ClassicMember {
  readonly #settings: ClassicMemberSettings;
  #phase: Phase = { kind: 'out' };
  #memberId = NOT_A_MEMBER;
  #generationId = NO_GENERATION;
  #isLeader = false;
  #lastTicket = 0;
  #offered: readonly OfferedProtocol[] = [];
  /** Why another rebalance is wanted than the one under way; undefined: none is. */
  #rejoinReason: string | undefined;
  /** Why the present or last join happens. */
  #joinReason = '';
  /** The group goes on without the member: what it owns may belong to others. */
  #isLost = false;
  /** Attempts in a row that failed. */
  #failures = 0;
  #heartbeatAtMs = Infinity;
  #heartbeatTicket: number | undefined;
  #lastHeardMs = 0;
  /** Milliseconds to wait after so many failures: the driver's dice. */
  readonly #backoffMs: (failures: number) => number;

  constructor(settings: ClassicMemberSettings, backoffMs: (failures: number) => number) {
    this.#settings = settings;
    this.#backoffMs = backoffMs;
  }

  get phase(): Phase['kind'] {
    return this.#phase.kind;
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  get identity(): CommitIdentity {
    return {
      generationId: this.#generationId,
      memberId: this.#generationId === NO_GENERATION ? NOT_A_MEMBER : this.#memberId,
      groupInstanceId: this.#settings.groupInstanceId,
    };
  }

  /** The id by which a leave is understood also before the first generation; empty when there is none. */
  get memberId(): string {
    return this.#memberId;
  }

  /** The coordinator takes commits of a generation until the next one begins. */
  get mayCommit(): boolean {
    if (this.#generationId === NO_GENERATION || this.#isLost) return false;
    const { kind } = this.#phase;
    return kind === 'preparing' || kind === 'applying' || kind === 'stable';
  }

  /** When `time` has to be the next input, at the latest. */
  get deadlineMs(): number {
    const waitMs = this.#phase.kind === 'waiting' ? this.#phase.untilMs : Infinity;
    return Math.min(waitMs, this.#heartbeats ? this.#heartbeatAtMs : Infinity);
  }

  step(input: ClassicInput, nowMs: number): readonly ClassicEffect[] {
    switch (input.kind) {
      case 'rejoin':
        return this.#rejoin(input.reason);
      case 'prepared':
        return this.#prepared(input.protocols);
      case 'joined':
        return this.#isAwaited('joining', input.ticket) ? this.#joined(input.response, nowMs) : [];
      case 'computed':
        return this.#computed(input.ticket, input.assignments);
      case 'synced':
        return this.#isAwaited('syncing', input.ticket) ? this.#synced(input.response, nowMs) : [];
      case 'applied':
        return this.#applied(input.rejoin);
      case 'heard':
        return input.ticket === this.#heartbeatTicket ? this.#heard(input.errorCode, nowMs) : [];
      case 'unanswered':
        return this.#unanswered(input.ticket, input.error, nowMs);
      case 'refused':
        return this.#refused(input.errorCode, input.identity);
      case 'retry':
        return this.#retry(nowMs);
      case 'left':
        this.#leave({ kind: 'out' });
        return [];
      case 'expelled':
        this.#leave({ kind: 'failed', isFinal: false });
        this.#isLost = true;
        return [];
      case 'time':
        return this.#passed(nowMs);
    }
  }

  get #heartbeats(): boolean {
    if (this.#generationId === NO_GENERATION || this.#heartbeatTicket !== undefined) return false;
    const { kind } = this.#phase;
    return kind === 'preparing' || kind === 'applying' || kind === 'stable';
  }

  #isAwaited(kind: 'joining' | 'computing' | 'syncing', ticket: number): boolean {
    const phase = this.#phase;
    return phase.kind === kind && phase.ticket === ticket;
  }

  #ticket(): number {
    this.#lastTicket += 1;
    return this.#lastTicket;
  }

  #rejoin(reason: string): readonly ClassicEffect[] {
    this.#rejoinReason ??= reason;
    const { kind } = this.#phase;
    return kind === 'stable' || kind === 'out' ? this.#prepare() : [];
  }

  #prepare(): readonly ClassicEffect[] {
    const lost = this.#isLost;
    this.#isLost = false;
    this.#phase = { kind: 'preparing' };
    return [{ kind: 'prepare', lost }];
  }

  #prepared(protocols: readonly OfferedProtocol[]): readonly ClassicEffect[] {
    if (this.#phase.kind !== 'preparing') return [];
    if (this.#isLost) return this.#prepare();
    // What was wanted up to now is in these protocols; what comes later asks for another rebalance.
    this.#offered = protocols;
    this.#joinReason = this.#rejoinReason ?? '';
    this.#rejoinReason = undefined;
    return this.#join();
  }

  #join(): readonly ClassicEffect[] {
    const ticket = this.#ticket();
    this.#phase = { kind: 'joining', ticket };
    this.#heartbeatTicket = undefined;
    const reason = this.#joinReason;
    return [{ kind: 'join', ticket, memberId: this.#memberId, protocols: this.#offered, reason }];
  }

  #joined(response: ResponseOf<'JoinGroup'>, nowMs: number): readonly ClassicEffect[] {
    const { errorCode } = response;
    switch (errorCode) {
      case ErrorCode.NONE:
        return this.#entered(response, nowMs);
      case ErrorCode.MEMBER_ID_REQUIRED:
        this.#memberId = response.memberId;
        return this.#join();
      case ErrorCode.UNKNOWN_MEMBER_ID:
        return this.#reset(errorCode, 'prepare');
      case ErrorCode.REBALANCE_IN_PROGRESS:
        return this.#wait(nowMs);
      default:
        return this.#failedOrWaits(errorCode, nowMs);
    }
  }

  #entered(response: ResponseOf<'JoinGroup'>, nowMs: number): readonly ClassicEffect[] {
    this.#memberId = response.memberId;
    const { isCooperative } = this.#settings;
    const before = this.#generationId;
    if (isCooperative && before !== NO_GENERATION && response.generationId > before + 1) {
      // Without it the others may have divided what it has kept, and have read on from there.
      this.#lose(`the member was not in generation ${before + 1}`);
      return this.#prepare();
    }
    this.#generationId = response.generationId;
    this.#isLeader = response.leader === response.memberId;
    this.#lastHeardMs = nowMs;
    const ticket = this.#ticket();
    const protocol = response.protocolName ?? '';
    if (!this.#isLeader || response.skipAssignment) {
      this.#phase = { kind: 'syncing', ticket, protocol };
      return [{ kind: 'sync', ticket, protocol, assignments: [] }];
    }
    this.#phase = { kind: 'computing', ticket, protocol };
    return [{ kind: 'compute', ticket, protocol, members: response.members }];
  }

  #computed(ticket: number, assignments: readonly EncodedAssignment[]): readonly ClassicEffect[] {
    const phase = this.#phase;
    if (phase.kind !== 'computing' || phase.ticket !== ticket) return [];
    const { protocol } = phase;
    this.#phase = { kind: 'syncing', ticket: this.#ticket(), protocol };
    return [{ kind: 'sync', ticket: this.#lastTicket, protocol, assignments }];
  }

  #synced(response: ResponseOf<'SyncGroup'>, nowMs: number): readonly ClassicEffect[] {
    const { errorCode } = response;
    const protocol = this.#phase.kind === 'syncing' ? this.#phase.protocol : '';
    switch (errorCode) {
      case ErrorCode.NONE:
        this.#phase = { kind: 'applying' };
        this.#failures = 0;
        this.#lastHeardMs = nowMs;
        this.#heartbeatAtMs = nowMs + this.#settings.heartbeatIntervalMs;
        return [{ kind: 'apply', protocol, assignment: response.assignment }];
      case ErrorCode.REBALANCE_IN_PROGRESS:
        // What was given up stays given up: the same join goes out again.
        this.#joinReason = 'the group was already rebalancing';
        return this.#join();
      case ErrorCode.UNKNOWN_MEMBER_ID:
      case ErrorCode.ILLEGAL_GENERATION:
        return this.#reset(errorCode, 'prepare');
      default:
        return this.#failedOrWaits(errorCode, nowMs);
    }
  }

  #applied(rejoin: string | undefined): readonly ClassicEffect[] {
    if (this.#phase.kind !== 'applying') return [];
    this.#rejoinReason ??= rejoin;
    if (this.#isLost || this.#rejoinReason !== undefined) return this.#prepare();
    this.#phase = { kind: 'stable' };
    return [];
  }

  #heard(errorCode: number, nowMs: number): readonly ClassicEffect[] {
    this.#heartbeatTicket = undefined;
    this.#heartbeatAtMs = nowMs + this.#settings.heartbeatIntervalMs;
    switch (errorCode) {
      case ErrorCode.NONE:
        this.#lastHeardMs = nowMs;
        return [];
      case ErrorCode.REBALANCE_IN_PROGRESS:
        this.#lastHeardMs = nowMs;
        // While it prepares, the join that is wanted is on its way anyway.
        return this.#phase.kind === 'preparing' ? [] : this.#rejoin('the group is rebalancing');
      case ErrorCode.UNKNOWN_MEMBER_ID:
      case ErrorCode.ILLEGAL_GENERATION:
        return this.#reset(errorCode, 'if-stable');
      default:
        if (!isRetriedAsIs(errorCode)) return this.#fail(errorCode);
        this.#heartbeatAtMs = nowMs + this.#backoffMs(0);
        return [{ kind: 'find-coordinator', errorCode }];
    }
  }

  #unanswered(ticket: number, error: ClientError, nowMs: number): readonly ClassicEffect[] {
    if (ticket === this.#heartbeatTicket) {
      this.#heartbeatTicket = undefined;
      if (!error.retriable) return this.#failWith(error);
      this.#heartbeatAtMs = nowMs + this.#backoffMs(0);
      if (nowMs - this.#lastHeardMs < this.#settings.sessionTimeoutMs) return [];
      // Silent for a whole session: whoever answers now is not the broker that was asked.
      return [{ kind: 'find-coordinator', errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE }];
    }
    if (!('ticket' in this.#phase) || this.#phase.ticket !== ticket) return [];
    return error.retriable ? this.#wait(nowMs) : this.#failWith(error);
  }

  #refused(errorCode: number, identity: CommitIdentity): readonly ClassicEffect[] {
    if (identity.generationId !== this.#generationId || identity.memberId !== this.#memberId) return [];
    switch (errorCode) {
      case ErrorCode.UNKNOWN_MEMBER_ID:
      case ErrorCode.ILLEGAL_GENERATION:
        return this.#reset(errorCode, 'if-stable');
      case ErrorCode.FENCED_INSTANCE_ID:
        return this.#fail(errorCode);
      case ErrorCode.REBALANCE_IN_PROGRESS:
        return this.#rejoin('the group is rebalancing');
      default:
        return [];
    }
  }

  #retry(nowMs: number): readonly ClassicEffect[] {
    if (this.#phase.kind !== 'failed' || this.#phase.isFinal) return [];
    this.#rejoinReason ??= 'the member begins anew';
    if (this.#failures === 0) return this.#prepare();
    // A caller that polls on and on over a refusal must not become a flood of joins.
    return this.#wait(nowMs);
  }

  #passed(nowMs: number): readonly ClassicEffect[] {
    if (this.#phase.kind === 'waiting' && this.#phase.untilMs <= nowMs) {
      return this.#isLost || this.#offered.length === 0 ? this.#prepare() : this.#join();
    }
    if (!this.#heartbeats || this.#heartbeatAtMs > nowMs) return [];
    this.#heartbeatTicket = this.#ticket();
    return [{ kind: 'heartbeat', ticket: this.#heartbeatTicket }];
  }

  /** The coordinator does not know this member, or not in this generation: what it owns is lost. */
  #reset(errorCode: number, when: 'prepare' | 'if-stable'): readonly ClassicEffect[] {
    if (errorCode === ErrorCode.UNKNOWN_MEMBER_ID) this.#memberId = NOT_A_MEMBER;
    this.#lose(`the coordinator answered ${errorName(errorCode)}`);
    return when === 'prepare' || this.#phase.kind === 'stable' ? this.#prepare() : [];
  }

  #lose(why: string): void {
    this.#generationId = NO_GENERATION;
    this.#isLost = true;
    this.#rejoinReason ??= why;
  }

  #failedOrWaits(errorCode: number, nowMs: number): readonly ClassicEffect[] {
    if (!isRetriedAsIs(errorCode)) return this.#fail(errorCode);
    return [{ kind: 'find-coordinator', errorCode }, ...this.#wait(nowMs)];
  }

  #wait(nowMs: number): readonly ClassicEffect[] {
    this.#phase = { kind: 'waiting', untilMs: nowMs + this.#backoffMs(this.#failures) };
    this.#failures += 1;
    return [];
  }

  #fail(errorCode: number): readonly ClassicEffect[] {
    if (errorCode !== ErrorCode.FENCED_INSTANCE_ID) return this.#failWith(brokerError(errorCode));
    const id = this.#settings.groupInstanceId ?? '';
    const message = `another member has taken over group.instance.id ${id}`;
    return this.#failWith(new ClientError('broker', 'FENCED_INSTANCE_ID', message, { errorCode }));
  }

  #failWith(error: ClientError): readonly ClassicEffect[] {
    const isFinal = error.errorCode === ErrorCode.FENCED_INSTANCE_ID;
    this.#leave({ kind: 'failed', isFinal });
    this.#isLost = true;
    this.#failures += 1;
    const effects: ClassicEffect[] = [{ kind: 'fail', error, isFinal }];
    // It will never join again, but what it reads belongs to the one who took its place.
    if (isFinal) effects.push({ kind: 'prepare', lost: true });
    return effects;
  }

  #leave(phase: Phase): void {
    this.#phase = phase;
    this.#memberId = NOT_A_MEMBER;
    this.#generationId = NO_GENERATION;
    this.#isLeader = false;
    this.#rejoinReason = undefined;
    this.#heartbeatTicket = undefined;
    this.#heartbeatAtMs = Infinity;
    this.#offered = [];
    this.#isLost = false;
    if (phase.kind === 'out') this.#failures = 0;
  }
}
