import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { assert, messageOf } from '@kafkaesque/kernel';
import type { BufferPool, CancelWake, Clock, Logger } from '@kafkaesque/kernel';
import { openGrpcDoor } from '../grpc/grpc-door';
import type { GrpcDoor, OpenGrpcDoor } from '../grpc/grpc-door';
import { ConnectionLimits } from './connection-limits';
import type { Visitor } from './connection-limits';
import { ServedConnection } from './kafka-connection';
import type { KafkaConnection } from './kafka-connection';
import { ReadGarbage } from './read-garbage';
import type { RequestMemory } from './request-memory';
import { TcpConnection, addressText, plainAddress, resetSocket } from './tcp-connection';

/** Which port to open, its bounds, and who receives its connections. */
export interface ListenOptions {
  /** The listener's name, `PLAINTEXT` and the like. */
  readonly name: string;
  /** Empty: every address of this machine. */
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** `socket.request.max.bytes`; must stay below 0x47455420 (`GET `). */
  readonly maxRequestBytes: number;
  /** Default 30,000. */
  readonly firstByteDeadlineMs?: number;
  /** Default 30,000; anew with every 64 KiB of a frame. */
  readonly incompleteFrameDeadlineMs?: number;
  /** `connections.max.idle.ms`: default 600,000; negative: for ever. */
  readonly maxIdleMs?: number;
  /** Shared by all listeners of the process. Default: there are none. */
  readonly limits?: ConnectionLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pool: BufferPool;
  /** Shared by all listeners of the process. */
  readonly memory: RequestMemory;
  /** Collects young garbage; called every few megabytes that were read. Default: the runtime sees to it. */
  readonly collectYoungGarbage?: () => void;
  /** Must call `receive` before it returns. */
  readonly onKafka: (connection: KafkaConnection) => void;
  /** Without it, HTTP/2 connections are closed. */
  readonly grpc?: GrpcDoor;
}

/** What went through a port. */
export interface ListenerTraffic {
  readonly bytesRead: number;
  /** Those that wait for the other side to read are among them. */
  readonly bytesWritten: number;
}

/** An open port. */
export interface Listener extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  readonly connectionCount: number;
  /** Bytes since the start, over all connections and protocols. */
  readonly traffic: ListenerTraffic;
  /** Accepts no more, resets what is open, resolves when every connection has ended. */
  close(): Promise<void>;
}

const DEFAULT_DEADLINE_MS = 30_000;
const DEFAULT_MAX_IDLE_MS = 600_000;
const MAX_SWEEP_MS = 1000;
const BACKLOG = 511;
/** `PRI `, the opening of HTTP/2, would be a Kafka frame of 1.3 GB: no listener allows that. */
const HTTP2_OPENING = 0x50524920;
const LARGEST_REQUEST_LIMIT = 0x47455420;
const OPENING_BYTES = 4;

/** A socket of which nothing is known yet. */
interface Opening {
  ageMs: number;
}

let lastConnectionId = 0;

/** Opens one port for both protocols. Rejects with the system's error, `EADDRINUSE` and the like. */
export const listen = async (options: ListenOptions): Promise<Listener> => {
  assert(
    options.maxRequestBytes < LARGEST_REQUEST_LIMIT,
    'socket.request.max.bytes stays below the bytes `GET `',
  );
  const listener = new PortListener(options);
  await listener.open();
  return listener;
};

class PortListener implements Listener {
  readonly #options: ListenOptions;
  readonly #server: Server;
  readonly #openings = new Map<Socket, Opening>();
  readonly #served = new Set<ServedConnection>();
  /** Every open socket, whatever it speaks. */
  readonly #sockets = new Set<Socket>();
  readonly #sweepMs: number;
  readonly #maxIdleMs: number;
  readonly #limits: ConnectionLimits;
  readonly #garbage: ReadGarbage;
  /** Of the connections that have ended. */
  readonly #endedTraffic = { bytesRead: 0, bytesWritten: 0 };
  #cancelSweep: CancelWake | undefined;
  #sweptAtMs = 0;
  #grpc: Promise<OpenGrpcDoor> | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: ListenOptions) {
    this.#options = options;
    const { maxIdleMs = DEFAULT_MAX_IDLE_MS } = options;
    this.#maxIdleMs = maxIdleMs < 0 ? Infinity : maxIdleMs;
    const shortestMs = Math.min(this.#firstByteMs, this.#incompleteFrameMs, Math.max(this.#maxIdleMs, 1));
    this.#sweepMs = Math.min(MAX_SWEEP_MS, shortestMs / 10);
    this.#limits = options.limits ?? new ConnectionLimits(options.clock);
    this.#garbage = new ReadGarbage(options.collectYoungGarbage ?? ((): void => undefined));
    this.#server = createServer((socket) => this.#accept(socket));
  }

  get address(): string {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.address : '';
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get connectionCount(): number {
    return this.#sockets.size;
  }

  get traffic(): ListenerTraffic {
    let { bytesRead, bytesWritten } = this.#endedTraffic;
    for (const socket of this.#sockets) {
      bytesRead += socket.bytesRead;
      bytesWritten += socket.bytesWritten;
    }
    return { bytesRead, bytesWritten };
  }

  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      const { host, port } = this.#options;
      this.#server.listen({ port, backlog: BACKLOG, ...(host === '' ? {} : { host }) }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) =>
          this.#options.logger.error('a connection could not be accepted', { error: messageOf(error) }),
        );
        resolve();
      });
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const ended = [
      new Promise<void>((resolve) => this.#server.close(() => resolve())),
      ...[...this.#sockets].map(
        (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
      ),
    ];
    for (const connection of this.#served) connection.reset();
    for (const socket of this.#sockets) socket.destroy();
    this.#cancelSweep?.();
    const grpc = await this.#grpc?.catch(() => undefined);
    grpc?.close();
    await Promise.all(ended);
  }

  get #firstByteMs(): number {
    return this.#options.firstByteDeadlineMs ?? DEFAULT_DEADLINE_MS;
  }

  get #incompleteFrameMs(): number {
    return this.#options.incompleteFrameDeadlineMs ?? DEFAULT_DEADLINE_MS;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    let silentMs = (): number => 0;
    const visitor: Visitor = {
      listenerName: this.#options.name,
      address: plainAddress(socket.remoteAddress),
      get silentMs() {
        return silentMs();
      },
      admitted: () => {
        const { clock } = this.#options;
        const admittedAtMs = clock.monotonicMs();
        silentMs = () => clock.monotonicMs() - admittedAtMs;
        this.#admit(socket, (connection) => {
          silentMs = () => connection?.silentMs ?? 0;
        });
      },
      evicted: () => {
        this.#report(
          'a connection was closed: there are more than max.connections, and it has been silent for longest',
          addressText(socket.remoteAddress, socket.remotePort),
        );
        resetSocket(socket);
      },
      refused: (why) => {
        this.#report(
          `a connection was rejected: ${why}`,
          addressText(socket.remoteAddress, socket.remotePort),
        );
        socket.destroy();
      },
    };
    const ignore = (): void => undefined;
    socket.on('error', ignore);
    socket.on('close', () => {
      this.#openings.delete(socket);
      this.#sockets.delete(socket);
      this.#endedTraffic.bytesRead += socket.bytesRead;
      this.#endedTraffic.bytesWritten += socket.bytesWritten;
      this.#limits.left(visitor);
    });
    this.#limits.arrived(visitor);
  }

  /**
   * The first bytes tell the protocol; `opened` gets the connection where it is Kafka's. They are read in 'readable' (a flowing socket would lose them) and put back;
   * the socket is handed on without being resumed, because node:http2 drains what is buffered before it reads.
   */
  #admit(socket: Socket, opened: (connection: ServedConnection | undefined) => void): void {
    this.#startSweep();
    this.#openings.set(socket, { ageMs: this.#sweptAtMs - this.#options.clock.monotonicMs() });
    let head: Buffer | undefined;
    const sniff = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      head = head === undefined ? chunk : Buffer.concat([head, chunk]);
      if (head.length < OPENING_BYTES) return;
      socket.off('readable', sniff);
      this.#openings.delete(socket);
      socket.unshift(head);
      if (head.readUInt32BE(0) !== HTTP2_OPENING) opened(this.#serveKafka(socket));
      else {
        opened(undefined);
        this.#serveGrpc(socket);
      }
    };
    socket.on('readable', sniff);
    // A peer that ends before it has said what it speaks gets no answer.
    socket.on('end', () => {
      if (this.#openings.has(socket)) socket.destroy();
    });
  }

  #serveKafka(socket: Socket): ServedConnection {
    const { name, maxRequestBytes, pool, memory, logger } = this.#options;
    lastConnectionId += 1;
    const connection = new ServedConnection(new TcpConnection(socket), {
      id: lastConnectionId,
      listenerName: name,
      maxRequestBytes,
      pool,
      memory,
      logger,
      garbage: this.#garbage,
    });
    this.#served.add(connection);
    socket.on('close', () => this.#served.delete(connection));
    this.#options.onKafka(connection);
    return connection;
  }

  #serveGrpc(socket: Socket): void {
    if (this.#options.grpc === undefined) {
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    this.#grpc ??= openGrpcDoor(this.#options.grpc, this.#garbage);
    this.#grpc.then(
      (door) => {
        if (!socket.destroyed) door.takeConnection(socket);
      },
      (error: unknown) => {
        this.#options.logger.error('gRPC could not be loaded', { error: messageOf(error) });
        this.#grpc = undefined;
        socket.destroy();
      },
    );
  }

  #startSweep(): void {
    if (this.#cancelSweep !== undefined) return;
    const { clock } = this.#options;
    this.#sweptAtMs = clock.monotonicMs();
    this.#cancelSweep = clock.wakeAt(this.#sweptAtMs + this.#sweepMs, () => this.#sweep());
  }

  /** Deadlines are looked after for all connections together: no timer and no clock on the path of a frame. */
  #sweep(): void {
    const elapsedMs = this.#options.clock.monotonicMs() - this.#sweptAtMs;
    for (const [socket, opening] of this.#openings) {
      opening.ageMs += elapsedMs;
      if (opening.ageMs < this.#firstByteMs) continue;
      this.#openings.delete(socket);
      this.#report(
        'a connection said nothing and was closed',
        addressText(socket.remoteAddress, socket.remotePort),
      );
      resetSocket(socket);
    }
    for (const connection of this.#served) {
      if (connection.age(elapsedMs) < this.#incompleteFrameMs) continue;
      this.#report('a connection did not finish its frame and was closed', connection.remoteAddress);
      connection.reset();
    }
    for (const connection of this.#served) {
      if (connection.idle(elapsedMs) < this.#maxIdleMs) continue;
      this.#options.logger.debug('an idle connection was closed', {
        listener: this.#options.name,
        remoteAddress: connection.remoteAddress,
      });
      connection.close();
    }
    this.#cancelSweep = undefined;
    if (this.#sockets.size > 0) this.#startSweep();
  }

  #report(message: string, remoteAddress: string): void {
    this.#options.logger.info(message, { listener: this.#options.name, remoteAddress });
  }
}
