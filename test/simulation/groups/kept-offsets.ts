/** One offset that one client keeps in a group without members. */
interface Register {
  /** What the last operation has left that was acknowledged; -1: nothing. */
  value: number;
  /** From when on that may be gone (KIP-211); Infinity: it stays. */
  mayExpireMs: number;
  /** What operations would leave of which nobody knows whether and when they are carried out. */
  readonly possible: Set<number>;
}

/** What became of an operation: `unknown` ones may be carried out at any time, or never. */
export type Outcome = 'done' | 'refused' | 'unknown';

const NOTHING = -1;

/**
 * What a group holds of which one client alone commits and deletes the offsets: what was acknowledged is there until it is replaced,
 * deleted or expires (G1), and what is gone does not come back.
 */
export class KeptOffsets {
  readonly group: string;
  /** Operations with an unknown outcome. */
  doubts = 0;
  /** Offsets seen to have expired. */
  expired = 0;
  readonly #registers: readonly Register[];

  constructor(group: string, partitionCount: number) {
    this.group = group;
    this.#registers = Array.from({ length: partitionCount }, () => ({
      ...{ value: NOTHING, mayExpireMs: Infinity, possible: new Set<number>() },
    }));
  }

  get partitions(): readonly number[] {
    return [...this.#registers.keys()];
  }

  /** Whether there is something that must expire sooner or later, unless something that lasts may have taken its place. */
  get isExpiring(): boolean {
    return this.#registers.some(
      ({ value, mayExpireMs, possible }) =>
        value !== NOTHING && mayExpireMs < Infinity && possible.size === 0,
    );
  }

  /** Something was committed that may be gone from then on, or deleted with `NOTHING`. */
  operated(partitions: readonly number[], value: number, mayExpireMs: number, outcome: Outcome): void {
    if (outcome === 'refused') return;
    if (outcome === 'unknown') this.doubts += 1;
    for (const partition of partitions) {
      const register = this.#registers[partition];
      if (register === undefined) continue;
      if (outcome === 'done') {
        register.value = value;
        register.mayExpireMs = mayExpireMs;
        continue;
      }
      register.possible.add(value);
      if (mayExpireMs < Infinity) register.possible.add(NOTHING);
    }
  }

  deleted(partitions: readonly number[], outcome: Outcome): void {
    this.operated(partitions, NOTHING, Infinity, outcome);
  }

  /** An offset was seen; NOTHING: there is none. What is wrong about that, if anything. */
  seen(partition: number, value: number, nowMs: number): string | undefined {
    const register = this.#registers[partition];
    if (register === undefined || register.value === value) return undefined;
    if (value === NOTHING && nowMs >= register.mayExpireMs) {
      this.expired += 1;
      register.value = NOTHING;
      register.mayExpireMs = Infinity;
      return undefined;
    }
    if (register.possible.has(value)) return undefined;
    const others = [...register.possible].join(' ');
    return (
      `${this.group}, partition ${partition}: ${value} was found, and ${register.value} was acknowledged last` +
      (others === '' ? '' : `; what else may be there is ${others}`)
    );
  }
}
