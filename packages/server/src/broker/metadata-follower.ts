import type { BrokerId, Clock, Logger } from '@kafkaesque/kernel';
import { assert } from '@kafkaesque/kernel';
import type { CommittedBatch, QuorumListener, SnapshotSink } from '@kafkaesque/metadata';
import { decodeRecords } from '@kafkaesque/metadata';
import type { MemberMessage, MemberMessageDraft } from '@kafkaesque/protocol';
import { entryTypes } from '@kafkaesque/raft';
import type { MemberLink } from '../members/member-link';
import { rest } from '../quorum/snapshots';

export interface MetadataFollowerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly listener: QuorumListener;
  /** The metadata cannot be applied: this node must not go on with what it does not understand. */
  readonly failed: (what: string, cause: unknown) => void;
}

/** What a follower sees of the channel to a controller. */
export type FollowedLink = Pick<MemberLink, 'send' | 'peer'>;

type Batches = Extract<MemberMessage, { readonly kind: 'MetadataBatches' }>['value'];
type SnapshotPart = Extract<MemberMessage, { readonly kind: 'MetadataSnapshotPart' }>['value'];
type Delivery =
  | { readonly kind: 'batches'; readonly value: Batches; readonly sizeBytes: number }
  | { readonly kind: 'part'; readonly value: SnapshotPart; readonly sizeBytes: number };

/** Bytes of metadata that may be on their way to a broker, or wait in it. */
const CREDIT_BYTES = 8 << 20;

/**
 * A broker's copy of the metadata: what the active controller pushes, applied in order. A stream that breaks off is
 * taken up behind what was applied last, at whichever controller leads then.
 */
export class MetadataFollower {
  readonly #options: MetadataFollowerOptions;
  #link: FollowedLink | undefined;
  #offset = -1;
  #epoch = 0;
  #deliveries: Delivery[] = [];
  #sink: { readonly sink: SnapshotSink; readonly offset: number; nextPart: number } | undefined;
  #isApplying = false;
  #committedOffset = -1;
  #isClosed = false;

  constructor(options: MetadataFollowerOptions) {
    this.#options = options;
  }

  /** The last offset applied; -1: none. */
  get offset(): number {
    return this.#offset;
  }

  /** The highest offset that was known to be committed. */
  get committedOffset(): number {
    return this.#committedOffset;
  }

  /** The controller that this broker follows; undefined: none. */
  get source(): BrokerId | undefined {
    return this.#link?.peer?.nodeId;
  }

  /** Follows the controller at the other end of that link from now on. `anew`: it leads only now, and did not listen. */
  follow(link: FollowedLink, anew = false): void {
    if ((this.#link === link && !anew) || this.#isClosed) return;
    this.#link = link;
    // What an earlier controller sent and was not applied yet comes again.
    this.#deliveries = [];
    this.#ask();
  }

  /** The link has ended. */
  lost(link: FollowedLink): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#deliveries = [];
  }

  take(link: FollowedLink, message: MemberMessage): void {
    if (link !== this.#link || this.#isClosed) return;
    if (message.kind === 'MetadataBatches') {
      const { value } = message;
      this.#committedOffset = Math.max(this.#committedOffset, value.committedOffset);
      const sizeBytes = value.batches.reduce((total, { bytes }) => total + bytes.length, 0);
      this.#deliveries.push({ kind: 'batches', value, sizeBytes });
    } else if (message.kind === 'MetadataSnapshotPart')
      this.#deliveries.push({ kind: 'part', value: message.value, sizeBytes: message.value.bytes.length });
    else return;
    this.#apply();
  }

  close(): void {
    this.#isClosed = true;
    this.#link = undefined;
    this.#deliveries = [];
  }

  #ask(): void {
    this.#send({
      kind: 'MetadataFollow',
      value: { offset: this.#offset, epoch: this.#epoch, creditBytes: CREDIT_BYTES },
    });
  }

  #send(message: MemberMessageDraft): void {
    this.#link?.send(message);
  }

  #apply(): void {
    if (this.#isApplying) return;
    this.#isApplying = true;
    this.#applyAll().catch((cause: unknown) => {
      this.#options.failed(`applying metadata behind offset ${this.#offset}`, cause);
    });
  }

  /** What comes while this is under way is its to apply; what comes in the turn in which it ends begins it anew. */
  async #applyAll(): Promise<void> {
    try {
      for (let next = this.#deliveries.shift(); next !== undefined; next = this.#deliveries.shift()) {
        const link = this.#link;
        const isFine =
          next.kind === 'batches' ? this.#applyBatches(next.value) : await this.#applyPart(next.value);
        if (this.#isClosed || link !== this.#link) continue;
        if (!isFine) {
          // Something is missing between what is here and what came: the stream begins anew.
          this.#deliveries = [];
          this.#ask();
          return;
        }
        this.#send({
          kind: 'MetadataApplied',
          value: { offset: this.#offset, creditBytes: next.sizeBytes },
        });
        if (this.#deliveries.length > 0) await rest(this.#options.clock);
      }
    } finally {
      this.#isApplying = false;
    }
  }

  /** False: they do not follow what was applied last. */
  #applyBatches({ firstOffset, batches }: Batches): boolean {
    if (batches.length === 0) return true;
    if (firstOffset > Math.max(this.#offset, 0) + 1) return false;
    // A snapshot that an earlier controller began, and this one's log makes needless.
    this.#sink = undefined;
    const fresh: CommittedBatch[] = [];
    for (const [i, { epoch, type, bytes }] of batches.entries()) {
      const offset = firstOffset + i;
      if (offset <= this.#offset) continue;
      fresh.push({ offset, epoch, records: type === entryTypes.records ? decodeRecords(bytes) : [] });
    }
    const last = fresh.at(-1);
    if (last === undefined) return true;
    this.#options.listener.committed(fresh);
    this.#offset = last.offset;
    this.#epoch = last.epoch;
    return true;
  }

  /** False: a piece is missing before this one. */
  async #applyPart({ offset, epoch, part, isLast, bytes }: SnapshotPart): Promise<boolean> {
    if (part === 0) this.#sink = { sink: this.#options.listener.restore(offset, epoch), offset, nextPart: 0 };
    const sink = this.#sink;
    if (sink === undefined || sink.offset !== offset || sink.nextPart !== part) {
      this.#sink = undefined;
      return false;
    }
    sink.nextPart += 1;
    if (bytes.length > 0) sink.sink.records(decodeRecords(bytes));
    if (!isLast) return true;
    for (const _ of sink.sink.finish()) await rest(this.#options.clock);
    assert(this.#sink === sink, 'one snapshot is applied at a time');
    this.#sink = undefined;
    this.#offset = offset;
    this.#epoch = epoch;
    this.#options.logger.info('took over a metadata snapshot', { offset, epoch });
    return true;
  }
}
