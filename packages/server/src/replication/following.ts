import type { LeaderEpoch, Offset } from '@kafkaesque/kernel';
import type { Replicated } from './replicated';

/** Bytes of one append that may be sent again once it is durable. */
interface Taken {
  readonly endOffset: Offset;
  readonly sizeBytes: number;
}

/** What a leader says of one partition, with records or without. */
export interface LeaderWord {
  readonly highWatermark: Offset;
  readonly logStartOffset: Offset;
  readonly fullyReplicatedOffset: Offset;
}

/** Records of one partition, and what their leader said with them. */
export interface HeldRecords extends LeaderWord {
  readonly leaderEpoch: LeaderEpoch;
  readonly records: Buffer;
}

/** One partition that this broker follows at a leader. */
export class Following {
  readonly replica: Replicated;
  readonly leaderEpoch: LeaderEpoch;
  /** Of the subscription; undefined while there is none. */
  handle: number | undefined;
  /** What came while the log was begun anew; undefined: it can be appended at once. */
  held: HeldRecords[] | undefined;
  /** The leader's, as it was told last in this subscription; -1: not yet. */
  highWatermark = -1;
  /** It takes records only as its throttle lets it, and gives credit in pieces. */
  isMeasured = false;
  /** Of the partition's credit: what its leader does not have, because it is measured out. */
  withheldBytes = 0;
  /** Measured out, and not come yet. */
  awaitedBytes = 0;
  /** Of the partition's credit: what the next acknowledgement gives. */
  creditBytes = 0;
  /** Times in a row that the leader could not read, or sent what cannot be right. */
  failures = 0;
  #taken: Taken[] = [];
  #first = 0;

  constructor(replica: Replicated, leaderEpoch: LeaderEpoch) {
    this.replica = replica;
    this.leaderEpoch = leaderEpoch;
  }

  /** Records between this replica's end and what the leader said that consumers may read. */
  get lag(): number {
    return Math.max(0, this.highWatermark - this.replica.machine.endOffset);
  }

  took(endOffset: Offset, sizeBytes: number): void {
    this.#taken.push({ endOffset, sizeBytes });
  }

  /** Bytes of what has become durable since this was asked last. */
  settled(durableEnd: Offset): number {
    let sizeBytes = 0;
    for (; this.#first < this.#taken.length; this.#first++) {
      const next = this.#taken[this.#first];
      if (next === undefined || next.endOffset > durableEnd) break;
      sizeBytes += next.sizeBytes;
    }
    if (this.#first === this.#taken.length) {
      this.#taken = [];
      this.#first = 0;
    }
    return sizeBytes;
  }

  /** The subscription is over: gives the bytes that nobody has given back. */
  over(): number {
    const sizeBytes = this.settled(Number.MAX_SAFE_INTEGER as Offset);
    const heldBytes = this.held?.reduce((total, { records }) => total + records.length, 0) ?? 0;
    this.held = undefined;
    this.handle = undefined;
    this.highWatermark = -1;
    this.isMeasured = false;
    this.withheldBytes = 0;
    this.awaitedBytes = 0;
    this.creditBytes = 0;
    return sizeBytes + heldBytes;
  }
}
