/**
 * An immutable map from strings with structural sharing (a hash array mapped trie, 32 ways): `set` and `delete` copy
 * one path of a few small arrays and leave the old map as it was. Iteration order depends on the keys alone, never on
 * the order of insertion, so that two nodes with the same facts walk them alike.
 */
export interface PersistentMap<Value> {
  readonly size: number;
  get(key: string): Value | undefined;
  has(key: string): boolean;
  /** The same map when `value` is already there. */
  set(key: string, value: Value): PersistentMap<Value>;
  /** The same map when `key` is absent. */
  delete(key: string): PersistentMap<Value>;
  entries(): IterableIterator<readonly [string, Value]>;
  values(): IterableIterator<Value>;
  keys(): IterableIterator<string>;
  /** Many changes at once: what they share is copied once. The map itself stays as it is. */
  draft(): MapDraft<Value>;
  /** The nodes it is made of: what a change copies some of. */
  nodes(): IterableIterator<object>;
}

/** A map under change. */
export interface MapDraft<Value> {
  get(key: string): Value | undefined;
  has(key: string): boolean;
  set(key: string, value: Value): void;
  delete(key: string): void;
  /** The map as it is now; the draft can go on. The very map it began with when nothing has changed. */
  finish(): PersistentMap<Value>;
}

interface Leaf<Value> {
  readonly kind: 'leaf';
  readonly hash: number;
  readonly key: string;
  readonly value: Value;
}
interface Branch<Value> {
  readonly kind: 'branch';
  /** Who made this node, and may change it while nobody else has seen it. */
  readonly owner: Owner;
  /** Bit i is set when slot i has a child; children stand in slot order. */
  bitmap: number;
  readonly children: Node<Value>[];
}
/** Different keys with all 32 hash bits equal, sorted by key. */
interface Collision<Value> {
  readonly kind: 'collision';
  readonly hash: number;
  readonly leaves: readonly Leaf<Value>[];
}
/** Stands for one series of changes: compared by identity. */
type Owner = Readonly<Record<string, never>>;
type Node<Value> = Leaf<Value> | Branch<Value> | Collision<Value>;

const BITS = 5;
const MASK = 31;

/** 32-bit FNV-1a with a final mix, so that near keys spread over the slots. */
const hashOf = (key: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
};

const bitCount = (bits: number): number => {
  let n = bits - ((bits >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
};

const slotBit = (hash: number, shift: number): number => 1 << ((hash >>> shift) & MASK);
const indexOf = (bitmap: number, bit: number): number => bitCount(bitmap & (bit - 1));

const find = <Value>(root: Node<Value> | undefined, hash: number, key: string): Leaf<Value> | undefined => {
  let node = root;
  for (let shift = 0; node !== undefined; shift += BITS) {
    if (node.kind === 'leaf') return node.hash === hash && node.key === key ? node : undefined;
    if (node.kind === 'collision')
      return node.hash === hash ? node.leaves.find((leaf) => leaf.key === key) : undefined;
    const bit = slotBit(hash, shift);
    node = (node.bitmap & bit) === 0 ? undefined : node.children[indexOf(node.bitmap, bit)];
  }
  return undefined;
};

/** A branch over two nodes whose hashes differ, or a collision when they do not. */
const join = <Value>(
  a: Leaf<Value> | Collision<Value>,
  b: Leaf<Value>,
  shift: number,
  owner: Owner,
): Node<Value> => {
  if (a.hash === b.hash) {
    const leaves = a.kind === 'leaf' ? [a, b] : [...a.leaves.filter((leaf) => leaf.key !== b.key), b];
    return { kind: 'collision', hash: a.hash, leaves: leaves.sort((x, y) => (x.key < y.key ? -1 : 1)) };
  }
  const slotOfA = (a.hash >>> shift) & MASK;
  const slotOfB = (b.hash >>> shift) & MASK;
  if (slotOfA === slotOfB)
    return { kind: 'branch', owner, bitmap: 1 << slotOfA, children: [join(a, b, shift + BITS, owner)] };
  return {
    kind: 'branch',
    owner,
    bitmap: (1 << slotOfA) | (1 << slotOfB),
    children: slotOfA < slotOfB ? [a, b] : [b, a],
  };
};

/** `node` with `leaf`. Branches of this owner are changed where they are, others are copied. */
const insert = <Value>(
  node: Node<Value> | undefined,
  leaf: Leaf<Value>,
  shift: number,
  owner: Owner,
): Node<Value> => {
  if (node === undefined) return leaf;
  if (node.kind === 'leaf') return node.key === leaf.key ? leaf : join(node, leaf, shift, owner);
  if (node.kind === 'collision') return join(node, leaf, shift, owner);
  const own: Branch<Value> =
    node.owner === owner
      ? node
      : { kind: 'branch', owner, bitmap: node.bitmap, children: node.children.slice() };
  const bit = slotBit(leaf.hash, shift);
  const index = indexOf(own.bitmap, bit);
  if ((own.bitmap & bit) === 0) own.children.splice(index, 0, leaf);
  else own.children[index] = insert(own.children[index], leaf, shift + BITS, owner);
  own.bitmap |= bit;
  return own;
};

/** Owner of what is never changed again. */
const nobody: Owner = {};

/** `node` without `key`, which is known to be there; undefined when nothing is left. */
const remove = <Value>(
  node: Node<Value>,
  hash: number,
  key: string,
  shift: number,
): Node<Value> | undefined => {
  if (node.kind === 'leaf') return undefined;
  if (node.kind === 'collision') {
    const leaves = node.leaves.filter((leaf) => leaf.key !== key);
    return leaves.length === 1 ? leaves[0] : { kind: 'collision', hash: node.hash, leaves };
  }
  const bit = slotBit(hash, shift);
  const index = indexOf(node.bitmap, bit);
  const child = node.children[index];
  const rest = child === undefined ? undefined : remove(child, hash, key, shift + BITS);
  const children = node.children.slice();
  if (rest === undefined) children.splice(index, 1);
  else children[index] = rest;
  const only = children[0];
  if (only === undefined) return undefined;
  // A branch with one leaf is the leaf: the shape of the trie depends on its keys alone.
  if (children.length === 1 && only.kind !== 'branch') return only;
  const bitmap = rest === undefined ? node.bitmap & ~bit : node.bitmap;
  return { kind: 'branch', owner: nobody, bitmap, children };
};

function* leavesOf<Value>(node: Node<Value> | undefined): IterableIterator<Leaf<Value>> {
  if (node === undefined) return;
  if (node.kind === 'leaf') yield node;
  else if (node.kind === 'collision') yield* node.leaves;
  else for (const child of node.children) yield* leavesOf(child);
}

function* nodesOf<Value>(node: Node<Value> | undefined): IterableIterator<object> {
  if (node === undefined) return;
  yield node;
  if (node.kind === 'branch') for (const child of node.children) yield* nodesOf(child);
}

class Trie<Value> implements PersistentMap<Value> {
  readonly size: number;
  readonly #root: Node<Value> | undefined;

  constructor(root: Node<Value> | undefined, size: number) {
    this.#root = root;
    this.size = size;
  }

  get(key: string): Value | undefined {
    return find(this.#root, hashOf(key), key)?.value;
  }

  has(key: string): boolean {
    return find(this.#root, hashOf(key), key) !== undefined;
  }

  set(key: string, value: Value): PersistentMap<Value> {
    const draft = this.draft();
    draft.set(key, value);
    return draft.finish();
  }

  delete(key: string): PersistentMap<Value> {
    const draft = this.draft();
    draft.delete(key);
    return draft.finish();
  }

  draft(): MapDraft<Value> {
    return new TrieDraft(this, this.#root);
  }

  *entries(): IterableIterator<readonly [string, Value]> {
    for (const leaf of leavesOf(this.#root)) yield [leaf.key, leaf.value];
  }

  *values(): IterableIterator<Value> {
    for (const leaf of leavesOf(this.#root)) yield leaf.value;
  }

  *keys(): IterableIterator<string> {
    for (const leaf of leavesOf(this.#root)) yield leaf.key;
  }

  *nodes(): IterableIterator<object> {
    yield* nodesOf(this.#root);
  }
}

class TrieDraft<Value> implements MapDraft<Value> {
  #finished: PersistentMap<Value>;
  #root: Node<Value> | undefined;
  #size: number;
  #owner: Owner = {};
  #isChanged = false;

  constructor(map: PersistentMap<Value>, root: Node<Value> | undefined) {
    this.#finished = map;
    this.#root = root;
    this.#size = map.size;
  }

  get(key: string): Value | undefined {
    return find(this.#root, hashOf(key), key)?.value;
  }

  has(key: string): boolean {
    return find(this.#root, hashOf(key), key) !== undefined;
  }

  set(key: string, value: Value): void {
    const hash = hashOf(key);
    const before = find(this.#root, hash, key);
    if (before !== undefined && before.value === value) return;
    this.#root = insert(this.#root, { kind: 'leaf', hash, key, value }, 0, this.#owner);
    if (before === undefined) this.#size += 1;
    this.#isChanged = true;
  }

  delete(key: string): void {
    const hash = hashOf(key);
    if (this.#root === undefined || find(this.#root, hash, key) === undefined) return;
    this.#root = remove(this.#root, hash, key, 0);
    this.#size -= 1;
    this.#isChanged = true;
  }

  finish(): PersistentMap<Value> {
    if (!this.#isChanged) return this.#finished;
    this.#isChanged = false;
    // What was changed in place is seen by others from now on.
    this.#owner = {};
    this.#finished = new Trie(this.#root, this.#size);
    return this.#finished;
  }
}

const empty = new Trie<never>(undefined, 0);

/** The map with nothing in it. */
export const emptyMap = <Value>(): PersistentMap<Value> => empty;
