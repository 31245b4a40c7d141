import { BrokerId, Offset } from '@kafkaesque/kernel';
import type { Clock } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { ClientError } from '../errors';
import { ChangeSignal } from '../timing/change-signal';
import type { FetchedPartition, FetchOptions, FetchStream, FetchTarget } from '../wire/wire';
import type { SimulatedCluster } from './simulated-cluster';

interface Followed {
  readonly target: FetchTarget;
  nextOffset: number;
  isResting: boolean;
}

const LATENCY_MS = 10;

/** The port's FetchStream over the simulated partitions: looks for records when there may be some. */
export class SimulatedFetchStream implements FetchStream {
  readonly node: BrokerId;
  readonly #cluster: SimulatedCluster;
  readonly #options: FetchOptions;
  readonly #clock: Clock;
  readonly #closed: () => void;
  readonly #changed = new ChangeSignal();
  #followed: Followed[] = [];
  creditBytes: number;
  #brokenBy: ClientError | undefined;
  #isClosed = false;
  #isWaking = false;

  constructor(
    cluster: SimulatedCluster,
    node: BrokerId,
    options: FetchOptions,
    clock: Clock,
    closed: () => void,
  ) {
    this.#cluster = cluster;
    this.node = node;
    this.#options = options;
    this.#clock = clock;
    this.#closed = closed;
    this.creditBytes = options.initialCreditBytes;
  }

  get targets(): readonly FetchTarget[] {
    return this.#followed.map(({ target }) => target);
  }

  update(partitions: readonly FetchTarget[]): void {
    const before = this.#followed;
    this.#followed = partitions.map((target) => {
      const known = before.find(
        (one) => one.target.topic === target.topic && one.target.partition === target.partition,
      );
      return known?.target.token === target.token
        ? { ...known, target }
        : { target, nextOffset: target.fetchOffset, isResting: false };
    });
    this.#changed.raise();
  }

  credit(bytes: number): void {
    this.creditBytes += bytes;
    this.#changed.raise();
  }

  /** A log has changed: it looks again soon. */
  wake(): void {
    if (this.#isWaking || this.#isClosed) return;
    this.#isWaking = true;
    this.#clock.wakeAt(this.#clock.monotonicMs() + LATENCY_MS, () => {
      this.#isWaking = false;
      this.#changed.raise();
    });
  }

  /** Ends as a lost connection does. */
  break(): void {
    this.#brokenBy = new ClientError('connection', 'CONNECTION_LOST', 'the simulated stream broke', {
      retriable: true,
      effect: 'indefinite',
    });
    this.#changed.raise();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#closed();
    this.#changed.raise();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<readonly FetchedPartition[]> {
    for (;;) {
      if (this.#isClosed) return;
      if (this.#brokenBy !== undefined) throw this.#brokenBy;
      const fetched = this.creditBytes > 0 ? this.#look() : [];
      if (fetched.length > 0) yield fetched;
      // There may be more than one answer holds; otherwise nothing is to be had before something changes.
      const untilMs = fetched.length > 0 ? this.#clock.monotonicMs() + LATENCY_MS : Infinity;
      await this.#changed.wait({ clock: this.#clock, untilMs });
    }
  }

  #look(): readonly FetchedPartition[] {
    const fetched: FetchedPartition[] = [];
    for (const one of this.#followed) {
      if (one.isResting) continue;
      const { target, nextOffset } = one;
      const partition = this.#cluster.partition(target.topic, target.partition);
      const errorCode = this.#errorOf(one);
      one.isResting = errorCode !== 0;
      const records = errorCode === 0 ? partition.read(nextOffset, this.#options.maxPartitionBytes) : null;
      if (records === null && errorCode === 0) continue;
      const creditBytes = records?.length ?? 0;
      this.creditBytes -= creditBytes;
      if (records !== null) one.nextOffset = this.#endOf(target, records, nextOffset);
      fetched.push({
        ...target,
        fetchOffset: Offset(nextOffset),
        errorCode,
        highWatermark: Offset(partition.endOffset),
        lastStableOffset: Offset(partition.endOffset),
        logStartOffset: Offset(partition.logStart),
        abortedTransactions: [],
        preferredReadReplica: BrokerId(-1),
        records,
        creditBytes,
      });
    }
    return fetched;
  }

  #errorOf({ target, nextOffset }: Followed): number {
    const partition = this.#cluster.partition(target.topic, target.partition);
    if (partition.leader !== this.node) return ErrorCode.NOT_LEADER_OR_FOLLOWER;
    const isOutside = nextOffset < partition.logStart || nextOffset > partition.endOffset;
    return isOutside ? ErrorCode.OFFSET_OUT_OF_RANGE : 0;
  }

  #endOf(target: FetchTarget, records: Buffer, from: number): number {
    const { batches } = this.#cluster.partition(target.topic, target.partition);
    let left = records.length;
    let end = from;
    for (const batch of batches) {
      const last = Number(batch.readBigInt64BE(0)) + batch.readInt32BE(23);
      if (last < from || left <= 0) continue;
      left -= batch.length;
      end = last + 1;
    }
    return end;
  }
}
