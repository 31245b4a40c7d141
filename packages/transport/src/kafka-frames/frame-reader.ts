import type { BufferPool, Lease } from '@kafkaesque/kernel';

/** Why a connection cannot continue: the length of its next frame is none. */
export interface FrameFault {
  readonly kind: 'invalid-length';
  readonly sizeBytes: number;
}

export interface FrameReaderOptions {
  /** `socket.request.max.bytes`: a longer frame ends the connection. */
  readonly maxFrameBytes: number;
  /** A shorter frame ends the connection; 8 for requests (key, version, correlation id), 4 for responses. */
  readonly minFrameBytes: number;
  readonly pool: BufferPool;
  /**
   * Receives one frame without its length. Without a lease it is a view on what arrived, or small memory of its own,
   * and may be kept; with a lease the receiver is a holder and must release it.
   */
  readonly frame: (frame: Buffer, lease: Lease | undefined) => void;
}

/** Cuts a byte stream into length-prefixed frames. */
export class FrameReader {
  constructor(options: FrameReaderOptions) {
    void options;
  }
  /** Takes what arrived. A fault is final: the connection must end. */
  push(chunk: Buffer): FrameFault | undefined {
    void chunk;
    throw new Error('not written yet');
  }
  /** No frame is given until `resume`; callable from within `frame`. */
  pause(): void {
    throw new Error('not written yet');
  }
  resume(): FrameFault | undefined {
    throw new Error('not written yet');
  }
  /** Bytes of the frame that is still arriving (0: between frames), its length included. */
  get incompleteBytes(): number {
    return 0;
  }
  /** Gives back what an unfinished frame holds. */
  close(): void {
    throw new Error('not written yet');
  }
}
