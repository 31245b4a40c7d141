import type { ServerHttp2Stream } from 'node:http2';
import type { Metadata, ServerDuplexStream, ServiceDefinition } from '@grpc/grpc-js';
import { Failure, assert } from '@kafkaesque/kernel';
import type { AcceptChannel, ChannelEnd } from '@kafkaesque/kernel';
import type { ReadGarbage } from '../tcp/read-garbage';
import { addressText } from '../tcp/tcp-connection';
import { callOnWire, readAheadOf } from './grpc-js-insides';
import type { GrpcService } from './grpc-door';
import { writeGrpcMessages } from './grpc-messages';
import { MemberChannel } from './member-channel';
import type { MemberStream, MemberStreamEvents } from './member-channel';
import { watchForLife } from './signs-of-life';
import type { Patience } from './signs-of-life';

/** Bounds of the channels between members; both sides have them. The keepalive: 5,000 and 4,000 by default. */
export interface MemberLimits extends Partial<Patience> {
  /** Of a message in either direction; default 16 MiB, an entry of the metadata log has at most 8. */
  readonly maxMessageBytes?: number;
  /** Bytes that may be on the way to a receiver before it has read them; default 8 MiB. */
  readonly windowBytes?: number;
  /** How long a channel that is closing may bring nothing forward before it is given up; default 5,000. */
  readonly lingerMs?: number;
}

/** A machine that vanishes is noticed after 5 + 4 s at the latest. */
export const MEMBER_LIMITS = {
  maxMessageBytes: 16 * 1024 * 1024,
  windowBytes: 8 * 1024 * 1024,
  keepaliveMs: 5000,
  keepaliveTimeoutMs: 4000,
  lingerMs: 5000,
} as const satisfies MemberLimits;

/** RFC 9113, section 7. The names of node:http2 would load it before anybody dials. */
const HTTP2_CANCEL = 8;

const identity = (frame: Buffer): Buffer => frame;

/** `kafkaesque.internal.v1.Members` of proto/kafkaesque/internal/v1/members.proto. */
export const membersDefinition = {
  Open: {
    path: '/kafkaesque.internal.v1.Members/Open',
    originalName: 'open',
    requestStream: true,
    responseStream: true,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  },
} as const satisfies ServiceDefinition;

/** The service that members dial, for `GrpcDoor.services`; loads grpc-js. Whom to trust is for `accept` to find out. */
export const membersService = async (
  accept: AcceptChannel,
  limits: MemberLimits = {},
  garbage?: ReadGarbage,
): Promise<GrpcService> => {
  const { Metadata } = await import('@grpc/grpc-js');
  const bounds = { ...MEMBER_LIMITS, ...limits };
  return {
    definition: membersDefinition,
    implementation: {
      Open: (call: ServerDuplexStream<Buffer, Buffer>): void => {
        const remoteAddress = peerOf(call);
        const stream = new AcceptedStream(call, { headers: new Metadata(), remoteAddress, patience: bounds });
        const channel = new MemberChannel(stream, {
          remoteAddress,
          maxMessageBytes: bounds.maxMessageBytes,
          lingerMs: bounds.lingerMs,
          ...(garbage === undefined ? {} : { garbage }),
        });
        try {
          accept(channel);
          assert(channel.hasReceiver, 'who accepts a channel receives from it before it returns');
        } catch (mistake) {
          // grpc-js would answer with it, and nobody here would hear of it.
          channel.reset();
          queueMicrotask(() => {
            throw mistake;
          });
        }
      },
    },
    connections: bounds,
  };
};

const peerOf = (call: ServerDuplexStream<Buffer, Buffer>): string => {
  const socket = callOnWire(call).session?.socket;
  return addressText(socket?.remoteAddress, socket?.remotePort);
};

interface AcceptOptions {
  readonly headers: Metadata;
  readonly remoteAddress: string;
  readonly patience: Patience;
}

/** The side of the server. */
class AcceptedStream implements MemberStream {
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #wire: ServerHttp2Stream;
  readonly #options: AcceptOptions;
  #isSilent = false;
  #sent: (() => void) | undefined;
  #isFinishing = false;

  constructor(call: ServerDuplexStream<Buffer, Buffer>, options: AcceptOptions) {
    this.#call = call;
    this.#wire = callOnWire(call);
    this.#options = options;
  }

  start(events: MemberStreamEvents): void {
    const call = this.#call;
    // Otherwise 16 messages of any size are read ahead of a receiver that is paused.
    readAheadOf(call, 1);
    // Says to who dialled that the channel is up.
    call.sendMetadata(this.#options.headers);
    const stopWatching = this.#watch();
    this.#sent = () => events.sent();
    call.on('data', (bytes: Buffer) => events.message(bytes));
    // A stream that was reset, or whose connection was lost, ends too, but is closed by then. And node:http2 puts an
    // end before a reset of its own; both arrive in one turn.
    call.on('end', () =>
      setImmediate(() => {
        if (!this.#wire.closed && !this.#wire.destroyed) events.finished();
      }),
    );
    // Also comes when all is well, after the status has been sent.
    call.on('cancelled', () => {
      stopWatching?.();
      events.ended(this.#end());
    });
  }

  #watch(): (() => void) | undefined {
    const { session } = this.#wire;
    if (session === undefined) return undefined;
    return watchForLife(session, this.#options.patience, () => {
      this.#isSilent = true;
      session.destroy();
    });
  }

  /** Past grpc-js, which copies every message once more, and writes each by itself. */
  write(messages: readonly Buffer[]): void {
    writeGrpcMessages(this.#wire, messages, (error) => {
      if (error === undefined) this.#sent?.();
    });
  }

  finish(): void {
    this.#isFinishing = true;
    this.#call.end();
  }

  abort(): void {
    this.#wire.close(HTTP2_CANCEL);
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  #end(): ChannelEnd {
    const status = this.#wire.sentTrailers?.['grpc-status'];
    if (this.#isFinishing && Number(status) === 0) return { kind: 'closed' };
    const text = this.#wire.sentTrailers?.['grpc-message'];
    const broken = (code: string, why: string): ChannelEnd => ({
      kind: 'failed',
      cause: new Failure(code, `the channel from ${this.#options.remoteAddress} broke: ${why}`, {
        retriable: true,
      }),
    });
    if (this.#isSilent)
      return broken(
        'ETIMEDOUT',
        `it gave no sign of life for ${this.#options.patience.keepaliveTimeoutMs} ms`,
      );
    if (text !== undefined) return broken('CHANNEL_BROKEN', decodeURI(String(text)));
    return broken('CHANNEL_RESET', 'its other side gave it up');
  }
}
