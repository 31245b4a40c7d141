import type { Clock } from '@kafkaesque/kernel';
import type { RecordContext } from '../consumer/consumer';
import type { ConsumerRecord, TopicPartition } from '../records';
import type { HeldRecords } from './held-records';
import { keyOf } from './partition-sets';

export type RecordHandler = (record: ConsumerRecord, context: RecordContext) => void | Promise<void>;

/** How many more records of a partition are wanted. */
export type RoomFor = (partition: TopicPartition) => number;

/** What a run needs of its consumer. */
export interface RecordRunnerOptions {
  readonly handler: RecordHandler;
  readonly concurrency: number;
  /** Records that may wait for their turn, of all partitions together. */
  readonly maxQueued: number;
  /** Among how many partitions these are shared, so that a slow one does not keep all of them. */
  readonly partitionCount: () => number;
  readonly held: HeldRecords;
  readonly clock: Clock;
  /** What can be had at once; nothing during a rebalance. Fails as a poll does. */
  readonly take: (limit: number, roomFor: RoomFor) => readonly ConsumerRecord[];
  /** Until there may be more. */
  readonly changed: () => Promise<void>;
  /** Something was finished that a rebalance may wait for. */
  readonly finished: () => void;
  /** Changes when somebody else sets the position; undefined when the partition is not assigned. */
  readonly token: (partition: TopicPartition) => number | undefined;
  readonly isPaused: (partition: TopicPartition) => boolean;
  readonly seek: (partition: TopicPartition, offset: number) => void;
}

/** What waits of one partition. */
interface Lane {
  readonly topic: string;
  readonly partition: number;
  /** Of the records that wait. */
  token: number | undefined;
  /** The first one is in work when a handler works. */
  readonly queue: ConsumerRecord[];
  /** Since when a handler works on its first record. */
  startedMs: number | undefined;
  /** Goes to somebody else: what is committed is what was handled, however much was taken. */
  isGivenUp: boolean;
  readonly abort: AbortController;
}

/** Calls a handler for record after record: within a partition in order, of several partitions at once. */
export class RecordRunner {
  readonly #options: RecordRunnerOptions;
  readonly #lanes = new Map<string, Lane>();
  #queuedCount = 0;
  #inWorkCount = 0;
  #isStopping = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: RecordRunnerOptions) {
    this.#options = options;
  }

  /** Since when the slowest handler has been working. */
  get busySinceMs(): number | undefined {
    let first: number | undefined;
    for (const { startedMs } of this.#lanes.values()) {
      if (startedMs !== undefined && (first === undefined || startedMs < first)) first = startedMs;
    }
    return first;
  }

  /** Starts nothing more. */
  stop(): void {
    this.#isStopping = true;
    this.#options.finished();
  }

  /** Tells the handlers that nobody waits for them any more. */
  abandon(): void {
    for (const { abort } of this.#lanes.values()) abort.abort();
  }

  /** Starts nothing more of these partitions: they go to somebody else. */
  giveUp(partitions: readonly TopicPartition[], lost: boolean): void {
    for (const partition of partitions) {
      const lane = this.#lanes.get(keyOf(partition));
      if (lane === undefined) continue;
      this.#drop(lane, lane.startedMs === undefined ? 0 : 1);
      lane.isGivenUp = true;
      if (lost) lane.abort.abort();
    }
  }

  /** Whether a handler works on a record of one of these. */
  isInWork(partitions: readonly TopicPartition[]): boolean {
    return partitions.some((one) => this.#lanes.get(keyOf(one))?.startedMs !== undefined);
  }

  #goesOn(): boolean {
    return !this.#isOver;
  }

  /** Until `stop`, or the first handler that fails; what was not handled is given again by the next poll. */
  async run(): Promise<void> {
    const { take, changed, maxQueued } = this.#options;
    try {
      while (!this.#isOver) {
        if (this.#queuedCount < maxQueued) {
          this.#queue(take(maxQueued - this.#queuedCount, (partition) => this.#roomFor(partition)));
        }
        this.#startAll();
        // A handler that throws at once has ended before anybody waits for it.
        if (this.#goesOn()) await changed();
      }
    } finally {
      await this.#finish();
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  get #isOver(): boolean {
    return this.#isStopping || this.#failure !== undefined;
  }

  #roomFor(partition: TopicPartition): number {
    const { maxQueued, partitionCount } = this.#options;
    const share = Math.max(1, Math.floor(maxQueued / Math.max(1, partitionCount())));
    return share - (this.#lanes.get(keyOf(partition))?.queue.length ?? 0);
  }

  #queue(records: readonly ConsumerRecord[]): void {
    this.#options.held.add(records);
    for (const record of records) {
      this.#laneOf(record).queue.push(record);
      this.#queuedCount += 1;
    }
  }

  #laneOf(record: ConsumerRecord): Lane {
    const key = keyOf(record);
    const token = this.#options.token(record);
    const lane = this.#lanes.get(key);
    if (lane !== undefined && lane.token === token) return lane;
    if (lane !== undefined) {
      // Somebody sought: what waits is not wanted any more. What is in work ends before anything else begins.
      this.#drop(lane, lane.startedMs === undefined ? 0 : 1);
      if (lane.startedMs !== undefined) {
        lane.token = token;
        return lane;
      }
    }
    const { topic, partition } = record;
    const abort = new AbortController();
    const anew: Lane = { topic, partition, token, queue: [], startedMs: undefined, isGivenUp: false, abort };
    this.#lanes.set(key, anew);
    return anew;
  }

  #startAll(): void {
    const { concurrency, isPaused, token } = this.#options;
    for (const [key, lane] of this.#lanes) {
      if (this.#inWorkCount >= concurrency || this.#isOver) return;
      if (lane.startedMs !== undefined) continue;
      if (token(lane) !== lane.token) this.#drop(lane, 0);
      const record = lane.queue[0];
      if (record === undefined) this.#lanes.delete(key);
      else if (!isPaused(lane)) {
        // Behind the others, so that all get their turn.
        this.#lanes.delete(key);
        this.#lanes.set(key, lane);
        void this.#start(lane, record);
      }
    }
  }

  async #start(lane: Lane, record: ConsumerRecord): Promise<void> {
    const { handler, held, clock, finished, token } = this.#options;
    const begun = lane.token;
    lane.startedMs = clock.monotonicMs();
    this.#inWorkCount += 1;
    try {
      await handler(record, { signal: lane.abort.signal });
      this.#drop(lane, 0, 1);
      if (token(lane) === begun) {
        held.handled(record);
        if (lane.queue.length === 0 && !lane.isGivenUp) held.delete(lane);
      }
    } catch (error) {
      this.#failure ??= { error };
      // It is given again, unless its handler sought elsewhere.
      if (lane.token !== begun) this.#drop(lane, 0, 1);
    } finally {
      lane.startedMs = undefined;
      this.#inWorkCount -= 1;
      finished();
    }
  }

  #drop(lane: Lane, from: number, count = Infinity): void {
    this.#queuedCount -= lane.queue.splice(from, count).length;
  }

  /** Waits for what is in work, and sets positions back to the first record that was not handled. */
  async #finish(): Promise<void> {
    const { changed, token, seek, held } = this.#options;
    while (this.#inWorkCount > 0) await changed();
    for (const lane of this.#lanes.values()) {
      const [first] = lane.queue;
      if (first !== undefined && token(lane) === lane.token) seek(lane, first.offset);
      held.delete(lane);
    }
    this.#lanes.clear();
  }
}
