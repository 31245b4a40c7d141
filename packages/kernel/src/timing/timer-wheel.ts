/** A deadline in the wheel. Once it has expired or was cancelled it is spent. */
export interface Timer<Value> {
  readonly deadlineMs: number;
  readonly value: Value;
}

/** A slot's list; `undefined` neighbours end it. A timer without a slot is spent. */
interface Entry<Value> extends Timer<Value> {
  readonly tick: number;
  readonly order: number;
  level: number;
  slot: number;
  previous: Entry<Value> | undefined;
  next: Entry<Value> | undefined;
}

interface Level<Value> {
  /** Bit n: slot n holds timers. */
  occupied: number;
  readonly heads: (Entry<Value> | undefined)[];
}

const SLOTS = 32;
/** 32^10 ticks: 35,000 years of milliseconds. */
const LEVELS = 10;
const LAST_TICK = SLOTS ** LEVELS - 1;
const SPENT = -1;
const { floor, ceil, max, min, clz32 } = Math;

/**
 * Deadlines of many waiting operations (Varghese and Lauck's hierarchical timing wheel): adding and cancelling cost the
 * same for ten as for a million. Pure: whoever owns the wheel tells it the time and sleeps until `nextWakeMs`.
 * A timer stands at the lowest level whose block of slots it shares with the present, so what stands lower is due first.
 */
export class TimerWheel<Value> {
  readonly #tickMs: number;
  readonly #levels: Level<Value>[] = [];
  #tick = 0;
  #order = 0;
  #size = 0;

  /** Deadlines are rounded up to whole ticks, so that nothing expires early. */
  constructor(options: { readonly startMs: number; readonly tickMs?: number }) {
    this.#tickMs = options.tickMs ?? 1;
    this.#tick = floor(options.startMs / this.#tickMs);
    for (let i = 0; i < LEVELS; i++) this.#levels.push({ occupied: 0, heads: new Array<undefined>(SLOTS) });
  }

  /** Timers that wait. */
  get size(): number {
    return this.#size;
  }

  /** A time in the past expires at the next `advance`, and Infinity in effect never. */
  add(deadlineMs: number, value: Value): Timer<Value> {
    const entry: Entry<Value> = {
      deadlineMs,
      value,
      tick: min(max(ceil(deadlineMs / this.#tickMs), this.#tick), LAST_TICK),
      order: this.#order++,
      level: SPENT,
      slot: SPENT,
      previous: undefined,
      next: undefined,
    };
    this.#insert(entry);
    this.#size += 1;
    return entry;
  }

  /** False when the timer had expired or been cancelled before. */
  cancel(timer: Timer<Value>): boolean {
    const entry = timer as Entry<Value>;
    if (entry.level === SPENT) return false;
    this.#unlink(entry);
    this.#size -= 1;
    return true;
  }

  /** Moves to `nowMs` and returns what has expired, earliest deadline first, equal ones in the order of adding. */
  advance(nowMs: number): readonly Timer<Value>[] {
    const now = floor(nowMs / this.#tickMs);
    const expired: Entry<Value>[] = [];
    for (let level = this.#lowestOccupied(); level !== undefined; level = this.#lowestOccupied()) {
      const slot = this.#firstSlot(level);
      const tick = this.#tickOf(level, slot);
      if (tick > now) break;
      this.#tick = tick;
      this.#empty(level, slot, expired);
    }
    if (now > this.#tick) this.#tick = now;
    this.#size -= expired.length;
    return expired.sort((a, b) => a.deadlineMs - b.deadlineMs || a.order - b.order);
  }

  /**
   * When `advance` has to be called next: never later than the first deadline (to the tick), possibly earlier, because
   * timers far away are sorted in on the way. Infinity when nothing waits.
   */
  get nextWakeMs(): number {
    const level = this.#lowestOccupied();
    return level === undefined ? Infinity : this.#tickOf(level, this.#firstSlot(level)) * this.#tickMs;
  }

  #lowestOccupied(): number | undefined {
    for (let level = 0; level < LEVELS; level++) if (this.#level(level).occupied !== 0) return level;
    return undefined;
  }

  #firstSlot(level: number): number {
    const { occupied } = this.#level(level);
    return 31 - clz32(occupied & -occupied);
  }

  /** The first tick of a slot in the present block of its level. */
  #tickOf(level: number, slot: number): number {
    const span = SLOTS ** level;
    return floor(this.#tick / (span * SLOTS)) * span * SLOTS + slot * span;
  }

  #empty(level: number, slot: number, expired: Entry<Value>[]): void {
    let entry = this.#level(level).heads[slot];
    while (entry !== undefined) {
      const { next } = entry;
      this.#unlink(entry);
      if (entry.tick <= this.#tick) expired.push(entry);
      else this.#insert(entry);
      entry = next;
    }
  }

  #insert(entry: Entry<Value>): void {
    let level = 0;
    let span = 1;
    while (level < LEVELS - 1 && floor(entry.tick / (span * SLOTS)) !== floor(this.#tick / (span * SLOTS))) {
      level += 1;
      span *= SLOTS;
    }
    const slot = floor(entry.tick / span) % SLOTS;
    const { heads } = this.#level(level);
    const head = heads[slot];
    entry.level = level;
    entry.slot = slot;
    entry.previous = undefined;
    entry.next = head;
    if (head !== undefined) head.previous = entry;
    heads[slot] = entry;
    this.#level(level).occupied |= 1 << slot;
  }

  #unlink(entry: Entry<Value>): void {
    const level = this.#level(entry.level);
    if (entry.next !== undefined) entry.next.previous = entry.previous;
    if (entry.previous !== undefined) entry.previous.next = entry.next;
    else {
      level.heads[entry.slot] = entry.next;
      if (entry.next === undefined) level.occupied &= ~(1 << entry.slot);
    }
    entry.level = SPENT;
    entry.previous = undefined;
    entry.next = undefined;
  }

  #level(level: number): Level<Value> {
    return this.#levels[level] as Level<Value>;
  }
}
