import { messageOf } from '@kafkaesque/kernel';
import type { Clock, Logger, Random } from '@kafkaesque/kernel';
import type { ClusterView } from '../cluster/cluster-view';
import type {
  CloseOptions,
  Consumer,
  GroupMetadata,
  OffsetAndMetadata,
  OffsetAndTimestamp,
  OffsetOf,
  PollOptions,
  QueryOptions,
  RebalanceListener,
  RunOptions,
  Subscription,
} from '../consumer/consumer';
import type { ConsumerSettings } from '../consumer/consumer-settings';
import { LogConsumer } from '../consumer/log-consumer';
import { asClientError, isClientError } from '../errors';
import type { ClientError } from '../errors';
import type { ConsumerRecord, TopicPartition } from '../records';
import { ChangeSignal } from '../timing/change-signal';
import { throwIfAborted, untilAborted, untilFired, withRetries } from '../timing/waiting';
import { AssignmentChanges } from './assignment-changes';
import { AutoCommit } from './auto-commit';
import { CommittedPositions } from './committed-positions';
import { GroupCoordinator } from './group-coordinator';
import { GroupOffsets } from './group-offsets';
import type { PartitionOffset } from './group-offsets';
import type { GroupSettings } from './group-settings';
import { HeldRecords } from './held-records';
import type { MemberHost } from './member-host';
import type { Membership } from './membership';
import { alreadyClosed, alreadyRuns, mixedModes, withoutGroup } from './misuse';
import { OffsetCommitter } from './offset-committer';
import { openMembership } from './open-membership';
import { partitionsWithout } from './partition-sets';
import { PollClock } from './poll-clock';
import { oneByOne } from './record-iteration';
import { RecordRunner } from './record-runner';
import type { RecordHandler, RoomFor } from './record-runner';
import { subscribedTo } from './topic-watch';
import type { SubscribedTo } from './topic-watch';

export interface GroupConsumerOptions {
  readonly cluster: ClusterView;
  readonly settings: ConsumerSettings;
  /** Undefined: there is no group, and nothing but `assign`. */
  readonly group: GroupSettings | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly closed: () => void;
}

/** Where the assignment comes from. */
type Mode =
  | { readonly kind: 'none' }
  | { readonly kind: 'assigned' }
  | { readonly kind: 'subscribed'; readonly to: SubscribedTo; readonly listener: RebalanceListener };

/** What belongs to a group, when there is one. */
interface Group {
  readonly settings: GroupSettings;
  readonly coordinator: GroupCoordinator;
  readonly offsets: GroupOffsets;
  readonly positions: CommittedPositions;
  readonly commits: AutoCommit;
  readonly changes: AssignmentChanges;
  readonly membership: Membership;
  readonly pollClock: PollClock;
}

const CLOSE_TIMEOUT_MS = 30_000;
const NO_TOPICS: SubscribedTo = { kind: 'names', names: [] };

/** The Consumer: reads what is assigned by hand, or by the group that it is a member of. */
export class GroupConsumer implements Consumer {
  readonly #options: GroupConsumerOptions;
  readonly #log: LogConsumer;
  readonly #group: Group | undefined;
  readonly #held = new HeldRecords();
  readonly #changed = new ChangeSignal();
  #mode: Mode = { kind: 'none' };
  /** The caller works on what a poll gave: nothing is taken away from it before it comes back. */
  #isHolding = false;
  /** Since when it has not polled; undefined while it does. */
  #awaySinceMs: number | undefined;
  #failure: { readonly error: unknown; readonly isFinal: boolean } | undefined;
  #runner: RecordRunner | undefined;
  #running: Promise<void> | undefined;
  /** What is held came record by record: the last one is not handled before the next is asked for. */
  #isIterated = false;
  #closing: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: GroupConsumerOptions) {
    this.#options = options;
    const { group } = options;
    const committed =
      group === undefined
        ? {}
        : {
            committed: (partition: TopicPartition, signal: AbortSignal) => this.#resumeAt(partition, signal),
          };
    this.#log = new LogConsumer({ ...options, ...committed });
    if (group !== undefined) this.#group = this.#openGroup(group);
  }

  get assignment(): readonly TopicPartition[] {
    return this.#log.assignment;
  }

  subscribe(topics: Subscription, listener: RebalanceListener = {}): void {
    this.#throwIfClosed();
    const { settings, membership, pollClock, commits } = this.#groupFor('subscribe');
    if (this.#mode.kind === 'assigned') throw mixedModes();
    const to = subscribedTo(topics, settings.protocol);
    if (to.kind === 'names' && to.names.length === 0) {
      void this.unsubscribe();
      return;
    }
    this.#mode = { kind: 'subscribed', to, listener };
    this.#awaySinceMs ??= this.#options.clock.monotonicMs();
    pollClock.start();
    commits.start();
    membership.subscriptionChanged();
  }

  subscription(): readonly string[] {
    return this.#mode.kind === 'subscribed' ? (this.#group?.membership.topicNames ?? []) : [];
  }

  async unsubscribe(options: QueryOptions = {}): Promise<void> {
    this.#throwIfClosed();
    const timeoutMs = options.timeoutMs ?? this.#options.settings.apiTimeoutMs;
    this.#letGo();
    const { signal } = options;
    await untilAborted(
      this.#giveUpAll({ timeoutMs, signal }, 'default', 'the consumer unsubscribed'),
      signal,
    );
  }

  assign(partitions: readonly TopicPartition[]): void {
    this.#throwIfClosed();
    if (this.#mode.kind === 'subscribed') throw mixedModes();
    const group = this.#group;
    if (group?.settings.enableAutoCommit === true) {
      const gone = partitionsWithout(this.assignment, partitions);
      void group.commits.commitHandled(this.#bounds({}), gone).catch(() => undefined);
    }
    this.#mode = partitions.length === 0 ? { kind: 'none' } : { kind: 'assigned' };
    group?.commits.forget(partitionsWithout(this.assignment, partitions));
    group?.commits.start();
    this.#log.assign(partitions);
  }

  seek(partition: TopicPartition, offset: number): void {
    this.#log.seek(partition, offset);
    this.#held.delete(partition);
  }

  seekToBeginning(partitions?: readonly TopicPartition[]): void {
    this.#log.seekToBeginning(partitions);
    this.#letGoOf(partitions);
  }

  seekToEnd(partitions?: readonly TopicPartition[]): void {
    this.#log.seekToEnd(partitions);
    this.#letGoOf(partitions);
  }

  position(partition: TopicPartition, options?: QueryOptions): Promise<number> {
    const given = this.#held.get(partition)?.given;
    return given === undefined ? this.#log.position(partition, options) : Promise.resolve(given);
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#log.pause(partitions);
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#log.resume(partitions);
  }

  paused(): readonly TopicPartition[] {
    return this.#log.paused();
  }

  async poll(options: PollOptions = {}): Promise<readonly ConsumerRecord[]> {
    const { clock, settings } = this.#options;
    this.#throwIfRunning();
    this.#back();
    try {
      const untilMs = clock.monotonicMs() + (options.timeoutMs ?? Infinity);
      const limit = Math.max(1, options.maxRecords ?? settings.maxPollRecords);
      for (;;) {
        throwIfAborted(options.signal);
        const records = this.#take(limit);
        if (records.length > 0) {
          this.#held.add(records);
          this.#isHolding = true;
          return records;
        }
        if (clock.monotonicMs() >= untilMs) return [];
        await this.#log.changed({ clock, untilMs, signal: options.signal });
      }
    } finally {
      this.#awaySinceMs = clock.monotonicMs();
    }
  }

  async *[Symbol.asyncIterator](): AsyncIterator<ConsumerRecord> {
    for (;;) {
      let records: readonly ConsumerRecord[];
      try {
        records = await this.poll();
      } catch (error) {
        if (isClientError(error, 'closed')) return;
        throw error;
      }
      this.#isIterated = true;
      yield* oneByOne(records, {
        log: this.#log,
        held: this.#held,
        isWaiting: () => this.#group?.changes.isWaiting === true,
        giving: () => {
          this.#awaySinceMs = this.#options.clock.monotonicMs();
        },
        isClosing: () => this.#closing !== undefined,
      });
    }
  }

  async commit(
    offsets?: readonly (TopicPartition & OffsetAndMetadata)[],
    options: QueryOptions = {},
  ): Promise<void> {
    this.#throwIfEnded();
    const { commits } = this.#groupFor('commit');
    await commits.commit(offsets ?? this.#given(), this.#bounds(options));
  }

  commitAsync(
    offsets?: readonly (TopicPartition & OffsetAndMetadata)[],
    done?: (error: ClientError | undefined) => void,
  ): void {
    const { logger } = this.#options;
    this.commit(offsets).then(
      () => done?.(undefined),
      (error: unknown) => {
        if (done !== undefined) done(asClientError(error));
        else logger.warn('offsets were not committed', { why: messageOf(error) });
      },
    );
  }

  async committed(
    partitions: readonly TopicPartition[],
    options: QueryOptions = {},
  ): Promise<readonly OffsetOf<OffsetAndMetadata | undefined>[]> {
    this.#throwIfEnded();
    const { offsets } = this.#groupFor('committed');
    if (partitions.length === 0) return [];
    const { clock, random, settings } = this.#options;
    const { timeoutMs, signal } = this.#bounds(options);
    const { backoff, requestTimeoutMs } = settings;
    const what = 'fetching committed offsets';
    const found = await withRetries({ clock, random, backoff, timeoutMs, signal, what }, (leftMs) =>
      offsets.fetch(partitions, { timeoutMs: Math.min(leftMs, requestTimeoutMs), signal }),
    );
    return partitions.map(({ topic, partition }, index) => ({ topic, partition, value: found[index] }));
  }

  groupMetadata(): GroupMetadata {
    const { settings, membership } = this.#groupFor('groupMetadata');
    const { groupId, groupInstanceId } = settings;
    return { groupId, ...membership.identity, groupInstanceId };
  }

  enforceRebalance(reason = 'the application asked for a rebalance'): void {
    this.#throwIfClosed();
    this.#groupFor('enforceRebalance').membership.rejoin(reason);
  }

  run(handler: RecordHandler, options: RunOptions = {}): Promise<void> {
    this.#throwIfRunning();
    const { clock, settings } = this.#options;
    const runner = new RecordRunner({
      handler,
      concurrency: Math.max(1, options.concurrency ?? 1),
      maxQueued: settings.maxPollRecords,
      held: this.#held,
      clock,
      partitionCount: () => this.#log.assignment.length,
      take: (limit, roomFor) => {
        this.#throwFailure();
        this.#group?.membership.retry();
        return this.#take(limit, roomFor);
      },
      changed: () => this.#log.changed({ clock, untilMs: Infinity }),
      finished: () => this.#raise(),
      token: (partition) => this.#log.positionToken(partition),
      isPaused: (partition) => this.#log.isPaused(partition),
      seek: (partition, offset) => this.#log.seek(partition, offset),
    });
    this.#back();
    this.#runner = runner;
    const stop = (): void => runner.stop();
    options.signal?.addEventListener('abort', stop, { once: true });
    if (options.signal?.aborted === true) stop();
    const running = this.#attend(runner).finally(() => {
      options.signal?.removeEventListener('abort', stop);
      this.#awaySinceMs = clock.monotonicMs();
      this.#runner = undefined;
      this.#running = undefined;
    });
    this.#running = running.catch(() => undefined);
    return running;
  }

  offsetsForTimes(
    times: readonly (TopicPartition & { readonly timestampMs: number })[],
    options?: QueryOptions,
  ): Promise<readonly OffsetOf<OffsetAndTimestamp | undefined>[]> {
    return this.#log.offsetsForTimes(times, options);
  }

  beginningOffsets(
    partitions: readonly TopicPartition[],
    options?: QueryOptions,
  ): Promise<readonly OffsetOf<number>[]> {
    return this.#log.beginningOffsets(partitions, options);
  }

  endOffsets(
    partitions: readonly TopicPartition[],
    options?: QueryOptions,
  ): Promise<readonly OffsetOf<number>[]> {
    return this.#log.endOffsets(partitions, options);
  }

  partitionsFor(topic: string, options?: QueryOptions): Promise<readonly number[]> {
    return this.#log.partitionsFor(topic, options);
  }

  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close({ timeoutMs = CLOSE_TIMEOUT_MS, membership = 'default' }: CloseOptions): Promise<void> {
    const { clock } = this.#options;
    const late = new AbortController();
    const cancel = clock.wakeAt(clock.monotonicMs() + timeoutMs, () => {
      late.abort();
      this.#runner?.abandon();
    });
    try {
      this.#runner?.stop();
      this.#letGo();
      const reason = 'the consumer is being closed';
      const leaving = Promise.resolve(this.#running).then(() =>
        this.#giveUpAll({ timeoutMs, signal: late.signal }, membership, reason),
      );
      await Promise.race([leaving, untilFired(late.signal)]);
    } finally {
      cancel();
      this.#group?.pollClock.stop();
      this.#group?.commits.stop();
      this.#group?.coordinator.close();
      this.#isClosed = true;
      await this.#log.close();
      this.#raise();
    }
  }

  /** Ends whatever gives it partitions. */
  async #giveUpAll(
    bounds: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
    membership: CloseOptions['membership'],
    reason: string,
  ): Promise<void> {
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + bounds.timeoutMs;
    const group = this.#group;
    const mode = this.#mode;
    const { kind } = mode;
    if (group !== undefined && kind === 'subscribed') {
      await group.changes.giveUpAll(false, bounds);
      const timeoutMs = Math.max(1, untilMs - clock.monotonicMs());
      await group.membership.leave({ reason, membership: membership ?? 'default', timeoutMs });
    } else if (group?.settings.enableAutoCommit === true && kind === 'assigned') {
      await group.changes.commitQuietly(this.assignment, bounds);
    }
    group?.commits.forget(this.assignment);
    this.#held.clear();
    if (this.#closing === undefined) this.#log.assign([]);
    if (this.#mode === mode) {
      this.#mode = { kind: 'none' };
      this.#failure = undefined;
    } else group?.membership.subscriptionChanged(); // Somebody subscribed meanwhile: that is what holds.
  }

  /** Nothing of these is held any more; of all, when none is named. */
  #letGoOf(partitions: readonly TopicPartition[] = []): void {
    for (const one of partitions.length === 0 ? this.assignment : partitions) this.#held.delete(one);
  }

  /** The caller ends it: what polls gave is handled. */
  #letGo(): void {
    this.#isHolding = false;
    if (!this.#isIterated && this.#runner === undefined) this.#held.clear();
    this.#raise();
  }

  /** The caller comes for more: what it had is handled. */
  #back(): void {
    this.#throwIfClosed();
    this.#isHolding = false;
    this.#awaySinceMs = undefined;
    this.#isIterated = false;
    this.#held.clear();
    this.#throwFailure();
    this.#group?.membership.retry();
    if (this.#group?.changes.isWaiting === true) this.#raise();
  }

  #take(limit: number, roomFor?: RoomFor): readonly ConsumerRecord[] {
    this.#throwIfClosed();
    this.#throwFailure();
    return this.#group?.changes.isChanging === true ? [] : this.#log.take(limit, roomFor);
  }

  async #attend(runner: RecordRunner): Promise<void> {
    try {
      await runner.run();
    } catch (error) {
      if (!isClientError(error, 'closed')) throw error;
    }
  }

  async #resumeAt(partition: TopicPartition, signal: AbortSignal): ReturnType<CommittedPositions['of']> {
    const group = this.#group;
    if (group === undefined) return undefined;
    // Whoever committed before it reads means that.
    await group.commits.drained();
    const found = await group.positions.of(partition, signal);
    if (found !== undefined) group.commits.resumed(partition, found.offset);
    return found;
  }

  #failed(error: unknown, isFinal: boolean): void {
    if (this.#failure?.isFinal === true) return;
    this.#failure = { error, isFinal };
    this.#raise();
  }

  #throwFailure(): void {
    const failure = this.#failure;
    if (failure === undefined) return;
    if (!failure.isFinal) this.#failure = undefined;
    throw failure.error;
  }

  #raise(): void {
    this.#changed.raise();
    this.#log.wake();
  }

  #given(): readonly PartitionOffset[] {
    const positions = this.#log.positions();
    return this.#runner === undefined ? this.#held.givenOf(positions) : this.#held.handledOf(positions);
  }

  #bounds({ timeoutMs, signal }: QueryOptions): {
    readonly timeoutMs: number;
    readonly signal: AbortSignal | undefined;
  } {
    return { timeoutMs: timeoutMs ?? this.#options.settings.apiTimeoutMs, signal };
  }

  #groupFor(what: string): Group {
    if (this.#group !== undefined) return this.#group;
    throw withoutGroup(what);
  }

  #throwIfRunning(): void {
    if (this.#runner !== undefined) throw alreadyRuns();
  }

  #throwIfClosed(): void {
    if (this.#closing !== undefined) throw alreadyClosed();
  }

  /** As `#throwIfClosed`, but a listener may still commit while it closes. */
  #throwIfEnded(): void {
    if (this.#isClosed) throw alreadyClosed();
  }

  #openGroup(settings: GroupSettings): Group {
    const { cluster, clock, random, logger } = this.#options;
    const { requestTimeoutMs, apiTimeoutMs, backoff, fetch } = this.#options.settings;
    const { groupId } = settings;
    const coordinator = new GroupCoordinator({ cluster, groupId, logger, requestTimeoutMs });
    const requireStable = fetch.isolation === 'read_committed';
    const offsets = new GroupOffsets({ coordinator, cluster, requireStable });
    const world = { clock, random, logger, backoff, requestTimeoutMs };
    const changes = new AssignmentChanges({
      log: this.#log,
      held: this.#held,
      commits: () => commits,
      commitsAutomatically: settings.enableAutoCommit,
      mayCommit: () => membership.mayCommit,
      listener: () => (this.#mode.kind === 'subscribed' ? this.#mode.listener : {}),
      isInWork: (partitions) => this.#isHolding || this.#runner?.isInWork(partitions) === true,
      going: (partitions, lost) => this.#runner?.giveUp(partitions, lost),
      failed: (error) => this.#failed(error, false),
      changed: this.#changed,
      raise: () => this.#raise(),
      logger,
    });
    const membership: Membership = openMembership({
      ...this.#options,
      group: settings,
      coordinator,
      host: this.#host(changes),
      subscription: () => (this.#mode.kind === 'subscribed' ? this.#mode.to : NO_TOPICS),
    });
    const committer = new OffsetCommitter({
      ...world,
      offsets,
      membership: () => (this.#mode.kind === 'subscribed' ? membership : undefined),
      ownership: (partition) =>
        this.#mode.kind === 'subscribed' ? this.#log.assignmentNumber(partition) : undefined,
      changed: this.#changed,
    });
    const commits: AutoCommit = new AutoCommit({
      ...world,
      committer,
      log: this.#log,
      held: this.#held,
      mayCommit: () => this.#mode.kind === 'assigned' || membership.mayCommit,
      intervalMs: settings.enableAutoCommit ? settings.autoCommitIntervalMs : undefined,
      timeoutMs: apiTimeoutMs,
    });
    const positions = new CommittedPositions({ ...world, offsets });
    const pollClock = this.#openPollClock(settings);
    return { settings, coordinator, offsets, positions, commits, changes, membership, pollClock };
  }

  #host(changes: AssignmentChanges): MemberHost {
    const { settings } = this.#options;
    const bounds = { timeoutMs: settings.apiTimeoutMs };
    return {
      owned: () => (this.#mode.kind === 'subscribed' ? this.assignment : []),
      revoke: (partitions) => changes.revoke(partitions, bounds),
      lose: () => changes.giveUpAll(true, bounds),
      assign: (added) => changes.takeIn(added),
      failed: (error, isFinal) => this.#failed(error, isFinal),
      changed: () => this.#changed.raise(),
    };
  }

  #openPollClock({ maxPollIntervalMs, groupId }: GroupSettings): PollClock {
    const { clock, logger } = this.#options;
    return new PollClock({
      clock,
      limitMs: maxPollIntervalMs,
      since: () => {
        if (this.#mode.kind !== 'subscribed') return undefined;
        return this.#runner === undefined ? this.#awaySinceMs : this.#runner.busySinceMs;
      },
      late: (awayMs) =>
        logger.warn('records are handled so slowly that the group will soon go on without this member', {
          groupId,
          handledForMs: Math.round(awayMs),
          maxPollIntervalMs,
        }),
      expired: () => this.#expel(maxPollIntervalMs),
    });
  }

  #expel(maxPollIntervalMs: number): void {
    const { groupId } = this.#groupFor('subscribe').settings;
    this.#options.logger.warn(
      'records were handled for longer than maxPollIntervalMs: this member leaves its group',
      { groupId, maxPollIntervalMs },
    );
    this.#group?.membership.expel('the poll timeout has expired');
  }
}
