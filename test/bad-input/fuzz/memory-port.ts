import type { BufferPool, Connection, ConnectionEnd, ConnectionHandler } from '@kafkaesque/kernel';
import { ReadGarbage, ServedConnection } from '@kafkaesque/transport';
import type { Listener, ListenOptions, RequestMemory } from '@kafkaesque/transport';

/** A client's end of a connection without a socket. */
export class MemoryConnection implements Connection {
  readonly remoteAddress: string;
  readonly localAddress = '127.0.0.1:9092';
  readonly #reads: boolean;
  readonly #unsent: ((error?: unknown) => void)[] = [];
  #handler: ConnectionHandler | undefined;
  #isEnded = false;
  #unsentBytes = 0;
  #received: Buffer[] = [];
  receivedBytes = 0;

  /** `reads: false`: what is written for this client never leaves. */
  constructor(port: number, { reads = true }: { readonly reads?: boolean } = {}) {
    this.remoteAddress = `127.0.0.1:${port}`;
    this.#reads = reads;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Everything that came so far, answers with their lengths. */
  get received(): Buffer {
    this.#received = [Buffer.concat(this.#received)];
    return this.#received[0] ?? Buffer.alloc(0);
  }

  /** What the client sends arrives. */
  push(bytes: Buffer): void {
    if (!this.#isEnded) this.#handler?.data(bytes);
  }

  /** The client goes. */
  leave(): void {
    this.#end({ kind: 'closed' });
  }

  receive(handler: ConnectionHandler): void {
    this.#handler = handler;
  }

  write(parts: readonly Buffer[], sent?: (error?: unknown) => void): boolean {
    for (const part of parts) {
      this.receivedBytes += part.length;
      if (this.#reads) this.#received.push(Buffer.from(part));
      else this.#unsentBytes += part.length;
    }
    if (sent !== undefined) {
      if (this.#reads && !this.#isEnded) queueMicrotask(() => sent());
      else if (this.#isEnded) queueMicrotask(() => sent(new Error('the client is gone')));
      else this.#unsent.push(sent);
    }
    return this.#unsentBytes === 0;
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  pause(): void {
    // What a client pushes arrives at once; the frame reader holds it.
  }

  resume(): void {
    // As above.
  }

  close(): void {
    this.#end({ kind: 'closed' });
  }

  reset(): void {
    this.#end({ kind: 'closed' });
  }

  #end(end: ConnectionEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    queueMicrotask(() => {
      for (const sent of this.#unsent.splice(0)) sent(new Error('the client is gone'));
      this.#handler?.ended(end);
    });
  }
}

/** Stands in for `listen`: a whole node without sockets. */
export class MemoryPort {
  #options: ListenOptions | undefined;
  #count = 0;

  readonly listen = (options: ListenOptions): Promise<Listener> => {
    this.#options = options;
    const close = (): Promise<void> => Promise.resolve();
    return Promise.resolve({
      ...{ address: '127.0.0.1', port: 9092, connectionCount: 0 },
      traffic: { bytesRead: 0, bytesWritten: 0 },
      ...{ close, [Symbol.asyncDispose]: close },
    });
  };

  get #opened(): ListenOptions {
    if (this.#options === undefined) throw new Error('nobody listens');
    return this.#options;
  }

  get requestMemory(): RequestMemory {
    return this.#opened.memory;
  }

  get pool(): BufferPool {
    return this.#opened.pool;
  }

  connect(options: { readonly reads?: boolean } = {}): MemoryConnection {
    const { name, maxRequestBytes, pool, memory, logger, onKafka } = this.#opened;
    this.#count += 1;
    const connection = new MemoryConnection(this.#count % 65_536, options);
    const garbage = new ReadGarbage(() => undefined);
    onKafka(
      new ServedConnection(connection, {
        ...{ id: this.#count, listenerName: name, maxRequestBytes, pool, memory, logger, garbage },
      }),
    );
    return connection;
  }
}
