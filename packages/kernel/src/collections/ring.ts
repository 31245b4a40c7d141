import { assert } from '../assert';

/** A queue with two ends over one array that grows by doubling: no entry is moved when another leaves. */
export class Ring<Value> {
  #slots: (Value | undefined)[] = new Array<Value | undefined>(8);
  #first = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The entry at `index` from the front; undefined beyond the end. */
  at(index: number): Value | undefined {
    return index < 0 || index >= this.#size ? undefined : this.#slots[this.#slotOf(index)];
  }

  get first(): Value | undefined {
    return this.at(0);
  }

  get last(): Value | undefined {
    return this.at(this.#size - 1);
  }

  push(value: Value): void {
    if (this.#size === this.#slots.length) this.#grow();
    this.#slots[this.#slotOf(this.#size)] = value;
    this.#size += 1;
  }

  unshift(value: Value): void {
    if (this.#size === this.#slots.length) this.#grow();
    this.#first = this.#slotOf(this.#slots.length - 1);
    this.#slots[this.#first] = value;
    this.#size += 1;
  }

  /** Takes the first entry; undefined when there is none. */
  shift(): Value | undefined {
    if (this.#size === 0) return undefined;
    const value = this.#slots[this.#first];
    this.#slots[this.#first] = undefined;
    this.#first = this.#slotOf(1);
    this.#size -= 1;
    return value;
  }

  /** Takes the last entry; undefined when there is none. */
  pop(): Value | undefined {
    if (this.#size === 0) return undefined;
    const slot = this.#slotOf(this.#size - 1);
    const value = this.#slots[slot];
    this.#slots[slot] = undefined;
    this.#size -= 1;
    return value;
  }

  /** Forgets the first `count` entries. */
  drop(count: number): void {
    assert(count <= this.#size, 'only what is there is dropped');
    for (let i = 0; i < count; i++) this.shift();
  }

  clear(): void {
    this.drop(this.#size);
  }

  *[Symbol.iterator](): IterableIterator<Value> {
    for (let index = 0; index < this.#size; index++) yield this.#slots[this.#slotOf(index)] as Value;
  }

  /** The length of `#slots` is a power of two. */
  #slotOf(index: number): number {
    return (this.#first + index) & (this.#slots.length - 1);
  }

  #grow(): void {
    const slots = new Array<Value | undefined>(this.#slots.length * 2);
    for (let index = 0; index < this.#size; index++) slots[index] = this.#slots[this.#slotOf(index)];
    this.#slots = slots;
    this.#first = 0;
  }
}
