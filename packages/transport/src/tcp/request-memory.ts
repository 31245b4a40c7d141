import { assert } from '@kafkaesque/kernel';

/** A connection that stopped reading because the budget is full. */
export interface MemoryWaiter {
  /** Whether it holds part of a frame, and so gives memory back only by reading on, which only the budget prevents. */
  readonly hasUnfinishedFrame: boolean;
  /** Bytes of requests that it has in the budget itself. */
  readonly heldBytes: number;
  /** Reads on. */
  roomAgain(): void;
}

/** Who holds less than this is modest. */
const MODEST_BYTES = 64 * 1024;
/** So much of the limit is there beside it, for the modest alone. */
const PART_FOR_THE_MODEST = 1 / 8;

/**
 * The process-wide budget for bytes of requests, shared by all listeners: full means stop reading sockets. It may be
 * exceeded by what one read brings for each connection, never by what a length declares. Those who hold little read on a
 * while longer: frames that never end may fill the budget, but not keep others from asking.
 */
export class RequestMemory {
  readonly limitBytes: number;
  #requestBytes = 0;
  #unfinishedBytes = 0;
  readonly #waiters = new Set<MemoryWaiter>();
  readonly #modestWaiters = new Set<MemoryWaiter>();
  #runner: MemoryWaiter | undefined;
  #isWaking = false;

  constructor(options: { readonly limitBytes: number }) {
    this.limitBytes = options.limitBytes;
  }

  /** Bytes of whole requests that are not answered yet, and of frames that are still arriving. */
  get heldBytes(): number {
    return this.#requestBytes + this.#unfinishedBytes;
  }

  get isFull(): boolean {
    return this.heldBytes >= this.limitBytes;
  }

  get waiterCount(): number {
    return this.#waiters.size + this.#modestWaiters.size;
  }

  /** Counts a whole request until `giveRequest`. */
  takeRequest(sizeBytes: number): void {
    this.#requestBytes += sizeBytes;
  }

  giveRequest(sizeBytes: number): void {
    this.#requestBytes -= sizeBytes;
    assert(this.#requestBytes >= 0, 'a request gives back what it took');
    this.#wake();
  }

  /** Counts the change of what has arrived of an unfinished frame. */
  changeUnfinished(byBytes: number): void {
    this.#unfinishedBytes += byBytes;
    assert(this.#unfinishedBytes >= 0, 'a frame gives back what it took');
    if (byBytes < 0) this.#wake();
  }

  /**
   * Whether `waiter` may read. If not, it is called when there is room. One with an unfinished frame may always read
   * when unfinished frames alone fill the budget: otherwise all would wait for each other.
   */
  mayRead(waiter: MemoryWaiter): boolean {
    if (this.#hasRoomFor(waiter) || this.#runner === waiter) return true;
    if (this.#requestBytes === 0 && this.#runner === undefined && waiter.hasUnfinishedFrame) {
      this.#runner = waiter;
      return true;
    }
    (isModest(waiter) ? this.#modestWaiters : this.#waiters).add(waiter);
    return false;
  }

  /** A waiter holds less than before: if it has become modest, it waits with its like. */
  holdsLess(waiter: MemoryWaiter): void {
    if (!isModest(waiter) || !this.#waiters.delete(waiter)) return;
    this.#modestWaiters.add(waiter);
    this.#wake();
  }

  /** The waiter finished its frame: another one may run. */
  frameFinished(waiter: MemoryWaiter): void {
    if (this.#runner === waiter) this.#runner = undefined;
  }

  /** The waiter is gone; what it held must have been given back. */
  forget(waiter: MemoryWaiter): void {
    this.#waiters.delete(waiter);
    this.#modestWaiters.delete(waiter);
    if (this.#runner === waiter) this.#runner = undefined;
    this.#wake();
  }

  #hasRoomFor(waiter: MemoryWaiter): boolean {
    return isModest(waiter) ? this.#hasRoomForTheModest : !this.isFull;
  }

  /** What the runner holds is beyond the limit anyhow, and its own. */
  get #hasRoomForTheModest(): boolean {
    const othersBytes = this.heldBytes - (this.#runner?.heldBytes ?? 0);
    return othersBytes < this.limitBytes * (1 + PART_FOR_THE_MODEST);
  }

  /** Calls one waiter after the other, as long as there is room or nobody else could make some. */
  #wake(): void {
    if (this.#isWaking) return;
    this.#isWaking = true;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#waiters.delete(next);
      this.#modestWaiters.delete(next);
      if (!this.#hasRoomFor(next)) this.#runner = next;
      next.roomAgain();
    }
    this.#isWaking = false;
  }

  #next(): MemoryWaiter | undefined {
    if (this.waiterCount === 0) return undefined;
    const [modest] = this.#modestWaiters;
    if (modest !== undefined && this.#hasRoomForTheModest) return modest;
    if (!this.isFull) {
      const [first] = this.#waiters;
      return first;
    }
    if (this.#requestBytes > 0 || this.#runner !== undefined) return undefined;
    for (const waiters of [this.#waiters, this.#modestWaiters])
      for (const waiter of waiters) if (waiter.hasUnfinishedFrame) return waiter;
    return undefined;
  }
}

const isModest = ({ heldBytes }: MemoryWaiter): boolean => heldBytes < MODEST_BYTES;
