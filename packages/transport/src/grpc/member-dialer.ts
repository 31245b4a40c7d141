import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Channel, ChannelDialer, MemberAddress } from '@kafkaesque/kernel';
import { ReadGarbage } from '../tcp/read-garbage';
import { addressText } from '../tcp/tcp-connection';
import { DialledStream } from './dialled-stream';
import { MemberChannel } from './member-channel';
import { MEMBER_LIMITS } from './members-service';
import type { MemberLimits } from './members-service';

/** How other members are dialled. */
export interface MemberDialerOptions extends MemberLimits {
  /** How long a channel may take to come up; default 5,000. */
  readonly dialTimeoutMs?: number;
  /** Puts TLS (with the protocol `h2`) on a connection that is open. Default: the bytes travel in the clear. */
  readonly secure?: (socket: Socket, address: MemberAddress) => Duplex;
  /** Collects young garbage; called every few megabytes of messages. Default: the runtime sees to it. */
  readonly collectYoungGarbage?: () => void;
}

/** Dials members until it is closed. */
export interface MemberDialer extends ChannelDialer {
  /** Ends what is open, as a failure of code `DIALER_CLOSED` on this side; so ends what is dialled afterwards. */
  close(): void;
}

const DEFAULT_DIAL_TIMEOUT_MS = 5000;

/** Dials `kafkaesque.internal.v1.Members`; each channel has a connection of its own. The first dial loads node:http2. */
export const memberDialer = (options: MemberDialerOptions = {}): MemberDialer => {
  const bounds = { dialTimeoutMs: DEFAULT_DIAL_TIMEOUT_MS, ...MEMBER_LIMITS, ...options };
  const open = new Set<DialledStream>();
  const { collectYoungGarbage } = options;
  const garbage = collectYoungGarbage && new ReadGarbage(collectYoungGarbage);
  let isClosed = false;
  const giveUp = (stream: DialledStream): void =>
    stream.giveUp('DIALER_CLOSED', 'this node is shutting down');
  return {
    dial: (address): Channel => {
      const stream = new DialledStream(address, bounds, () => open.delete(stream));
      open.add(stream);
      const channel = new MemberChannel(stream, {
        remoteAddress: addressText(address.host, address.port),
        maxMessageBytes: bounds.maxMessageBytes,
        lingerMs: bounds.lingerMs,
        ...(garbage === undefined ? {} : { garbage }),
      });
      if (isClosed) giveUp(stream);
      return channel;
    },
    close: () => {
      isClosed = true;
      for (const stream of open) giveUp(stream);
    },
  };
};
