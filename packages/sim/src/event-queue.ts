/** Something that will happen. `position` is its place in the queue's heap, -1 once it has left. */
export interface ScheduledEvent {
  readonly atMs: number;
  /** Events of the same time happen in the order in which they were asked for. */
  readonly order: number;
  readonly kind: string;
  readonly happen: () => void;
  position: number;
}

/** Future events, soonest first: a binary heap whose order is total, so that a run depends on its seed alone. */
export class EventQueue {
  readonly #heap: ScheduledEvent[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** The time of the next event; Infinity when nothing is left to happen. */
  get nextAtMs(): number {
    return this.#heap[0]?.atMs ?? Infinity;
  }

  push(atMs: number, kind: string, happen: () => void): ScheduledEvent {
    const event: ScheduledEvent = { atMs, order: this.#order++, kind, happen, position: this.#heap.length };
    this.#heap.push(event);
    this.#rise(event);
    return event;
  }

  pop(): ScheduledEvent | undefined {
    const event = this.#heap[0];
    if (event !== undefined) this.remove(event);
    return event;
  }

  /** Takes an event back; nothing happens when it has already left. */
  remove(event: ScheduledEvent): void {
    const { position } = event;
    if (position < 0) return;
    const last = this.#heap.pop();
    event.position = -1;
    if (last === undefined || last === event) return;
    last.position = position;
    this.#heap[position] = last;
    this.#rise(last);
    if (last.position === position) this.#sink(last);
  }

  #rise(event: ScheduledEvent): void {
    let position = event.position;
    while (position > 0) {
      const above = (position - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || !isBefore(event, parent)) break;
      this.#heap[position] = parent;
      parent.position = position;
      position = above;
    }
    this.#heap[position] = event;
    event.position = position;
  }

  #sink(event: ScheduledEvent): void {
    let position = event.position;
    for (;;) {
      const left = this.#heap[2 * position + 1];
      if (left === undefined) break;
      const right = this.#heap[2 * position + 2];
      const child = right !== undefined && isBefore(right, left) ? right : left;
      if (!isBefore(child, event)) break;
      const below = child.position;
      this.#heap[position] = child;
      child.position = position;
      position = below;
    }
    this.#heap[position] = event;
    event.position = position;
  }
}

const isBefore = (a: ScheduledEvent, b: ScheduledEvent): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
