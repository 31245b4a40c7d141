import { connect as dial } from 'node:net';
import type { Socket } from 'node:net';
import { Failure, assert } from '@kafkaesque/kernel';
import type { Connection, ConnectionEnd, ConnectionHandler } from '@kafkaesque/kernel';

/** Whom to dial, and for how long. */
export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Unsent bytes from which `write` asks its caller to wait. */
const WRITE_HIGH_WATER_BYTES = 1024 * 1024;
/** How long a closing connection waits for the other side before it is destroyed. */
const LINGER_MS = 5000;
const KEEPALIVE_MS = 60_000;
const DEFAULT_READER_DEADLINE_MS = 30_000;
const NO_BYTES = Buffer.alloc(0);

/** The kernel's Connection over a TCP socket that is open and has no reader yet. */
export class TcpConnection implements Connection {
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly #socket: Socket;
  #handler: ConnectionHandler | undefined;
  #failure: unknown;
  #isClosing = false;
  #linger: NodeJS.Timeout | undefined;
  readonly #readerDeadlineMs: number;
  #isWatched = false;

  /** `readerDeadlineMs`: how long bytes may wait without one of them being taken; default 30,000. */
  constructor(socket: Socket, readerDeadlineMs = DEFAULT_READER_DEADLINE_MS) {
    this.#socket = socket;
    this.#readerDeadlineMs = readerDeadlineMs;
    this.remoteAddress = addressText(socket.remoteAddress, socket.remotePort);
    this.localAddress = addressText(socket.localAddress, socket.localPort);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEPALIVE_MS);
    socket.on('error', (error) => {
      this.#failure ??= error;
    });
    socket.on('close', () => {
      clearTimeout(this.#linger);
      this.#handler?.ended(this.#end());
    });
  }

  receive(handler: ConnectionHandler): void {
    assert(this.#handler === undefined, 'a connection has one receiver');
    this.#handler = handler;
    const socket = this.#socket;
    if (socket.closed) {
      queueMicrotask(() => handler.ended(this.#end()));
      return;
    }
    socket.on('data', (chunk: Buffer) => {
      if (!this.#isClosing) handler.data(chunk);
    });
    socket.on('drain', () => handler.drained());
    // The other side has finished. Node ends our side too; what the peer does not read must not keep the socket.
    socket.on('end', () => this.#startLinger());
    socket.resume();
  }

  write(parts: readonly Buffer[], sent?: (error?: unknown) => void): boolean {
    const socket = this.#socket;
    if (socket.writableEnded || socket.destroyed) {
      if (sent !== undefined)
        queueMicrotask(() => sent(new Failure('CONNECTION_CLOSED', 'the connection is closed')));
      return true;
    }
    const last = parts.length - 1;
    if (last > 0) socket.cork();
    for (let index = 0; index < last; index += 1) socket.write(parts[index] ?? NO_BYTES);
    socket.write(parts[last] ?? NO_BYTES, sent);
    if (last > 0) socket.uncork();
    // What the system has not taken at once waits for the other side to read.
    if (socket.writableLength > 0) this.#watchReader();
    return socket.writableLength < WRITE_HIGH_WATER_BYTES;
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#socket.end();
    // What still arrives is read and dropped: unread bytes would turn the end into a reset.
    this.#socket.resume();
    this.#startLinger();
  }

  reset(): void {
    this.#isClosing = true;
    resetSocket(this.#socket);
  }

  /** Resets a connection whose other side reads nothing for so long: what is written for it holds memory. */
  #watchReader(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    const socket = this.#socket;
    socket.setTimeout(this.#readerDeadlineMs);
    const onTimeout = (): void => {
      if (socket.writableLength > 0) {
        this.#failure ??= new Failure(
          'READER_STALLED',
          'the other side did not read what was written for it',
        );
        this.reset();
        return;
      }
      socket.setTimeout(0);
      socket.off('timeout', onTimeout);
      this.#isWatched = false;
    };
    socket.on('timeout', onTimeout);
  }

  #startLinger(): void {
    this.#linger ??= setTimeout(() => this.#socket.destroy(), LINGER_MS);
  }

  #end(): ConnectionEnd {
    return this.#failure === undefined ? { kind: 'closed' } : { kind: 'failed', cause: this.#failure };
  }
}

/**
 * Closes a socket with a reset, or plainly when its end is under way: Node cannot reset it then, and would leave it
 * open for good, without a word.
 */
export const resetSocket = (socket: Socket): void => {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
};

/** An address without its port; IPv4 that came through an IPv6 socket as IPv4. */
export const plainAddress = (host: string | undefined): string =>
  (host ?? '').replace(/^::ffff:(?=\d+\.)/, '');

/** `host:port`, IPv6 in brackets, IPv4 that came through an IPv6 socket as IPv4. */
export const addressText = (host: string | undefined, port: number | undefined): string => {
  const plain = plainAddress(host);
  return `${plain.includes(':') ? `[${plain}]` : plain}:${String(port ?? 0)}`;
};

/**
 * Dials `host:port`. Rejects with a retriable Failure of the system's code (`ECONNREFUSED`, `ETIMEDOUT` …), or with one
 * of code `ABORTED` when the signal fired.
 */
export const connect = (options: ConnectOptions): Promise<Connection> =>
  new Promise((resolve, reject) => {
    const { host, port, timeoutMs, signal } = options;
    const where = addressText(host, port);
    if (signal?.aborted === true) {
      reject(new Failure('ABORTED', `the connection to ${where} was given up`, { cause: signal.reason }));
      return;
    }
    const socket = dial({ host, port });
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      socket.off('connect', opened);
    };
    const fail = (failure: Failure): void => {
      settle();
      socket.destroy();
      reject(failure);
    };
    const opened = (): void => {
      settle();
      socket.off('error', refused);
      resolve(new TcpConnection(socket));
    };
    const refused = (error: NodeJS.ErrnoException): void =>
      fail(
        new Failure(error.code ?? 'CONNECT_FAILED', `cannot connect to ${where}: ${error.message}`, {
          retriable: true,
          cause: error,
        }),
      );
    const abort = (): void =>
      fail(new Failure('ABORTED', `the connection to ${where} was given up`, { cause: signal?.reason }));
    const timer = setTimeout(
      () =>
        fail(new Failure('ETIMEDOUT', `${where} did not answer within ${timeoutMs} ms`, { retriable: true })),
      timeoutMs,
    );
    signal?.addEventListener('abort', abort);
    socket.once('connect', opened);
    socket.on('error', refused);
  });
