/** Bytes moved between two collections: well below what lets V8 begin a full one, which is as much as a small heap. */
const INTERVAL_BYTES = 4 << 20;

/**
 * Asks for a collection of young garbage every few megabytes. Node reads each chunk of a socket into memory of its own,
 * outside V8's heap; what little the chunks occupy inside lets them pile up until V8 looks for them with a full
 * collection, twenty times a second under load. One of the young generation finds them too, at a tenth of the cost
 * (measured: 4.1 to 1.8 processor seconds of JavaScript per GB of 64 KiB batches). Messages between members are such memory in
 * both directions.
 */
export class ReadGarbage {
  readonly #collect: () => void;
  #bytes = 0;

  constructor(collect: () => void) {
    this.#collect = collect;
  }

  /** So many bytes were read, or written from memory of their own. */
  moved(sizeBytes: number): void {
    this.#bytes += sizeBytes;
    if (this.#bytes < INTERVAL_BYTES) return;
    this.#bytes = 0;
    this.#collect();
  }
}
