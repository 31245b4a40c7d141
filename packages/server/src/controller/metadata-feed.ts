import type { Clock } from '@kafkaesque/kernel';
import type { StateSnapshot } from '@kafkaesque/metadata';
import { encodeRecords } from '@kafkaesque/metadata';
import type { MemberMessage, MemberMessageDraft } from '@kafkaesque/protocol';
import type { LogEntry } from '@kafkaesque/raft';

/** What the feed reads of the quorum and of the state. */
export interface FeedSource {
  /** The highest offset that is committed and applied here. */
  readonly committedOffset: number;
  /** The entry before the first that the log still has. */
  readonly startOffset: number;
  committedEntries(from: number, maxBytes: number): readonly LogEntry[];
  epochOf(offset: number): number | undefined;
  snapshot(): StateSnapshot;
}

/** One broker that follows the metadata. */
interface FedBroker {
  readonly send: (message: MemberMessageDraft) => boolean;
  nextOffset: number;
  creditBytes: number;
  /** What the broker says that it has applied; -1: nothing yet. */
  appliedOffset: number;
  appliedAtMs: number;
  /** A snapshot that is being sent, and the offset where the log goes on behind it. */
  snapshot: { readonly parts: Generator<MemberMessageDraft, undefined>; readonly offset: number } | undefined;
  isPushing: boolean;
  /** It has asked anew, or gone, or another controller leads: what was being sent is not gone on with. */
  isOver: boolean;
}

/** How far a broker is. */
export interface FedBrokerStatus {
  readonly appliedOffset: number;
  readonly appliedAtMs: number;
}

const MAX_MESSAGE_BYTES = 1 << 20;
/** Told even where nothing is new: so brokers know how far behind they are not. */
const NO_RECORDS: readonly LogEntry[] = [];

type Follow = Extract<MemberMessage, { readonly kind: 'MetadataFollow' }>['value'];

const sizeOf = (message: MemberMessageDraft): number =>
  message.kind === 'MetadataSnapshotPart'
    ? message.value.bytes.length
    : message.kind === 'MetadataBatches'
      ? message.value.batches.reduce((total, { bytes }) => total + bytes.length, 0)
      : 0;

function* snapshotParts({ offset, epoch, chunks }: StateSnapshot): Generator<MemberMessageDraft, undefined> {
  let part = 0;
  for (const chunk of chunks)
    yield {
      kind: 'MetadataSnapshotPart',
      value: { offset, epoch, part: part++, isLast: false, bytes: encodeRecords(chunk) },
    };
  yield {
    kind: 'MetadataSnapshotPart',
    value: { offset, epoch, part, isLast: true, bytes: Buffer.alloc(0) },
  };
}

/** Pushes committed metadata to the brokers that follow this controller, each as fast as it takes them. */
export class MetadataFeed<Link extends object> {
  readonly #source: FeedSource;
  readonly #clock: Clock;
  readonly #brokers = new Map<Link, FedBroker>();

  constructor(source: FeedSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  /** A broker says where it is and how much it takes. Twice on one link: it begins anew. */
  follow(link: Link, follow: Follow, send: FedBroker['send']): void {
    const broker: FedBroker = {
      send,
      nextOffset: follow.offset + 1,
      creditBytes: follow.creditBytes,
      appliedOffset: follow.offset,
      appliedAtMs: this.#clock.monotonicMs(),
      snapshot: undefined,
      isPushing: false,
      isOver: false,
    };
    this.left(link);
    this.#brokers.set(link, broker);
    const { startOffset, committedOffset } = this.#source;
    const knows =
      follow.offset >= startOffset &&
      follow.offset <= committedOffset &&
      (follow.offset <= 0 ? startOffset === 0 : this.#source.epochOf(follow.offset) === follow.epoch);
    if (knows) broker.nextOffset = Math.max(follow.offset, 0) + 1;
    else this.#beginSnapshot(broker);
    this.#push(broker, true);
  }

  applied(link: Link, offset: number, creditBytes: number): void {
    const broker = this.#brokers.get(link);
    if (broker === undefined) return;
    broker.appliedOffset = Math.max(broker.appliedOffset, offset);
    broker.appliedAtMs = this.#clock.monotonicMs();
    broker.creditBytes += creditBytes;
    this.#push(broker, false);
  }

  left(link: Link): void {
    const broker = this.#brokers.get(link);
    if (broker !== undefined) broker.isOver = true;
    this.#brokers.delete(link);
  }

  /** Nobody is pushed to any more: another controller does. */
  clear(): void {
    for (const link of [...this.#brokers.keys()]) this.left(link);
  }

  /** More is committed. */
  committed(): void {
    for (const broker of this.#brokers.values()) this.#push(broker, false);
  }

  status(link: Link): FedBrokerStatus | undefined {
    return this.#brokers.get(link);
  }

  #beginSnapshot(broker: FedBroker): void {
    const snapshot = this.#source.snapshot();
    broker.snapshot = { parts: snapshotParts(snapshot), offset: snapshot.offset };
  }

  #push(broker: FedBroker, evenNothing: boolean): void {
    if (broker.isPushing || broker.isOver) return;
    broker.isPushing = true;
    let isFirst = evenNothing;
    for (;;) {
      const message = this.#next(broker, isFirst);
      if (message === undefined) break;
      isFirst = false;
      broker.creditBytes -= sizeOf(message);
      if (!broker.send(message)) break;
      // A snapshot is encoded piece by piece, and others have their turn in between.
      if (message.kind === 'MetadataSnapshotPart') {
        this.#clock.wakeAt(this.#clock.monotonicMs(), () => {
          broker.isPushing = false;
          this.#push(broker, false);
        });
        return;
      }
    }
    broker.isPushing = false;
  }

  /** The next message, if there is credit for any. */
  #next(broker: FedBroker, evenNothing: boolean): MemberMessageDraft | undefined {
    if (broker.creditBytes <= 0) return undefined;
    if (broker.snapshot !== undefined) {
      const part = broker.snapshot.parts.next();
      if (part.done !== true) return part.value;
      broker.nextOffset = broker.snapshot.offset + 1;
      broker.snapshot = undefined;
    }
    const { committedOffset, startOffset } = this.#source;
    if (broker.nextOffset <= startOffset) {
      // The log was shortened while the broker did not take anything.
      this.#beginSnapshot(broker);
      return this.#next(broker, evenNothing);
    }
    const entries =
      broker.nextOffset > committedOffset
        ? NO_RECORDS
        : this.#source.committedEntries(broker.nextOffset, MAX_MESSAGE_BYTES);
    if (entries.length === 0 && !evenNothing) return undefined;
    const firstOffset = broker.nextOffset;
    broker.nextOffset += entries.length;
    return {
      kind: 'MetadataBatches',
      value: {
        firstOffset,
        committedOffset,
        batches: entries.map(({ term, type, bytes }) => ({ epoch: term, type, bytes })),
      },
    };
  }
}
