import { assert } from '@kafkaesque/kernel';

/**
 * An immutable list with structural sharing (a trie over the index, 32 ways): a change copies one path of small arrays
 * and leaves the old list as it was, so one of ten thousand values costs what one of a hundred does.
 */
export interface PersistentVector<Value> extends Iterable<Value> {
  readonly size: number;
  /** Undefined beyond the end. */
  get(index: number): Value | undefined;
  /** With the value at `index`, which is at most `size`. */
  with(index: number, value: Value): PersistentVector<Value>;
  /** With all these values; their indexes ascend and leave no gap at the end. Shared paths are copied once. */
  withAll(changes: readonly (readonly [index: number, value: Value])[]): PersistentVector<Value>;
  /** A plain array of the values from index `from` up to, without, `to`. */
  slice(from?: number, to?: number): Value[];
  map<Result>(of: (value: Value, index: number) => Result): Result[];
  /** The arrays it is made of: what a change copies some of. */
  nodes(): IterableIterator<VectorNode<Value>>;
}

interface Leaf<Value> {
  readonly kind: 'leaf';
  readonly values: readonly Value[];
}
interface Branch<Value> {
  readonly kind: 'branch';
  readonly children: readonly VectorNode<Value>[];
}
/** One array of the trie: what a change copies. */
export type VectorNode<Value> = Leaf<Value> | Branch<Value>;

type Changes<Value> = readonly (readonly [index: number, value: Value])[];

const BITS = 5;
const MASK = 31;

const changedLeaf = <Value>(
  leaf: VectorNode<Value> | undefined,
  changes: Changes<Value>,
  from: number,
  to: number,
): VectorNode<Value> => {
  const values = leaf?.kind === 'leaf' ? leaf.values.slice() : [];
  for (let i = from; i < to; i++) {
    const change = changes[i];
    if (change !== undefined) values[change[0] & MASK] = change[1];
  }
  return { kind: 'leaf', values };
};

/** A node after `changes[from]` to `changes[to - 1]`, all of which lie below it. `shift` is 0 for leaves. */
const changedNode = <Value>(
  node: VectorNode<Value> | undefined,
  shift: number,
  changes: Changes<Value>,
  from: number,
  to: number,
): VectorNode<Value> => {
  if (shift === 0) return changedLeaf(node, changes, from, to);
  const children = node?.kind === 'branch' ? node.children.slice() : [];
  for (let start = from; start < to;) {
    const slot = ((changes[start]?.[0] ?? 0) >>> shift) & MASK;
    let end = start + 1;
    while (end < to && (((changes[end]?.[0] ?? 0) >>> shift) & MASK) === slot) end += 1;
    children[slot] = changedNode(children[slot], shift - BITS, changes, start, end);
    start = end;
  }
  return { kind: 'branch', children };
};

function* nodesBelow<Value>(node: VectorNode<Value>): IterableIterator<VectorNode<Value>> {
  yield node;
  if (node.kind === 'branch') for (const child of node.children) yield* nodesBelow(child);
}

class Vector<Value> implements PersistentVector<Value> {
  readonly size: number;
  /** Bits of the index below those that the root looks at. */
  readonly #shift: number;
  readonly #root: VectorNode<Value> | undefined;

  constructor(root: VectorNode<Value> | undefined, shift: number, size: number) {
    this.#root = root;
    this.#shift = shift;
    this.size = size;
  }

  get(index: number): Value | undefined {
    return index >= 0 && index < this.size ? this.#leafAt(index)?.[index & MASK] : undefined;
  }

  with(index: number, value: Value): PersistentVector<Value> {
    return this.withAll([[index, value]]);
  }

  withAll(changes: Changes<Value>): PersistentVector<Value> {
    if (changes.length === 0) return this;
    const last = changes.at(-1)?.[0] ?? 0;
    const size = Math.max(this.size, last + 1);
    // What lies beyond the end ascends by one, so the first of it says whether there is a gap.
    const beyond = size - this.size;
    const firstBeyond = beyond === 0 ? this.size : changes[changes.length - beyond]?.[0];
    assert(firstBeyond === this.size, () => `index ${last} follows ${this.size} values without a gap`);
    let root = this.#root;
    let shift = this.#shift;
    for (; size > 2 ** (shift + BITS); shift += BITS)
      if (root !== undefined) root = { kind: 'branch', children: [root] };
    return new Vector(changedNode(root, shift, changes, 0, changes.length), shift, size);
  }

  slice(from = 0, to = this.size): Value[] {
    const values: Value[] = [];
    const end = Math.min(to, this.size);
    for (let index = Math.max(0, from); index < end;) {
      const leaf = this.#leafAt(index) ?? [];
      const stop = Math.min(end, (index | MASK) + 1);
      for (const value of leaf.slice(index & MASK, (index & MASK) + stop - index)) values.push(value);
      index = stop;
    }
    return values;
  }

  map<Result>(of: (value: Value, index: number) => Result): Result[] {
    const results: Result[] = [];
    for (const value of this) results.push(of(value, results.length));
    return results;
  }

  *[Symbol.iterator](): IterableIterator<Value> {
    for (let index = 0; index < this.size; index += MASK + 1) yield* this.#leafAt(index) ?? [];
  }

  *nodes(): IterableIterator<VectorNode<Value>> {
    if (this.#root !== undefined) yield* nodesBelow(this.#root);
  }

  #leafAt(index: number): readonly Value[] | undefined {
    let node = this.#root;
    for (let shift = this.#shift; node?.kind === 'branch'; shift -= BITS)
      node = node.children[(index >>> shift) & MASK];
    return node?.values;
  }
}

const empty = new Vector<never>(undefined, 0, 0);

/** The list with nothing in it. */
export const emptyVector = <Value>(): PersistentVector<Value> => empty;

/** A list of these values. */
export const vectorOf = <Value>(values: readonly Value[]): PersistentVector<Value> =>
  emptyVector<Value>().withAll(values.map((value, index) => [index, value] as const));
