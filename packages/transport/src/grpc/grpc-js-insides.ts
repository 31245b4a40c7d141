import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Server, ServerDuplexStream } from '@grpc/grpc-js';
import { assert } from '@kafkaesque/kernel';

/**
 * What grpc-js 1.14.7 has and does not show. The version is pinned; another one is checked by the tests of this
 * folder, and refused here when its insides look different.
 */
const REFUSAL =
  'grpc-js looks different inside: the version that package.json pins is the one that was tested';

interface InsideServer {
  readonly commonServerOptions: { settings?: { initialWindowSize?: number } };
  createHttp2Server(...credentials: readonly unknown[]): {
    on(event: 'session', listener: (session: ServerHttp2Session) => void): unknown;
  };
}

/**
 * Lets clients have `windowBytes` on the way, in each stream and each connection. The server ignores the option
 * `grpc-node.flow_control_window`, and an upload would be held to 64 KiB a round trip.
 */
export const widenWindows = (server: Server, windowBytes: number): void => {
  const inside = server as unknown as InsideServer;
  assert(
    typeof inside.commonServerOptions === 'object' && typeof inside.createHttp2Server === 'function',
    REFUSAL,
  );
  inside.commonServerOptions.settings = {
    ...inside.commonServerOptions.settings,
    initialWindowSize: windowBytes,
  };
  const create = inside.createHttp2Server.bind(server);
  inside.createHttp2Server = (...credentials) => {
    const http2Server = create(...credentials);
    http2Server.on('session', (session) => session.setLocalWindowSize(windowBytes));
    return http2Server;
  };
};

/** The HTTP/2 stream of a call: how it ended, and how it is reset. */
export const callOnWire = (call: ServerDuplexStream<Buffer, Buffer>): ServerHttp2Stream => {
  const { stream } = (call as unknown as { readonly call: { readonly stream?: ServerHttp2Stream } }).call;
  assert(stream !== undefined && typeof stream.close === 'function', REFUSAL);
  return stream;
};

/** How many messages are read ahead of who receives them. */
export const readAheadOf = (call: ServerDuplexStream<Buffer, Buffer>, count: number): void => {
  const inside = call as unknown as { readonly _readableState: { highWaterMark: number } };
  assert(typeof inside._readableState.highWaterMark === 'number', REFUSAL);
  inside._readableState.highWaterMark = count;
};
