import type { Random } from '@kafkaesque/kernel';

/*
 * A disk of the size of a thought: files are rows of cells, directories are maps, and whatever was not flushed is a
 * list of operations that a loss of power keeps, loses or tears one by one.
 */

/** A cell that a torn write left: nobody can read it. */
export const TORN = Symbol('torn');
export type Cells<Cell> = (Cell | typeof TORN | undefined)[];

type FileOperation<Cell> =
  | { readonly kind: 'write'; readonly at: number; readonly cells: readonly Cell[] }
  | { readonly kind: 'cut'; readonly length: number };

export class ModelFile<Cell> {
  /** What a process reads. */
  cells: Cells<Cell> = [];
  #durable: Cells<Cell> = [];
  #pending: FileOperation<Cell>[] = [];

  write(at: number, cells: readonly Cell[]): void {
    const operation = { kind: 'write', at, cells } as const;
    this.#pending.push(operation);
    apply(this.cells, operation);
  }

  cut(length: number): void {
    if (this.cells.length <= length) return;
    const operation = { kind: 'cut', length } as const;
    this.#pending.push(operation);
    apply(this.cells, operation);
  }

  sync(): void {
    for (const operation of this.#pending) apply(this.#durable, operation);
    this.#pending = [];
  }

  losePower(odds: Odds): void {
    for (const operation of this.#pending)
      if (odds.keeps()) apply(this.#durable, operation);
      else if (operation.kind === 'write' && odds.tears())
        for (const [index, cell] of operation.cells.entries())
          if (odds.keeps()) apply(this.#durable, { kind: 'write', at: operation.at + index, cells: [cell] });
          // Torn between what stood there and the same again, it still stands there.
          else if (odds.tears() && this.#durable[operation.at + index] !== cell)
            this.#durable[operation.at + index] = TORN;
    this.#pending = [];
    this.cells = [...this.#durable];
  }
}

const apply = <Cell>(cells: Cells<Cell>, operation: FileOperation<Cell>): void => {
  if (operation.kind === 'cut') cells.length = Math.min(cells.length, operation.length);
  else
    for (const [index, cell] of operation.cells.entries()) {
      while (cells.length < operation.at + index) cells.push(TORN);
      cells[operation.at + index] = cell;
    }
};

interface Losable {
  losePower(odds: Odds): void;
}

/** Names, durable only once the directory is synced. */
export class ModelDirectory<Name, Node extends Losable> {
  entries = new Map<Name, Node>();
  #durable = new Map<Name, Node>();
  #pending: ((entries: Map<Name, Node>) => void)[] = [];

  add(name: Name, node: Node): void {
    this.#change((entries) => entries.set(name, node));
  }

  remove(name: Name): void {
    if (this.entries.has(name)) this.#change((entries) => entries.delete(name));
  }

  sync(): void {
    for (const change of this.#pending) change(this.#durable);
    this.#pending = [];
  }

  losePower(odds: Odds): void {
    for (const change of this.#pending) if (odds.keeps()) change(this.#durable);
    this.#pending = [];
    this.entries = new Map(this.#durable);
    for (const node of this.entries.values()) node.losePower(odds);
  }

  #change(change: (entries: Map<Name, Node>) => void): void {
    this.#pending.push(change);
    change(this.entries);
  }
}

/** How one loss of power treats what was not flushed. */
export class Odds {
  readonly #random: Random;
  readonly #kept: number;
  readonly #torn: number;

  constructor(random: Random) {
    this.#random = random;
    this.#kept = [0, 0.2, 0.5, 0.8, 1][random.below(5)] ?? 0;
    this.#torn = [0, 0.3, 0.6][random.below(3)] ?? 0;
  }

  keeps(): boolean {
    return this.#random.fraction() < this.#kept;
  }

  tears(): boolean {
    return this.#random.fraction() < this.#torn;
  }
}
