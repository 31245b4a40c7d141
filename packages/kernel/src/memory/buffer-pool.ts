import { assert } from '../assert';

/** Shared use of one pooled buffer. It returns to its pool when every holder has released it. */
export interface Lease {
  readonly buffer: Buffer;
  /** One more holder. Only who holds may hand on. */
  retain(): void;
  /** One holder fewer; nobody may touch the bytes after the last. */
  release(): void;
}

/** How much a pool keeps. */
export interface BufferPoolOptions {
  /** Bytes kept for reuse; what comes back beyond that is left to the garbage collector. */
  readonly keptBytes: number;
  /** Overwrites released buffers, so that a use after release shows. For tests. */
  readonly poison?: boolean;
}

/** The smallest size class, 64 KiB: smaller buffers are cheap to allocate. */
const SMALLEST_CLASS_BITS = 16;
const POISON = 0xdd;

/**
 * Reused buffers in size classes of powers of two. Fresh megabyte buffers cost more than the copy that fills them
 * (first touch of every page), so the data path takes its memory here.
 */
export class BufferPool {
  readonly #free: Buffer[][] = [];
  readonly #keptBytes: number;
  readonly #poison: boolean;
  #freeBytes = 0;
  #leasedBytes = 0;

  constructor(options: BufferPoolOptions) {
    this.#keptBytes = options.keptBytes;
    this.#poison = options.poison ?? false;
  }

  /** Bytes in use, in whole size classes. */
  get leasedBytes(): number {
    return this.#leasedBytes;
  }

  /** A buffer of at least `sizeBytes`, with one holder: the caller. Its content is undefined. */
  acquire(sizeBytes: number): Lease {
    const bits = Math.max(SMALLEST_CLASS_BITS, 32 - Math.clz32(Math.max(sizeBytes - 1, 0)));
    const kept = this.#free[bits]?.pop();
    if (kept !== undefined) this.#freeBytes -= kept.length;
    const buffer = kept ?? Buffer.allocUnsafeSlow(2 ** bits);
    this.#leasedBytes += buffer.length;
    return new PooledLease(buffer, (returned) => {
      this.#takeBack(returned, bits);
    });
  }

  #takeBack(buffer: Buffer, bits: number): void {
    this.#leasedBytes -= buffer.length;
    if (this.#poison) buffer.fill(POISON);
    if (this.#freeBytes + buffer.length > this.#keptBytes) return;
    this.#freeBytes += buffer.length;
    (this.#free[bits] ??= []).push(buffer);
  }
}

class PooledLease implements Lease {
  readonly buffer: Buffer;
  readonly #takeBack: (buffer: Buffer) => void;
  #holders = 1;

  constructor(buffer: Buffer, takeBack: (buffer: Buffer) => void) {
    this.buffer = buffer;
    this.#takeBack = takeBack;
  }

  retain(): void {
    assert(this.#holders > 0, 'a lease is retained only by one who holds it');
    this.#holders += 1;
  }

  release(): void {
    assert(this.#holders > 0, 'a lease is released once for every holder');
    this.#holders -= 1;
    if (this.#holders === 0) this.#takeBack(this.buffer);
  }
}
