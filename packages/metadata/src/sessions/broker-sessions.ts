import type { BrokerId } from '@kafkaesque/kernel';
import type { HeartbeatStanding } from '../decide/commands';
import type { BrokerImage } from '../image/metadata-image';
import type { Dial, DialReason, FenceReason, SessionEffect, SessionInput } from './session-inputs';

/** What sessions are judged by. */
export interface BrokerSessionsOptions {
  /** `broker.session.timeout.ms`: how long a broker in service may be silent. */
  readonly sessionTimeoutMs: number;
  /** The listener through which members reach a broker (`inter.broker.listener.name`). */
  readonly listenerName: string;
}

/** A new controller gives brokers so long to open their streams before it dials them. */
const NO_STREAM_AFTER_MS = 100;
/** A fencing that did not come about is asked for again after so long. */
const FENCE_AGAIN_AFTER_MS = 500;
/** A wake that comes later than this means that this node stood still, and heartbeats may wait unread. */
const LATE_WAKE_MS = 100;
/** An address is proved so long after a registration: one that is only replayed has been followed by others then. */
const PROVE_AFTER_MS = 50;
/** An address that does not answer is tried so often to be proved, and then never counts as proved. */
const PROOF_ATTEMPTS = 5;
const PROVE_AGAIN_AFTER_MS = 1000;

/** What is known of one incarnation of a registered broker. */
interface Session {
  broker: BrokerImage;
  /** When this controller, being active, last had a reason to think it alive; undefined: none since it was fenced. */
  heardAtMs: number | undefined;
  /** The highest metadata offset that it has reported to this controller; -1: none. */
  metadataOffset: number;
  shutdownOffset: number | undefined;
  /** Whether a dial found this incarnation at its address: only then does a refusal there say that it is gone. */
  isProven: boolean;
  proofAttempts: number;
  /** When to dial once more to prove the address; undefined: not at all, or a dial is under way. */
  proveAtMs: number | undefined;
  /** When fencing was last asked for, and why. */
  fencing: { readonly reason: FenceReason; readonly askedAtMs: number } | undefined;
}

/**
 * Which brokers are alive, as the active controller sees it: a machine without clock or network. Every controller feeds
 * it the committed metadata, so that a new active one has proved the addresses already; only the active one fences.
 *
 * A broker in service has a session that each heartbeat renews. A process that ends is noticed sooner: its stream ends,
 * the controller dials it, and a refusal, or another incarnation that answers, is proof. Anything else waits for the
 * session. A refusal is proof only where a dial has found this incarnation before: elsewhere it may say something about
 * the network between. A stream that is open again says that the broker is alive, whatever a dial found.
 */
export class BrokerSessions {
  readonly #options: BrokerSessionsOptions;
  readonly #sessions = new Map<BrokerId, Session>();
  /**
   * Streams open now, by incarnation: a new one may open before the end of the old one is noticed, and the first one opens
   * before its broker is registered.
   */
  readonly #streams = new Map<string, number>();
  #isActive = false;
  /** When the brokers without a stream are dialled; undefined: they have been, or this controller is not active. */
  #dialAtMs: number | undefined;
  #effects: SessionEffect[] = [];

  constructor(options: BrokerSessionsOptions) {
    this.#options = options;
  }

  step(input: SessionInput, nowMs: number): readonly SessionEffect[] {
    this.#take(input, nowMs);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** When `woken` is due; undefined: there is nothing to wait for. */
  get wakeAtMs(): number | undefined {
    let earliest = this.#dialAtMs ?? Infinity;
    for (const session of this.#sessions.values())
      earliest = Math.min(earliest, session.proveAtMs ?? Infinity, this.#fenceAtMs(session));
    return earliest === Infinity ? undefined : earliest;
  }

  /**
   * Whether the registered incarnation of a broker counts as alive: another one is then refused
   * (`RegisterBrokerCommand.otherIncarnationAlive`).
   */
  isAlive(brokerId: BrokerId, nowMs: number): boolean {
    const { fencing, heardAtMs } = this.#sessions.get(brokerId) ?? {};
    if (heardAtMs === undefined || fencing !== undefined) return false;
    return nowMs - heardAtMs < this.#options.sessionTimeoutMs;
  }

  /** What the heartbeat of a broker is decided with. */
  standing(brokerId: BrokerId): HeartbeatStanding {
    let lowestActiveOffset = Infinity;
    for (const { broker, metadataOffset, shutdownOffset } of this.#sessions.values())
      if (!broker.fenced && !broker.inControlledShutdown && shutdownOffset === undefined)
        lowestActiveOffset = Math.min(lowestActiveOffset, metadataOffset);
    return {
      controlledShutdownOffset: this.#sessions.get(brokerId)?.shutdownOffset,
      lowestActiveOffset,
    };
  }

  /**
   * A heartbeat was answered with `inControlledShutdown`; `offset` is that of its records, or the last one before when
   * there were none. The first such offset stays.
   */
  controlledShutdown(brokerId: BrokerId, offset: number): void {
    const session = this.#sessions.get(brokerId);
    if (session !== undefined && !session.broker.fenced) session.shutdownOffset ??= offset;
  }

  #take(input: SessionInput, nowMs: number): void {
    switch (input.kind) {
      case 'changed':
        for (const { before, after } of input.delta.brokersChanged)
          this.#registered(after ?? before, after !== undefined, nowMs);
        return;
      case 'became-active':
        this.#becameActive(input.lostNode, nowMs);
        return;
      case 'resigned':
        this.#resigned();
        return;
      case 'heartbeat':
        this.#heard(input, nowMs);
        return;
      case 'stream-opened':
        this.#streamOpened(input.brokerId, input.incarnationId);
        return;
      case 'stream-ended':
        this.#streamEnded(input.brokerId, input.incarnationId);
        return;
      case 'dial-answered':
        this.#answered(input.dial, input.incarnationId, nowMs);
        return;
      case 'dial-refused':
        this.#refused(input.dial, nowMs);
        return;
      case 'dial-failed':
        this.#proveLater(this.#current(input.dial), nowMs);
        return;
      case 'woken':
        this.#woken(nowMs);
        return;
    }
  }

  #registered(broker: BrokerImage | undefined, isThere: boolean, nowMs: number): void {
    if (broker === undefined) return;
    const session = this.#sessions.get(broker.brokerId);
    if (!isThere) {
      this.#sessions.delete(broker.brokerId);
    } else if (session?.broker.incarnationId === broker.incarnationId) {
      this.#amended(session, broker, nowMs);
    } else {
      this.#begin(broker, nowMs);
    }
  }

  #begin(broker: BrokerImage, nowMs: number): void {
    const session: Session = {
      broker,
      heardAtMs: this.#isActive && !broker.fenced ? nowMs : undefined,
      metadataOffset: -1,
      shutdownOffset: undefined,
      isProven: false,
      proofAttempts: 0,
      proveAtMs: nowMs + PROVE_AFTER_MS,
      fencing: undefined,
    };
    this.#sessions.set(broker.brokerId, session);
  }

  #amended(session: Session, broker: BrokerImage, nowMs: number): void {
    const hasMoved = addressText(session.broker, this.#options) !== addressText(broker, this.#options);
    const { fenced: wasFenced } = session.broker;
    session.broker = broker;
    if (wasFenced !== broker.fenced) {
      session.heardAtMs = this.#isActive && !broker.fenced ? nowMs : undefined;
      session.fencing = undefined;
      session.shutdownOffset = undefined;
    }
    if (!hasMoved) return;
    session.isProven = false;
    session.proofAttempts = 0;
    session.proveAtMs = nowMs + PROVE_AFTER_MS;
  }

  /** Every session starts anew: nothing is held against a broker that this controller did not see itself. */
  #becameActive(lostNode: BrokerId | undefined, nowMs: number): void {
    this.#isActive = true;
    this.#dialAtMs = nowMs + NO_STREAM_AFTER_MS;
    for (const session of this.#sessions.values()) {
      session.metadataOffset = -1;
      session.shutdownOffset = undefined;
      session.fencing = undefined;
      session.heardAtMs = session.broker.fenced ? undefined : nowMs;
    }
    const lost = lostNode === undefined ? undefined : this.#sessions.get(lostNode);
    if (lost !== undefined && !lost.broker.fenced) this.#dial(lost, 'lost-with-election');
  }

  #resigned(): void {
    this.#isActive = false;
    this.#dialAtMs = undefined;
    for (const session of this.#sessions.values()) {
      session.heardAtMs = undefined;
      session.fencing = undefined;
    }
  }

  #heard(
    { brokerId, epoch, metadataOffset }: Extract<SessionInput, { readonly kind: 'heartbeat' }>,
    nowMs: number,
  ): void {
    const session = this.#sessions.get(brokerId);
    if (!this.#isActive || session?.broker.epoch !== epoch) return;
    session.metadataOffset = Math.max(session.metadataOffset, metadataOffset);
    session.heardAtMs = nowMs;
    // What is on its way to be committed is not taken back; the next heartbeat then brings the broker back.
    session.fencing = undefined;
  }

  #streamOpened(brokerId: BrokerId, incarnationId: string): void {
    const key = streamKey(brokerId, incarnationId);
    this.#streams.set(key, (this.#streams.get(key) ?? 0) + 1);
    const session = this.#sessions.get(brokerId);
    if (session?.broker.incarnationId !== incarnationId) return;
    // Its session may still end: a process that does not get on can hold its streams open.
    if (session.fencing?.reason !== 'session-expired') session.fencing = undefined;
  }

  #streamEnded(brokerId: BrokerId, incarnationId: string): void {
    const key = streamKey(brokerId, incarnationId);
    const left = (this.#streams.get(key) ?? 0) - 1;
    if (left > 0) this.#streams.set(key, left);
    else this.#streams.delete(key);
    const session = this.#sessions.get(brokerId);
    if (left !== 0 || session?.broker.incarnationId !== incarnationId) return;
    if (this.#isActive && !session.broker.fenced) this.#dial(session, 'stream-ended');
  }

  #hasStream({ broker }: Session): boolean {
    return this.#streams.has(streamKey(broker.brokerId, broker.incarnationId));
  }

  #answered(dial: Dial, incarnationId: string, nowMs: number): void {
    const session = this.#current(dial);
    if (session === undefined) return;
    if (incarnationId === dial.incarnationId) {
      session.isProven = true;
      session.proveAtMs = undefined;
    } else if (this.#hasStream(session)) {
      // Somebody else is at the address of a broker that is connected: its address is wrong, not the broker gone.
      this.#proveLater(session, nowMs);
    } else {
      this.#fence(session, 'another-incarnation', nowMs);
    }
  }

  #refused(dial: Dial, nowMs: number): void {
    const session = this.#current(dial);
    if (session === undefined) return;
    if (session.isProven && !this.#hasStream(session)) this.#fence(session, 'connection-refused', nowMs);
    else this.#proveLater(session, nowMs);
  }

  #woken(nowMs: number): void {
    const dueAtMs = this.wakeAtMs;
    if (dueAtMs !== undefined && nowMs - dueAtMs > LATE_WAKE_MS) this.#stoodStill(nowMs);
    if (this.#dialAtMs !== undefined && this.#dialAtMs <= nowMs) {
      this.#dialAtMs = undefined;
      for (const session of this.#sessions.values())
        if (!session.broker.fenced && !this.#hasStream(session)) this.#dial(session, 'no-stream');
    }
    for (const session of this.#sessions.values()) {
      if (session.proveAtMs !== undefined && session.proveAtMs <= nowMs) this.#prove(session);
      if (this.#fenceAtMs(session) <= nowMs)
        this.#fence(session, session.fencing?.reason ?? 'session-expired', nowMs);
    }
  }

  /** This node did not look for a while: sessions that ended meanwhile get time to have their heartbeats read. */
  #stoodStill(nowMs: number): void {
    for (const session of this.#sessions.values())
      if (session.fencing === undefined && this.#fenceAtMs(session) <= nowMs)
        session.heardAtMs = nowMs - this.#options.sessionTimeoutMs + LATE_WAKE_MS;
  }

  #fence(session: Session, reason: FenceReason, nowMs: number): void {
    if (!this.#isActive || session.broker.fenced) return;
    session.fencing = { reason, askedAtMs: nowMs };
    const { brokerId, epoch } = session.broker;
    this.#effects.push({ kind: 'fence', brokerId, epoch, reason });
  }

  /** When fencing is due: at the end of the session, or again when it was asked for and did not come about. */
  #fenceAtMs({ broker, fencing, heardAtMs }: Session): number {
    if (!this.#isActive || broker.fenced || heardAtMs === undefined) return Infinity;
    return fencing === undefined
      ? heardAtMs + this.#options.sessionTimeoutMs
      : fencing.askedAtMs + FENCE_AGAIN_AFTER_MS;
  }

  #prove(session: Session): void {
    session.proveAtMs = undefined;
    if (session.isProven || session.proofAttempts >= PROOF_ATTEMPTS) return;
    session.proofAttempts += 1;
    this.#dial(session, 'registered');
  }

  #proveLater(session: Session | undefined, nowMs: number): void {
    if (session !== undefined && !session.isProven && session.proofAttempts < PROOF_ATTEMPTS)
      session.proveAtMs = nowMs + PROVE_AGAIN_AFTER_MS;
  }

  #dial(session: Session, reason: DialReason): void {
    const { brokerId, incarnationId, endpoints } = session.broker;
    const endpoint = endpoints.get(this.#options.listenerName);
    if (endpoint === undefined) return;
    const dial = { brokerId, incarnationId, host: endpoint.host, port: endpoint.port };
    this.#effects.push({ kind: 'dial', dial, reason });
  }

  /** The session that a dial was made for, if the broker is still that incarnation, at that address. */
  #current(dial: Dial): Session | undefined {
    const session = this.#sessions.get(dial.brokerId);
    if (session?.broker.incarnationId !== dial.incarnationId) return undefined;
    const endpoint = session.broker.endpoints.get(this.#options.listenerName);
    return endpoint?.host === dial.host && endpoint.port === dial.port ? session : undefined;
  }
}

const streamKey = (brokerId: BrokerId, incarnationId: string): string => `${brokerId}/${incarnationId}`;

const addressText = ({ endpoints }: BrokerImage, { listenerName }: BrokerSessionsOptions): string => {
  const endpoint = endpoints.get(listenerName);
  return endpoint === undefined ? '' : `${endpoint.host}:${endpoint.port}`;
};
