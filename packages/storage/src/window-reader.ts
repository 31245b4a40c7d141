import type { BufferPool, DiskFile, Lease } from '@kafkaesque/kernel';

const WINDOW_BYTES = 1 << 20;

/** Reads a file front to back through one pooled window that grows to what is asked for. */
export class WindowReader {
  readonly sizeBytes: number;
  readonly #file: DiskFile;
  readonly #pool: BufferPool;
  #lease: Lease;
  #start = 0;
  #filledBytes = 0;

  constructor(file: DiskFile, pool: BufferPool, sizeBytes: number) {
    this.#file = file;
    this.#pool = pool;
    this.sizeBytes = sizeBytes;
    this.#lease = pool.acquire(Math.min(WINDOW_BYTES, Math.max(sizeBytes, 1)));
  }

  /** Up to `lengthBytes` from `position`, fewer only at the end; a view until the next call. */
  async at(position: number, lengthBytes: number): Promise<Buffer> {
    const wanted = Math.max(0, Math.min(lengthBytes, this.sizeBytes - position));
    if (position < this.#start || position + wanted > this.#start + this.#filledBytes) {
      if (wanted > this.#lease.buffer.length) {
        this.#lease.release();
        this.#lease = this.#pool.acquire(wanted);
      }
      this.#start = position;
      this.#filledBytes = await this.#file.read(
        this.#lease.buffer.subarray(0, Math.min(this.#lease.buffer.length, this.sizeBytes - position)),
        position,
      );
    }
    const from = position - this.#start;
    return this.#lease.buffer.subarray(from, Math.min(from + wanted, this.#filledBytes));
  }

  release(): void {
    this.#lease.release();
  }
}
