const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Cuts chunks into lines, byte for byte. A line ends with LF, CR LF or CR; the last one may lack its end. */
export class LineSplitter {
  #rest: Buffer[] = [];
  /** The last line ended with CR: an LF right after it belongs to the same end. */
  #skipsLineFeed = false;

  /** The lines that this chunk completes. */
  *push(chunk: Buffer): Generator<Buffer, void, undefined> {
    let start = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (byte !== LINE_FEED && byte !== CARRIAGE_RETURN) {
        this.#skipsLineFeed = false;
        continue;
      }
      const belongsToLast = byte === LINE_FEED && this.#skipsLineFeed && at === start;
      this.#skipsLineFeed = byte === CARRIAGE_RETURN;
      if (!belongsToLast) yield this.#complete(chunk.subarray(start, at));
      start = at + 1;
    }
    // The reader may use its memory again for the next chunk.
    if (start < chunk.length) this.#rest.push(Buffer.from(chunk.subarray(start)));
  }

  /** What came after the last end of a line, if anything did. */
  end(): Buffer | undefined {
    return this.#rest.length === 0 ? undefined : this.#complete(Buffer.alloc(0));
  }

  #complete(last: Buffer): Buffer {
    if (this.#rest.length === 0) return Buffer.from(last);
    const line = Buffer.concat([...this.#rest, last]);
    this.#rest = [];
    return line;
  }
}
