import { setMaxListeners } from 'node:events';
import { NO_LEADER_EPOCH, Offset } from '@kafkaesque/kernel';
import type { Clock, Logger, Random, BrokerId } from '@kafkaesque/kernel';
import { ErrorCode, initialiseCodecs } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import type { ClusterView } from '../cluster/cluster-view';
import { lookUpOffsets } from '../cluster/offset-lookup';
import type { OffsetSpec } from '../cluster/offset-lookup';
import { ClientError, asClientError, isClientError } from '../errors';
import type { ConsumerRecord, TopicPartition } from '../records';
import { showsStaleMetadata } from '../stale-metadata';
import { ChangeSignal } from '../timing/change-signal';
import type { WaitBounds } from '../timing/change-signal';
import { backoffMs, sleep, throwIfAborted } from '../timing/waiting';
import type { FetchedPartition, FetchStream, FetchTarget } from '../wire/wire';
import { AssignedPartition } from './assigned-partition';
import type { CommittedPosition } from './assigned-partition';
import type { LogReader, OffsetAndTimestamp, OffsetOf, PollOptions, QueryOptions } from './consumer';
import type { ConsumerSettings, OffsetResetPolicy } from './consumer-settings';
import { FetchStreams } from './fetch-streams';
import { FetchedChunk } from './fetched-chunk';
import { askEdges, askOffsets } from './offset-questions';

export interface LogConsumerOptions {
  readonly cluster: ClusterView;
  readonly settings: ConsumerSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Where a partition without a position goes on; undefined: nothing was committed. Without it the policy decides. */
  readonly committed?: CommittedLookup | undefined;
  readonly closed: () => void;
}

/** Asks for what the group committed. Waits out what waiting heals. */
export type CommittedLookup = (
  partition: TopicPartition,
  signal: AbortSignal,
) => Promise<CommittedPosition | undefined>;

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

/** Reads assigned partitions above a cluster view; knows no groups. */
export class LogConsumer implements LogReader {
  readonly #options: LogConsumerOptions;
  readonly #streams: FetchStreams;
  readonly #abort = new AbortController();
  readonly #changed = new ChangeSignal();
  #assigned = new Map<string, AssignedPartition>();
  #lastToken = 0;
  /** Rotates, so that no partition starves another. */
  #nextTurn = 0;
  #isScheduled = false;
  #isClosed = false;

  constructor(options: LogConsumerOptions) {
    // Every partition whose leader is looked for listens to it.
    setMaxListeners(0, this.#abort.signal);
    this.#options = options;
    this.#streams = new FetchStreams({
      wire: options.cluster.wire,
      fetch: options.settings.fetch,
      fetched: (partitions, stream) => this.#fetched(partitions, stream),
      broken: (node, targets, cause) => this.#broken(node, targets, cause),
    });
  }

  get assignment(): readonly TopicPartition[] {
    return [...this.#assigned.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  assign(partitions: readonly TopicPartition[]): void {
    this.#throwIfClosed();
    const before = this.#assigned;
    this.#assigned = new Map();
    for (const one of partitions) {
      const key = keyOf(one);
      const known = before.get(key) ?? this.#assignedAnew(one);
      before.delete(key);
      this.#assigned.set(key, known);
    }
    for (const gone of before.values()) gone.release();
    this.#schedule();
  }

  seek(partition: TopicPartition, offset: number): void {
    if (!Number.isSafeInteger(offset) || offset < 0) {
      throw new ClientError(
        'usage',
        'INVALID_OFFSET',
        `seek offset must be a non-negative whole number, not ${offset}`,
      );
    }
    this.#find(partition).moveTo({ kind: 'at', offset: Offset(offset) }, this.#newToken());
    this.#schedule();
  }

  seekToBeginning(partitions?: readonly TopicPartition[]): void {
    this.#reset(partitions, 'earliest');
  }

  seekToEnd(partitions?: readonly TopicPartition[]): void {
    this.#reset(partitions, 'latest');
  }

  async position(partition: TopicPartition, options: QueryOptions = {}): Promise<number> {
    const { clock, settings } = this.#options;
    const untilMs = clock.monotonicMs() + (options.timeoutMs ?? settings.apiTimeoutMs);
    for (;;) {
      this.#throwIfClosed();
      const assigned = this.#find(partition);
      if (assigned.position.kind === 'at') return assigned.position.offset;
      if (assigned.failure !== undefined) throw assigned.failure;
      if (clock.monotonicMs() >= untilMs) throw timedOut(`finding the position of ${keyOf(partition)}`);
      await this.#changed.wait({ clock, untilMs, signal: options.signal });
    }
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) this.#find(one).isPaused = true;
    this.#schedule();
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) this.#find(one).isPaused = false;
    this.#changed.raise();
    this.#schedule();
  }

  paused(): readonly TopicPartition[] {
    return [...this.#assigned.values()]
      .filter(({ isPaused }) => isPaused)
      .map(({ topic, partition }) => ({ topic, partition }));
  }

  isPaused(partition: TopicPartition): boolean {
    return this.#assigned.get(keyOf(partition))?.isPaused === true;
  }

  /** The positions that are known, of all assigned partitions. */
  positions(): readonly (TopicPartition & CommittedPosition)[] {
    const known: (TopicPartition & CommittedPosition)[] = [];
    for (const { topic, partition, position, leaderEpoch } of this.#assigned.values()) {
      if (position.kind === 'at') known.push({ topic, partition, offset: position.offset, leaderEpoch });
    }
    return known;
  }

  /** Changes whenever somebody other than reading sets the position; undefined when it is not assigned. */
  positionToken(partition: TopicPartition): number | undefined {
    return this.#assigned.get(keyOf(partition))?.positionToken;
  }

  /** Another number each time that the partition is assigned anew; undefined when it is not assigned. */
  assignmentNumber(partition: TopicPartition): number | undefined {
    return this.#assigned.get(keyOf(partition))?.assignmentNumber;
  }

  /** What `poll` would give at once; of each partition as much as there is room for. */
  take(
    limit: number,
    roomFor: (partition: TopicPartition) => number = () => Infinity,
  ): readonly ConsumerRecord[] {
    this.#throwIfClosed();
    return this.#take(limit, roomFor);
  }

  /** Until there may be something to take, or somebody called `wake`. */
  changed(bounds: WaitBounds): Promise<void> {
    return this.#changed.wait(bounds);
  }

  wake(): void {
    this.#changed.raise();
  }

  async poll(options: PollOptions = {}): Promise<readonly ConsumerRecord[]> {
    const { clock, settings } = this.#options;
    const untilMs = clock.monotonicMs() + (options.timeoutMs ?? Infinity);
    const limit = Math.max(1, options.maxRecords ?? settings.maxPollRecords);
    for (;;) {
      this.#throwIfClosed();
      throwIfAborted(options.signal);
      const records = this.#take(limit, () => Infinity);
      if (records.length > 0 || clock.monotonicMs() >= untilMs) return records;
      await this.#changed.wait({ clock, untilMs, signal: options.signal });
    }
  }

  async *[Symbol.asyncIterator](): AsyncIterator<ConsumerRecord> {
    for (;;) {
      try {
        yield* await this.poll();
      } catch (error) {
        if (isClientError(error, 'closed')) return;
        throw error;
      }
    }
  }

  async offsetsForTimes(
    times: readonly (TopicPartition & { readonly timestampMs: number })[],
    options: QueryOptions = {},
  ): Promise<readonly OffsetOf<OffsetAndTimestamp | undefined>[]> {
    const questions = times.map(({ topic, partition, timestampMs }) => ({
      topic,
      partition,
      spec: { timestampMs },
    }));
    const listed = await askOffsets(this.#options, questions, options);
    return listed.map(({ topic, partition, value }) => ({
      topic,
      partition,
      value: value.offset < 0 ? undefined : value,
    }));
  }

  beginningOffsets(
    partitions: readonly TopicPartition[],
    options?: QueryOptions,
  ): Promise<readonly OffsetOf<number>[]> {
    return askEdges(this.#options, partitions, 'earliest', options);
  }

  endOffsets(
    partitions: readonly TopicPartition[],
    options?: QueryOptions,
  ): Promise<readonly OffsetOf<number>[]> {
    return askEdges(this.#options, partitions, 'latest', options);
  }

  async partitionsFor(topic: string, options: QueryOptions = {}): Promise<readonly number[]> {
    const { cluster, settings } = this.#options;
    const { timeoutMs = settings.apiTimeoutMs, signal } = options;
    const view = await cluster.topic(topic, { timeoutMs, signal, mayCreate: settings.mayCreate });
    return view.partitions.map(({ partition }) => partition);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#abort.abort();
    this.#changed.raise();
    await this.#streams.close();
    this.#options.closed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #take(limit: number, roomFor: (partition: TopicPartition) => number): ConsumerRecord[] {
    const records: ConsumerRecord[] = [];
    const all = [...this.#assigned.values()];
    const first = this.#nextTurn;
    for (let turn = 0; turn < all.length && records.length < limit; turn += 1) {
      const index = (first + turn) % all.length;
      const assigned = all[index];
      if (assigned === undefined || assigned.isPaused) continue;
      const { failure } = assigned;
      if (failure !== undefined && !assigned.hasRecords) {
        // What was taken from others is given first; the failure keeps until the next poll.
        if (records.length > 0) return records;
        assigned.failure = undefined;
        this.#schedule();
        throw failure;
      }
      try {
        assigned.take(Math.min(limit, records.length + roomFor(assigned)), records);
      } catch (error) {
        if (records.length === 0) throw error;
        return records;
      }
      // The next poll goes on after the partition that filled this one.
      this.#nextTurn = records.length >= limit && assigned.hasRecords ? index : index + 1;
    }
    return records;
  }

  /** Looks once, after what is going on now, at which partition is read from where. */
  #schedule(): void {
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (!this.#isClosed) this.#reconcile();
    });
  }

  #reconcile(): void {
    const { cluster } = this.#options;
    const targets = new Map<BrokerId, FetchTarget[]>();
    for (const assigned of this.#assigned.values()) {
      const { followedOn } = assigned;
      assigned.followedOn = undefined;
      if (assigned.failure !== undefined || assigned.isWaiting) continue;
      const { topic, partition } = assigned;
      const view = cluster.known(topic);
      const leader = view?.partitions[partition];
      if (view === undefined || leader === undefined || leader.leader < 0) {
        void this.#awaitLeader(assigned, view !== undefined);
        continue;
      }
      assigned.leaderlessLooks = 0;
      if (assigned.position.kind === 'unknown') {
        void this.#resolve(assigned);
        continue;
      }
      if (assigned.isPaused) continue;
      const node = assigned.readReplica ?? leader.leader;
      // A stream forgets what it is not to follow for a while, and another one never knew of it.
      if (followedOn !== node) assigned.refetch(this.#newToken());
      assigned.followedOn = node;
      const target: FetchTarget = {
        topic,
        topicId: view.topicId,
        partition,
        fetchOffset: assigned.fetchFrom,
        currentLeaderEpoch: leader.leaderEpoch,
        lastFetchedEpoch: NO_LEADER_EPOCH,
        token: assigned.token,
      };
      const onNode = targets.get(node);
      if (onNode === undefined) targets.set(node, [target]);
      else onNode.push(target);
    }
    this.#streams.update(targets);
  }

  /** Asks for metadata until the partition has a leader; then everything is looked at again. */
  async #awaitLeader(assigned: AssignedPartition, isKnown: boolean): Promise<void> {
    if (assigned.isWaiting) return;
    assigned.isWaiting = true;
    const { cluster, clock, random, settings } = this.#options;
    const { signal } = this.#abort;
    try {
      if (isKnown) {
        cluster.invalidate(assigned.topic);
        await sleep(clock, backoffMs(settings.backoff, assigned.leaderlessLooks, random), signal);
        assigned.leaderlessLooks += 1;
      }
      const { apiTimeoutMs: timeoutMs, mayCreate } = settings;
      await cluster.topic(assigned.topic, { timeoutMs, signal, mayCreate });
    } catch (error) {
      if (this.#isClosed) return;
      if (!isWaitedOut(error)) assigned.failure = asClientError(error);
    } finally {
      assigned.isWaiting = false;
    }
    this.#changed.raise();
    this.#schedule();
  }

  /** Finds the position that a reset means. */
  async #resolve(assigned: AssignedPartition): Promise<void> {
    const { position, token, topic, partition } = assigned;
    if (assigned.isResolving || position.kind === 'at') return;
    const { cluster, clock, random, settings, logger } = this.#options;
    if (position.reset === 'committed') {
      await this.#resume(assigned);
      return;
    }
    const policy = position.reset === 'policy' ? settings.autoOffsetReset : position.reset;
    if (policy === 'none') {
      assigned.failure = new ClientError(
        'usage',
        'NO_OFFSET',
        `no position for ${topic}-${partition}, and auto.offset.reset is none: seek first`,
      );
      this.#changed.raise();
      return;
    }
    assigned.isResolving = true;
    try {
      const question = { topic, partition, spec: specOf(policy, clock) };
      const { isolation } = settings.fetch;
      const { signal } = this.#abort;
      const options = { isolation, timeoutMs: settings.requestTimeoutMs, signal };
      const answer = (await lookUpOffsets(cluster, [question], options)).get(question);
      if (answer?.kind === 'done' && assigned.token === token) {
        const { offset } = answer.value;
        logger.debug('a position was reset', { topic, partition, policy, offset });
        // No record is as young as the policy wants: the next one will be.
        if (offset < 0) assigned.moveTo({ kind: 'unknown', reset: 'latest' }, this.#newToken());
        else assigned.moveTo({ kind: 'at', offset }, this.#newToken());
      } else if (answer?.kind === 'failed') {
        if (answer.error.retriable) await sleep(clock, backoffMs(settings.backoff, 0, random), signal);
        else if (assigned.token === token) assigned.failure = answer.error;
      }
    } catch (error) {
      if (this.#isClosed) return;
      assigned.failure = asClientError(error);
    } finally {
      assigned.isResolving = false;
    }
    this.#changed.raise();
    this.#schedule();
  }

  /** Goes on where the group stopped, or where the policy says when it never began. */
  async #resume(assigned: AssignedPartition): Promise<void> {
    const { token } = assigned;
    const { committed } = this.#options;
    assigned.isResolving = true;
    try {
      const found = await committed?.(assigned, this.#abort.signal);
      if (assigned.token !== token) return;
      if (found === undefined) {
        assigned.moveTo({ kind: 'unknown', reset: 'policy' }, this.#newToken());
      } else {
        assigned.moveTo({ kind: 'at', offset: found.offset }, this.#newToken());
        assigned.leaderEpoch = found.leaderEpoch;
      }
    } catch (error) {
      if (this.#isClosed) return;
      if (assigned.token === token) assigned.failure = asClientError(error);
    } finally {
      assigned.isResolving = false;
    }
    this.#changed.raise();
    this.#schedule();
  }

  #assignedAnew({ topic, partition }: TopicPartition): AssignedPartition {
    const reset = this.#options.committed === undefined ? 'policy' : 'committed';
    return new AssignedPartition(topic, partition, this.#newToken(), reset);
  }

  async #fetched(partitions: readonly FetchedPartition[], stream: FetchStream): Promise<void> {
    for (const fetched of partitions) {
      const assigned = this.#assigned.get(keyOf(fetched));
      if (assigned?.token !== fetched.token) {
        stream.credit(fetched.creditBytes);
        continue;
      }
      if (fetched.errorCode !== 0) {
        stream.credit(fetched.creditBytes);
        this.#refused(assigned, fetched);
      } else if (fetched.preferredReadReplica >= 0) {
        assigned.readReplica = fetched.preferredReadReplica;
        assigned.fetchAgain(fetched.fetchOffset, this.#newToken());
        this.#schedule();
      } else {
        await this.#buffer(assigned, fetched, stream);
      }
    }
    this.#changed.raise();
  }

  async #buffer(assigned: AssignedPartition, fetched: FetchedPartition, stream: FetchStream): Promise<void> {
    try {
      const chunk = new FetchedChunk(fetched, this.#options.settings.fetch.isolation);
      if (chunk.isEmpty) {
        stream.credit(fetched.creditBytes);
        return;
      }
      if (chunk.needsZstd) await initialiseCodecs();
      assigned.buffer(chunk, stream);
    } catch (error) {
      stream.credit(fetched.creditBytes);
      assigned.failure = asClientError(error);
    }
  }

  /** The broker refused to serve the partition: reset the position, find the new leader, or tell the caller. */
  #refused(assigned: AssignedPartition, fetched: FetchedPartition): void {
    const error = brokerError(fetched.errorCode);
    const { logger, cluster } = this.#options;
    logger.debug('a fetch was refused', {
      topic: fetched.topic,
      partition: fetched.partition,
      why: error.code,
    });
    if (fetched.errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      this.#outOfRange(assigned, fetched);
      return;
    }
    if (!error.retriable && !showsStaleMetadata(error)) {
      assigned.failure = error;
      return;
    }
    assigned.readReplica = undefined;
    assigned.fetchAgain(fetched.fetchOffset, this.#newToken());
    cluster.invalidate(assigned.topic);
    void this.#refreshSoon(assigned);
  }

  #outOfRange(assigned: AssignedPartition, fetched: FetchedPartition): void {
    const { position } = assigned;
    if (assigned.readReplica !== undefined || (position.kind === 'at' && assigned.hasRecords)) {
      // A follower may lag, and what is buffered may be gone from the log: the leader judges the caller's own position.
      const offset = position.kind === 'at' ? position.offset : fetched.fetchOffset;
      assigned.moveTo({ kind: 'at', offset }, this.#newToken());
    } else if (this.#options.settings.autoOffsetReset === 'none') {
      assigned.failure = new ClientError(
        'broker',
        'OFFSET_OUT_OF_RANGE',
        `Fetch position ${fetched.fetchOffset} is out of range for partition ${fetched.topic}-${fetched.partition}`,
        { errorCode: fetched.errorCode },
      );
    } else {
      assigned.moveTo({ kind: 'unknown', reset: 'policy' }, this.#newToken());
    }
    this.#schedule();
  }

  #broken(node: BrokerId, targets: readonly FetchTarget[], cause: ClientError): void {
    if (this.#isClosed) return;
    this.#options.logger.debug('a fetch stream ended', { node, why: cause.code });
    this.#options.cluster.unanswered(node, cause);
    for (const target of targets) {
      const assigned = this.#assigned.get(keyOf(target));
      if (assigned?.token !== target.token) continue;
      if (!cause.retriable) {
        assigned.failure = cause;
        continue;
      }
      assigned.readReplica = undefined;
      assigned.refetch(this.#newToken());
      this.#options.cluster.invalidate(target.topic);
      void this.#refreshSoon(assigned);
    }
    this.#changed.raise();
  }

  async #refreshSoon(assigned: AssignedPartition): Promise<void> {
    if (assigned.isWaiting) return;
    assigned.isWaiting = true;
    const { clock, random, settings } = this.#options;
    try {
      await sleep(clock, backoffMs(settings.backoff, 0, random), this.#abort.signal);
    } catch {
      return;
    } finally {
      assigned.isWaiting = false;
    }
    this.#schedule();
  }

  #reset(partitions: readonly TopicPartition[] | undefined, reset: 'earliest' | 'latest'): void {
    const named = partitions === undefined || partitions.length === 0 ? this.assignment : partitions;
    for (const one of named) this.#find(one).moveTo({ kind: 'unknown', reset }, this.#newToken());
    this.#schedule();
  }

  #find(partition: TopicPartition): AssignedPartition {
    const assigned = this.#assigned.get(keyOf(partition));
    if (assigned !== undefined) return assigned;
    const name = `${partition.topic}-${partition.partition}`;
    throw new ClientError(
      'usage',
      'NOT_ASSIGNED',
      `${name} is not assigned to this consumer: call assign first`,
    );
  }

  #newToken(): number {
    this.#lastToken += 1;
    return this.#lastToken;
  }

  #throwIfClosed(): void {
    if (this.#isClosed) throw new ClientError('closed', 'CLOSED', 'the consumer was closed');
  }
}

/** `by_duration:PnDT` means the records of that last while. */
const specOf = (policy: Exclude<OffsetResetPolicy, 'none'>, clock: Clock): OffsetSpec =>
  typeof policy === 'string' ? policy : { timestampMs: clock.wallMs() - policy.durationMs };

const timedOut = (what: string): ClientError =>
  new ClientError('timeout', 'TIMED_OUT', `${what} took too long`);

/** A topic that is not there yet, or a cluster that is away: waited for, as Kafka's consumer does. */
const isWaitedOut = (error: unknown): boolean =>
  isClientError(error, 'timeout') || isClientError(error, 'aborted');
