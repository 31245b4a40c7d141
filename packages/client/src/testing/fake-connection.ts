import type { Connection, ConnectionHandler } from '@kafkaesque/kernel';
import { encodeResponseFrame, readRequestHeader } from '@kafkaesque/protocol';
import type { RequestFrame } from '@kafkaesque/protocol';

/** A request as the fake broker got it. */
export interface ArrivedRequest {
  readonly header: RequestFrame;
  readonly frame: Buffer;
}

/** The client's end of a connection whose other end is the test: requests pile up, the test answers them. */
export class FakeConnection implements Connection {
  readonly remoteAddress = 'fake:1';
  readonly localAddress = 'fake:2';
  readonly unsentBytes = 0;
  readonly arrived: ArrivedRequest[] = [];
  /** Called with each request; may answer at once. */
  onRequest: ((request: ArrivedRequest) => void) | undefined;
  isWritable = true;
  ending: 'open' | 'closed' | 'reset' = 'open';
  #handler: ConnectionHandler | undefined;

  receive(handler: ConnectionHandler): void {
    this.#handler = handler;
  }

  write(parts: readonly Buffer[], sent?: (error?: unknown) => void): boolean {
    const bytes = Buffer.concat(parts);
    const frame = bytes.subarray(4);
    const request = { header: readRequestHeader(frame), frame };
    this.arrived.push(request);
    queueMicrotask(() => sent?.());
    this.onRequest?.(request);
    return this.isWritable;
  }

  pause(): void {
    // Nothing arrives by itself.
  }

  resume(): void {
    // Nothing arrives by itself.
  }

  close(): void {
    this.ending = 'closed';
  }

  reset(): void {
    this.ending = 'reset';
  }

  drained(): void {
    this.isWritable = true;
    this.#handler?.drained();
  }

  /** Answers a request in the version in which it came, or in another one. */
  answer({ header }: ArrivedRequest, draft: unknown, version = header.apiVersion): void {
    const frame = encodeResponseFrame(header.api, version, header.correlationId, draft);
    this.give(Buffer.concat(frame));
  }

  /** Bytes arrive. */
  give(bytes: Buffer): void {
    this.#handler?.data(bytes);
  }

  /** The other side is gone. */
  end(cause?: unknown): void {
    this.#handler?.ended(cause === undefined ? { kind: 'closed' } : { kind: 'failed', cause });
  }
}

/** What a broker answers to ApiVersions: these ranges by key. */
export const apiVersionsAnswer = (
  ranges: Readonly<Record<number, readonly [number, number]>>,
  errorCode = 0,
): unknown => ({
  errorCode,
  apiKeys: Object.entries(ranges).map(([key, [minVersion, maxVersion]]) => ({
    apiKey: Number(key),
    minVersion,
    maxVersion,
  })),
});
