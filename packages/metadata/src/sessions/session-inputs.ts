import type { BrokerEpoch, BrokerId } from '@kafkaesque/kernel';
import type { MetadataDelta } from '../delta/metadata-delta';

/** What happens to the sessions of brokers. Times are those of one monotonic clock. */
export type SessionInput =
  /** The committed metadata changed, also by a snapshot. On every controller, from the empty image on. */
  | { readonly kind: 'changed'; readonly delta: Pick<MetadataDelta, 'brokersChanged'> }
  /** This controller is the active one from now on; `lostNode` is the node whose loss caused the election, if known. */
  | { readonly kind: 'became-active'; readonly lostNode: BrokerId | undefined }
  /** It is not any more. */
  | { readonly kind: 'resigned' }
  /** A broker said that it is alive. Counts only for its present epoch. */
  | {
      readonly kind: 'heartbeat';
      readonly brokerId: BrokerId;
      readonly epoch: BrokerEpoch;
      /** The highest metadata offset that it has applied. */
      readonly metadataOffset: number;
    }
  /** A stream of that incarnation is open, or one of those that were has ended. */
  | { readonly kind: 'stream-opened'; readonly brokerId: BrokerId; readonly incarnationId: string }
  | { readonly kind: 'stream-ended'; readonly brokerId: BrokerId; readonly incarnationId: string }
  /** Somebody answered a dial and said which incarnation he is. */
  | { readonly kind: 'dial-answered'; readonly dial: Dial; readonly incarnationId: string }
  /** Nobody listens there: the connection was refused. */
  | { readonly kind: 'dial-refused'; readonly dial: Dial }
  /** Anything else: no route, no answer in time, an answer that is none. Says nothing about the broker. */
  | { readonly kind: 'dial-failed'; readonly dial: Dial }
  /** `wakeAtMs` has come. */
  | { readonly kind: 'woken' };

/** One attempt to reach a broker where it says that it is. The driver gives it back with what came of it. */
export interface Dial {
  readonly brokerId: BrokerId;
  /** The incarnation that is registered, and should be found. */
  readonly incarnationId: string;
  readonly host: string;
  readonly port: number;
}

/** Why a broker is dialled: to prove its address, or because it may be gone. */
export type DialReason = 'registered' | 'stream-ended' | 'lost-with-election' | 'no-stream';

/** Why a broker is fenced. */
export type FenceReason = 'session-expired' | 'connection-refused' | 'another-incarnation';

/** What the driver carries out. */
export type SessionEffect =
  | { readonly kind: 'dial'; readonly dial: Dial; readonly reason: DialReason }
  /** To be submitted as a `fence-broker` command. Comes again while the broker stays unfenced. */
  | {
      readonly kind: 'fence';
      readonly brokerId: BrokerId;
      readonly epoch: BrokerEpoch;
      readonly reason: FenceReason;
    };
