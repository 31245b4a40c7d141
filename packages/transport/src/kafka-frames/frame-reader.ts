import type { BufferPool, Lease } from '@kafkaesque/kernel';
import { FrameAssembly } from './frame-assembly';

/** Why a connection cannot continue: the length of its next frame is none that may be. */
export interface FrameFault {
  readonly kind: 'invalid-length';
  readonly sizeBytes: number;
}

/** Bounds of a stream of frames, and who receives them. */
export interface FrameReaderOptions {
  /** `socket.request.max.bytes`: a longer frame ends the connection. */
  readonly maxFrameBytes: number;
  /** A shorter frame ends the connection; 8 for requests (key, version, correlation id), 4 for responses. */
  readonly minFrameBytes: number;
  readonly pool: BufferPool;
  /**
   * Receives one frame without its length. Without a lease it is a view on what arrived, or small memory of its own,
   * and may be kept; with a lease the receiver is a holder and must release it. May call `pause` and `close`.
   */
  readonly frame: (frame: Buffer, lease: Lease | undefined) => void;
}

const LENGTH_BYTES = 4;

/**
 * Cuts a byte stream into length-prefixed frames. A frame that lies wholly in one chunk is a view on it; one that is
 * spread over several is copied once. Memory follows what arrived, never what a length declares (RELIABILITY B1).
 */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  readonly #assembly: FrameAssembly;
  /** What arrived and was not read because of a pause. */
  readonly #held: Buffer[] = [];
  /** The bytes of a length that a chunk's end cut. */
  #lengthBits = 0;
  #lengthCount = 0;
  #frameCount = 0;
  #isPaused = false;
  #isReading = false;
  #isClosed = false;
  #fault: FrameFault | undefined;

  constructor(options: FrameReaderOptions) {
    this.#options = options;
    this.#assembly = new FrameAssembly(options.pool);
  }

  /** Takes what arrived. A fault is final: the connection must end. */
  push(chunk: Buffer): FrameFault | undefined {
    if (this.#fault !== undefined || this.#isClosed) return this.#fault;
    if (this.#isPaused || this.#isReading || this.#held.length > 0) {
      this.#held.push(chunk);
      return undefined;
    }
    this.#isReading = true;
    this.#read(chunk);
    this.#isReading = false;
    return this.#fault;
  }

  /** No frame is given until `resume`; callable from within `frame`. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Reads on from what was held; gives frames before it returns, unless called from within `frame`. */
  resume(): FrameFault | undefined {
    this.#isPaused = false;
    if (this.#isReading) return this.#fault;
    this.#isReading = true;
    while (this.#held.length > 0 && this.#canRead()) this.#read(this.#held.shift() ?? Buffer.alloc(0));
    this.#isReading = false;
    return this.#fault;
  }

  /** Whether bytes wait for `resume`. */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** Bytes that arrived of an unfinished frame, its length included; 0 between frames. */
  get incompleteBytes(): number {
    if (this.#assembly.isOpen) return LENGTH_BYTES + this.#assembly.arrivedBytes;
    return this.#lengthCount;
  }

  /** Frames given so far: tells whether an unfinished frame is still the same one. */
  get frameCount(): number {
    return this.#frameCount;
  }

  /** Gives back what an unfinished frame holds; nothing is given afterwards. */
  close(): void {
    this.#isClosed = true;
    this.#held.length = 0;
    this.#lengthCount = 0;
    this.#assembly.abandon();
  }

  #canRead(): boolean {
    return !this.#isPaused && !this.#isClosed && this.#fault === undefined;
  }

  #read(chunk: Buffer): void {
    const { maxFrameBytes, minFrameBytes } = this.#options;
    const end = chunk.length;
    let at = 0;
    while (at < end) {
      if (!this.#canRead()) {
        if (this.#isPaused && !this.#isClosed) this.#held.unshift(chunk.subarray(at));
        return;
      }
      if (this.#assembly.isOpen) {
        at = this.#assembly.fill(chunk, at);
        if (this.#assembly.isComplete) this.#giveAssembled();
        continue;
      }
      let sizeBytes: number;
      if (this.#lengthCount === 0 && end - at >= LENGTH_BYTES) {
        sizeBytes = chunk.readInt32BE(at);
        at += LENGTH_BYTES;
      } else {
        at = this.#readLength(chunk, at);
        if (this.#lengthCount < LENGTH_BYTES) return;
        this.#lengthCount = 0;
        sizeBytes = this.#lengthBits;
      }
      if (sizeBytes < minFrameBytes || sizeBytes > maxFrameBytes) {
        this.#fault = { kind: 'invalid-length', sizeBytes };
        return;
      }
      if (end - at >= sizeBytes) {
        const frame = chunk.subarray(at, at + sizeBytes);
        at += sizeBytes;
        this.#frameCount += 1;
        this.#options.frame(frame, undefined);
      } else {
        this.#assembly.open(sizeBytes);
      }
    }
  }

  #readLength(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && this.#lengthCount < LENGTH_BYTES) {
      this.#lengthBits = (this.#lengthBits << 8) | (chunk[at] ?? 0);
      this.#lengthCount += 1;
      at += 1;
    }
    return at;
  }

  #giveAssembled(): void {
    const { frame, lease } = this.#assembly.take();
    this.#frameCount += 1;
    this.#options.frame(frame, lease);
  }
}
