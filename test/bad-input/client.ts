import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { apis, decodeResponse, encodeRequestFrame } from '@kafkaesque/protocol';
import type { Api, ApiName, Message, RequestDraftOf, ResponseOf } from '@kafkaesque/protocol';

const LENGTH_BYTES = 4;

/** A connection that sends whatever bytes a test wants, and well-formed requests beside them. */
export class BadClient implements AsyncDisposable {
  readonly socket: Socket;
  /** Resolves when the connection is gone, by whichever end. */
  readonly closed: Promise<void>;
  #chunks: Buffer[] = [];
  #receivedBytes = 0;
  #neededBytes = LENGTH_BYTES;
  #isClosed = false;
  #wake: (() => void) | undefined;
  #correlationId = 1000;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.#chunks.push(chunk);
      this.#receivedBytes += chunk.length;
      this.#wake?.();
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#isClosed = true;
        this.#wake?.();
        resolve();
      });
    });
  }

  static async open(host: string, port: number): Promise<BadClient> {
    const socket = connect({ host, port, noDelay: true });
    const client = new BadClient(socket);
    await once(socket, 'connect');
    // Servers reset connections here; that is an outcome like another.
    socket.on('error', () => undefined);
    return client;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Resolves when the system has taken the bytes, or the connection has ended before. */
  send(bytes: Buffer): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isClosed) resolve();
      else this.socket.write(bytes, () => resolve());
    });
  }

  /** The next frame without its length; undefined when the connection ends first. */
  async receive(): Promise<Buffer | undefined> {
    for (;;) {
      const frame = this.#takeFrame();
      if (frame !== undefined) return frame;
      if (this.#isClosed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Joins what came at most twice a frame: for its length, and for the rest. */
  #takeFrame(): Buffer | undefined {
    if (this.#receivedBytes < this.#neededBytes) return undefined;
    const bytes = Buffer.concat(this.#chunks);
    const end = LENGTH_BYTES + bytes.readInt32BE(0);
    if (bytes.length < end) {
      this.#chunks = [bytes];
      this.#neededBytes = end;
      return undefined;
    }
    this.#chunks = [bytes.subarray(end)];
    this.#receivedBytes -= end;
    this.#neededBytes = LENGTH_BYTES;
    return bytes.subarray(LENGTH_BYTES, end);
  }

  /** Bytes that came and belong to no frame that was taken. */
  get unreadBytes(): number {
    return this.#receivedBytes;
  }

  /** One well-formed request and its answer. Throws when the connection ends instead. */
  async ask<Name extends ApiName>(
    name: Name,
    version: number,
    draft: RequestDraftOf<Name>,
    clientId: string | null = 'bad-input',
  ): Promise<ResponseOf<Name>> {
    const api: Api = apis[name];
    this.#correlationId += 1;
    const parts = encodeRequestFrame(api, version, this.#correlationId, clientId, draft as Message['Draft']);
    await this.send(Buffer.concat(parts));
    const frame = await this.receive();
    if (frame === undefined)
      throw new Error(`the connection ended instead of an answer to ${name} v${version}`);
    const { correlationId, body } = decodeResponse(api, version, frame);
    if (correlationId !== this.#correlationId) {
      throw new Error(`an answer to ${correlationId} came instead of one to ${this.#correlationId}`);
    }
    return body as ResponseOf<Name>;
  }

  /** Ends as a client does that is done. */
  async finish(): Promise<void> {
    this.socket.end();
    this.socket.resume();
    await this.closed;
  }

  /** Ends as a client does that is gone: the other side sees a reset. */
  async reset(): Promise<void> {
    this.socket.resetAndDestroy();
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }
}
