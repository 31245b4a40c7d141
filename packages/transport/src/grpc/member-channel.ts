import { Failure, assert } from '@kafkaesque/kernel';
import type { Channel, ChannelEnd, ChannelHandler } from '@kafkaesque/kernel';
import type { ReadGarbage } from '../tcp/read-garbage';

/** A gRPC stream of either side, as far as a channel needs it. */
export interface MemberStream {
  /** To be called once, before anything else. */
  start(events: MemberStreamEvents): void;
  /** At least one message; the next ones follow `sent`. The bytes must not change before that. */
  write(messages: readonly Buffer[]): void;
  /** Nothing more is written; follows the last `sent`. */
  finish(): void;
  /** Gives up both directions at once. `ended` may still follow. */
  abort(): void;
  /** After it no message comes until `resume`. */
  pause(): void;
  resume(): void;
}

/** What a stream brings; nothing of it comes from within a call of the stream. */
export interface MemberStreamEvents {
  /** The message is the receiver's to keep. */
  message(bytes: Buffer): void;
  /** All that was written has left. */
  sent(): void;
  /** The other side writes no more, and all its messages were brought. */
  finished(): void;
  /** Comes once, last. */
  ended(end: ChannelEnd): void;
}

/** What a channel is called, and its bounds. */
export interface MemberChannelOptions {
  readonly remoteAddress: string;
  /** Of a message, in either direction. */
  readonly maxMessageBytes: number;
  /** How long a channel that is closing may bring nothing forward before it is given up; default 5,000. */
  readonly lingerMs?: number;
  /** Told of every message, in both directions. */
  readonly garbage?: ReadGarbage;
}

/** Unsent bytes and messages from which `send` asks its caller to wait. */
const HIGH_WATER_BYTES = 1024 * 1024;
const HIGH_WATER_MESSAGES = 8192;
/** Of what is written at once, without the message that goes beyond it. */
const WRITE_BYTES = 64 * 1024;
const WRITE_MESSAGES = 256;
const DEFAULT_LINGER_MS = 5000;

/** The kernel's Channel over a gRPC stream. */
export class MemberChannel implements Channel {
  readonly remoteAddress: string;
  readonly #stream: MemberStream;
  readonly #maxMessageBytes: number;
  readonly #lingerMs: number;
  readonly #garbage: ReadGarbage | undefined;
  #handler: ChannelHandler | undefined;
  /** `closing`: nothing is received any more, and the end is awaited. */
  #phase: 'open' | 'closing' | 'ended' = 'open';
  /** What waits for the bytes that are being written; its first `#taken` are gone. */
  #queue: Buffer[] = [];
  #taken = 0;
  #writingBytes = 0;
  #isWriting = false;
  #isFinished = false;
  #unsentBytes = 0;
  #isAwaitingDrain = false;
  #linger: NodeJS.Timeout | undefined;

  constructor(stream: MemberStream, options: MemberChannelOptions) {
    this.#stream = stream;
    this.remoteAddress = options.remoteAddress;
    this.#maxMessageBytes = options.maxMessageBytes;
    this.#lingerMs = options.lingerMs ?? DEFAULT_LINGER_MS;
    this.#garbage = options.garbage;
    stream.start({
      message: (bytes) => this.#onMessage(bytes),
      sent: () => this.#onSent(),
      finished: () => this.#onFinished(),
      ended: (end) => this.#end(end),
    });
  }

  get hasReceiver(): boolean {
    return this.#handler !== undefined;
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  receive(handler: ChannelHandler): void {
    assert(this.#handler === undefined, 'a channel has one receiver');
    this.#handler = handler;
  }

  send(message: Buffer): boolean {
    if (this.#phase !== 'open') return false;
    if (message.length > this.#maxMessageBytes) {
      this.#fail(this.#tooLarge('a message to', message));
      return false;
    }
    this.#garbage?.moved(message.length);
    this.#unsentBytes += message.length;
    this.#queue.push(message);
    this.#write();
    const messageCount = this.#queue.length - this.#taken;
    if (this.#unsentBytes >= HIGH_WATER_BYTES || messageCount >= HIGH_WATER_MESSAGES)
      this.#isAwaitingDrain = true;
    return !this.#isAwaitingDrain;
  }

  pause(): void {
    if (this.#phase === 'open') this.#stream.pause();
  }

  resume(): void {
    if (this.#phase === 'open') this.#stream.resume();
  }

  close(): void {
    if (this.#phase !== 'open') return;
    this.#phase = 'closing';
    // What still arrives is read and dropped: the end of the other side stands behind it.
    this.#stream.resume();
    this.#awaitEnd();
    this.#write();
  }

  reset(): void {
    this.#abort({ kind: 'closed' });
  }

  #onMessage(bytes: Buffer): void {
    if (this.#phase !== 'open') return;
    // What arrived in chunks was put together in memory of its own: twice as much was taken.
    this.#garbage?.moved(2 * bytes.length);
    if (bytes.length > this.#maxMessageBytes) this.#fail(this.#tooLarge('a message from', bytes));
    else this.#handler?.message(bytes);
  }

  #onSent(): void {
    if (this.#phase === 'ended') return;
    this.#unsentBytes -= this.#writingBytes;
    this.#writingBytes = 0;
    this.#isWriting = false;
    // Bytes have left: the other side reads.
    if (this.#phase === 'closing') this.#awaitEnd();
    const hasMore = this.#write();
    if (hasMore || !this.#isAwaitingDrain || this.#phase !== 'open') return;
    this.#isAwaitingDrain = false;
    this.#handler?.drained();
  }

  /** The other side reads no more either: what is unsent would not be received. */
  #onFinished(): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'closing';
    this.#dropUnsent();
    this.#awaitEnd();
    this.#finish();
  }

  /** Writes what waits, or some of it, if it is time; false when nothing is left to write. */
  #write(): boolean {
    if (this.#isWriting) return true;
    const messages: Buffer[] = [];
    while (this.#writingBytes < WRITE_BYTES && messages.length < WRITE_MESSAGES) {
      const next = this.#queue[this.#taken];
      if (next === undefined) break;
      this.#taken += 1;
      this.#writingBytes += next.length;
      messages.push(next);
    }
    if (messages.length === 0) {
      if (this.#phase === 'closing') this.#finish();
      return false;
    }
    // The head is cut off rarely: moving the rest costs as much as it is long.
    if (this.#taken === this.#queue.length || this.#taken >= HIGH_WATER_MESSAGES) {
      this.#queue = this.#queue.slice(this.#taken);
      this.#taken = 0;
    }
    this.#isWriting = true;
    this.#stream.write(messages);
    return true;
  }

  #finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#stream.finish();
  }

  #dropUnsent(): void {
    this.#queue = [];
    this.#taken = 0;
    this.#unsentBytes = this.#writingBytes;
  }

  #awaitEnd(): void {
    if (this.#linger !== undefined) {
      this.#linger.refresh();
      return;
    }
    this.#linger = setTimeout(() => {
      const waitedMs = this.#lingerMs;
      this.#fail(
        new Failure(
          'READER_STALLED',
          `the channel to ${this.remoteAddress} was closed, and its other side took nothing for ${waitedMs} ms`,
        ),
      );
    }, this.#lingerMs);
  }

  #tooLarge(what: string, message: Buffer): Failure {
    return new Failure(
      'MESSAGE_TOO_LARGE',
      `${what} ${this.remoteAddress} has ${message.length} bytes, more than the ${this.#maxMessageBytes} allowed`,
    );
  }

  #fail(cause: Failure): void {
    this.#abort({ kind: 'failed', cause });
  }

  /**
   * The end is told in a turn of its own, because this turn is that of a call of the receiver's. For the same reason
   * the channel is left first: while node:http2 gives up a stream it may say of bytes in flight that they have left.
   */
  #abort(end: ChannelEnd): void {
    if (!this.#leave()) return;
    this.#stream.abort();
    queueMicrotask(() => this.#handler?.ended(end));
  }

  #end(end: ChannelEnd): void {
    if (this.#leave()) this.#handler?.ended(end);
  }

  /** False when the channel had ended before. */
  #leave(): boolean {
    if (this.#phase === 'ended') return false;
    this.#phase = 'ended';
    clearTimeout(this.#linger);
    this.#writingBytes = 0;
    this.#dropUnsent();
    return true;
  }
}
