import type { Disk, DiskEntry, DiskFile } from '@kafkaesque/kernel';
import { Failure, assert } from '@kafkaesque/kernel';

/** Bytes that stand over what the disk below has. */
interface Written {
  readonly position: number;
  readonly bytes: Buffer;
}

/** A file as the overlay has it: the first `belowBytes` of a file below, then zeros, and over them what was written. */
interface FileNode {
  readonly kind: 'file';
  readonly below: string | undefined;
  belowBytes: number;
  sizeBytes: number;
  written: Written[];
}

/** A directory: names that were looked at or changed; `undefined` for those that are gone. The rest is below. */
interface DirectoryNode {
  readonly kind: 'directory';
  readonly below: string | undefined;
  readonly children: Map<string, Node | undefined>;
  /** What the disk below has in it, once that was asked for. */
  entriesBelow: ReadonlyMap<string, DiskEntry['kind']> | undefined;
}

interface OtherNode {
  readonly kind: 'other';
}
type Node = FileNode | DirectoryNode | OtherNode;

const failure = (code: 'ENOENT' | 'EEXIST' | 'ENOTEMPTY' | 'ENOTDIR' | 'EISDIR', path: string): Failure =>
  new Failure(code, `${code}: ${path}`);

/**
 * A disk over another one that is only read: what is written stays in memory, and is gone with it. It takes as much memory
 * as is written, for the recovery of a log directory about what its journal holds.
 */
export const openOverlayDisk = (below: Disk): Disk => {
  const root = directoryNode('');

  const childOf = async (parent: DirectoryNode, name: string): Promise<Node | undefined> => {
    if (parent.children.has(name)) return parent.children.get(name);
    if (parent.below === undefined) return undefined;
    const kind = (await entriesOf(below, parent)).get(name);
    const node = await nodeBelow(below, `${parent.below}/${name}`, kind);
    parent.children.set(name, node);
    return node;
  };

  const find = async (path: string): Promise<Node | undefined> => {
    let node: Node | undefined = root;
    for (const name of partsOf(path)) {
      if (node === undefined) return undefined;
      if (node.kind !== 'directory') throw failure('ENOTDIR', path);
      node = await childOf(node, name);
    }
    return node;
  };

  const parentOf = async (path: string): Promise<{ parent: DirectoryNode; name: string }> => {
    const parts = partsOf(path);
    const name = parts.pop();
    assert(name !== undefined, () => `${path} names something within the root`);
    const parent = await find(`/${parts.join('/')}`);
    if (parent === undefined) throw failure('ENOENT', path);
    if (parent.kind !== 'directory') throw failure('ENOTDIR', path);
    return { parent, name };
  };

  const namesOf = async (directory: DirectoryNode): Promise<readonly string[]> => {
    const names = new Set((await entriesOf(below, directory)).keys());
    for (const [name, node] of directory.children) {
      if (node === undefined) names.delete(name);
      else names.add(name);
    }
    return [...names].sort();
  };

  return {
    async open(path, mode) {
      const { parent, name } = await parentOf(path);
      const known = await childOf(parent, name);
      if (mode === 'create') {
        if (known !== undefined) throw failure('EEXIST', path);
        const node: FileNode = { kind: 'file', below: undefined, belowBytes: 0, sizeBytes: 0, written: [] };
        parent.children.set(name, node);
        return new OverlayFile(path, node, undefined);
      }
      if (known === undefined) throw failure('ENOENT', path);
      if (known.kind !== 'file') throw failure('EISDIR', path);
      const file = known.below === undefined ? undefined : await below.open(known.below, 'read');
      return new OverlayFile(path, known, file);
    },
    async list(path) {
      const directory = await find(path);
      if (directory === undefined) throw failure('ENOENT', path);
      if (directory.kind !== 'directory') throw failure('ENOTDIR', path);
      const entries: DiskEntry[] = [];
      for (const name of await namesOf(directory)) {
        const node = await childOf(directory, name);
        if (node !== undefined) entries.push({ name, kind: node.kind });
      }
      return entries;
    },
    async makeDirectory(path) {
      const { parent, name } = await parentOf(path);
      if ((await childOf(parent, name)) !== undefined) throw failure('EEXIST', path);
      parent.children.set(name, directoryNode(undefined));
    },
    async rename(from, to) {
      const old = await parentOf(from);
      const node = await childOf(old.parent, old.name);
      if (node === undefined) throw failure('ENOENT', from);
      const { parent, name } = await parentOf(to);
      old.parent.children.set(old.name, undefined);
      parent.children.set(name, node);
    },
    async unlink(path) {
      const { parent, name } = await parentOf(path);
      const node = await childOf(parent, name);
      if (node === undefined) throw failure('ENOENT', path);
      if (node.kind === 'directory') throw failure('EISDIR', path);
      parent.children.set(name, undefined);
    },
    async removeDirectory(path) {
      const { parent, name } = await parentOf(path);
      const node = await childOf(parent, name);
      if (node === undefined) throw failure('ENOENT', path);
      if (node.kind !== 'directory') throw failure('ENOTDIR', path);
      if ((await namesOf(node)).length > 0) throw failure('ENOTEMPTY', path);
      parent.children.set(name, undefined);
    },
    syncDirectory: async (path) => {
      if ((await find(path)) === undefined) throw failure('ENOENT', path);
    },
    space: (path) => below.space(path),
  };
};

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '');

const directoryNode = (below: string | undefined): DirectoryNode => ({
  kind: 'directory',
  below,
  children: new Map(),
  entriesBelow: below === undefined ? new Map() : undefined,
});

const entriesOf = async (
  below: Disk,
  directory: DirectoryNode,
): Promise<ReadonlyMap<string, DiskEntry['kind']>> => {
  directory.entriesBelow ??= new Map(
    // A path is empty for the root alone.
    (await below.list(directory.below || '/')).map(({ name, kind }) => [name, kind]),
  );
  return directory.entriesBelow;
};

/** What the disk below has of that name. The size of a file is taken to stay. */
const nodeBelow = async (
  below: Disk,
  path: string,
  kind: DiskEntry['kind'] | undefined,
): Promise<Node | undefined> => {
  switch (kind) {
    case undefined:
      return undefined;
    case 'directory':
      return directoryNode(path);
    case 'other':
      return { kind };
    case 'file': {
      const file = await below.open(path, 'read');
      try {
        const sizeBytes = await file.sizeBytes();
        return { kind, below: path, belowBytes: sizeBytes, sizeBytes, written: [] };
      } finally {
        await file.close();
      }
    }
  }
};

/** One opening of a file. */
class OverlayFile implements DiskFile {
  readonly path: string;
  readonly #node: FileNode;
  readonly #below: DiskFile | undefined;

  constructor(path: string, node: FileNode, below: DiskFile | undefined) {
    this.path = path;
    this.#node = node;
    this.#below = below;
  }

  async read(into: Buffer, position: number): Promise<number> {
    const { wanted, fromBelow } = this.#parts(into, position);
    if (fromBelow > 0) await this.#below?.read(into.subarray(0, fromBelow), position);
    return this.#overlaid(into, position, wanted, fromBelow);
  }

  readNow(into: Buffer, position: number): number {
    const { wanted, fromBelow } = this.#parts(into, position);
    if (fromBelow > 0) this.#below?.readNow(into.subarray(0, fromBelow), position);
    return this.#overlaid(into, position, wanted, fromBelow);
  }

  #parts(into: Buffer, position: number): { readonly wanted: number; readonly fromBelow: number } {
    const { sizeBytes, belowBytes } = this.#node;
    const wanted = Math.max(0, Math.min(into.length, sizeBytes - position));
    return { wanted, fromBelow: Math.max(0, Math.min(wanted, belowBytes - position)) };
  }

  #overlaid(into: Buffer, position: number, wanted: number, fromBelow: number): number {
    into.fill(0, fromBelow, wanted);
    for (const { position: at, bytes } of this.#node.written) {
      const from = Math.max(position, at);
      const to = Math.min(position + wanted, at + bytes.length);
      if (from < to) bytes.copy(into, from - position, from - at, to - at);
    }
    return wanted;
  }

  write(parts: readonly Buffer[], position: number): Promise<void> {
    const bytes = Buffer.concat(parts);
    this.#node.written.push({ position, bytes });
    this.#node.sizeBytes = Math.max(this.#node.sizeBytes, position + bytes.length);
    return Promise.resolve();
  }

  truncate(sizeBytes: number): Promise<void> {
    const node = this.#node;
    node.belowBytes = Math.min(node.belowBytes, sizeBytes);
    node.sizeBytes = sizeBytes;
    node.written = node.written
      .filter(({ position }) => position < sizeBytes)
      .map(({ position, bytes }) => ({ position, bytes: bytes.subarray(0, sizeBytes - position) }));
    return Promise.resolve();
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  sizeBytes(): Promise<number> {
    return Promise.resolve(this.#node.sizeBytes);
  }

  async close(): Promise<void> {
    await this.#below?.close();
  }
}
