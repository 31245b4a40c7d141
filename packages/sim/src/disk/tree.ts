import { Failure } from '@kafkaesque/kernel';
import type { SystemCode } from '@kafkaesque/kernel';
import { SimulatedDirectory } from './simulated-directory';
import type { DiskNode } from './simulated-directory';
import { SimulatedFile } from './simulated-file';

export const diskFailure = (code: SystemCode | 'EBADF' | 'EINVAL', what: string): Failure =>
  new Failure(code, `${code}: ${what}`);

/** Where a name stands or would stand. */
export interface Place {
  readonly parent: SimulatedDirectory;
  readonly name: string;
  readonly node: DiskNode | undefined;
}

const partsOf = (path: string): readonly string[] => path.split('/').filter((part) => part !== '');

export const directoryAt = (root: SimulatedDirectory, path: string): SimulatedDirectory =>
  walk(root, partsOf(path), path);

const walk = (root: SimulatedDirectory, parts: readonly string[], path: string): SimulatedDirectory => {
  let directory = root;
  for (const part of parts) {
    const next = directory.get(part);
    if (next === undefined) throw diskFailure('ENOENT', path);
    if (next instanceof SimulatedFile) throw diskFailure('ENOTDIR', path);
    directory = next;
  }
  return directory;
};

export const placeAt = (root: SimulatedDirectory, path: string): Place => {
  const parts = partsOf(path);
  const name = parts.at(-1);
  if (name === undefined) throw diskFailure('EINVAL', `${path} has no parent`);
  const parent = walk(root, parts.slice(0, -1), path);
  return { parent, name, node: parent.get(name) };
};

export const fileAt = (root: SimulatedDirectory, path: string): SimulatedFile => {
  const { node } = placeAt(root, path);
  if (node === undefined) throw diskFailure('ENOENT', path);
  if (node instanceof SimulatedDirectory) throw diskFailure('EISDIR', path);
  return node;
};

/** As rename(2). Returns what had the name `to` before. */
export const moveName = (root: SimulatedDirectory, from: string, to: string): DiskNode | undefined => {
  const source = placeAt(root, from);
  const target = placeAt(root, to);
  if (source.node === undefined) throw diskFailure('ENOENT', from);
  if (target.node !== undefined && target.node !== source.node) {
    if (target.node instanceof SimulatedFile) {
      if (source.node instanceof SimulatedDirectory) throw diskFailure('ENOTDIR', to);
    } else if (source.node instanceof SimulatedFile) throw diskFailure('EISDIR', to);
    else if (!target.node.isEmpty) throw diskFailure('ENOTEMPTY', to);
  }
  if (target.node === source.node) return undefined;
  source.parent.move(source.name, source.node, target.parent, target.name);
  return target.node;
};

export const removeFile = (root: SimulatedDirectory, path: string): SimulatedFile => {
  const { parent, name, node } = placeAt(root, path);
  if (node === undefined) throw diskFailure('ENOENT', path);
  if (node instanceof SimulatedDirectory) throw diskFailure('EISDIR', path);
  parent.remove(name);
  return node;
};

export const removeEmptyDirectory = (root: SimulatedDirectory, path: string): void => {
  const { parent, name, node } = placeAt(root, path);
  if (node === undefined) throw diskFailure('ENOENT', path);
  if (node instanceof SimulatedFile) throw diskFailure('ENOTDIR', path);
  if (!node.isEmpty) throw diskFailure('ENOTEMPTY', path);
  parent.remove(name);
};

/** Visits every file that a process sees, with its path. */
export const eachFile = (
  directory: SimulatedDirectory,
  path: string,
  visit: (path: string, file: SimulatedFile) => void,
): void => {
  for (const [name, node] of directory.entries()) {
    if (node instanceof SimulatedFile) visit(`${path}/${name}`, node);
    else eachFile(node, `${path}/${name}`, visit);
  }
};

/** Every node that is durable or may become so, each once. */
export const durableNodes = (root: SimulatedDirectory): ReadonlySet<DiskNode> => {
  const found = new Set<DiskNode>([root]);
  for (const node of found) {
    if (node instanceof SimulatedDirectory) for (const child of node.durableNodes()) found.add(child);
  }
  return found;
};

/** What stands at `path` when every name on the way is durable. */
export const durableAt = (root: SimulatedDirectory, path: string): DiskNode | undefined => {
  let node: DiskNode | undefined = root;
  for (const part of partsOf(path)) {
    if (!(node instanceof SimulatedDirectory)) return undefined;
    node = node.getDurable(part);
  }
  return node;
};
