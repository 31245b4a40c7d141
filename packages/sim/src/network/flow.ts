import { Ring } from '@kafkaesque/kernel';
import { Gate } from '../gate';
import type { Link, NetworkContext } from './link';

/** What travels in one direction of a channel. `up` answers a dial; `closed` follows all messages; `reset` and `refused` end. */
export type Parcel =
  | { readonly kind: 'message'; readonly bytes: Buffer }
  | { readonly kind: 'up' | 'closed' | 'reset' | 'refused' };

/** Where a flow's parcels arrive. */
export interface FlowTarget {
  /** Number of the channel, for the trace. */
  readonly id: number;
  take(parcel: Parcel): void;
}

/** What a flow tells its sender. */
export interface FlowSource {
  /** There is room again after a `send` that returned false. */
  drained(): void;
  /** A fault of the link has struck a message: both ends fail. */
  struck(): void;
}

/** Unsent bytes beyond which a sender is asked to wait, and below which it is told to go on. */
const HIGH_WATER_BYTES = 64 << 10;
const LOW_WATER_BYTES = 16 << 10;

/** One direction of a channel: what waits to leave, what is under way, and the order in which it arrives. */
export class Flow {
  readonly #context: NetworkContext;
  readonly #link: Link;
  readonly #source: FlowSource;
  readonly #target: () => FlowTarget | undefined;
  readonly #unsent = new Ring<Buffer>();
  #unsentBytes = 0;
  /** Bytes under way, or arrived and unread. */
  #windowUsed = 0;
  #lastArrivalMs = 0;
  /** The other end listens: messages may leave. */
  #up: boolean;
  #closing = false;
  #wantsDrained = false;
  #pumpAsked = false;
  #generation = 0;
  /** Holds what arrives, after an end that comes late. */
  #lateGate: Gate | undefined;

  constructor(
    context: NetworkContext,
    link: Link,
    source: FlowSource,
    target: () => FlowTarget | undefined,
    up: boolean,
  ) {
    this.#context = context;
    this.#link = link;
    this.#source = source;
    this.#target = target;
    this.#up = up;
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  send(message: Buffer): boolean {
    this.#unsent.push(message);
    this.#unsentBytes += message.length;
    if (this.#unsentBytes > HIGH_WATER_BYTES) this.#wantsDrained = true;
    const full = this.#wantsDrained;
    this.#pump();
    return !full;
  }

  /** The dial was answered. */
  open(): void {
    this.#up = true;
    this.#pump();
  }

  /** `closed` follows what has been sent. */
  close(): void {
    this.#closing = true;
    this.#pump();
  }

  /** Sends a parcel that is no message, behind everything that has left. */
  signal(kind: 'up' | 'closed' | 'reset' | 'refused'): void {
    this.#ship({ kind }, this.#arrivalMs());
  }

  /** The receiver has read so many bytes. */
  consumed(sizeBytes: number): void {
    this.#windowUsed -= sizeBytes;
    if (this.#unsent.size > 0) this.#askPump();
  }

  /** The sender is gone; `fate` is what becomes of messages under way. */
  abandon(fate: 'delivered' | 'dropped' | 'late'): void {
    this.#unsent.clear();
    this.#unsentBytes = 0;
    this.#closing = false;
    this.#wantsDrained = false;
    if (fate === 'dropped') this.#generation += 1;
    else if (fate === 'late') this.#holdBack();
  }

  #holdBack(): void {
    const { scheduler, counts, faults } = this.#context;
    counts.lateChannels += 1;
    const gate = new Gate((step) => void scheduler.after(0, 'net.late', step));
    gate.close();
    this.#lateGate = gate;
    scheduler.after(this.#link.upTo(faults().lateMs), 'net.lateEnd', () => gate.open());
  }

  /** Lets leave what the receiver's window and the link have room for. */
  #pump(): void {
    const { scheduler, counts, faults } = this.#context;
    while (this.#up && this.#unsent.size > 0) {
      if (this.#windowUsed >= faults().windowBytes) {
        counts.backPressure += 1;
        break;
      }
      const waitMs = this.#link.freeAtMs - scheduler.nowMs;
      if (waitMs > 0) {
        counts.backPressure += 1;
        this.#askPump(waitMs);
        break;
      }
      this.#leave(this.#unsent.shift() ?? NOTHING);
    }
    if (this.#closing && this.#up && this.#unsent.size === 0) {
      this.#closing = false;
      this.signal('closed');
    }
    if (this.#wantsDrained && this.#unsentBytes <= LOW_WATER_BYTES) {
      this.#wantsDrained = false;
      scheduler.after(0, 'net.drained', () => this.#source.drained());
    }
  }

  #askPump(afterMs = 0): void {
    if (this.#pumpAsked) return;
    this.#pumpAsked = true;
    this.#context.scheduler.after(afterMs, 'net.leave', () => {
      this.#pumpAsked = false;
      this.#pump();
    });
  }

  #leave(message: Buffer): void {
    const { counts, faults } = this.#context;
    const odds = faults();
    counts.messages += 1;
    this.#unsentBytes -= message.length;
    this.#windowUsed += message.length;
    this.#link.carry(message.length);
    if (this.#link.strikes(odds.clog)) this.#link.clog(this.#link.upTo(odds.clogMs));
    if (this.#link.strikes(odds.reset)) {
      counts.resets += 1;
      this.#context.scheduler.after(0, 'net.reset', () => this.#source.struck());
    }
    if (this.#link.strikes(odds.loss)) {
      counts.lostMessages += 1;
      this.#windowUsed -= message.length;
      // Members rely on channels that miss something to end: a while later this one does.
      this.#context.scheduler.after(this.#link.upTo(odds.lateMs), 'net.missed', () => this.#source.struck());
      return;
    }
    const reordered = this.#link.strikes(odds.reorder);
    if (reordered) counts.reorderedMessages += 1;
    this.#shipMessage(message, reordered);
    if (!this.#link.strikes(odds.duplicate)) return;
    counts.duplicatedMessages += 1;
    this.#windowUsed += message.length;
    this.#shipMessage(message, true);
  }

  #shipMessage(message: Buffer, anywhere: boolean): void {
    const bytes = Buffer.from(message);
    const atMs = anywhere
      ? this.#link.freeAtMs + this.#link.delayMs() + this.#link.delayMs()
      : this.#arrivalMs();
    this.#ship({ kind: 'message', bytes }, atMs);
  }

  /** When what leaves now arrives: never before what left earlier. */
  #arrivalMs(): number {
    const atMs = this.#link.freeAtMs + this.#link.delayMs();
    if (atMs > this.#lastArrivalMs) this.#lastArrivalMs = atMs;
    return this.#lastArrivalMs;
  }

  #ship(parcel: Parcel, atMs: number): void {
    const generation = this.#generation;
    const arrive = (): void => {
      if (parcel.kind === 'message' && generation !== this.#generation) {
        this.#context.counts.droppedMessages += 1;
        return;
      }
      const target = this.#target();
      if (target === undefined) return;
      const { trace } = this.#context.scheduler;
      trace.number(target.id);
      if (parcel.kind === 'message') trace.bytes(parcel.bytes);
      target.take(parcel);
    };
    this.#context.scheduler.at(atMs, KINDS[parcel.kind], () => {
      this.#link.arrive(() => {
        if (this.#lateGate === undefined) arrive();
        else this.#lateGate.pass(arrive);
      });
    });
  }
}

const NOTHING = Buffer.alloc(0);
const KINDS = {
  message: 'net.message',
  up: 'net.up',
  closed: 'net.closed',
  reset: 'net.reset',
  refused: 'net.refused',
} as const;
