import { assert } from '@kafkaesque/kernel';
import type { Random } from '@kafkaesque/kernel';
import type { CrashOdds } from './crash-odds';
import type { DiskCounts } from './faults';
import { PAGE_BYTES, eachPiece } from './pages';
import type { PageStore, Pages } from './pages';

/** Something done to a file that no sync has covered yet. `sequence` orders the operations of one file. */
type PendingOperation =
  | {
      readonly kind: 'write';
      readonly sequence: number;
      readonly position: number;
      readonly sizeBytes: number;
      /** Where the bytes land on the disk; elsewhere than `position` when the write was misdirected. */
      readonly landsAt: number;
      /** Kept from the moment at which the page cache no longer shows them. */
      bytes: Buffer | undefined;
    }
  | { readonly kind: 'size'; readonly sequence: number; readonly sizeBytes: number };

type PendingWrite = Extract<PendingOperation, { kind: 'write' }>;

const BAD_SECTOR_BYTES = 512;

/**
 * One file: what is durable, and above it the page cache with the operations that made it differ. Pages of the cache
 * exist only where it differs, and a sync that covers everything moves them below without copying.
 */
export class SimulatedFile {
  readonly kind = 'file';
  readonly id: number;
  readonly #store: PageStore;
  #durable: Pages = new Map();
  #durableSize = 0;
  #cached: Pages = new Map();
  #size = 0;
  /** Durable bytes from here on are hidden by a cut that is not durable yet. */
  #visibleBytes = Infinity;
  #pending: PendingOperation[] = [];
  #sequence = 0;
  /** Highest end of a pending write: what lies beyond cannot overlap any. */
  #pendingEnd = 0;
  /** The cache shows what the disk may never hold: after a failed sync or a misdirected write. */
  #detached = false;
  #badSectors: Set<number> | undefined;

  constructor(id: number, store: PageStore) {
    this.id = id;
    this.#store = store;
  }

  get sizeBytes(): number {
    return this.#size;
  }

  /** Operations that happen from now on have this sequence or a higher one. */
  get mark(): number {
    return this.#sequence;
  }

  /** Bytes that no loss of power takes. */
  get durableSizeBytes(): number {
    return this.#durableSize;
  }

  get pendingCount(): number {
    return this.#pending.length;
  }

  read(into: Buffer, position: number): number {
    const sizeBytes = Math.max(0, Math.min(into.length, this.#size - position));
    this.#copyOut(into, position, sizeBytes);
    return sizeBytes;
  }

  /** As `read`, of what is durable. */
  readDurable(into: Buffer, position: number): number {
    const sizeBytes = Math.max(0, Math.min(into.length, this.#durableSize - position));
    eachPiece(position, sizeBytes, (page, at, length, done) => {
      const bytes = this.#durable.get(page);
      if (bytes === undefined) into.fill(0, done, done + length);
      else bytes.copy(into, done, at, at + length);
    });
    return sizeBytes;
  }

  /** Whether a read of this range meets an unreadable sector. */
  isUnreadable(position: number, sizeBytes: number): boolean {
    if (this.#badSectors === undefined) return false;
    const last = Math.floor((position + sizeBytes - 1) / BAD_SECTOR_BYTES);
    for (let sector = Math.floor(position / BAD_SECTOR_BYTES); sector <= last; sector++) {
      if (this.#badSectors.has(sector)) return true;
    }
    return false;
  }

  damage(position: number): void {
    this.#badSectors ??= new Set();
    this.#badSectors.add(Math.floor(position / BAD_SECTOR_BYTES));
  }

  /** Writes the first `limitBytes` bytes of `parts`. With `landsAt` the disk will hold them there instead. */
  write(parts: readonly Buffer[], position: number, limitBytes: number, landsAt = position): void {
    if (limitBytes === 0) return;
    const end = position + limitBytes;
    if (position < this.#pendingEnd) this.#keepBytesWithin(position, end);
    let at = position;
    for (const part of parts) {
      const length = part.length < end - at ? part.length : end - at;
      eachPiece(at, length, (page, from, count, done) => {
        part.copy(this.#cachedPage(page), from, done, done + count);
      });
      at += length;
    }
    assert(at === end, 'a write has at least the bytes it is limited to');
    this.#pending.push({
      kind: 'write',
      sequence: this.#sequence++,
      position,
      sizeBytes: limitBytes,
      landsAt,
      bytes: undefined,
    });
    if (landsAt !== position) this.#detached = true;
    if (end > this.#pendingEnd) this.#pendingEnd = end;
    if (end > this.#size) this.#resize(end);
    if (this.#badSectors !== undefined) this.#heal(position, end);
  }

  truncate(sizeBytes: number): void {
    if (sizeBytes < this.#size) {
      this.#keepBytesWithin(sizeBytes, Infinity);
      this.#dropFrom(this.#cached, sizeBytes);
      if (sizeBytes % PAGE_BYTES !== 0) {
        this.#cachedPage(Math.floor(sizeBytes / PAGE_BYTES)).fill(0, sizeBytes % PAGE_BYTES);
      }
      this.#visibleBytes = Math.min(this.#visibleBytes, sizeBytes);
    }
    if (sizeBytes !== this.#size) this.#resize(sizeBytes);
  }

  /** Makes every operation before `mark` durable. */
  sync(mark: number): void {
    const last = this.#pending.at(-1);
    if (last === undefined) return;
    if (last.sequence < mark && !this.#detached) {
      if (this.#visibleBytes !== Infinity) this.#dropFrom(this.#durable, this.#visibleBytes);
      for (const [page, bytes] of this.#cached) {
        const replaced = this.#durable.get(page);
        if (replaced !== undefined) this.#store.giveBack(replaced);
        this.#durable.set(page, bytes);
      }
      this.#cached.clear();
      this.#durableSize = this.#size;
      this.#settled();
      return;
    }
    this.#pending = this.#pending.filter((operation) => {
      if (operation.sequence >= mark) return true;
      this.#harden(operation);
      return false;
    });
    if (this.#pending.length === 0 && !this.#detached) {
      this.#dropFrom(this.#cached, 0);
      this.#settled();
    }
  }

  /**
   * A sync that failed (Rebello et al., USENIX ATC 2020): data pages count as clean, on the disk or not; a size change is
   * metadata and happens now or stays pending.
   */
  failSync(mark: number, random: Random): void {
    this.#pending = this.#pending.filter((operation) => {
      if (operation.sequence >= mark) return true;
      const reached = random.below(2) === 0;
      if (reached) this.#harden(operation);
      return !reached && operation.kind === 'size';
    });
    this.#detached = true;
  }

  /** Power is lost: every pending operation is kept, lost or torn on its own. */
  losePower(odds: CrashOdds, counts: DiskCounts): void {
    for (const operation of this.#pending) {
      if (odds.keeps()) {
        this.#harden(operation);
        counts.keptOperations += 1;
      } else if (operation.kind === 'write' && odds.tears()) {
        this.#tear(operation, odds);
        counts.tornWrites += 1;
      } else counts.lostOperations += 1;
    }
    this.#pending = [];
    this.#dropCache();
    this.#detached = false;
  }

  /** The process died and the machine lives: clean pages may leave the cache, and with them what only the cache held. */
  evict(): void {
    if (!this.#detached || this.#pending.length > 0) return;
    const sizeBytes = this.#size;
    this.#dropCache();
    this.#size = this.#durableSize = sizeBytes;
    this.#detached = false;
  }

  /** Flips one bit, on the disk and in the cache. */
  flip(position: number, bit: number): void {
    const page = Math.floor(position / PAGE_BYTES);
    const at = position % PAGE_BYTES;
    const cached = this.#cached.get(page);
    if (cached !== undefined) cached[at] = (cached[at] ?? 0) ^ (1 << bit);
    let durable = this.#durable.get(page);
    if (durable === undefined) this.#durable.set(page, (durable = this.#store.zeroed()));
    durable[at] = (durable[at] ?? 0) ^ (1 << bit);
  }

  /** A durable file of its own with the bytes that a reader sees now. */
  copy(id: number): SimulatedFile {
    const copy = new SimulatedFile(id, this.#store);
    for (let page = 0; page * PAGE_BYTES < this.#size; page++) {
      const bytes = this.#visiblePage(page);
      if (bytes !== undefined) copy.#durable.set(page, this.#store.copyOf(bytes));
    }
    copy.#size = copy.#durableSize = this.#size;
    return copy;
  }

  #resize(sizeBytes: number): void {
    this.#size = sizeBytes;
    this.#pending.push({ kind: 'size', sequence: this.#sequence++, sizeBytes });
  }

  #settled(): void {
    this.#pending = [];
    this.#pendingEnd = 0;
    this.#visibleBytes = Infinity;
  }

  #dropCache(): void {
    this.#dropFrom(this.#cached, 0);
    this.#dropFrom(this.#durable, this.#durableSize);
    this.#size = this.#durableSize;
    this.#settled();
  }

  #visiblePage(page: number): Buffer | undefined {
    return (
      this.#cached.get(page) ?? (page * PAGE_BYTES < this.#visibleBytes ? this.#durable.get(page) : undefined)
    );
  }

  #cachedPage(page: number): Buffer {
    let bytes = this.#cached.get(page);
    if (bytes === undefined) this.#cached.set(page, (bytes = this.#store.copyOf(this.#visiblePage(page))));
    return bytes;
  }

  #copyOut(into: Buffer, position: number, sizeBytes: number): void {
    eachPiece(position, sizeBytes, (page, at, length, done) => {
      const bytes = this.#visiblePage(page);
      if (bytes === undefined) into.fill(0, done, done + length);
      else bytes.copy(into, done, at, at + length);
    });
  }

  /** Pending writes that touch the range keep their own bytes, because the cache is about to change there. */
  #keepBytesWithin(from: number, to: number): void {
    for (const operation of this.#pending) {
      if (operation.kind === 'size' || operation.bytes !== undefined) continue;
      if (operation.position < to && operation.position + operation.sizeBytes > from) {
        operation.bytes = this.#bytesOf(operation);
      }
    }
  }

  #bytesOf(operation: PendingWrite): Buffer {
    if (operation.bytes !== undefined) return operation.bytes;
    const bytes = Buffer.allocUnsafe(operation.sizeBytes);
    this.#copyOut(bytes, operation.position, operation.sizeBytes);
    return bytes;
  }

  #harden(operation: PendingOperation): void {
    if (operation.kind === 'write') this.#writeDurable(this.#bytesOf(operation), operation.landsAt);
    else {
      if (operation.sizeBytes < this.#durableSize) this.#dropFrom(this.#durable, operation.sizeBytes);
      this.#durableSize = operation.sizeBytes;
    }
  }

  /** Some sectors of the write reach the disk, the others keep what they held. */
  #tear(operation: PendingWrite, odds: CrashOdds): void {
    const bytes = this.#bytesOf(operation);
    let done = 0;
    while (done < bytes.length) {
      const position = operation.landsAt + done;
      const length = Math.min(odds.sectorBytes - (position % odds.sectorBytes), bytes.length - done);
      if (odds.keepsSector()) this.#writeDurable(bytes.subarray(done, done + length), position);
      done += length;
    }
  }

  #writeDurable(bytes: Buffer, position: number): void {
    eachPiece(position, bytes.length, (page, at, length, done) => {
      let into = this.#durable.get(page);
      if (into === undefined) this.#durable.set(page, (into = this.#store.zeroed()));
      bytes.copy(into, at, done, done + length);
    });
  }

  /** What lies at or beyond `position` becomes zeros. */
  #dropFrom(pages: Pages, position: number): void {
    for (const [page, bytes] of pages) {
      const start = page * PAGE_BYTES;
      if (start + PAGE_BYTES <= position) continue;
      if (start >= position) {
        pages.delete(page);
        this.#store.giveBack(bytes);
      } else bytes.fill(0, position - start);
    }
  }

  #heal(from: number, to: number): void {
    const first = Math.ceil(from / BAD_SECTOR_BYTES);
    for (let sector = first; (sector + 1) * BAD_SECTOR_BYTES <= to; sector++)
      this.#badSectors?.delete(sector);
  }
}
