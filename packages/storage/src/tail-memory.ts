import type { BufferPool, Lease } from '@kafkaesque/kernel';
import { Deque } from './deque';
import type { HeldBatch } from './held-batch';

/**
 * Bounds on the memory of the batches that all logs of a process keep: for each its bytes and `BATCH_OVERHEAD_BYTES`.
 */
export interface TailMemoryLimits {
  /** Batches that are in their segments, kept for readers. */
  readonly tailBytes: number;
  /** Batches that are not yet in their segments; beyond this they are written at once. */
  readonly pendingBytes: number;
}

/** The limits of a broker, for all its log directories together. */
export const defaultTailMemoryLimits: TailMemoryLimits = { tailBytes: 48 << 20, pendingBytes: 32 << 20 };

/** Memory of recent batches, shared over the logs of a process; the oldest batch of any log goes first. */
export interface TailMemory {
  readonly limits: TailMemoryLimits;
  /** What the batches kept for readers take. */
  readonly tailBytes: number;
  /** What the batches take that are not yet in their segments. */
  readonly pendingBytes: number;
}

/** What a held batch takes beside its bytes: its entry, the view on its bytes, its places in two queues. */
export const BATCH_OVERHEAD_BYTES = 320;

export const SLAB_BYTES = 1 << 20;
/** Batches from here on keep the buffer they came in (ARCHITECTURE section 5). */
const ADOPT_FROM_BYTES = 64 << 10;
/** … unless that buffer is more than this many times larger: a tail must not pin what it does not show. */
const ADOPT_UP_TO_TIMES = 4;

/** A batch's own memory from now on. */
export interface Held {
  readonly bytes: Buffer;
  readonly lease: Lease | undefined;
}

export interface BatchMemory extends TailMemory {
  /** Copies a small batch into the current slab, adopts a large one that came on a lease; counts it as pending. */
  hold(bytes: Buffer, lease: Lease | undefined): Held;
  /** The batch is in its segment: from now on it may be evicted. */
  written(batch: HeldBatch): void;
  /** The batch left its log before it was written, or with it. */
  drop(batch: HeldBatch, wasWritten: boolean): void;
  /** Called when more is pending than there should be. */
  onPressure(write: () => void): () => void;
}

/** Opens the memory that all log directories of a process share. */
export const openTailMemory = (
  pool: BufferPool,
  limits: TailMemoryLimits = defaultTailMemoryLimits,
): TailMemory => new SlabMemory(pool, limits);

const sizeOf = (batch: HeldBatch): number => batch.bytes.length + BATCH_OVERHEAD_BYTES;

class SlabMemory implements BatchMemory {
  readonly limits: TailMemoryLimits;
  tailBytes = 0;
  pendingBytes = 0;
  readonly #pool: BufferPool;
  readonly #oldest = new Deque<HeldBatch>();
  readonly #writers = new Set<() => void>();
  #slab: Lease | undefined;
  #slabEnd = 0;

  constructor(pool: BufferPool, limits: TailMemoryLimits) {
    this.#pool = pool;
    this.limits = limits;
  }

  hold(bytes: Buffer, lease: Lease | undefined): Held {
    this.pendingBytes += bytes.length + BATCH_OVERHEAD_BYTES;
    if (this.pendingBytes > this.limits.pendingBytes) for (const write of this.#writers) write();
    if (bytes.length < ADOPT_FROM_BYTES) return this.#copyIntoSlab(bytes);
    if (lease !== undefined && bytes.length * ADOPT_UP_TO_TIMES >= lease.buffer.length) {
      lease.retain();
      return { bytes, lease };
    }
    const own = this.#pool.acquire(bytes.length);
    bytes.copy(own.buffer);
    return { bytes: own.buffer.subarray(0, bytes.length), lease: own };
  }

  #copyIntoSlab(bytes: Buffer): Held {
    if (this.#slab === undefined || this.#slabEnd + bytes.length > SLAB_BYTES) {
      this.#slab?.release();
      this.#slab = this.#pool.acquire(SLAB_BYTES);
      this.#slabEnd = 0;
    }
    const from = this.#slabEnd;
    this.#slabEnd += bytes.copy(this.#slab.buffer, from);
    this.#slab.retain();
    return { bytes: this.#slab.buffer.subarray(from, this.#slabEnd), lease: this.#slab };
  }

  written(batch: HeldBatch): void {
    this.pendingBytes -= sizeOf(batch);
    this.tailBytes += sizeOf(batch);
    this.#oldest.push(batch);
    while (this.tailBytes > this.limits.tailBytes && this.#oldest.size > 0) this.#evict(this.#oldest.shift());
  }

  #evict(batch: HeldBatch): void {
    if (batch.dropped) return;
    batch.log.run.shift();
    this.drop(batch, true);
  }

  drop(batch: HeldBatch, wasWritten: boolean): void {
    batch.dropped = true;
    if (wasWritten) this.tailBytes -= sizeOf(batch);
    else this.pendingBytes -= sizeOf(batch);
    batch.lease?.release();
    batch.lease = undefined;
  }

  onPressure(write: () => void): () => void {
    this.#writers.add(write);
    return () => this.#writers.delete(write);
  }
}
