import { lookup } from 'node:dns/promises';
import { Failure, messageOf } from '@kafkaesque/kernel';
import type { CancelWake, Clock } from '@kafkaesque/kernel';
import { CreationRate } from './creation-rate';

/** What one listener keeps, by the keys that `listener.name.<name>.` may stand before. */
export interface ListenerLimitValues {
  /** `max.connections`: those beyond it wait for one to end. */
  readonly maxConnections: number;
  /** `max.connection.creation.rate`, a second: those beyond it wait. */
  readonly maxCreationRate: number;
}

/** How many connections a process keeps, by Kafka's keys. */
export interface ConnectionLimitValues extends ListenerLimitValues {
  /** Of single listeners, by name; they hold beside those of the process. */
  readonly listeners: ReadonlyMap<string, ListenerLimitValues>;
  /**
   * The brokers' own listener, where clients have another one: the limits of the process do not keep it waiting. When it
   * exceeds them, another listener's connection that has been silent for longest has to go.
   */
  readonly protectedListener: string | undefined;
  /** `max.connections.per.ip`: those beyond it are closed. */
  readonly maxConnectionsPerIp: number;
  /** `max.connections.per.ip.overrides`, by address. */
  readonly perIpOverrides: ReadonlyMap<string, number>;
  /** `socket.listen.backlog.size`: how many may wait at each listener; those beyond it are closed. */
  readonly maxWaiting: number;
}

/** One connection that wants in. Either `admitted` is called, perhaps later, or `refused`; `evicted` only behind the former. */
export interface Visitor {
  readonly listenerName: string;
  /** Of the other side, without its port. */
  readonly address: string;
  /** For how long nothing has come or gone, in milliseconds. */
  readonly silentMs: number;
  admitted(): void;
  refused(why: string): void;
  /** It has to go, and counts no more. */
  evicted(): void;
}

const NO_LISTENER_LIMIT: ListenerLimitValues = { maxConnections: Infinity, maxCreationRate: Infinity };

/** Kafka's defaults: no bound at all. */
export const UNLIMITED: ConnectionLimitValues = {
  ...NO_LISTENER_LIMIT,
  listeners: new Map(),
  protectedListener: undefined,
  maxConnectionsPerIp: Infinity,
  perIpOverrides: new Map(),
  maxWaiting: Infinity,
};

/** What is counted of one listener. */
interface ListenerCounts {
  insideCount: number;
  waitingCount: number;
  readonly rate: CreationRate;
}

/**
 * The connections of a process. As in Kafka, too many from one address are closed, and too many at all, or at once, wait
 * unread: at their listener, or, unless it is the brokers' own, at the process. What waits for Kafka waits in the system's
 * backlog; Node cannot leave it there, so as many wait here.
 */
export class ConnectionLimits {
  readonly #clock: Clock;
  #values: ConnectionLimitValues;
  readonly #inside = new Set<Visitor>();
  readonly #countByAddress = new Map<string, number>();
  readonly #listeners = new Map<string, ListenerCounts>();
  /** In the order of coming. */
  readonly #waiting = new Set<Visitor>();
  readonly #rate: CreationRate;
  #cancelWake: CancelWake | undefined;

  constructor(clock: Clock, values: ConnectionLimitValues = UNLIMITED) {
    this.#clock = clock;
    this.#values = values;
    this.#rate = new CreationRate(values.maxCreationRate, clock.monotonicMs());
  }

  get insideCount(): number {
    return this.#inside.size;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** From now on. Only those beyond `max.connections` of the process have to go, as in Kafka. */
  change(values: ConnectionLimitValues): void {
    const nowMs = this.#clock.monotonicMs();
    this.#values = values;
    this.#rate.change(values.maxCreationRate, nowMs);
    for (const [name, { rate }] of this.#listeners) rate.change(this.#limitsOf(name).maxCreationRate, nowMs);
    this.#evictExcess();
    this.#admitWaiting();
  }

  arrived(visitor: Visitor): void {
    const counts = this.#countsOf(visitor.listenerName);
    if (counts.waitingCount >= this.#values.maxWaiting) {
      visitor.refused(`${counts.waitingCount} connections wait already`);
      return;
    }
    this.#waiting.add(visitor);
    counts.waitingCount += 1;
    this.#admitWaiting();
  }

  /** The connection has ended, wherever it was. */
  left(visitor: Visitor): void {
    this.#stopWaiting(visitor);
    if (this.#forget(visitor)) this.#admitWaiting();
  }

  /** Nobody is admitted any more. */
  close(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    this.#waiting.clear();
  }

  #limitsOf(listenerName: string): ListenerLimitValues {
    return this.#values.listeners.get(listenerName) ?? NO_LISTENER_LIMIT;
  }

  #countsOf(listenerName: string): ListenerCounts {
    const known = this.#listeners.get(listenerName);
    if (known !== undefined) return known;
    const rate = new CreationRate(this.#limitsOf(listenerName).maxCreationRate, this.#clock.monotonicMs());
    const made = { insideCount: 0, waitingCount: 0, rate };
    this.#listeners.set(listenerName, made);
    return made;
  }

  #stopWaiting(visitor: Visitor): void {
    if (this.#waiting.delete(visitor)) this.#countsOf(visitor.listenerName).waitingCount -= 1;
  }

  /** False: it was not inside. */
  #forget(visitor: Visitor): boolean {
    if (!this.#inside.delete(visitor)) return false;
    this.#countsOf(visitor.listenerName).insideCount -= 1;
    const count = (this.#countByAddress.get(visitor.address) ?? 0) - 1;
    if (count > 0) this.#countByAddress.set(visitor.address, count);
    else this.#countByAddress.delete(visitor.address);
    return true;
  }

  /** Who waits at one listener keeps nobody waiting at another. */
  #admitWaiting(): void {
    const blocked = new Set<string>();
    let soonestMs = Infinity;
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    for (const visitor of this.#waiting) {
      const { listenerName } = visitor;
      if (blocked.has(listenerName)) continue;
      const waitMs = this.#waitMsAt(listenerName);
      if (waitMs > 0) {
        blocked.add(listenerName);
        soonestMs = Math.min(soonestMs, waitMs);
        if (blocked.size === this.#listeners.size) break;
        continue;
      }
      this.#stopWaiting(visitor);
      this.#countsOf(listenerName).rate.take();
      this.#rate.take();
      this.#admit(visitor);
    }
    if (soonestMs === Infinity) return;
    this.#cancelWake = this.#clock.wakeAt(this.#clock.monotonicMs() + soonestMs, () => {
      this.#cancelWake = undefined;
      this.#admitWaiting();
    });
  }

  /** How long nobody may come in at a listener: 0 is now, Infinity until somebody leaves. */
  #waitMsAt(listenerName: string): number {
    const nowMs = this.#clock.monotonicMs();
    const { insideCount, rate } = this.#countsOf(listenerName);
    if (insideCount >= this.#limitsOf(listenerName).maxConnections) return Infinity;
    const ownMs = rate.waitMs(nowMs);
    if (listenerName === this.#values.protectedListener) return ownMs;
    if (this.#inside.size >= this.#values.maxConnections) return Infinity;
    return Math.max(ownMs, this.#rate.waitMs(nowMs));
  }

  #admit(visitor: Visitor): void {
    const { address, listenerName } = visitor;
    const { perIpOverrides, maxConnectionsPerIp } = this.#values;
    const count = this.#countByAddress.get(address) ?? 0;
    const limit = perIpOverrides.get(address) ?? maxConnectionsPerIp;
    if (count >= limit) {
      visitor.refused(`address already has the configured maximum of ${limit} connections`);
      return;
    }
    this.#inside.add(visitor);
    this.#countByAddress.set(address, count + 1);
    this.#countsOf(listenerName).insideCount += 1;
    visitor.admitted();
    this.#evictExcess();
  }

  /** Those that have been silent for longest, never the brokers' own. */
  #evictExcess(): void {
    const excess = this.#inside.size - this.#values.maxConnections;
    if (excess <= 0) return;
    const silentLongest = [...this.#inside]
      .filter(({ listenerName }) => listenerName !== this.#values.protectedListener)
      .sort((a, b) => b.silentMs - a.silentMs)
      .slice(0, excess);
    for (const visitor of silentLongest) {
      this.#forget(visitor);
      visitor.evicted();
    }
  }
}

/** The addresses of a host that is a name, or an address already. Fails with `UNKNOWN_HOST`. */
export const addressesOf = async (host: string): Promise<readonly string[]> => {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (cause) {
    throw new Failure('UNKNOWN_HOST', `no address is known for ${host}: ${messageOf(cause)}`, { cause });
  }
};
