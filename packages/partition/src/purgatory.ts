import { assert } from '@kafkaesque/kernel';
import type { Offset, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import { Deadlines } from './deadlines';
import type { Positions } from './effects';
import type { Isolation } from './fetch-plan';
import { WaitList } from './wait-list';
import type { Linked } from './wait-list';

/** A connection, or whatever else may go away before its answer: all its operations go with it. */
export type OwnerId = number;

/** A produced partition waits until an offset (an exclusive end) is durable here, or below the high watermark. */
export interface ProduceWait {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly awaits: 'durable' | 'high-watermark';
  readonly awaitedOffset: Offset;
}

/** `reached`: answer with success. `failed`, and `open` at the deadline: answer REQUEST_TIMED_OUT. */
export interface ProduceProgress extends ProduceWait {
  readonly state: 'open' | 'reached' | 'failed';
}

/** A fetched partition waits for records at or after `fetchOffset`. */
export interface FetchWait {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly fetchOffset: Offset;
  readonly isolation: Isolation;
}

/** Answers when every partition has come as far as its wait asks, or at the deadline. */
export interface ProduceOperation<Context> {
  readonly kind: 'produce';
  readonly ownerId: OwnerId;
  readonly deadlineMs: number;
  /** In the order in which they were given. */
  readonly waits: readonly ProduceProgress[];
  readonly context: Context;
}

/** Is planned again once enough bytes came, when one of its partitions changed its leader, or at the deadline. */
export interface FetchOperation<Context> {
  readonly kind: 'fetch';
  readonly ownerId: OwnerId;
  readonly deadlineMs: number;
  readonly context: Context;
}

/** Whatever waits for partitions; `Context` is the host's own. */
export type Operation<Context> = ProduceOperation<Context> | FetchOperation<Context>;

/** How many operations wait. */
export interface PurgatorySizes {
  readonly produceOperations: number;
  readonly fetchOperations: number;
}

/** Who waits, until when, and what the host needs to answer. */
export interface WatchOptions<Context> {
  readonly ownerId: OwnerId;
  readonly deadlineMs: number;
  readonly context: Context;
}

/**
 * Whatever waits for partitions: one for a broker. A machine; an operation that it returns is over and known to nobody
 * else any more. Nothing here looks at a partition: who asks it to watch has just planned, in the same tick.
 */
export class Purgatory<Context> {
  readonly #partitions = new Map<TopicId, Map<PartitionIndex, Watched<Context>>>();
  readonly #owners = new Map<OwnerId, WaitList<Waiting<Context>>>();
  readonly #deadlines = new Deadlines<Waiting<Context>>();
  readonly #maxOperations: number;
  #produceOperations = 0;

  constructor(options: { readonly maxOperations: number }) {
    assert(options.maxOperations > 0, 'a purgatory holds at least one operation');
    this.#maxOperations = options.maxOperations;
  }

  /** The operation, or undefined when the purgatory is full: then the caller answers at once, as at the deadline. */
  watchProduce(
    waits: readonly ProduceWait[],
    options: WatchOptions<Context>,
  ): ProduceOperation<Context> | undefined {
    assert(waits.length > 0, 'a produce request that waits for nothing is answered');
    if (this.#deadlines.size >= this.#maxOperations) return undefined;
    const operation = new WaitingProduce(options, waits);
    this.#admit(operation);
    this.#produceOperations += 1;
    for (const wait of operation.waits) {
      const watched = this.#watched(wait.topicId, wait.partition);
      insertByOffset(wait.awaits === 'durable' ? watched.durable : watched.highWatermark, wait);
    }
    return operation;
  }

  /**
   * @param missingBytes how many more bytes must become readable before another look is worth it: the request's
   *   minimum less what the plan found. With 1 any record will do.
   */
  watchFetch(
    waits: readonly FetchWait[],
    missingBytes: number,
    options: WatchOptions<Context>,
  ): FetchOperation<Context> | undefined {
    assert(missingBytes > 0, 'a fetch that misses nothing is answered');
    if (this.#deadlines.size >= this.#maxOperations) return undefined;
    const operation = new WaitingFetch(options, waits, missingBytes);
    this.#admit(operation);
    for (const place of operation.places) this.#watched(place.topicId, place.partition).fetches.append(place);
    return operation;
  }

  /** A partition moved on. */
  advanced(positions: Positions): readonly Operation<Context>[] {
    const watched = this.#partitions.get(positions.topicId)?.get(positions.partition);
    if (watched === undefined) return [];
    const over: Operation<Context>[] = [];
    this.#reach(watched.durable, positions.durableEndOffset, over);
    this.#reach(watched.highWatermark, positions.highWatermark, over);
    if (positions.exposedBytes > 0) this.#feed(watched.fetches, positions, over);
    return over;
  }

  /** A partition is led here no more, or gone: its produce waits fail, and fetches that wait for it are over. */
  failed(topicId: TopicId, partition: PartitionIndex): readonly Operation<Context>[] {
    const watched = this.#partitions.get(topicId)?.get(partition);
    if (watched === undefined) return [];
    const over: Operation<Context>[] = [];
    this.#fail(watched.durable, over);
    this.#fail(watched.highWatermark, over);
    for (let place = watched.fetches.first; place !== undefined; place = watched.fetches.first) {
      this.#dismiss(place.operation);
      over.push(place.operation);
    }
    this.#forget(topicId, partition);
    return over;
  }

  /** The operations whose deadline has come, earliest first. */
  expire(nowMs: number): readonly Operation<Context>[] {
    const over: Operation<Context>[] = [];
    for (let next = this.#deadlines.first; next !== undefined; next = this.#deadlines.first) {
      if (next.deadlineMs > nowMs) break;
      this.#dismiss(next);
      over.push(next);
    }
    return over;
  }

  /** The owner went away: its operations are dropped and nobody is told. Call it once for every owner. */
  cancelOwner(ownerId: OwnerId): void {
    const operations = this.#owners.get(ownerId);
    if (operations === undefined) return;
    while (operations.first !== undefined) this.#dismiss(operations.first);
    this.#owners.delete(ownerId);
  }

  /** When `expire` has something to do next; Infinity when nothing waits. */
  nextDeadlineMs(): number {
    return this.#deadlines.first?.deadlineMs ?? Infinity;
  }

  sizes(): PurgatorySizes {
    return {
      produceOperations: this.#produceOperations,
      fetchOperations: this.#deadlines.size - this.#produceOperations,
    };
  }

  #admit(operation: Waiting<Context>): void {
    let operations = this.#owners.get(operation.ownerId);
    if (operations === undefined) {
      operations = new WaitList();
      this.#owners.set(operation.ownerId, operations);
    }
    operations.append(operation);
    this.#deadlines.add(operation);
  }

  #reach(waits: WaitList<WaitingPartition<Context>>, position: Offset, over: Operation<Context>[]): void {
    for (let wait = waits.first; wait !== undefined; wait = waits.first) {
      if (wait.awaitedOffset > position) return;
      this.#settle(waits, wait, 'reached', over);
    }
  }

  #fail(waits: WaitList<WaitingPartition<Context>>, over: Operation<Context>[]): void {
    for (let wait = waits.first; wait !== undefined; wait = waits.first)
      this.#settle(waits, wait, 'failed', over);
  }

  #settle(
    waits: WaitList<WaitingPartition<Context>>,
    wait: WaitingPartition<Context>,
    state: 'reached' | 'failed',
    over: Operation<Context>[],
  ): void {
    waits.remove(wait);
    wait.state = state;
    wait.operation.openCount -= 1;
    if (wait.operation.openCount > 0) return;
    this.#dismiss(wait.operation);
    over.push(wait.operation);
  }

  /** Counts new bytes towards every fetch that they are beyond; those that have enough are over. */
  #feed(places: WaitList<FetchedPartition<Context>>, positions: Positions, over: Operation<Context>[]): void {
    const firstFed = over.length;
    for (let place = places.first; place !== undefined; place = place.after) {
      const end = place.isolation === 'read-committed' ? positions.lastStableOffset : positions.highWatermark;
      if (end <= place.fetchOffset || place.operation.missingBytes <= 0) continue;
      place.operation.missingBytes -= positions.exposedBytes;
      if (place.operation.missingBytes <= 0) over.push(place.operation);
    }
    for (let i = firstFed; i < over.length; i++) this.#dismiss(over[i] as WaitingFetch<Context>);
  }

  /** Takes an operation out of everything that leads to it. */
  #dismiss(operation: Waiting<Context>): void {
    this.#deadlines.remove(operation);
    operation.list?.remove(operation);
    if (operation.kind === 'produce') {
      this.#produceOperations -= 1;
      for (const wait of operation.waits) wait.list?.remove(wait);
    } else for (const place of operation.places) place.list?.remove(place);
  }

  #watched(topicId: TopicId, partition: PartitionIndex): Watched<Context> {
    let partitions = this.#partitions.get(topicId);
    if (partitions === undefined) {
      partitions = new Map();
      this.#partitions.set(topicId, partitions);
    }
    let watched = partitions.get(partition);
    if (watched === undefined) {
      watched = { durable: new WaitList(), highWatermark: new WaitList(), fetches: new WaitList() };
      partitions.set(partition, watched);
    }
    return watched;
  }

  #forget(topicId: TopicId, partition: PartitionIndex): void {
    const partitions = this.#partitions.get(topicId);
    partitions?.delete(partition);
    if (partitions?.size === 0) this.#partitions.delete(topicId);
  }
}

/** Everything that waits for one partition; kept while the partition lives here. */
interface Watched<Context> {
  /** By offset. */
  readonly durable: WaitList<WaitingPartition<Context>>;
  /** By offset. */
  readonly highWatermark: WaitList<WaitingPartition<Context>>;
  readonly fetches: WaitList<FetchedPartition<Context>>;
}

type Waiting<Context> = WaitingProduce<Context> | WaitingFetch<Context>;

/** New appends have the greatest offset yet; only a duplicate's wait belongs further ahead. */
function insertByOffset<Context>(
  waits: WaitList<WaitingPartition<Context>>,
  wait: WaitingPartition<Context>,
): void {
  let place = waits.last;
  while (place !== undefined && place.awaitedOffset > wait.awaitedOffset) place = place.before;
  waits.insertAfter(place, wait);
}

class WaitingProduce<Context> implements ProduceOperation<Context>, Linked<Waiting<Context>> {
  readonly kind = 'produce';
  readonly ownerId: OwnerId;
  readonly deadlineMs: number;
  readonly context: Context;
  readonly waits: readonly WaitingPartition<Context>[];
  openCount: number;
  heapIndex = -1;
  list: WaitList<Waiting<Context>> | undefined = undefined;
  before: Waiting<Context> | undefined = undefined;
  after: Waiting<Context> | undefined = undefined;

  constructor(options: WatchOptions<Context>, waits: readonly ProduceWait[]) {
    this.ownerId = options.ownerId;
    this.deadlineMs = options.deadlineMs;
    this.context = options.context;
    this.waits = waits.map((wait) => new WaitingPartition(this, wait));
    this.openCount = waits.length;
  }
}

class WaitingFetch<Context> implements FetchOperation<Context>, Linked<Waiting<Context>> {
  readonly kind = 'fetch';
  readonly ownerId: OwnerId;
  readonly deadlineMs: number;
  readonly context: Context;
  readonly places: readonly FetchedPartition<Context>[];
  missingBytes: number;
  heapIndex = -1;
  list: WaitList<Waiting<Context>> | undefined = undefined;
  before: Waiting<Context> | undefined = undefined;
  after: Waiting<Context> | undefined = undefined;

  constructor(options: WatchOptions<Context>, waits: readonly FetchWait[], missingBytes: number) {
    this.ownerId = options.ownerId;
    this.deadlineMs = options.deadlineMs;
    this.context = options.context;
    this.places = waits.map((wait) => new FetchedPartition(this, wait));
    this.missingBytes = missingBytes;
  }
}

class WaitingPartition<Context> implements ProduceProgress, Linked<WaitingPartition<Context>> {
  readonly operation: WaitingProduce<Context>;
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly awaits: 'durable' | 'high-watermark';
  readonly awaitedOffset: Offset;
  state: 'open' | 'reached' | 'failed' = 'open';
  list: WaitList<WaitingPartition<Context>> | undefined = undefined;
  before: WaitingPartition<Context> | undefined = undefined;
  after: WaitingPartition<Context> | undefined = undefined;

  constructor(operation: WaitingProduce<Context>, wait: ProduceWait) {
    this.operation = operation;
    this.topicId = wait.topicId;
    this.partition = wait.partition;
    this.awaits = wait.awaits;
    this.awaitedOffset = wait.awaitedOffset;
  }
}

class FetchedPartition<Context> implements Linked<FetchedPartition<Context>> {
  readonly operation: WaitingFetch<Context>;
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly fetchOffset: Offset;
  readonly isolation: Isolation;
  list: WaitList<FetchedPartition<Context>> | undefined = undefined;
  before: FetchedPartition<Context> | undefined = undefined;
  after: FetchedPartition<Context> | undefined = undefined;

  constructor(operation: WaitingFetch<Context>, wait: FetchWait) {
    this.operation = operation;
    this.topicId = wait.topicId;
    this.partition = wait.partition;
    this.fetchOffset = wait.fetchOffset;
    this.isolation = wait.isolation;
  }
}
