import type { ReplicaKey } from '@kafkaesque/protocol';

/**
 * How entries are sent to one replica. `probe`: one append, until its answer says where the logs meet. `replicate`:
 * one after the other without waiting. `snapshot`: it needs what the log no longer has.
 */
export type ProgressState = 'probe' | 'replicate' | 'snapshot';

/** An append that was sent and not answered. */
interface InFlight {
  readonly lastIndex: number;
  readonly sizeBytes: number;
}

/** What a leader knows of one other replica. */
export class Progress {
  readonly key: ReplicaKey;
  state: ProgressState = 'probe';
  /** As the leader has it, and durable there. */
  matchIndex = 0;
  /** The next entry to send. */
  nextIndex: number;
  /** Monotonic time of its last word in this term. */
  heardMs: number;
  /** The highest round that it has answered. */
  confirmedRound = 0;
  /** When it last had everything that the leader had at that time; -Infinity: never in this term. */
  caughtUpMs = -Infinity;
  /** A probe is on its way; the next one waits for its answer or for a heartbeat's. */
  probeSent = false;
  #directoryId: string | undefined;
  #previousAnswerMs = -Infinity;
  #previousLastIndex = Infinity;
  #inFlight: InFlight[] = [];
  #inFlightBytes = 0;

  constructor(key: ReplicaKey, nextIndex: number, nowMs: number) {
    this.key = key;
    this.nextIndex = nextIndex;
    this.heardMs = nowMs;
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  get inFlightCount(): number {
    return this.#inFlight.length;
  }

  probe(nextIndex: number): void {
    this.state = 'probe';
    this.nextIndex = Math.max(nextIndex, this.matchIndex + 1);
    this.probeSent = false;
    this.#forgetInFlight();
  }

  /**
   * Who answers. Of a voter that is named without its directory that may be another disk than before: then what the old
   * one had is gone with it, and everything begins anew. True: that is so.
   */
  answersFrom(directoryId: string, nextIndex: number): boolean {
    const isAnother = this.#directoryId !== undefined && this.#directoryId !== directoryId;
    this.#directoryId = directoryId;
    if (!isAnother) return false;
    this.matchIndex = 0;
    this.probe(nextIndex);
    return true;
  }

  replicate(): void {
    this.state = 'replicate';
    this.nextIndex = Math.max(this.nextIndex, this.matchIndex + 1);
    this.#forgetInFlight();
  }

  wantSnapshot(): void {
    this.state = 'snapshot';
    this.#forgetInFlight();
  }

  sent(lastIndex: number, sizeBytes: number): void {
    this.#inFlight.push({ lastIndex, sizeBytes });
    this.#inFlightBytes += sizeBytes;
    this.nextIndex = lastIndex + 1;
  }

  matched(matchIndex: number): void {
    this.matchIndex = Math.max(this.matchIndex, matchIndex);
    this.nextIndex = Math.max(this.nextIndex, this.matchIndex + 1);
    let done = 0;
    for (const { lastIndex, sizeBytes } of this.#inFlight) {
      if (lastIndex > this.matchIndex) break;
      this.#inFlightBytes -= sizeBytes;
      done += 1;
    }
    if (done > 0) this.#inFlight.splice(0, done);
  }

  /** It has answered while the leader's log ended at `lastIndex`. */
  answered(nowMs: number, lastIndex: number): void {
    if (this.matchIndex >= lastIndex) this.caughtUpMs = nowMs;
    else if (this.matchIndex >= this.#previousLastIndex)
      this.caughtUpMs = Math.max(this.caughtUpMs, this.#previousAnswerMs);
    this.#previousAnswerMs = nowMs;
    this.#previousLastIndex = lastIndex;
    this.heardMs = nowMs;
  }

  #forgetInFlight(): void {
    this.#inFlight = [];
    this.#inFlightBytes = 0;
  }
}
