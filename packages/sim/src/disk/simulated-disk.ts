import type { Disk, Random } from '@kafkaesque/kernel';
import type { ProcessLife } from '../machine/process-life';
import type { Scheduler } from '../scheduler';
import { drawCrashOdds } from './crash-odds';
import { noDiskFaults, zeroDiskCounts } from './faults';
import type { DiskCounts, DiskFaults } from './faults';
import { MountedDisk } from './mounted-disk';
import { PageStore } from './pages';
import { SimulatedDirectory } from './simulated-directory';
import type { DiskNode } from './simulated-directory';
import { SimulatedFile } from './simulated-file';
import { directoryAt, diskFailure, durableAt, durableNodes, eachFile, fileAt } from './tree';

/** What a simulated disk is like when it is new. */
export interface SimulatedDiskOptions {
  readonly random: Random;
  /**
   * Gives each operation a time of its own, so that operations overtake one another. Without one, operations complete
   * on microtasks, in the order in which they were asked for.
   */
  readonly scheduler?: Scheduler;
  readonly faults?: Partial<DiskFaults>;
  /** Bytes the files may have together; writing beyond fails with ENOSPC. Unlimited when left out. */
  readonly capacityBytes?: number;
  /** Directories that exist durably from the start, parents first. */
  readonly directories?: readonly string[];
}

/** What a copy of the whole disk, made file by file while nobody wrote, holds. */
export interface DiskImage {
  readonly root: SimulatedDirectory;
}

/**
 * A machine's disk. What a process does to it goes to a page cache; bytes and sizes become durable by `sync` of their
 * file, names by `syncDirectory`. `crash` ends the process and decides what is left.
 */
export class SimulatedDisk {
  readonly counts: DiskCounts = zeroDiskCounts();
  /** The odds of faults; may be changed at any time, for example to let a world heal. */
  faults: DiskFaults;
  /** Told of the path of a file or directory after a sync of it has made something durable. */
  synced: ((path: string) => void) | undefined;
  readonly #broken = new Set<string>();
  readonly #random: Random;
  readonly #scheduler: Scheduler | undefined;
  #capacityBytes: number;
  readonly #store = new PageStore();
  #nodeCount = 0;
  #root: SimulatedDirectory;
  #mounts = new Set<MountedDisk>();
  #usedBytes = 0;

  constructor(options: SimulatedDiskOptions) {
    this.#random = options.random;
    this.#scheduler = options.scheduler;
    this.#capacityBytes = options.capacityBytes ?? Infinity;
    this.faults = { ...noDiskFaults, ...options.faults };
    this.#root = this.makeDirectoryNode();
    for (const path of options.directories ?? []) this.#makeDurable(path);
  }

  /**
   * The disk as one process sees it, until the next crash: from then on nothing that it asked for completes. With a
   * `life`, what completes while the process is paused is answered when it goes on.
   */
  mount(life?: ProcessLife): Disk {
    const mount = new MountedDisk(this, this.#random.fork('mount'), this.#scheduler, life);
    this.#mounts.add(mount);
    return mount;
  }

  /**
   * Ends every process that has mounted the disk. What was under way happened in part, or wholly, or not at all.
   * `kill`: the page cache stays, and with it what is not durable, which a later loss of power may still take.
   * `power`: every operation that is not durable is kept, lost or torn at sectors, on its own and in no order.
   */
  crash(kind: 'power' | 'kill'): void {
    for (const mount of this.#mounts) mount.end();
    this.#mounts.clear();
    if (kind === 'power') this.#losePower();
    else {
      this.counts.kills += 1;
      for (const node of durableNodes(this.#root)) if (node instanceof SimulatedFile) node.evict();
    }
    this.#usedBytes = 0;
    eachFile(this.#root, '', (_, file) => (this.#usedBytes += file.sizeBytes));
  }

  /** Every file that a process would see, sorted by path. */
  files(): readonly { readonly path: string; readonly sizeBytes: number }[] {
    const found: { readonly path: string; readonly sizeBytes: number }[] = [];
    eachFile(this.#root, '', (path, file) => found.push({ path, sizeBytes: file.sizeBytes }));
    return found;
  }

  /** What a process would read, without being one. */
  contentOf(path: string): Buffer {
    const file = fileAt(this.#root, path);
    const content = Buffer.alloc(file.sizeBytes);
    file.read(content, 0);
    return content;
  }

  /** Names within a directory that no loss of power takes, sorted; none when the directory itself is not durable. */
  durableNames(directory: string): readonly string[] {
    const node = durableAt(this.#root, directory);
    return node instanceof SimulatedDirectory ? node.durableNames() : [];
  }

  /** What no loss of power takes of a file, from `position` on; undefined when its name is not durable. */
  durableContentOf(path: string, position = 0): Buffer | undefined {
    const file = durableAt(this.#root, path);
    if (!(file instanceof SimulatedFile)) return undefined;
    const content = Buffer.alloc(Math.max(0, file.durableSizeBytes - position));
    file.readDurable(content, position);
    return content;
  }

  /** Bit rot: flips one bit of the byte at `position`, on the disk and in the cache. */
  flip(path: string, position: number, bit: number = this.#random.below(8)): void {
    fileAt(this.#root, path).flip(position, bit);
    this.counts.flips += 1;
  }

  /** From now on everything that is asked of this directory, and of what is in it, fails with EIO; it loses nothing. */
  break(directory: string): void {
    this.#broken.add(directory);
    this.counts.brokenDirectories += 1;
  }

  repair(directory: string): void {
    this.#broken.delete(directory);
  }

  /** @internal Throws where a directory is broken. */
  needWorking(path: string): void {
    for (const directory of this.#broken)
      if (path === directory || path.startsWith(`${directory}/`)) throw diskFailure('EIO', path);
  }

  /** Makes the sector around `position` unreadable (EIO) until it is written again. */
  damage(path: string, position: number): void {
    fileAt(this.#root, path).damage(position);
  }

  snapshot(): DiskImage {
    return { root: this.#copyDirectory(this.#root) };
  }

  /** Replaces everything by an earlier copy, which may be restored any number of times. Ends all processes. */
  restore(image: DiskImage): void {
    this.crash('kill');
    this.#root = this.#copyDirectory(image.root);
    this.counts.restores += 1;
  }

  /** An empty disk in place of this one. Ends all processes. */
  wipe(directories: readonly string[] = []): void {
    this.crash('kill');
    this.#root = this.makeDirectoryNode();
    for (const path of directories) this.#makeDurable(path);
    this.#usedBytes = 0;
    this.counts.wipes += 1;
  }

  /** An empty disk in place of what is mounted at a directory. Ends all processes. */
  wipeDirectory(path: string): void {
    this.crash('kill');
    const at = path.lastIndexOf('/');
    directoryAt(this.#root, path.slice(0, at)).remove(path.slice(at + 1));
    this.#makeDurable(path);
    this.#usedBytes = 0;
    eachFile(this.#root, '', (_, file) => (this.#usedBytes += file.sizeBytes));
    this.counts.wipes += 1;
  }

  /** @internal */
  get root(): SimulatedDirectory {
    return this.#root;
  }

  get freeBytes(): number {
    return Math.max(0, this.#capacityBytes - this.#usedBytes);
  }

  get capacityBytes(): number {
    return this.#capacityBytes;
  }

  /** From now on the files may have so many bytes together; more than that stay, and nothing can be added. */
  resize(capacityBytes: number): void {
    this.#capacityBytes = capacityBytes;
  }

  /** @internal A file took or gave back room. */
  useBytes(difference: number): void {
    this.#usedBytes += difference;
  }

  /** @internal */
  makeFileNode(): SimulatedFile {
    return new SimulatedFile(this.#nodeCount++, this.#store);
  }

  /** @internal */
  makeDirectoryNode(): SimulatedDirectory {
    return new SimulatedDirectory(this.#nodeCount++);
  }

  #losePower(): void {
    const odds = drawCrashOdds(this.#random);
    for (const node of durableNodes(this.#root)) node.losePower(odds, this.counts);
    for (const node of durableNodes(this.#root)) if (node instanceof SimulatedDirectory) node.forgetCache();
    this.counts.powerLosses += 1;
  }

  #makeDurable(path: string): void {
    const at = path.lastIndexOf('/');
    const parent = directoryAt(this.#root, path.slice(0, at));
    parent.add(path.slice(at + 1), this.makeDirectoryNode());
    parent.settle();
  }

  #copyDirectory(directory: SimulatedDirectory): SimulatedDirectory {
    const copy = this.makeDirectoryNode();
    const copyNode = (node: DiskNode): DiskNode =>
      node instanceof SimulatedDirectory ? this.#copyDirectory(node) : node.copy(this.#nodeCount++);
    for (const [name, node] of directory.entries()) copy.add(name, copyNode(node));
    copy.settle();
    return copy;
  }
}
