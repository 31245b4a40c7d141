import { lookup } from 'node:dns/promises';
import { Failure, messageOf } from '@kafkaesque/kernel';
import type { CancelWake, Clock } from '@kafkaesque/kernel';

/** How many connections a process keeps, by Kafka's keys. */
export interface ConnectionLimitValues {
  /** `max.connections`: those beyond it wait for one to end. */
  readonly maxConnections: number;
  /** `max.connections.per.ip`: those beyond it are closed. */
  readonly maxConnectionsPerIp: number;
  /** `max.connections.per.ip.overrides`, by address. */
  readonly perIpOverrides: ReadonlyMap<string, number>;
  /** `max.connection.creation.rate`, a second: those beyond it wait. */
  readonly maxCreationRate: number;
  /** `socket.listen.backlog.size`: how many may wait; those beyond it are closed. */
  readonly maxWaiting: number;
}

/** One connection that wants in. Exactly one of the two is called, `admitted` perhaps later. */
export interface Visitor {
  /** Of the other side, without its port. */
  readonly address: string;
  admitted(): void;
  refused(why: string): void;
}

/** Kafka's defaults: no bound at all. */
export const UNLIMITED: ConnectionLimitValues = {
  maxConnections: Infinity,
  maxConnectionsPerIp: Infinity,
  perIpOverrides: new Map(),
  maxCreationRate: Infinity,
  maxWaiting: Infinity,
};

/**
 * The connections of a process, all listeners together. As in Kafka, too many from one address are closed, and too many
 * at all, or at once, wait unread. What waits for Kafka waits in the system's backlog; Node cannot leave it there, so
 * as many wait here.
 */
export class ConnectionLimits {
  readonly #clock: Clock;
  #values: ConnectionLimitValues;
  readonly #inside = new Set<Visitor>();
  readonly #countByAddress = new Map<string, number>();
  readonly #waiting = new Set<Visitor>();
  /** Connections that may be created now; grows by the rate, up to one second's worth. */
  #allowance: number;
  #allowanceAtMs: number;
  #cancelWake: CancelWake | undefined;

  constructor(clock: Clock, values: ConnectionLimitValues = UNLIMITED) {
    this.#clock = clock;
    this.#values = values;
    this.#allowance = values.maxCreationRate;
    this.#allowanceAtMs = clock.monotonicMs();
  }

  get insideCount(): number {
    return this.#inside.size;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** From now on; nobody who is inside has to go. */
  change(values: ConnectionLimitValues): void {
    this.#refill();
    this.#values = values;
    this.#allowance = Math.min(this.#allowance, values.maxCreationRate);
    this.#admitWaiting();
  }

  arrived(visitor: Visitor): void {
    if (this.#waiting.size >= this.#values.maxWaiting) {
      visitor.refused(`${this.#waiting.size} connections wait already`);
      return;
    }
    this.#waiting.add(visitor);
    this.#admitWaiting();
  }

  /** The connection has ended, wherever it was. */
  left(visitor: Visitor): void {
    this.#waiting.delete(visitor);
    if (!this.#inside.delete(visitor)) return;
    const count = (this.#countByAddress.get(visitor.address) ?? 0) - 1;
    if (count > 0) this.#countByAddress.set(visitor.address, count);
    else this.#countByAddress.delete(visitor.address);
    this.#admitWaiting();
  }

  #admitWaiting(): void {
    for (const visitor of this.#waiting) {
      if (this.#inside.size >= this.#values.maxConnections) return;
      if (!this.#takeAllowance()) return;
      this.#waiting.delete(visitor);
      this.#admit(visitor);
    }
  }

  #admit(visitor: Visitor): void {
    const { address } = visitor;
    const { perIpOverrides, maxConnectionsPerIp } = this.#values;
    const count = this.#countByAddress.get(address) ?? 0;
    const limit = perIpOverrides.get(address) ?? maxConnectionsPerIp;
    if (count >= limit) {
      visitor.refused(`address already has the configured maximum of ${limit} connections`);
      return;
    }
    this.#inside.add(visitor);
    this.#countByAddress.set(address, count + 1);
    visitor.admitted();
  }

  #refill(): void {
    const nowMs = this.#clock.monotonicMs();
    const { maxCreationRate } = this.#values;
    const earned = ((nowMs - this.#allowanceAtMs) / 1000) * maxCreationRate;
    this.#allowance = Math.min(maxCreationRate, this.#allowance + (Number.isNaN(earned) ? 0 : earned));
    this.#allowanceAtMs = nowMs;
  }

  /** False: too many came at once, and it will be looked at again when one more may. */
  #takeAllowance(): boolean {
    const { maxCreationRate } = this.#values;
    if (maxCreationRate === Infinity) return true;
    this.#refill();
    if (this.#allowance >= 1) {
      this.#allowance -= 1;
      return true;
    }
    if (maxCreationRate > 0 && this.#cancelWake === undefined) {
      const inMs = Math.ceil(((1 - this.#allowance) / maxCreationRate) * 1000);
      this.#cancelWake = this.#clock.wakeAt(this.#allowanceAtMs + inMs, () => {
        this.#cancelWake = undefined;
        this.#admitWaiting();
      });
    }
    return false;
  }

  /** Nobody is admitted any more. */
  close(): void {
    this.#cancelWake?.();
    this.#waiting.clear();
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
