import { isIPv4, isIPv6 } from 'node:net';
import type * as GrpcModule from '@grpc/grpc-js';
import type { Channel as GrpcChannel, ChannelCredentials, ChannelOptions } from '@grpc/grpc-js';
import { Failure, messageOf } from '@kafkaesque/kernel';
import type { Channel, ChannelDialer, ChannelEnd, MemberAddress } from '@kafkaesque/kernel';
import { addressText } from '../tcp/tcp-connection';
import { MemberChannel } from './member-channel';
import type { MemberStream, MemberStreamEvents } from './member-channel';
import { MEMBER_LIMITS, membersDefinition } from './members-service';
import type { MemberLimits } from './members-service';

/** How other members are dialled. */
export interface MemberDialerOptions extends MemberLimits {
  /** Made anew for each channel, because channels own theirs. Default: none, the bytes travel in the clear. */
  readonly credentials?: (grpc: typeof GrpcModule) => ChannelCredentials;
  /** How long a channel may take to come up; default 5,000. */
  readonly dialTimeoutMs?: number;
}

/** Dials members until it is closed. */
export interface MemberDialer extends ChannelDialer {
  /** Resets what is open. Whoever dials afterwards hears of a failure. */
  close(): void;
}

type GrpcJs = typeof GrpcModule;
type Call = ReturnType<GrpcChannel['createCall']>;
type CallStatus = Parameters<Parameters<Call['start']>[1]['onReceiveStatus']>[0];
type Bounds = Required<MemberLimits> & Pick<MemberDialerOptions, 'credentials'> & { dialTimeoutMs: number };

const DEFAULT_DIAL_TIMEOUT_MS = 5000;

/** Dials `kafkaesque.internal.v1.Members`; each channel has a connection of its own. grpc-js is loaded by the first dial. */
export const memberDialer = (options: MemberDialerOptions = {}): MemberDialer => {
  const bounds: Bounds = { dialTimeoutMs: DEFAULT_DIAL_TIMEOUT_MS, ...MEMBER_LIMITS, ...options };
  const open = new Set<DialledStream>();
  let isClosed = false;
  return {
    dial: (address): Channel => {
      const stream = new DialledStream(address, bounds, () => open.delete(stream));
      open.add(stream);
      const channel = new MemberChannel(stream, {
        remoteAddress: addressText(address.host, address.port),
        maxMessageBytes: bounds.maxMessageBytes,
        lingerMs: bounds.lingerMs,
      });
      if (isClosed) stream.giveUp('DIALER_CLOSED', 'this node is shutting down');
      return channel;
    },
    close: () => {
      isClosed = true;
      for (const stream of open) stream.giveUp('DIALER_CLOSED', 'this node is shutting down');
    },
  };
};

/** `ipv4:127.0.0.1:9093`, or a name for the system's resolver. */
const targetOf = ({ host, port }: MemberAddress): string => {
  if (isIPv4(host)) return `ipv4:${host}:${port}`;
  if (isIPv6(host)) return `ipv6:[${host}]:${port}`;
  return `dns:///${host}:${port}`;
};

/**
 * No connection is shared and none is tried twice: the first failure is what the dialler wants to hear. Without room
 * to keep messages for another try, a message counts as written only when it has left.
 */
const channelOptions = (bounds: Bounds): ChannelOptions => ({
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  'grpc.retry_buffer_size': 0,
  'grpc.per_rpc_retry_buffer_size': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_http_proxy': 0,
  'grpc.enable_channelz': 0,
  'grpc.max_receive_message_length': bounds.maxMessageBytes,
  'grpc.max_send_message_length': bounds.maxMessageBytes,
  'grpc.keepalive_time_ms': bounds.keepaliveMs,
  'grpc.keepalive_timeout_ms': bounds.keepaliveTimeoutMs,
  'grpc-node.flow_control_window': bounds.windowBytes,
});

/** The side of the client: a call on a grpc-js channel of its own. What is asked of it before that is up is kept. */
class DialledStream implements MemberStream {
  readonly #address: MemberAddress;
  readonly #bounds: Bounds;
  readonly #left: () => void;
  #events: MemberStreamEvents | undefined;
  #grpc: GrpcJs | undefined;
  #channel: GrpcChannel | undefined;
  #call: Call | undefined;
  #dialTimer: NodeJS.Timeout | undefined;
  #isUp = false;
  #isCallOver = false;
  #hasEnded = false;
  #isPaused = false;
  /** A message was asked for and has not come. */
  #isReading = false;
  /** What came when the receiver had paused already. */
  #held: Buffer | undefined;
  #heldEnd: ChannelEnd | undefined;
  /** What was asked for before there was a call. */
  #firstWrite: Buffer | undefined;
  #isFinished = false;

  constructor(address: MemberAddress, bounds: Bounds, left: () => void) {
    this.#address = address;
    this.#bounds = bounds;
    this.#left = left;
  }

  start(events: MemberStreamEvents): void {
    this.#events = events;
    const { dialTimeoutMs } = this.#bounds;
    this.#dialTimer = setTimeout(
      () => this.giveUp('ETIMEDOUT', `it did not answer within ${dialTimeoutMs} ms`),
      dialTimeoutMs,
    );
    import('@grpc/grpc-js').then(
      (grpc) => this.#open(grpc),
      (error: unknown) => this.giveUp('GRPC_NOT_LOADED', messageOf(error)),
    );
  }

  write(message: Buffer): void {
    if (this.#call === undefined) this.#firstWrite = message;
    else this.#call.sendMessageWithContext({ callback: () => this.#events?.sent() }, message);
  }

  finish(): void {
    this.#isFinished = true;
    this.#call?.halfClose();
  }

  abort(): void {
    this.#leave();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    queueMicrotask(() => this.#read());
  }

  /** Ends as a failure of this code, in a turn of its own. */
  giveUp(code: string, why: string): void {
    queueMicrotask(() => this.#end(this.#failure(code, why)));
  }

  #open(grpc: GrpcJs): void {
    if (this.#hasEnded) return;
    this.#grpc = grpc;
    try {
      const credentials = this.#bounds.credentials?.(grpc) ?? grpc.credentials.createInsecure();
      this.#channel = new grpc.Channel(targetOf(this.#address), credentials, channelOptions(this.#bounds));
      this.#call = this.#channel.createCall(membersDefinition.Open.path, Infinity, null, null, null);
      this.#call.start(new grpc.Metadata(), {
        onReceiveMetadata: () => this.#onUp(),
        onReceiveMessage: (bytes: Buffer) => this.#onMessage(bytes),
        onReceiveStatus: (ended) => this.#onStatus(ended),
      });
    } catch (error) {
      this.giveUp('DIAL_FAILED', messageOf(error));
      return;
    }
    this.#read();
    if (this.#firstWrite !== undefined) this.write(this.#firstWrite);
    this.#firstWrite = undefined;
    if (this.#isFinished) this.#call.halfClose();
  }

  #onUp(): void {
    this.#isUp = true;
    clearTimeout(this.#dialTimer);
  }

  #onMessage(bytes: Buffer): void {
    this.#isReading = false;
    if (this.#isPaused) this.#held = bytes;
    else {
      this.#events?.message(bytes);
      this.#read();
    }
  }

  /** Brings what is held, or asks for the next message. */
  #read(): void {
    if (this.#isPaused || this.#isReading || this.#call === undefined) return;
    const held = this.#held;
    if (held !== undefined) {
      this.#held = undefined;
      this.#events?.message(held);
      this.#read();
    } else if (this.#heldEnd !== undefined) this.#end(this.#heldEnd);
    else {
      this.#isReading = true;
      this.#call.startRead();
    }
  }

  #onStatus({ code, details }: CallStatus): void {
    this.#isCallOver = true;
    if (code !== this.#grpc?.status.OK) this.#end(this.#endOf(this.#grpc?.status[code] ?? '', details));
    else if (this.#held === undefined) this.#end({ kind: 'closed' });
    else this.#heldEnd = { kind: 'closed' };
  }

  /** grpc-js says only in words why a connection did not come up. */
  #endOf(code: string, details: string): ChannelEnd {
    if (!this.#isUp && code === 'UNAVAILABLE' && /\b(ECONNREFUSED|ECONNRESET)\b/.test(details))
      return { kind: 'refused' };
    return this.#failure(code, details);
  }

  #failure(code: string, why: string): ChannelEnd {
    const { host, port } = this.#address;
    const what = this.#isUp ? 'broke' : 'did not come up';
    return {
      kind: 'failed',
      cause: new Failure(code, `the channel to ${addressText(host, port)} ${what}: ${why}`, {
        retriable: true,
      }),
    };
  }

  #end(end: ChannelEnd): void {
    if (this.#hasEnded) return;
    this.#leave();
    this.#events?.ended(end);
  }

  #leave(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#held = undefined;
    this.#firstWrite = undefined;
    clearTimeout(this.#dialTimer);
    if (this.#grpc !== undefined && !this.#isCallOver)
      this.#call?.cancelWithStatus(this.#grpc.status.CANCELLED, 'reset');
    this.#call = undefined;
    this.#channel?.close();
    this.#left();
  }
}
