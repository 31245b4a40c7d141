import type { CrashOdds } from './crash-odds';
import type { DiskCounts } from './faults';
import type { SimulatedFile } from './simulated-file';

export type DiskNode = SimulatedFile | SimulatedDirectory;

/** A change of names that no sync of its directory has covered yet. A rename within one directory is one change. */
interface PendingChange {
  readonly sequence: number;
  readonly remove: string | undefined;
  readonly add: { readonly name: string; readonly node: DiskNode } | undefined;
  /** The other half of a rename between directories: the old name is never gone before the new one is there. */
  readonly after: { readonly directory: SimulatedDirectory; readonly change: PendingChange } | undefined;
  durable: boolean;
}

/** The names within one directory: the durable ones, and those that a process sees. */
export class SimulatedDirectory {
  readonly kind = 'directory';
  readonly id: number;
  #durable = new Map<string, DiskNode>();
  #names = new Map<string, DiskNode>();
  #pending: PendingChange[] = [];
  #sequence = 0;

  constructor(id: number) {
    this.id = id;
  }

  /** Changes that happen from now on have this sequence or a higher one. */
  get mark(): number {
    return this.#sequence;
  }

  get(name: string): DiskNode | undefined {
    return this.#names.get(name);
  }

  /** As `get`, of the names that no loss of power takes. */
  getDurable(name: string): DiskNode | undefined {
    return this.#durable.get(name);
  }

  /** Names that no loss of power takes, sorted. */
  durableNames(): readonly string[] {
    return [...this.#durable.keys()].sort();
  }

  get isEmpty(): boolean {
    return this.#names.size === 0;
  }

  /** What a process sees, sorted by name. */
  entries(): readonly (readonly [string, DiskNode])[] {
    return [...this.#names].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  add(name: string, node: DiskNode): void {
    this.#names.set(name, node);
    this.#change(undefined, { name, node });
  }

  remove(name: string): void {
    this.#names.delete(name);
    this.#change(name, undefined);
  }

  /** Gives `node`, which stands here under `from`, the name `to` in `target`. */
  move(from: string, node: DiskNode, target: SimulatedDirectory, to: string): void {
    if (target === this) {
      this.#names.delete(from);
      this.#names.set(to, node);
      this.#change(from, { name: to, node });
      return;
    }
    target.#names.set(to, node);
    const change = target.#change(undefined, { name: to, node });
    this.#names.delete(from);
    this.#change(from, undefined, { directory: target, change });
  }

  /** Makes every change before `mark` durable. */
  sync(mark: number): void {
    if (this.#pending.length === 0) return;
    const covered = this.#pending.filter((change) => change.sequence < mark);
    this.#pending = this.#pending.filter((change) => change.sequence >= mark);
    for (const change of covered) this.#harden(change);
  }

  /** Power is lost: every pending change is kept or lost on its own. */
  losePower(odds: CrashOdds, counts: DiskCounts): void {
    for (const change of this.#pending.splice(0)) {
      if (odds.keeps()) {
        this.#harden(change);
        counts.keptOperations += 1;
      } else counts.lostOperations += 1;
    }
  }

  /** After a loss of power, once every directory has decided: a process sees what is durable. */
  forgetCache(): void {
    this.#names = new Map(this.#durable);
  }

  /** Everything that is seen counts as durable. For a disk that is set up or restored. */
  settle(): void {
    this.#durable = new Map(this.#names);
    this.#pending = [];
  }

  #change(
    remove: PendingChange['remove'],
    add: PendingChange['add'],
    after?: PendingChange['after'],
  ): PendingChange {
    const change: PendingChange = { sequence: this.#sequence++, remove, add, after, durable: false };
    this.#pending.push(change);
    return change;
  }

  #harden(change: PendingChange): void {
    if (change.durable) return;
    change.durable = true;
    if (change.after !== undefined) change.after.directory.#harden(change.after.change);
    if (change.remove !== undefined) this.#durable.delete(change.remove);
    if (change.add !== undefined) this.#durable.set(change.add.name, change.add.node);
  }

  /** Every node that is durable or may become so. */
  *durableNodes(): Iterable<DiskNode> {
    yield* this.#durable.values();
    for (const change of this.#pending) if (change.add !== undefined) yield change.add.node;
  }
}
