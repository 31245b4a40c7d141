import type { CancelWake, Clock, LeaderEpoch, Logger, Offset } from '@kafkaesque/kernel';
import { hasCode, messageOf, thrownError } from '@kafkaesque/kernel';
import type { Log, LogDirectory } from '@kafkaesque/storage';
import type { Throttle } from '../replication/throttle';
import { agreedEnd, copiedBatches } from './copied-batches';
import type { CopyLanes } from './copy-lanes';
import { deleteIn } from './log-directories';
import type { Replica } from './replica';

/** What moves between log directories need of the host of the replicas. */
export interface MoveHost {
  /** `replica.log` is what it is made of from now on: from here on only what is durable there counts. */
  switched(replica: Replica, durable: DurableEnd | undefined): void;
  /** The log that the replica is made of lacks what it took for appended. */
  failed(replica: Replica, cause: unknown): void;
  /** Damage was found in what its log holds. */
  damaged(replica: Replica): void;
}

export interface DurableEnd {
  readonly endOffset: Offset;
  readonly leaderEpoch: LeaderEpoch;
}

export interface ReplicaMoveOptions {
  readonly replica: Replica;
  readonly source: LogDirectory;
  readonly target: LogDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of all moves of this broker. */
  readonly throttle: Throttle;
  readonly lanes: CopyLanes;
  readonly host: MoveHost;
}

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 10_000;
/** What keeps a move waiting that nobody tells it of. */
const LOOK_AGAIN_MS = 20;
/** A copy that lacks no more than this is nearly there. */
const NEARLY_BYTES = 1 << 20;
/** Reads of the old log that had begun before the switch end meanwhile. */
const LINGER_MS = 1000;

const NOBODY = { durable: () => undefined, failed: () => undefined };

/**
 * One replica on its way from one log directory to another (KIP-113), in the order that makes a crash at any point find
 * one whole log:
 *
 * 1. The target's mark `future` is durable, and a log begins there that copies the source's.
 * 2. When it has everything, the replica's appends go to it from that turn on. Acknowledgements still come from the
 *    source: what was appended since waits.
 * 3. When both logs are durable, the source's mark `moved` decides. Now the copy's durable end is acknowledged.
 * 4. The target's mark goes, the source's log, and the source's mark.
 */
export class ReplicaMove {
  readonly target: LogDirectory;
  /** Its copy is there, so it shows, and will be gone on with after a restart. Rejects if that could not be. */
  readonly begun: Promise<void>;
  /** Nothing is done any more. */
  readonly over: Promise<void>;
  readonly #options: ReplicaMoveOptions;
  #stage: 'copying' | 'switching' | 'switched' = 'copying';
  /** `cancelled`: the copy goes. `stopped`: all stays, for the next start. */
  #end: 'cancelled' | 'stopped' | undefined;
  #copy: Log | undefined;
  #isTrusted = false;
  #isFlushed = false;
  #durable: DurableEnd | undefined;
  #settled: Promise<void> | undefined;
  #retryMs = FIRST_RETRY_MS;
  #wake: (() => void) | undefined;

  constructor(options: ReplicaMoveOptions) {
    this.#options = options;
    this.target = options.target;
    this.begun = this.#begin();
    this.over = this.begun.then(
      () => this.#run(),
      () => undefined,
    );
  }

  /** The target has the replica: there is no way back. */
  get isDecided(): boolean {
    return this.#stage === 'switched';
  }

  get #isSwitching(): boolean {
    return this.#stage === 'switching';
  }

  /** Which of the two logs is the replica's is being decided until this resolves; undefined: it is known. */
  get settled(): Promise<void> | undefined {
    return this.#settled;
  }

  /** Records that the copy lacks. */
  get lag(): number {
    const { log } = this.#options.replica;
    return this.#stage === 'copying' ? Math.max(0, log.endOffset - (this.#copy?.endOffset ?? 0)) : 0;
  }

  /** The copy is deleted, unless it is about to be the replica; resolves when the move is over. */
  cancel(): Promise<void> {
    return this.#endAs('cancelled');
  }

  /** Leaves everything as it is, once what is under way has ended. */
  stop(): Promise<void> {
    return this.#endAs('stopped');
  }

  /** A directory may have failed, or the log's configuration be another one. */
  look(): void {
    if (this.#stage === 'copying') this.#copy?.updateConfig(this.#options.replica.log.config);
    this.#wake?.();
  }

  #endAs(end: 'cancelled' | 'stopped'): Promise<void> {
    if (this.#end !== 'stopped') this.#end = end;
    this.#wake?.();
    return this.over;
  }

  async #begin(): Promise<void> {
    const { replica, source, target } = this.#options;
    const { topicId, partition } = replica;
    if (target.moves.find(topicId, partition) === undefined) {
      try {
        await target.moves.set({ topicId, partition, kind: 'future', directoryId: source.directoryId });
      } catch (error) {
        if (target.offlineReason === undefined) await target.moves.clear(topicId, partition);
        throw error;
      }
    }
    const copy = target.log(topicId, partition) ?? target.createLog(topicId, partition, replica.log.config);
    copy.updateConfig(replica.log.config);
    copy.listen({
      durable: (endOffset, leaderEpoch) => {
        this.#durable = { endOffset, leaderEpoch };
        this.#wake?.();
      },
      failed: () => this.#wake?.(),
    });
    this.#copy = copy;
  }

  async #run(): Promise<void> {
    const { throttle, target } = this.#options;
    while (this.#stage === 'copying' && this.#goesOn) {
      try {
        await this.#step();
      } catch (error) {
        if (hasCode(error, 'INVARIANT_BROKEN')) throw error;
        await this.#afterFailure(error);
      }
    }
    throttle.forget(this);
    if (this.#stage === 'switched') await this.#removeSource();
    else if (this.#end === 'cancelled') await this.#insist([target], () => this.#deleteIn(target));
  }

  async #afterFailure(error: unknown): Promise<void> {
    if (!this.#goesOn) return;
    const { replica, target, logger, host } = this.#options;
    const { topic, partition } = replica;
    if (hasCode(error, 'LOG_CORRUPT')) host.damaged(replica);
    const retryMs = this.#retryMs;
    this.#retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    logger.warn('a replica could not be copied to another log directory; trying again', {
      topic,
      partition,
      path: target.path,
      retryMs,
      error: messageOf(error),
    });
    await this.#pause(retryMs);
  }

  /** Without both directories it cannot go on before the next start. */
  get #goesOn(): boolean {
    const { source, target } = this.#options;
    return (
      this.#end === undefined && source.offlineReason === undefined && target.offlineReason === undefined
    );
  }

  /** What there is to do next, until it is done or was begun. */
  async #step(): Promise<void> {
    const { replica, throttle } = this.#options;
    const { log: from } = replica;
    const to = this.#copy;
    if (to === undefined || !this.#isAtRest(from)) {
      await this.#pause(LOOK_AGAIN_MS);
      return;
    }
    if (to.failure !== undefined) await to.repair();
    if (await this.#isAligned(from, to)) {
      if (to.durableEndOffset < to.endOffset) await this.#untilDurable(to);
      else if (!this.#isFlushed && from.sizeBetween(to.endOffset, from.endOffset) <= NEARLY_BYTES)
        await this.#flush(from, to);
      else if (to.endOffset < from.endOffset) {
        if (throttle.isExhausted) await this.#untilAllowed();
        else await this.#copyNext(from, to);
      } else if (!this.#switch(from, to)) await this.#pause(LOOK_AGAIN_MS);
    }
    if (!this.#isSwitching) return;
    await this.#decide(from, to);
    if (!this.isDecided) await this.#pause(LONGEST_RETRY_MS);
  }

  /** A log that is being cut, or is damaged, is no original to copy. */
  #isAtRest(from: Log): boolean {
    const { isLoading, isDamaged } = this.#options.replica;
    return !isLoading && !isDamaged && from.failure === undefined;
  }

  /** Makes the copy begin where the original does, and cuts what the original has not or not any more. */
  async #isAligned(from: Log, to: Log): Promise<boolean> {
    if (!this.#isTrusted) {
      // A start found damage in the copy, or cannot say that there is none.
      if (to.suspect !== undefined || to.recovery.kind === 'corrupt') await to.resetTo(from.logStartOffset);
      await to.trust();
      this.#isTrusted = true;
      return false;
    }
    const keep = agreedEnd(from, to);
    const isElsewhere = from.logStartOffset > to.endOffset || to.logStartOffset > from.logStartOffset;
    if (isElsewhere || (keep < to.endOffset && keep <= to.logStartOffset)) {
      await to.resetTo(from.logStartOffset);
      return false;
    }
    if (keep < to.endOffset) {
      await to.truncateTo(keep);
      return false;
    }
    if (to.logStartOffset < from.logStartOffset) {
      await to.raiseLogStart(from.logStartOffset);
      return false;
    }
    return true;
  }

  async #untilDurable(to: Log): Promise<void> {
    while (to.durableEndOffset < to.endOffset && this.#goesOn) {
      if (to.failure !== undefined) throw thrownError(to.failure);
      await this.#pause();
    }
    this.#retryMs = FIRST_RETRY_MS;
  }

  async #untilAllowed(): Promise<void> {
    const { throttle } = this.#options;
    throttle.wait(this, () => this.#wake?.());
    await this.#pause();
    throttle.forget(this);
  }

  /** Before the switch, so that the flush behind it has little to do; producers come with what they wrote. */
  async #flush(from: Log, to: Log): Promise<void> {
    await to.flush();
    const snapshot = await from.latestProducerSnapshot(to.endOffset);
    if (snapshot !== undefined) await to.writeProducerSnapshot(snapshot.offset, snapshot.bytes);
    this.#isFlushed = true;
  }

  /** When it is this move's turn, and until what it has copied is durable. */
  #copyNext(from: Log, to: Log): Promise<void> {
    return this.#options.lanes.run(async () => {
      if (!this.#goesOn || !this.#isAtRest(from)) return;
      await this.#copyPiece(from, to);
      if (!this.#isSwitching) await this.#untilDurable(to);
    });
  }

  async #copyPiece(from: Log, to: Log): Promise<void> {
    const { throttle } = this.#options;
    const begunAt = to.endOffset;
    const read = from.read(begunAt, from.endOffset, throttle.pieceBytes, { atLeastOne: true });
    const slices = read instanceof Promise ? await read : read;
    try {
      // The original may begin within a batch, of which the copy gets all.
      if (slices.firstOffset < begunAt) await to.resetTo(slices.firstOffset);
      const isStill =
        this.#goesOn &&
        this.#isAtRest(from) &&
        agreedEnd(from, to) === to.endOffset &&
        to.failure === undefined;
      if (!isStill || slices.sizeBytes === 0) {
        await this.#pause(LOOK_AGAIN_MS);
        return;
      }
      const batches = copiedBatches(slices);
      to.append(batches);
      throttle.took(slices.sizeBytes);
    } finally {
      slices.release();
    }
    this.#switch(from, to);
  }

  /** If the copy has everything, and nothing is under way, the replica's appends go to it from this turn on. */
  #switch(from: Log, to: Log): boolean {
    const { replica } = this.#options;
    const { kind } = replica.machine.role;
    const isWhole = to.endOffset === from.endOffset && to.logStartOffset === from.logStartOffset;
    const isReady = this.#isFlushed && this.#goesOn && this.#isAtRest(from) && to.failure === undefined;
    const isChanging = from.isChanging || to.isChanging || replica.raisingTo !== undefined;
    if (!isWhole || !isReady || isChanging || (kind !== 'leader' && kind !== 'follower')) return false;
    // Epochs that have no record yet.
    for (const { leaderEpoch, startOffset } of from.epochs) to.assignLeaderEpoch(leaderEpoch, startOffset);
    this.#stage = 'switching';
    replica.log = to;
    return true;
  }

  /** Makes the switch durable, or takes it back. */
  async #decide(from: Log, to: Log): Promise<void> {
    const { replica, host } = this.#options;
    const { promise, resolve } = promiseWithResolver();
    this.#settled = promise;
    try {
      const cause = await this.#failureToDecide(from, to);
      if (cause === undefined) {
        this.#stage = 'switched';
        from.listen(NOBODY);
        host.switched(replica, this.#durable);
      } else await this.#takeBack(from, cause);
    } finally {
      this.#settled = undefined;
      resolve();
    }
  }

  /** Undefined: the copy is the replica's log now, and will be found to be. */
  async #failureToDecide(from: Log, to: Log): Promise<Error | undefined> {
    const { replica, source, target, clock } = this.#options;
    const { topicId, partition } = replica;
    try {
      await to.flush();
      while (from.durableEndOffset < from.endOffset && from.failure === undefined)
        await this.#untilWoken(clock.monotonicMs() + LOOK_AGAIN_MS);
      if (from.suspect !== undefined) await to.distrust(from.suspect.reason);
      const failure = from.failure ?? to.failure;
      if (failure !== undefined) return thrownError(failure);
      await source.moves.set({ topicId, partition, kind: 'moved', directoryId: target.directoryId });
      return target.offlineReason === undefined ? undefined : thrownError(target.offlineReason);
    } catch (error) {
      if (hasCode(error, 'INVARIANT_BROKEN')) throw error;
      return thrownError(error);
    }
  }

  /**
   * Once it is certain that no start would take the copy for the replica's, the replica's log is the old one again. If
   * that lacks what was appended meanwhile, the rules start over from what it has.
   */
  async #takeBack(from: Log, cause: Error): Promise<void> {
    const { replica, source, target, host, logger } = this.#options;
    const { topic, topicId, partition } = replica;
    logger.warn('a replica could not change over to another log directory', {
      topic,
      partition,
      path: target.path,
      error: cause.message,
    });
    await this.#insist([source], () => source.moves.clear(topicId, partition));
    replica.log = from;
    if (replica.machine.endOffset !== from.endOffset || from.failure !== undefined)
      host.failed(replica, cause);
    this.#isFlushed = false;
    this.#stage = 'copying';
  }

  /** Whatever fails first, a start would find the new log to be the replica's. */
  async #removeSource(): Promise<void> {
    const { replica, source, target } = this.#options;
    const { topicId, partition } = replica;
    await this.#insist([target], () => target.moves.clear(topicId, partition));
    if (this.#end === undefined) await this.#pause(LINGER_MS);
    await this.#insist([source, target], () => this.#deleteIn(source));
  }

  #deleteIn(directory: LogDirectory): Promise<void> {
    const { topicId, partition } = this.#options.replica;
    return deleteIn(directory, topicId, partition);
  }

  /** Tries until it is done, while these directories serve: a full disk has room again some day. */
  async #insist(needed: readonly LogDirectory[], work: () => Promise<void>): Promise<void> {
    const { clock, replica, logger } = this.#options;
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS)) {
      if (needed.some(({ offlineReason }) => offlineReason !== undefined) || this.#end === 'stopped') return;
      try {
        await work();
        return;
      } catch (error) {
        if (hasCode(error, 'INVARIANT_BROKEN')) throw error;
        const { topic, partition } = replica;
        logger.warn('a move between log directories could not be brought to its end; trying again', {
          topic,
          partition,
          retryMs,
          error: messageOf(error),
        });
        await this.#untilWoken(clock.monotonicMs() + retryMs);
      }
    }
  }

  /** Until something happens, or the time is over, or the move. */
  async #pause(ms?: number): Promise<void> {
    if (this.#end !== undefined) return;
    await this.#untilWoken(ms === undefined ? undefined : this.#options.clock.monotonicMs() + ms);
  }

  #untilWoken(atMs: number | undefined): Promise<void> {
    const { promise, resolve } = promiseWithResolver();
    let cancel: CancelWake | undefined;
    this.#wake = () => {
      cancel?.();
      this.#wake = undefined;
      resolve();
    };
    if (atMs !== undefined) cancel = this.#options.clock.wakeAt(atMs, () => this.#wake?.());
    return promise;
  }
}

const promiseWithResolver = (): { readonly promise: Promise<void>; readonly resolve: () => void } => {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((resolved) => {
    resolve = resolved;
  });
  return { promise, resolve };
};
