import { assert } from '@kafkaesque/kernel';
import type { BufferPool, Lease } from '@kafkaesque/kernel';

/** From this size a frame is assembled in pooled memory: fresh large buffers cost more than the copy into them. */
const POOLED_FROM_BYTES = 32 * 1024;

/** Memory is taken for a whole frame once this share of it has arrived, or if the frame is not larger than a page. */
const DECLARED_PER_ARRIVED = 4;
const UNCONDITIONAL_BYTES = 4096;

/** Pieces smaller than this are gathered in blocks, so that a frame sent byte by byte does not cost an object a byte. */
const SMALL_PIECE_BYTES = 4096;
const BLOCK_BYTES = 8192;

/**
 * Puts one frame together from the chunks that carry it. Until a quarter has arrived the chunks themselves are kept;
 * then memory for the whole is taken and filled, so every byte is copied once and a declared length alone takes nothing.
 */
export class FrameAssembly {
  readonly #pool: BufferPool;
  #sizeBytes = 0;
  #arrivedBytes = 0;
  #isOpen = false;
  #pieces: Buffer[] = [];
  /** The last piece when it is a block of ours with room, and how much of it is filled. */
  #block: Buffer | undefined;
  #blockBytes = 0;
  #target: Buffer | undefined;
  #lease: Lease | undefined;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get arrivedBytes(): number {
    return this.#arrivedBytes;
  }

  get isComplete(): boolean {
    return this.#isOpen && this.#arrivedBytes === this.#sizeBytes;
  }

  open(sizeBytes: number): void {
    assert(!this.#isOpen, 'one frame is assembled at a time');
    this.#isOpen = true;
    this.#sizeBytes = sizeBytes;
    this.#arrivedBytes = 0;
  }

  /** Takes what belongs to the frame from `at` on, and returns where the rest of the chunk starts. */
  fill(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#sizeBytes - this.#arrivedBytes);
    const arrivedBytes = this.#arrivedBytes + end - at;
    if (this.#target === undefined && this.#mayTakeMemory(arrivedBytes)) this.#takeMemory();
    if (this.#target === undefined) this.#keep(chunk.subarray(at, end));
    else chunk.copy(this.#target, this.#arrivedBytes, at, end);
    this.#arrivedBytes = arrivedBytes;
    return end;
  }

  /** The finished frame; its lease passes to the caller. */
  take(): { readonly frame: Buffer; readonly lease: Lease | undefined } {
    const frame = this.#target;
    assert(frame !== undefined && this.isComplete, 'only a complete frame is taken');
    const lease = this.#lease;
    this.#isOpen = false;
    this.#target = undefined;
    this.#lease = undefined;
    return { frame, lease };
  }

  /** Forgets the unfinished frame and gives its memory back. */
  abandon(): void {
    this.#isOpen = false;
    this.#arrivedBytes = 0;
    this.#pieces = [];
    this.#block = undefined;
    this.#target = undefined;
    this.#lease?.release();
    this.#lease = undefined;
  }

  #mayTakeMemory(arrivedBytes: number): boolean {
    return this.#sizeBytes <= Math.max(UNCONDITIONAL_BYTES, DECLARED_PER_ARRIVED * arrivedBytes);
  }

  #takeMemory(): void {
    if (this.#sizeBytes < POOLED_FROM_BYTES) {
      this.#target = Buffer.allocUnsafeSlow(this.#sizeBytes);
    } else {
      this.#lease = this.#pool.acquire(this.#sizeBytes);
      this.#target = this.#lease.buffer.subarray(0, this.#sizeBytes);
    }
    if (this.#pieces.length === 0) return;
    let at = 0;
    for (const piece of this.#pieces) {
      const length = piece === this.#block ? this.#blockBytes : piece.length;
      piece.copy(this.#target, at, 0, length);
      at += length;
    }
    assert(at === this.#arrivedBytes, 'the pieces are what arrived');
    this.#pieces = [];
    this.#block = undefined;
  }

  #keep(piece: Buffer): void {
    if (piece.length >= SMALL_PIECE_BYTES) {
      this.#closeBlock();
      this.#pieces.push(piece);
      return;
    }
    if (this.#block === undefined || this.#block.length - this.#blockBytes < piece.length) {
      this.#closeBlock();
      this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      this.#blockBytes = 0;
      this.#pieces.push(this.#block);
    }
    this.#blockBytes += piece.copy(this.#block, this.#blockBytes);
  }

  /** A block that is not the last piece any more is replaced by its filled part. */
  #closeBlock(): void {
    if (this.#block === undefined) return;
    this.#pieces[this.#pieces.length - 1] = this.#block.subarray(0, this.#blockBytes);
    this.#block = undefined;
  }
}
