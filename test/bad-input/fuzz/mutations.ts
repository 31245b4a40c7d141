import type { Random } from '@kafkaesque/kernel';
import { mutatedBatches } from './batch-mutations';
import { frameOf } from './recordings';
import type { Seed } from './recordings';

/** A request that no client sent. */
export interface Mutant {
  /** Without its length. */
  readonly frame: Buffer;
  /** `value`: another request, written as we write; `bytes`: whatever came out. */
  readonly kind: 'value' | 'bytes';
  readonly seed: Seed;
}

const LARGEST_FRAME_BYTES = 128 * 1024;

/** Where limits are: of each integer type, of names, of what a request may ask for. */
const EDGES: readonly number[] = [
  ...[-1, 0, 1, 2, 3, 7, 8, 100, 127, 128, 255, 256, 32_767, 32_768, 65_535],
  ...[-2, -128, -32_768, -2_147_483_648, 2_147_483_647, 2 ** 31, 2 ** 32 - 1],
  ...[2 ** 53 - 1, -(2 ** 53) + 1],
];

const TEXTS: readonly string[] = [
  ...['', '.', '..', '../../etc/passwd', 'a/b', 'a\u0000b', '%2e%2e', '__proto__', 'constructor', 'toString'],
  ...['recorded', 'Recorded', 'recorded.', '__consumer_offsets', '__transaction_state', '1', '-1', 'null'],
  ...[
    'a'.repeat(249),
    'a'.repeat(250),
    'ä'.repeat(300),
    'a'.repeat(32_767),
    '🂡',
    'line\nfeed',
    'retention.ms',
  ],
  ...[
    'cleanup.policy',
    'compact',
    'segment.bytes',
    'flush.policy',
    'replication',
    'NaN',
    '1e309',
    '9'.repeat(40),
  ],
];

export const oneOf = <Item>(items: readonly Item[], random: Random): Item => {
  const item = items[random.below(items.length)];
  if (item === undefined) throw new Error('nothing to choose from');
  return item;
};

/** Makes a request out of one of the seeds, in one to four steps. */
export const mutate = (seeds: readonly Seed[], random: Random): Mutant => {
  const seed = oneOf(seeds, random);
  const steps = 1 + random.below(4);
  if (random.below(10) < 6) {
    const frame = mutatedValue(seed, steps, random);
    if (frame !== undefined) return { frame, kind: 'value', seed };
  }
  let { frame } = seed;
  for (let step = 0; step < steps; step += 1) frame = mutatedBytes(frame, seeds, random);
  return { frame: frame.subarray(0, LARGEST_FRAME_BYTES), kind: 'bytes', seed };
};

type Holder = Record<string | number, unknown>;
interface Slot {
  readonly holder: Holder;
  readonly key: string | number;
}

/** Changes fields, items and record batches of what the request says, perhaps also its version. */
const mutatedValue = (seed: Seed, steps: number, random: Random): Buffer | undefined => {
  const root: Holder = { clientId: seed.clientId, value: copied(seed.value) };
  for (let step = 0; step < steps; step += 1) {
    const slots: Slot[] = [];
    collect(root, slots);
    const { holder, key } = oneOf(slots, random);
    holder[key] = changed(holder[key], random);
  }
  // An array of arrays, doubled and repeated, can ask for hundreds of megabytes to be written.
  if (leastBytes(root) > LARGEST_FRAME_BYTES) return undefined;
  const { min, max } = { min: seed.api.minServed, max: seed.api.advertised.max };
  const version = random.below(8) === 0 ? min + random.below(max - min + 1) : seed.version;
  const frame = frameOf({
    ...seed,
    version,
    correlationId: random.below(2 ** 31),
    clientId: typeof root['clientId'] === 'string' ? root['clientId'] : null,
    value: root['value'],
  });
  return frame === undefined || frame.length > LARGEST_FRAME_BYTES ? undefined : frame;
};

/** Decoded values share their defaults: what is to be changed is copied. */
const copied = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(copied);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, content]) => [name, copied(content)]));
};

/** No more than what the value takes in a frame; counting ends where it is too much. */
const leastBytes = (value: unknown): number => {
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let bytes = 0;
  for (const content of Object.values(value)) {
    bytes += leastBytes(content);
    if (bytes > LARGEST_FRAME_BYTES) break;
  }
  return bytes;
};

const MOST_SLOTS = 2_000;

const collect = (holder: Holder, into: Slot[]): void => {
  for (const key of Object.keys(holder)) {
    if (into.length >= MOST_SLOTS) return;
    const value = holder[key];
    if (!(key === 'value' && into.length <= 1)) into.push({ holder, key });
    if (typeof value === 'object' && value !== null && !Buffer.isBuffer(value))
      collect(value as Holder, into);
  }
};

const changed = (value: unknown, random: Random): unknown => {
  switch (typeof value) {
    case 'number':
      return random.below(3) === 0 ? value + random.below(5) - 2 : oneOf(EDGES, random);
    case 'boolean':
      return !value;
    case 'string':
      return random.below(4) === 0 ? value + oneOf(TEXTS, random) : oneOf(TEXTS, random);
    default:
      if (value === null) return oneOf(['', 0, [], Buffer.alloc(0)], random);
      if (Buffer.isBuffer(value)) return mutatedBatches(value, random);
      return Array.isArray(value) ? changedItems(value, random) : value;
  }
};

const changedItems = (items: readonly unknown[], random: Random): readonly unknown[] => {
  const at = random.below(items.length + 1);
  switch (random.below(5)) {
    case 0:
      return [];
    case 1:
      return items.toSpliced(at, 1);
    case 2:
      return items.toReversed();
    case 3:
      return [...items, ...items];
    default: {
      const times = random.below(50) === 0 ? 5_000 : random.below(40);
      const item = items[Math.min(at, items.length - 1)];
      return item === undefined ? items : [...items, ...Array.from({ length: times }, () => copied(item))];
    }
  }
};

/** One change of bytes, whatever they mean. */
export const mutatedBytes = (bytes: Buffer, seeds: readonly Seed[], random: Random): Buffer => {
  if (bytes.length === 0) return random.bytes(1 + random.below(64));
  const at = random.below(bytes.length);
  const copy = Buffer.from(bytes);
  switch (random.below(9)) {
    case 0:
      copy.writeUInt8(bytes.readUInt8(at) ^ (1 << random.below(8)), at);
      return copy;
    case 1:
      copy.writeUInt8(oneOf([0, 1, 0x7f, 0x80, 0xff], random), at);
      return copy;
    case 2:
      if (at + 4 <= copy.length) copy.writeInt32BE(oneOf(EDGES, random) | 0, at);
      return copy;
    case 3:
      return copy.subarray(0, at);
    case 4:
      return Buffer.concat([copy.subarray(0, at), random.bytes(1 + random.below(16)), copy.subarray(at)]);
    case 5:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1 + random.below(16))]);
    case 6: {
      const piece = copy.subarray(at, at + 1 + random.below(64));
      const times = 1 + random.below(random.below(20) === 0 ? 1_000 : 4);
      return Buffer.concat([copy.subarray(0, at), ...Array<Buffer>(times).fill(piece), copy.subarray(at)]);
    }
    case 7:
      // Another API or version with this body.
      if (copy.length >= 4)
        copy.writeInt16BE(random.below(random.below(2) === 0 ? 14 : 100), 2 * random.below(2));
      return copy;
    default: {
      const other = oneOf(seeds, random).frame;
      return Buffer.concat([copy.subarray(0, at), other.subarray(random.below(other.length))]);
    }
  }
};
