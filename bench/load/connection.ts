import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { thrownError } from '@kafkaesque/kernel';
import { apis, decodeResponse, encodeRequestFrame } from '@kafkaesque/protocol';
import type { Api, Message } from '@kafkaesque/protocol';

const READ_BYTES = 1 << 20;
const LENGTH_BYTES = 4;
const CLIENT_ID = 'bench';
const DIAL_TIMEOUT_MS = 5000;

/** Takes one answer without its length. The bytes are the connection's: they change after the call. */
export type Answered = (frame: Buffer) => void;

/**
 * A connection for load: it reads into one reused buffer and decodes nothing on its own, so that what is measured is
 * the server. Answers come in the order of the requests. Whatever goes wrong ends the run: `failed` rejects.
 */
export class LoadConnection {
  /** Rejects when the connection fails; never resolves. */
  readonly failed: Promise<never>;
  readonly #socket: Socket;
  readonly #waiting: Answered[] = [];
  #waitingFrom = 0;
  #fail: (error: Error) => void = () => undefined;
  /** The part of an answer that has arrived, when a read ended within it. */
  #partial = Buffer.allocUnsafeSlow(READ_BYTES);
  #partialBytes = 0;
  #isClosed = false;

  private constructor(port: number) {
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => undefined);
    this.#socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(READ_BYTES),
        callback: (count, buffer) => {
          this.#read(Buffer.from(buffer.buffer as ArrayBuffer, buffer.byteOffset, count));
          return true;
        },
      },
    });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => {
      if (!this.#isClosed) this.#fail(new Error(`the server at port ${port} closed the connection`));
    });
  }

  /** Dials 127.0.0.1. */
  static async open(port: number): Promise<LoadConnection> {
    const connection = new LoadConnection(port);
    const socket = connection.#socket;
    const opened = new Promise<void>((resolve) => socket.once('connect', resolve));
    const timer = setTimeout(
      () => socket.destroy(new Error(`port ${port} does not answer`)),
      DIAL_TIMEOUT_MS,
    );
    try {
      await Promise.race([opened, connection.failed]);
    } finally {
      clearTimeout(timer);
    }
    return connection;
  }

  /** Requests sent and not answered. */
  get inFlight(): number {
    return this.#waiting.length - this.#waitingFrom;
  }

  /** Sends a whole request, length included; the bytes must not change before its answer. */
  send(frame: Buffer, answered: Answered): void {
    this.#waiting.push(answered);
    this.#socket.write(frame);
  }

  /** Sends a whole request that gets no answer (acks=0). */
  sendOnly(frame: Buffer): void {
    this.#socket.write(frame);
  }

  /** One request and its answer, decoded. For what is not measured; byte fields of the answer are a copy. */
  request<Request extends Message, Response extends Message>(
    api: Api<Request, Response>,
    version: number,
    draft: Request['Draft'],
  ): Promise<Response['Value']> {
    const answered = new Promise<Response['Value']>((resolve, reject) => {
      this.send(requestFrame(api, version, draft), (frame) => {
        try {
          resolve(decodeResponse(api, version, Buffer.from(frame)).body);
        } catch (error) {
          reject(thrownError(error));
        }
      });
    });
    return Promise.race([answered, this.failed]);
  }

  /** Resolves at the first answer of a server that just started; fails if it is none of Kafka's. */
  async versions(): Promise<ReadonlyMap<number, number>> {
    const { errorCode, apiKeys } = await this.request(apis.ApiVersions, 3, {
      clientSoftwareName: CLIENT_ID,
      clientSoftwareVersion: '1',
    });
    if (errorCode !== 0) throw new Error(`ApiVersions failed with error ${errorCode}`);
    return new Map(apiKeys.map(({ apiKey, maxVersion }) => [apiKey, maxVersion]));
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#partialBytes > 0) {
        at += this.#complete(chunk.subarray(at));
        continue;
      }
      const left = chunk.length - at;
      const frameBytes = left < LENGTH_BYTES ? Infinity : LENGTH_BYTES + chunk.readInt32BE(at);
      if (frameBytes > left) {
        this.#keep(chunk.subarray(at));
        return;
      }
      this.#answer(chunk.subarray(at + LENGTH_BYTES, at + frameBytes));
      at += frameBytes;
    }
  }

  /** Adds to the answer that an earlier read began; returns how many bytes it took. */
  #complete(bytes: Buffer): number {
    let taken = 0;
    if (this.#partialBytes < LENGTH_BYTES) {
      taken = Math.min(LENGTH_BYTES - this.#partialBytes, bytes.length);
      this.#keep(bytes.subarray(0, taken));
      if (this.#partialBytes < LENGTH_BYTES) return taken;
    }
    const frameBytes = LENGTH_BYTES + this.#partial.readInt32BE(0);
    const wanted = Math.min(frameBytes - this.#partialBytes, bytes.length - taken);
    this.#keep(bytes.subarray(taken, taken + wanted), frameBytes);
    if (this.#partialBytes === frameBytes) {
      this.#partialBytes = 0;
      this.#answer(this.#partial.subarray(LENGTH_BYTES, frameBytes));
    }
    return taken + wanted;
  }

  #keep(bytes: Buffer, frameBytes = 0): void {
    const needed = Math.max(this.#partialBytes + bytes.length, frameBytes);
    if (needed > this.#partial.length) {
      const larger = Buffer.allocUnsafeSlow(needed * 2);
      this.#partial.copy(larger, 0, 0, this.#partialBytes);
      this.#partial = larger;
    }
    this.#partialBytes += bytes.copy(this.#partial, this.#partialBytes);
  }

  #answer(frame: Buffer): void {
    const answered = this.#waiting[this.#waitingFrom];
    if (answered === undefined) {
      this.#socket.destroy(new Error('an answer came that nobody had asked for'));
      return;
    }
    this.#waitingFrom += 1;
    if (this.#waitingFrom >= 1024) {
      this.#waiting.splice(0, this.#waitingFrom);
      this.#waitingFrom = 0;
    }
    try {
      answered(frame);
    } catch (error) {
      this.#fail(error as Error);
      this.#socket.destroy();
    }
  }
}

/** A whole request in memory of its own, length included, so that it can be sent again and again. */
export const requestFrame = <Request extends Message>(
  api: Api<Request>,
  version: number,
  draft: Request['Draft'],
): Buffer => Buffer.concat(encodeRequestFrame(api, version, 1, CLIENT_ID, draft));
