import type * as Http2 from 'node:http2';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  IncomingHttpStatusHeader,
} from 'node:http2';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Failure, hasCode, messageOf } from '@kafkaesque/kernel';
import type { ChannelEnd, MemberAddress } from '@kafkaesque/kernel';
import { addressText, resetSocket } from '../tcp/tcp-connection';
import { GrpcMessageReader, writeGrpcMessages } from './grpc-messages';
import type { MemberStream, MemberStreamEvents } from './member-channel';
import { membersDefinition } from './members-service';
import { watchForLife } from './signs-of-life';
import type { Patience } from './signs-of-life';

/** How a stream is dialled, and its bounds. */
export interface DialBounds extends Patience {
  readonly maxMessageBytes: number;
  readonly windowBytes: number;
  readonly dialTimeoutMs: number;
  readonly secure?: (socket: Socket, address: MemberAddress) => Duplex;
}

/** The status codes of gRPC, in the order of their numbers. */
const STATUS_NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

/** node:http2 counts this in megabytes; our windows are the bound. */
const SESSION_MEMORY_MIB = Number.MAX_SAFE_INTEGER;

/**
 * The side of a channel that dials: one gRPC call on a connection of its own, over node:http2 itself. A client of
 * grpc-js would go on connecting after it has been closed, could not be kept from waiting for a connection, and says
 * only in words why one did not come up (docs/decisions/0016).
 */
export class DialledStream implements MemberStream {
  readonly #address: MemberAddress;
  readonly #bounds: DialBounds;
  readonly #left: () => void;
  readonly #reader: GrpcMessageReader;
  #events: MemberStreamEvents | undefined;
  #socket: Socket | undefined;
  #session: ClientHttp2Session | undefined;
  #stream: ClientHttp2Stream | undefined;
  /** Until the channel is up. */
  #timer: NodeJS.Timeout | undefined;
  #stopWatching: (() => void) | undefined;
  #isUp = false;
  #hasLeft = false;
  #isPaused = false;
  #hasReadAll = false;
  /** `grpc-status`, once it has come. */
  #status: number | undefined;
  #failure: unknown;
  /** What is written before the channel is up: kept for a second try, and `sent` only when there will be none. */
  #firstWrite: readonly Buffer[] | undefined;
  #hasSentFirst = false;
  #hasTriedAgain = false;
  #isFinished = false;

  /** `left` is called when nothing is open any more. */
  constructor(address: MemberAddress, bounds: DialBounds, left: () => void) {
    this.#address = address;
    this.#bounds = bounds;
    this.#left = left;
    this.#reader = new GrpcMessageReader(bounds.maxMessageBytes);
  }

  start(events: MemberStreamEvents): void {
    this.#events = events;
    const { dialTimeoutMs } = this.#bounds;
    this.#timer = setTimeout(
      () => this.giveUp('ETIMEDOUT', `it did not answer within ${dialTimeoutMs} ms`),
      dialTimeoutMs,
    );
    try {
      this.#dial();
    } catch (error) {
      // An address that cannot be one, as a port beyond 65,535.
      this.giveUp('DIAL_FAILED', messageOf(error));
    }
  }

  #dial(): void {
    const { host, port } = this.#address;
    const socket = new Socket();
    // Known before it connects: an address that cannot be one fails there, and leaves nothing behind.
    this.#socket = socket;
    socket.on('error', (error) => this.#noteFailure(socket, error));
    socket.on('close', () => this.#onLost(socket));
    socket.setNoDelay(true);
    socket.connect({ host, port });
    socket.once('connect', () => {
      import('node:http2')
        .then((http2) => this.#open(http2, socket))
        .catch((error: unknown) => this.giveUp('DIAL_FAILED', messageOf(error)));
    });
  }

  write(messages: readonly Buffer[]): void {
    if (!this.#isUp) this.#firstWrite = messages;
    const stream = this.#stream;
    if (stream === undefined) return;
    writeGrpcMessages(stream, messages, (error) => {
      if (stream !== this.#stream) return;
      if (error === undefined) this.#onSent();
      else this.#failure ??= error;
    });
  }

  finish(): void {
    this.#isFinished = true;
    this.#stream?.end();
  }

  abort(): void {
    this.#leave();
  }

  pause(): void {
    this.#isPaused = true;
    this.#stream?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    queueMicrotask(() => this.#read());
  }

  /** Ends as a failure of this code, in a turn of its own. */
  giveUp(code: string, why: string): void {
    queueMicrotask(() => this.#end(this.#failed(code, why)));
  }

  #open(http2: typeof Http2, socket: Socket): void {
    if (this.#hasLeft || socket.destroyed) return;
    const { windowBytes, secure } = this.#bounds;
    const { host, port } = this.#address;
    const connection = secure?.(socket, this.#address) ?? socket;
    const authority = `http://${addressText(host, port)}`;
    const session = http2.connect(authority, {
      createConnection: () => connection,
      settings: { initialWindowSize: windowBytes, enablePush: false },
      maxSessionMemory: SESSION_MEMORY_MIB,
    });
    this.#session = session;
    session.on('error', (error) => this.#noteFailure(socket, error));
    session.on('close', () => this.#onLost(socket));
    session.on('connect', () => session.setLocalWindowSize(windowBytes));
    const stream = session.request(
      {
        ':method': 'POST',
        ':path': membersDefinition.Open.path,
        'content-type': 'application/grpc',
        te: 'trailers',
        'user-agent': 'kafkaesque',
      },
      { endStream: false },
    );
    this.#stream = stream;
    stream.on('response', (headers) => this.#onHeaders(headers));
    stream.on('trailers', (headers: IncomingHttpHeaders) => this.#onStatus(headers));
    stream.on('data', (chunk: Buffer) => {
      this.#reader.add(chunk);
      this.#read();
    });
    stream.on('end', () => {
      if (stream !== this.#stream) return;
      this.#hasReadAll = true;
      this.#read();
    });
    stream.on('error', (error) => this.#noteFailure(socket, error));
    stream.on('close', () => this.#onLost(socket));
    if (this.#firstWrite !== undefined) this.write(this.#firstWrite);
    if (this.#isFinished) stream.end();
    if (this.#isPaused) stream.pause();
  }

  #onHeaders(headers: IncomingHttpHeaders & IncomingHttpStatusHeader): void {
    if (headers[':status'] !== 200)
      this.giveUp('NO_GRPC', `it answered with the HTTP status ${headers[':status'] ?? ''}`);
    else if ('grpc-status' in headers) this.#onStatus(headers);
    else if (!this.#isUp) {
      this.#isUp = true;
      clearTimeout(this.#timer);
      this.#watch();
      this.#firstWrite = undefined;
      if (this.#hasSentFirst) this.#onSent();
    }
  }

  #onSent(): void {
    if (this.#hasLeft) return;
    if (this.#isUp) this.#events?.sent();
    else this.#hasSentFirst = true;
  }

  #onStatus(headers: IncomingHttpHeaders): void {
    this.#status = Number(headers['grpc-status']);
    if (this.#status === 0) this.#read();
    else {
      const why = String(headers['grpc-message'] ?? 'without a reason');
      this.#end(this.#failed(STATUS_NAMES[this.#status] ?? 'UNKNOWN', `its other side ended it: ${why}`));
    }
  }

  /** Brings what has arrived, until the receiver pauses; then the end. */
  #read(): void {
    while (!this.#isPaused && !this.#hasLeft) {
      const message = this.#reader.next();
      if (message === undefined) break;
      this.#events?.message(message);
    }
    if (this.#isPaused || this.#hasLeft) return;
    const { fault } = this.#reader;
    if (fault !== undefined) this.#end(this.#refusedMessage(fault));
    else if (this.#hasReadAll && this.#status === 0) this.#end({ kind: 'closed' });
    else this.#stream?.resume();
  }

  #refusedMessage(fault: 'compressed' | 'too large'): ChannelEnd {
    const { maxMessageBytes } = this.#bounds;
    return fault === 'compressed'
      ? this.#failed('MESSAGE_COMPRESSED', 'a message was compressed, which members do not do')
      : this.#failed('MESSAGE_TOO_LARGE', `a message was larger than the ${maxMessageBytes} bytes allowed`);
  }

  /** Nothing more arrives. All is well where the end stands behind what the receiver, who has paused, still gets. */
  #onLost(socket: Socket): void {
    if (this.#hasLeft || socket !== this.#socket || (this.#hasReadAll && this.#status === 0)) return;
    // A process that is being killed closes what it has accepted before it stops listening, and the reset that tells
    // may have been swallowed by a write. Whether somebody listens is for a second try to say.
    if (!this.#isUp && this.#failure === undefined && socket.bytesRead === 0 && !this.#hasTriedAgain) {
      this.#hasTriedAgain = true;
      this.#hasSentFirst = false;
      this.#hasReadAll = false;
      this.#stream = undefined;
      this.#session?.destroy();
      this.#session = undefined;
      socket.destroy();
      this.#dial();
      return;
    }
    const { code, why } = this.#reason();
    const isRefusal = !this.#isUp && isRefused(this.#failure);
    this.#end(isRefusal ? { kind: 'refused' } : this.#failed(code, why));
  }

  /** Of the attempt that counts. */
  #noteFailure(socket: Socket, error: unknown): void {
    if (socket === this.#socket) this.#failure ??= error;
  }

  #reason(): { readonly code: string; readonly why: string } {
    const failure = this.#failure;
    if (failure === undefined) return { code: 'CHANNEL_RESET', why: 'its other side gave it up' };
    const code = typeof failure === 'object' && failure !== null && 'code' in failure ? failure.code : '';
    return {
      code: typeof code === 'string' && code !== '' ? code : 'CHANNEL_BROKEN',
      why: messageOf(failure),
    };
  }

  #watch(): void {
    if (this.#session === undefined) return;
    const { keepaliveTimeoutMs } = this.#bounds;
    this.#stopWatching = watchForLife(this.#session, this.#bounds, () =>
      this.giveUp('ETIMEDOUT', `it gave no sign of life for ${keepaliveTimeoutMs} ms`),
    );
  }

  #failed(code: string, why: string): ChannelEnd {
    const { host, port } = this.#address;
    const what = this.#isUp ? 'broke' : 'did not come up';
    return {
      kind: 'failed',
      cause: new Failure(code, `the channel to ${addressText(host, port)} ${what}: ${why}`, {
        retriable: true,
        cause: this.#failure,
      }),
    };
  }

  #end(end: ChannelEnd): void {
    if (this.#hasLeft) return;
    this.#leave();
    this.#events?.ended(end);
  }

  #leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    clearTimeout(this.#timer);
    this.#stopWatching?.();
    this.#firstWrite = undefined;
    // What is unfinished is reset, so that the other side sees no end in good order.
    if (this.#status !== 0 && this.#socket !== undefined) resetSocket(this.#socket);
    this.#session?.destroy();
    this.#socket?.destroy();
    this.#left();
  }
}

/** Whether nobody listened, or the host reset the attempt. A name may stand for several addresses: all must say so. */
const isRefused = (failure: unknown): boolean => {
  if (typeof failure === 'object' && failure !== null && 'errors' in failure)
    return Array.isArray(failure.errors) && failure.errors.length > 0 && failure.errors.every(isRefused);
  return hasCode(failure, 'ECONNREFUSED') || hasCode(failure, 'ECONNRESET');
};
