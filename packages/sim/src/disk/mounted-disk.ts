import { Failure } from '@kafkaesque/kernel';
import type { Disk, DiskEntry, DiskFile, Random } from '@kafkaesque/kernel';
import type { ProcessLife } from '../machine/process-life';
import type { Scheduler } from '../scheduler';
import { MountedFile } from './mounted-file';
import { SimulatedFile } from './simulated-file';
import type { SimulatedDirectory } from './simulated-directory';
import type { SimulatedDisk } from './simulated-disk';
import {
  diskFailure,
  directoryAt,
  fileAt,
  moveName,
  placeAt,
  removeEmptyDirectory,
  removeFile,
} from './tree';

/** Something a process has asked for and has no answer to yet. */
export interface Request<Value> {
  readonly kind: string;
  /** Does it and returns the answer, or throws the failure. */
  readonly run: () => Value;
  /** Does it when the process dies in the middle of it; left out for what changes nothing. */
  readonly cut?: () => void;
}

/** Times of ordinary operations, in milliseconds: at least, and at most beyond that. */
const ORDINARY_MS: Readonly<Record<string, readonly [number, number]>> = {
  'disk.read': [0.01, 0.09],
  'disk.write': [0.01, 0.05],
  'disk.sync': [0.05, 1.5],
  'disk.syncDirectory': [0.05, 1.5],
};
const OTHER_MS: readonly [number, number] = [0.01, 0.1];

/** One process's mount: it carries requests out in the order that chance gives them, until it ends. */
export class MountedDisk implements Disk {
  readonly disk: SimulatedDisk;
  readonly random: Random;
  readonly #scheduler: Scheduler | undefined;
  readonly #life: ProcessLife | undefined;
  readonly #underway = new Set<() => void>();
  #ended = false;

  constructor(
    disk: SimulatedDisk,
    random: Random,
    scheduler: Scheduler | undefined,
    life: ProcessLife | undefined,
  ) {
    this.disk = disk;
    this.random = random;
    this.#scheduler = scheduler;
    this.#life = life;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The process is dead: each request under way is carried out in part or not at all, and none is answered. */
  end(): void {
    this.#ended = true;
    const underway = [...this.#underway];
    this.#underway.clear();
    for (const stop of underway) stop();
  }

  request<Value>(request: Request<Value>): Promise<Value> {
    this.#life?.call();
    if (this.#ended) return new Promise<Value>(() => undefined);
    this.disk.counts.operations += 1;
    return new Promise<Value>((resolve, reject) => {
      const answer = (): void => {
        if (!this.#underway.delete(stop)) return;
        const settle = outcomeOf(request.run, resolve, reject);
        if (this.#life === undefined) settle();
        else this.#life.pass(settle);
      };
      const takeBack = this.#scheduler?.after(this.#durationMs(request.kind), request.kind, answer);
      if (takeBack === undefined) queueMicrotask(answer);
      const stop = (): void => {
        takeBack?.();
        if (request.cut === undefined || this.random.below(2) === 0) return;
        try {
          request.cut();
        } catch {
          // Nobody is left to tell.
        }
      };
      this.#underway.add(stop);
    });
  }

  /** For the scheduler's trace: what the operation worked on. */
  note(node: number, position: number, payload?: Buffer): void {
    const trace = this.#scheduler?.trace;
    if (trace === undefined) return;
    trace.number(node);
    trace.number(position);
    if (payload !== undefined) trace.bytes(payload);
  }

  /** Whether a fault with this probability strikes now. No draw is made for a fault that is off. */
  strikes(probability: number): boolean {
    return probability > 0 && this.random.fraction() < probability;
  }

  open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    if (mode === 'create') {
      return this.#change('disk.create', path, () => {
        const { parent, name, node } = placeAt(this.disk.root, path);
        if (node !== undefined) throw diskFailure('EEXIST', path);
        this.#needRoom(path);
        const file = this.disk.makeFileNode();
        parent.add(name, file);
        return new MountedFile(this, path, file, true);
      });
    }
    return this.request({
      kind: 'disk.open',
      run: () => {
        this.disk.needWorking(path);
        return new MountedFile(this, path, fileAt(this.disk.root, path), mode === 'write');
      },
    });
  }

  list(directory: string): Promise<readonly DiskEntry[]> {
    return this.request({
      kind: 'disk.list',
      run: () => {
        this.disk.needWorking(directory);
        return directoryAt(this.disk.root, directory)
          .entries()
          .map(([name, { kind }]) => ({ name, kind }));
      },
    });
  }

  makeDirectory(path: string): Promise<void> {
    return this.#change('disk.makeDirectory', path, () => {
      const { parent, name, node } = placeAt(this.disk.root, path);
      if (node !== undefined) throw diskFailure('EEXIST', path);
      this.#needRoom(path);
      parent.add(name, this.disk.makeDirectoryNode());
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#change('disk.rename', from, () => {
      const replaced = moveName(this.disk.root, from, to);
      if (replaced instanceof SimulatedFile) this.disk.useBytes(-replaced.sizeBytes);
    });
  }

  unlink(path: string): Promise<void> {
    return this.#change('disk.unlink', path, () =>
      this.disk.useBytes(-removeFile(this.disk.root, path).sizeBytes),
    );
  }

  removeDirectory(path: string): Promise<void> {
    return this.#change('disk.removeDirectory', path, () => removeEmptyDirectory(this.disk.root, path));
  }

  syncDirectory(path: string): Promise<void> {
    const directory = this.#directoryIfThere(path);
    const mark = directory?.mark ?? 0;
    return this.request({
      kind: 'disk.syncDirectory',
      run: () => {
        this.disk.needWorking(path);
        if (directory === undefined) throw diskFailure('ENOENT', path);
        this.note(directory.id, mark);
        if (this.strikes(this.disk.faults.lyingSync)) this.disk.counts.lyingSyncs += 1;
        else {
          directory.sync(mark);
          this.disk.synced?.(path);
        }
      },
    });
  }

  space(): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    const { disk } = this;
    const bounded = (bytes: number): number => Math.min(bytes, Number.MAX_SAFE_INTEGER);
    return this.request({
      kind: 'disk.space',
      run: () => ({ freeBytes: bounded(disk.freeBytes), totalBytes: bounded(disk.capacityBytes) }),
    });
  }

  #directoryIfThere(path: string): SimulatedDirectory | undefined {
    try {
      return directoryAt(this.disk.root, path);
    } catch {
      return undefined;
    }
  }

  #change<Value>(kind: string, path: string, change: () => Value): Promise<Value> {
    const run = (): Value => {
      this.disk.needWorking(path);
      return change();
    };
    return this.request({ kind, run, cut: run });
  }

  #needRoom(path: string): void {
    if (!this.strikes(this.disk.faults.noSpace)) return;
    this.disk.counts.noSpace += 1;
    throw diskFailure('ENOSPC', path);
  }

  #durationMs(kind: string): number {
    const { slow, slowMs } = this.disk.faults;
    const [least, spread] = ORDINARY_MS[kind] ?? OTHER_MS;
    if (!this.strikes(slow)) return least + spread * this.random.fraction();
    this.disk.counts.slowOperations += 1;
    return least + slowMs * this.random.fraction();
  }
}

/** Does it now; returns what hands on the outcome, which a paused process learns later. */
const outcomeOf = <Value>(
  run: () => Value,
  resolve: (value: Value) => void,
  reject: (cause: Error) => void,
): (() => void) => {
  try {
    const value = run();
    return () => resolve(value);
  } catch (cause) {
    const failure = cause instanceof Error ? cause : new Failure('THROWN', String(cause));
    return () => reject(failure);
  }
};
