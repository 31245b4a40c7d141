import type { ConnectionEnd } from './connection';

/** Where a member of the cluster listens. */
export interface MemberAddress {
  readonly host: string;
  readonly port: number;
}

/** Why a channel ended. `refused`: it was dialled and nobody listens at the address (or its host reset the attempt). */
export type ChannelEnd = ConnectionEnd | { readonly kind: 'refused' };

/**
 * Ordered whole messages between members of the cluster, with back-pressure: gRPC in production. What arrives is
 * what was sent, in that order, without gaps, until the channel ends; what was sent last may then be lost.
 */
export interface Channel {
  /** For logs: `host:port` of the other side. */
  readonly remoteAddress: string;
  /** Sets who receives; to be called in the turn in which the channel was got. */
  receive(handler: ChannelHandler): void;
  /**
   * Takes a message, of a dialled channel also before it is up. The bytes must not change until it has left. False:
   * it was taken, and the sender should wait for `drained`; until then it stays false. After the end it does nothing
   * and returns false.
   */
  send(message: Buffer): boolean;
  /** Bytes taken by `send` that have not left yet. */
  readonly unsentBytes: number;
  /**
   * Stops and restarts the delivery of messages; the other side notices by its `unsentBytes`. After `pause` no message
   * comes until `resume`, and no `closed` before them; a failure does.
   */
  pause(): void;
  resume(): void;
  /** Ends after everything sent has left. What the other side sent and is not delivered yet is dropped. */
  close(): void;
  /** Ends at once; the other side sees a failure, one's own end is `closed`. */
  reset(): void;
}

/**
 * Who receives what a `Channel` brings. `ended` comes once, and nothing after it, also after a `close` or `reset` of
 * one's own. Never called from within a call of the channel. What it must do is in `conformance/channel.ts`.
 */
export interface ChannelHandler {
  /** The message is the receiver's to keep. */
  message(bytes: Buffer): void;
  /** Everything has left, after a `send` that returned false. */
  drained(): void;
  ended(end: ChannelEnd): void;
}

/** Opens channels to other members. */
export interface ChannelDialer {
  /** Never fails at once: what keeps the channel from coming up arrives as its end. */
  dial(address: MemberAddress): Channel;
}

/** Takes the channels that other members dial; must call `receive` before it returns. */
export type AcceptChannel = (channel: Channel) => void;
