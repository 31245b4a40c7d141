import type { Writable } from 'node:stream';

/** A flag that is 0 (we never compress), and the length: what stands before a message on a gRPC stream. */
const PREFIX_BYTES = 5;
const UNCOMPRESSED = 0;
/** Messages up to this size are copied into one buffer with what is written beside them: it beats gathering. */
const COPIED_BYTES = 16 * 1024;

/** The bytes of `messages` on a gRPC stream, in as few parts as is cheap. Large messages are not copied. */
export const grpcParts = (messages: readonly Buffer[]): readonly Buffer[] => {
  const parts: Buffer[] = [];
  let from = 0;
  while (from < messages.length) {
    let to = from;
    let sizeBytes = 0;
    for (; to < messages.length; to += 1) {
      const length = messages[to]?.length ?? 0;
      sizeBytes += PREFIX_BYTES + (length <= COPIED_BYTES ? length : 0);
      if (length > COPIED_BYTES) break;
    }
    const part = Buffer.allocUnsafe(sizeBytes);
    let at = 0;
    for (const message of messages.slice(from, to + 1)) {
      part[at] = UNCOMPRESSED;
      part.writeUInt32BE(message.length, at + 1);
      at += PREFIX_BYTES;
      if (message.length <= COPIED_BYTES) at += message.copy(part, at);
    }
    parts.push(part);
    const large = messages[to];
    if (large !== undefined) parts.push(large);
    from = to + 1;
  }
  return parts;
};

/** Writes messages in one go. `settled` comes once when all have left, and for each part that has failed. */
export const writeGrpcMessages = (
  stream: Writable,
  messages: readonly Buffer[],
  settled: (error: Error | undefined) => void,
): void => {
  const parts = grpcParts(messages);
  stream.cork();
  parts.forEach((part, index) =>
    stream.write(part, (error) => {
      const failure = error ?? undefined;
      if (failure !== undefined || index === parts.length - 1) settled(failure);
    }),
  );
  stream.uncork();
};

/** What is wrong with the bytes of a stream. */
export type GrpcMessageFault = 'compressed' | 'too large';

/**
 * Takes the bytes of a gRPC stream apart. A message is copied once, so that a small one does not keep the chunk that
 * it came in, and memory follows what arrived: a declared length takes nothing.
 */
export class GrpcMessageReader {
  readonly #maxMessageBytes: number;
  /** What arrived and was not taken yet; of the first, the bytes before `#at` were. */
  readonly #chunks: Buffer[] = [];
  #at = 0;
  #heldBytes = 0;
  /** Of the message whose prefix was read. */
  #length: number | undefined;
  #fault: GrpcMessageFault | undefined;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  get fault(): GrpcMessageFault | undefined {
    return this.#fault;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.length;
  }

  /** The next whole message, of bytes of its own; undefined when more has to arrive, or after a fault. */
  next(): Buffer | undefined {
    if (this.#fault !== undefined) return undefined;
    if (this.#length === undefined) {
      if (this.#heldBytes < PREFIX_BYTES) return undefined;
      const prefix = this.#take(PREFIX_BYTES);
      const length = prefix.readUInt32BE(1);
      if (prefix[0] !== UNCOMPRESSED) this.#fault = 'compressed';
      else if (length > this.#maxMessageBytes) this.#fault = 'too large';
      if (this.#fault !== undefined) return undefined;
      this.#length = length;
    }
    if (this.#heldBytes < this.#length) return undefined;
    const message = this.#take(this.#length);
    this.#length = undefined;
    return message;
  }

  /** Copies bytes that are there. */
  #take(sizeBytes: number): Buffer {
    const taken = Buffer.allocUnsafe(sizeBytes);
    let at = 0;
    let doneChunks = 0;
    while (at < sizeBytes) {
      const chunk = this.#chunks[doneChunks];
      if (chunk === undefined) break;
      const copied = chunk.copy(taken, at, this.#at, this.#at + sizeBytes - at);
      at += copied;
      this.#at += copied;
      if (this.#at < chunk.length) break;
      this.#at = 0;
      doneChunks += 1;
    }
    if (doneChunks > 0) this.#chunks.splice(0, doneChunks);
    this.#heldBytes -= sizeBytes;
    return taken;
  }
}
