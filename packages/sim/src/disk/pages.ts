/** Taken out once: reaching for a global costs a hundred times as much within jest's realm. */
const { floor, min } = Math;

export const PAGE_BYTES = 4096;

const PAGES_PER_CHUNK = 32;
/** Pages kept for reuse by one store; beyond that they are left to the garbage collector. */
const KEPT_PAGES = 4096;

/** Hands out pages of zeros, cut from larger pieces: a buffer of its own for each page would cost more than its use. */
export class PageStore {
  readonly #kept: Buffer[] = [];
  #chunk = Buffer.alloc(0);
  #used = 0;

  zeroed(): Buffer {
    const kept = this.#kept.pop();
    if (kept !== undefined) return kept.fill(0);
    if (this.#used === this.#chunk.length) {
      this.#chunk = Buffer.alloc(PAGES_PER_CHUNK * PAGE_BYTES);
      this.#used = 0;
    }
    const page = this.#chunk.subarray(this.#used, this.#used + PAGE_BYTES);
    this.#used += PAGE_BYTES;
    return page;
  }

  copyOf(page: Buffer | undefined): Buffer {
    if (page === undefined) return this.zeroed();
    const copy = this.#kept.pop() ?? this.zeroed();
    copy.set(page);
    return copy;
  }

  /** Nobody may touch `page` any more. */
  giveBack(page: Buffer): void {
    if (this.#kept.length < KEPT_PAGES) this.#kept.push(page);
  }
}

/** Sparse content: what has no page is zeros. */
export type Pages = Map<number, Buffer>;

/** Visits the pieces of [position, position + sizeBytes) page by page: page, place within it, length, distance from the start. */
export const eachPiece = (
  position: number,
  sizeBytes: number,
  visit: (page: number, at: number, length: number, done: number) => void,
): void => {
  let done = 0;
  while (done < sizeBytes) {
    const page = floor((position + done) / PAGE_BYTES);
    const at = position + done - page * PAGE_BYTES;
    const length = min(PAGE_BYTES - at, sizeBytes - done);
    visit(page, at, length, done);
    done += length;
  }
};
