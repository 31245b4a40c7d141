import { assert } from '@kafkaesque/kernel';

/** What the heap orders. `heapIndex` is the heap's own: -1 while the item is in none. */
export interface Dated {
  readonly deadlineMs: number;
  heapIndex: number;
}

/**
 * A binary heap by deadline whose items know their place, so that what is over early (nearly everything) leaves at
 * once. Deadlines mostly come in ascending order, which makes an insertion one comparison.
 */
export class Deadlines<Item extends Dated> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The earliest item. */
  get first(): Item | undefined {
    return this.#items[0];
  }

  add(item: Item): void {
    assert(item.heapIndex === -1, 'an item waits for one deadline');
    this.#items.push(item);
    this.#rise(this.#items.length - 1, item);
  }

  remove(item: Item): void {
    const at = item.heapIndex;
    assert(this.#items[at] === item, 'only what waits can stop waiting');
    const last = this.#items.pop();
    item.heapIndex = -1;
    if (last === undefined || last === item) return;
    const parent = this.#items[(at - 1) >> 1];
    if (at > 0 && parent !== undefined && parent.deadlineMs > last.deadlineMs) this.#rise(at, last);
    else this.#sink(at, last);
  }

  #rise(from: number, item: Item): void {
    let at = from;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = this.#items[parentAt];
      if (parent === undefined || parent.deadlineMs <= item.deadlineMs) break;
      this.#put(at, parent);
      at = parentAt;
    }
    this.#put(at, item);
  }

  #sink(from: number, item: Item): void {
    let at = from;
    for (;;) {
      let childAt = 2 * at + 1;
      let child = this.#items[childAt];
      const right = this.#items[childAt + 1];
      if (child !== undefined && right !== undefined && right.deadlineMs < child.deadlineMs) {
        child = right;
        childAt += 1;
      }
      if (child === undefined || child.deadlineMs >= item.deadlineMs) break;
      this.#put(at, child);
      at = childAt;
    }
    this.#put(at, item);
  }

  #put(at: number, item: Item): void {
    this.#items[at] = item;
    item.heapIndex = at;
  }
}
