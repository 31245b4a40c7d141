import type { ConnectionEnd } from './connection';

/** Ordered whole messages between members of the cluster, with back-pressure: gRPC in production. */
export interface Channel {
  readonly remoteAddress: string;
  receive(handler: ChannelHandler): void;
  /** False: wait for `drained`. */
  send(message: Buffer): boolean;
  close(): void;
}

/** Who receives what a `Channel` brings. `ended` comes once, and nothing after it. */
export interface ChannelHandler {
  message(bytes: Buffer): void;
  drained(): void;
  ended(end: ConnectionEnd): void;
}
