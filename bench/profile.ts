import { readFileSync } from 'node:fs';

/** A node of V8's processor profile: a function as it was called from its parent. */
interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

/** Seconds of the event loop's thread by what it did. Idle time and the loading of modules are left out. */
export type Parts = Readonly<Record<string, number>>;

const IDLE = '(idle)';
const LOADING = /^(?:node:internal\/modules\/|node:internal\/bootstrap\/)/;
const PACKAGE = /packages\/([a-z]+)\/(?:dist|src)\//;
const WRITES = /^(?:writev|write(?:Buffer|Buffers|Utf8String|Latin1String)|fdatasync|fsync)$/;

/**
 * What a function is part of, from the innermost frame outwards: handing bytes to the system stands for itself, any
 * other function belongs to the nearest package of ours that called it.
 */
const partOf = (stack: readonly ProfileNode['callFrame'][]): string | undefined => {
  const [leaf] = stack;
  if (leaf === undefined || leaf.functionName === IDLE || leaf.functionName === '(root)') return undefined;
  if (leaf.functionName === '(garbage collector)') return 'garbage collection';
  if (leaf.functionName === '(program)') return 'the system and V8 itself';
  if (stack.some(({ url }) => LOADING.test(url))) return undefined;
  if (WRITES.test(leaf.functionName))
    return stack.some(({ url }) => url === 'node:net')
      ? 'handing answers to sockets'
      : 'handing writes to files';
  for (const { url } of stack) {
    if (url.includes('crc32c')) return 'CRC32C';
    if (url.includes('bench/floor')) return 'the floor’s own code';
    const found = PACKAGE.exec(url)?.[1];
    if (found !== undefined) return `\`${found}\``;
  }
  return 'Node’s streams, timers and promises';
};

/** Adds a profile up. */
export const partsOf = ({ nodes, samples, timeDeltas }: CpuProfile): Parts => {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const names = new Map<number, string | undefined>();
  const name = (id: number, callers: readonly ProfileNode['callFrame'][]): void => {
    const node = byId.get(id);
    if (node === undefined) return;
    const stack = [node.callFrame, ...callers];
    names.set(id, partOf(stack));
    for (const child of node.children ?? []) name(child, stack);
  };
  const [root] = nodes;
  if (root !== undefined) name(root.id, []);
  const parts: Record<string, number> = {};
  samples.forEach((id, index) => {
    const part = names.get(id);
    if (part !== undefined) parts[part] = (parts[part] ?? 0) + (timeDeltas[index] ?? 0) / 1e6;
  });
  return parts;
};

/** Reads a `.cpuprofile`. */
export const readProfile = (path: string): Parts =>
  partsOf(JSON.parse(readFileSync(path, 'utf8')) as CpuProfile);

/** Several of them as one: of the nodes of a cluster. */
export const sumOfParts = (all: readonly Parts[]): Parts => {
  const sum: Record<string, number> = {};
  for (const parts of all)
    for (const [name, seconds] of Object.entries(parts)) sum[name] = (sum[name] ?? 0) + seconds;
  return sum;
};

/** Against the bytes that were moved meanwhile. */
export const perGb = (parts: Parts, bytes: number): Parts =>
  Object.fromEntries(Object.entries(parts).map(([name, seconds]) => [name, seconds / (bytes / 1e9)]));
