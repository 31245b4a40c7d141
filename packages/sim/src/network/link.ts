import type { Random } from '@kafkaesque/kernel';
import { Gate } from '../gate';
import type { Scheduler } from '../scheduler';
import type { NetworkCounts, NetworkFaults } from './faults';

/** What every part of a simulated network shares. */
export interface NetworkContext {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly counts: NetworkCounts;
  /** The odds in force now. */
  readonly faults: () => NetworkFaults;
}

/** One direction between two machines. While it is cut or clogged it holds what arrives, in order. */
export class Link {
  readonly #context: NetworkContext;
  readonly #random: Random;
  readonly #gate: Gate;
  /** This link's own share of the network's mean delay. */
  readonly #delayScale: number;
  #freeAtMs = 0;
  #cut = false;
  #cloggedUntilMs = 0;
  #reopening: (() => void) | undefined;

  constructor(context: NetworkContext, name: string) {
    this.#context = context;
    this.#random = context.random.fork(`link ${name}`);
    this.#delayScale = 2 * this.#random.fraction();
    this.#gate = new Gate((step) => void context.scheduler.after(0, 'net.release', step));
  }

  get isCut(): boolean {
    return this.#cut;
  }

  /** When bytes that leave now have left. */
  get freeAtMs(): number {
    const { nowMs } = this.#context.scheduler;
    return this.#freeAtMs > nowMs ? this.#freeAtMs : nowMs;
  }

  /** Puts bytes on the link, after those that are on it already. */
  carry(sizeBytes: number): void {
    const { bytesPerMs } = this.#context.faults();
    if (bytesPerMs !== Infinity) this.#freeAtMs = this.freeAtMs + sizeBytes / bytesPerMs;
  }

  /** How long what leaves now is under way: mostly short, at worst four times the link's mean beyond the least. */
  delayMs(): number {
    const { delayMinMs, delayMeanMs } = this.#context.faults();
    const chance = this.#random.fraction();
    return delayMinMs + (delayMeanMs - delayMinMs) * this.#delayScale * 4 * chance * chance * chance;
  }

  /** Uniform in [0, bound). */
  upTo(bound: number): number {
    return bound * this.#random.fraction();
  }

  strikes(probability: number): boolean {
    return probability > 0 && this.#random.fraction() < probability;
  }

  /** What arrives at the far end: now, or when the link is whole again. */
  arrive(happen: () => void): void {
    if (!this.#gate.isClear) this.#context.counts.heldMessages += 1;
    this.#gate.pass(happen);
  }

  cut(): void {
    this.#cut = true;
    this.#hold();
  }

  /** Takes a cut back; what it held comes at the pace at which senders try again. */
  mend(): void {
    if (!this.#cut) return;
    this.#cut = false;
    this.#reopenAt(
      this.#context.scheduler.nowMs + this.#context.faults().retransmitMs * this.#random.fraction(),
    );
  }

  clog(forMs: number): void {
    this.#context.counts.clogs += 1;
    const { nowMs } = this.#context.scheduler;
    this.#cloggedUntilMs = Math.max(this.#cloggedUntilMs, nowMs + forMs);
    this.#hold();
    if (!this.#cut) this.#reopenAt(this.#cloggedUntilMs);
  }

  unclog(): void {
    this.#cloggedUntilMs = 0;
    if (!this.#cut && !this.#gate.isOpen) this.#reopenAt(this.#context.scheduler.nowMs);
  }

  #hold(): void {
    this.#gate.close();
    this.#reopening?.();
    this.#reopening = undefined;
  }

  #reopenAt(atMs: number): void {
    this.#reopening?.();
    this.#reopening = this.#context.scheduler.at(Math.max(atMs, this.#cloggedUntilMs), 'net.reopen', () => {
      this.#reopening = undefined;
      this.#gate.open();
    });
  }
}
