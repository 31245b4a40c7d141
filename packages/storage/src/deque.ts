import { assert } from '@kafkaesque/kernel';

/** A queue whose entries keep their number for life: the first ever pushed is 0. Grows by doubling, reuses its slots. */
export class Deque<T> {
  #slots: (T | undefined)[] = [];
  #first = 0;
  #end = 0;

  /** Number of the first entry. */
  get first(): number {
    return this.#first;
  }
  /** Number that the next entry will get. */
  get end(): number {
    return this.#end;
  }
  get size(): number {
    return this.#end - this.#first;
  }

  at(number: number): T {
    assert(number >= this.#first && number < this.#end, 'an entry is asked for while it is in the queue');
    return this.#slots[number & (this.#slots.length - 1)] as T;
  }

  push(entry: T): void {
    if (this.size === this.#slots.length) this.#grow();
    this.#slots[this.#end & (this.#slots.length - 1)] = entry;
    this.#end += 1;
  }

  shift(): T {
    const entry = this.at(this.#first);
    this.#slots[this.#first & (this.#slots.length - 1)] = undefined;
    this.#first += 1;
    return entry;
  }

  pop(): T {
    const entry = this.at(this.#end - 1);
    this.#end -= 1;
    this.#slots[this.#end & (this.#slots.length - 1)] = undefined;
    return entry;
  }

  #grow(): void {
    const grown = new Array<T | undefined>(Math.max(8, this.#slots.length * 2)).fill(undefined);
    for (let number = this.#first; number < this.#end; number++) {
      grown[number & (grown.length - 1)] = this.#slots[number & (this.#slots.length - 1)];
    }
    this.#slots = grown;
  }
}
