import { assert } from '@kafkaesque/kernel';
import type { BufferPool, Connection, ConnectionEnd, Lease, Logger } from '@kafkaesque/kernel';
import { FrameReader } from '../kafka-frames/frame-reader';
import type { FrameFault } from '../kafka-frames/frame-reader';
import type { ReadGarbage } from './read-garbage';
import type { MemoryWaiter, RequestMemory } from './request-memory';

/** A client's connection that speaks Kafka: whole frames in, answers out, bounded both ways. */
export interface KafkaConnection {
  /** Unique in this process. */
  readonly id: number;
  /** The listener it came through, `PLAINTEXT` and the like. */
  readonly listenerName: string;
  /** `host:port` of the other side. */
  readonly remoteAddress: string;
  /** `host:port` that was dialled. */
  readonly localAddress: string;
  /** Sets who receives; must be called before `onKafka` returns. */
  receive(handler: KafkaConnectionHandler): void;
  /** Sends the parts in order (one writev); they must not change before `sent`. False: wait for `drained`. */
  write(parts: readonly Buffer[], sent?: (error?: unknown) => void): boolean;
  /** Bytes accepted by `write` that have not left yet. */
  readonly unsentBytes: number;
  /**
   * Must be called once for every frame received, with its length, when its request has been answered or dropped: gives
   * back its part of the budgets (100 requests and 32 MiB a connection, 64 MiB a process). After `ended` it does nothing.
   */
  settle(frameBytes: number): void;
  /** Stops and restarts the frames; at once, also within `frame`. The budgets pause on their own as well. */
  pause(): void;
  resume(): void;
  /** Ends after everything written has left. */
  close(): void;
  /** Ends at once. */
  reset(): void;
}

/** Who receives what a client sends. */
export interface KafkaConnectionHandler {
  /** One request without its length. With a lease the receiver is a holder and must release it. */
  frame(frame: Buffer, lease: Lease | undefined): void;
  drained(): void;
  /** Comes once, last. */
  ended(end: ConnectionEnd): void;
}

/** What a connection is served with; the budgets are shared with others. */
export interface ServeOptions {
  readonly id: number;
  readonly listenerName: string;
  readonly maxRequestBytes: number;
  readonly pool: BufferPool;
  readonly memory: RequestMemory;
  readonly logger: Logger;
  readonly garbage: ReadGarbage;
}

/** Requests and their bytes that one connection may have unanswered (RELIABILITY section 5). */
const MAX_IN_FLIGHT = 100;
const MAX_IN_FLIGHT_BYTES = 32 * 1024 * 1024;
/** A request is at least key, version and correlation id. */
const MIN_REQUEST_BYTES = 8;
/** So much of a frame starts its deadline anew: a large frame on a slow line is no attack. */
const PROGRESS_BYTES = 64 * 1024;

/** Who wants no frames now. */
const PAUSED_BY_HANDLER = 1;
const PAUSED_BY_IN_FLIGHT = 2;
const PAUSED_BY_MEMORY = 4;

/** Kafka's frames on a Connection, with the budgets of one connection and of the process. */
export class ServedConnection implements KafkaConnection, MemoryWaiter {
  readonly id: number;
  readonly listenerName: string;
  readonly #connection: Connection;
  readonly #options: ServeOptions;
  readonly #reader: FrameReader;
  #handler: KafkaConnectionHandler | undefined;
  #pauses = 0;
  #isSocketPaused = false;
  #isEnded = false;
  #inFlight = 0;
  #inFlightBytes = 0;
  #unfinishedBytes = 0;
  /** What `age` saw last: which frame, how much of it, and for how long it has been waited for. */
  #agedFrame = 0;
  #agedBytes = 0;
  #ageMs = 0;
  /** Whether something came or left since `idle` was asked last. */
  #isActive = true;
  #idleMs = 0;

  constructor(connection: Connection, options: ServeOptions) {
    this.id = options.id;
    this.listenerName = options.listenerName;
    this.#connection = connection;
    this.#options = options;
    this.#reader = new FrameReader({
      maxFrameBytes: options.maxRequestBytes,
      minFrameBytes: MIN_REQUEST_BYTES,
      pool: options.pool,
      frame: (frame, lease) => this.#frame(frame, lease),
    });
  }

  get remoteAddress(): string {
    return this.#connection.remoteAddress;
  }

  get localAddress(): string {
    return this.#connection.localAddress;
  }

  get unsentBytes(): number {
    return this.#connection.unsentBytes;
  }

  get hasUnfinishedFrame(): boolean {
    return this.#unfinishedBytes > 0 && (this.#pauses & ~PAUSED_BY_MEMORY) === 0;
  }

  receive(handler: KafkaConnectionHandler): void {
    assert(this.#handler === undefined, 'a connection has one receiver');
    this.#handler = handler;
    this.#connection.receive({
      data: (chunk) => this.#data(chunk),
      drained: () => handler.drained(),
      ended: (end) => {
        this.#giveEverythingBack();
        handler.ended(end);
      },
    });
  }

  write(parts: readonly Buffer[], sent?: (error?: unknown) => void): boolean {
    this.#isActive = true;
    return this.#connection.write(parts, sent);
  }

  settle(frameBytes: number): void {
    if (this.#isEnded) return;
    this.#inFlight -= 1;
    this.#inFlightBytes -= frameBytes;
    assert(this.#inFlight >= 0 && this.#inFlightBytes >= 0, 'a frame is settled once');
    if (this.#inFlight < MAX_IN_FLIGHT && this.#inFlightBytes < MAX_IN_FLIGHT_BYTES)
      this.#unpause(PAUSED_BY_IN_FLIGHT);
    const { memory } = this.#options;
    memory.giveRequest(frameBytes);
    if ((this.#pauses & PAUSED_BY_MEMORY) !== 0) memory.holdsLess(this);
  }

  get heldBytes(): number {
    return this.#inFlightBytes + this.#unfinishedBytes;
  }

  pause(): void {
    this.#pause(PAUSED_BY_HANDLER);
  }

  resume(): void {
    this.#unpause(PAUSED_BY_HANDLER);
  }

  roomAgain(): void {
    this.#unpause(PAUSED_BY_MEMORY);
  }

  close(): void {
    this.#giveEverythingBack();
    this.#connection.close();
  }

  reset(): void {
    this.#giveEverythingBack();
    this.#connection.reset();
  }

  /**
   * Counts `elapsedMs` against an unfinished frame and returns how long it has been waited for. Time in which we do not
   * read is not the client's, except that a full process counts half: else unfinished frames could fill it for ever.
   */
  age(elapsedMs: number): number {
    const { frameCount, incompleteBytes } = this.#reader;
    const isSameFrame = frameCount === this.#agedFrame && this.#agedBytes > 0;
    if (incompleteBytes === 0 || !isSameFrame || incompleteBytes - this.#agedBytes >= PROGRESS_BYTES) {
      this.#agedFrame = frameCount;
      this.#agedBytes = incompleteBytes;
      this.#ageMs = 0;
    } else if (this.#pauses === 0) {
      this.#ageMs += elapsedMs;
    } else if (this.#pauses === PAUSED_BY_MEMORY) {
      this.#ageMs += elapsedMs / 2;
    }
    return this.#ageMs;
  }

  /** Counts `elapsedMs` in which nothing came or left; time in which the client waits for an answer is not its own. */
  idle(elapsedMs: number): number {
    this.#idleMs = this.#isActive || this.#inFlight > 0 ? 0 : this.#idleMs + elapsedMs;
    this.#isActive = false;
    return this.#idleMs;
  }

  /** What `idle` said last, unless something came or left since, or the client waits for an answer. */
  get silentMs(): number {
    return this.#isActive || this.#inFlight > 0 ? 0 : this.#idleMs;
  }

  #data(chunk: Buffer): void {
    this.#isActive = true;
    this.#afterReading(this.#reader.push(chunk));
    this.#options.garbage.moved(chunk.length);
  }

  #afterReading(fault: FrameFault | undefined): void {
    if (this.#isEnded) return;
    if (fault !== undefined) {
      this.#options.logger.warn('a connection sent a frame of an impossible length and was closed', {
        remoteAddress: this.remoteAddress,
        sizeBytes: fault.sizeBytes,
        maxBytes: this.#options.maxRequestBytes,
      });
      this.reset();
      return;
    }
    const { incompleteBytes } = this.#reader;
    if (incompleteBytes !== this.#unfinishedBytes) {
      const change = incompleteBytes - this.#unfinishedBytes;
      this.#unfinishedBytes = incompleteBytes;
      this.#options.memory.changeUnfinished(change);
    }
    if (!this.#options.memory.mayRead(this)) this.#pause(PAUSED_BY_MEMORY);
    // A paused connection reads on until something arrives that it has to hold: so it notices when the other side ends.
    if (this.#pauses !== 0 && this.#reader.isHolding && !this.#isSocketPaused) {
      this.#isSocketPaused = true;
      this.#connection.pause();
    }
  }

  #frame(frame: Buffer, lease: Lease | undefined): void {
    this.#inFlight += 1;
    this.#inFlightBytes += frame.length;
    this.#options.memory.takeRequest(frame.length);
    this.#options.memory.frameFinished(this);
    if (this.#inFlight >= MAX_IN_FLIGHT || this.#inFlightBytes >= MAX_IN_FLIGHT_BYTES)
      this.#pause(PAUSED_BY_IN_FLIGHT);
    this.#handler?.frame(frame, lease);
  }

  #pause(who: number): void {
    this.#pauses |= who;
    this.#reader.pause();
  }

  #unpause(who: number): void {
    if ((this.#pauses & who) === 0 || this.#isEnded) return;
    this.#pauses &= ~who;
    if (this.#pauses !== 0) return;
    this.#afterReading(this.#reader.resume());
    if (this.#isSocketPaused && !this.#reader.isHolding && !this.#hasEnded()) {
      this.#isSocketPaused = false;
      this.#connection.resume();
    }
  }

  /** Asked anew: a handler may have ended the connection meanwhile. */
  #hasEnded(): boolean {
    return this.#isEnded;
  }

  #giveEverythingBack(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#reader.close();
    const { memory } = this.#options;
    memory.changeUnfinished(-this.#unfinishedBytes);
    this.#unfinishedBytes = 0;
    memory.giveRequest(this.#inFlightBytes);
    memory.forget(this);
  }
}
