import type { CancelWake, Clock, Logger } from '@kafkaesque/kernel';
import { TimestampMs, hasCode, messageOf } from '@kafkaesque/kernel';
import { CoordinatorRuntime } from '@kafkaesque/coordinator';
import type {
  Now,
  RecordCodec,
  ReplayedMachine,
  RuntimeHost,
  RuntimeOptions,
  RuntimePartition,
} from '@kafkaesque/coordinator';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Replica } from '../broker/replica';
import type { Replicas } from '../broker/replicas';
import type { LoadingSlots } from './loading-slots';
import { replayLog } from './replay-log';

/** What all partitions of one internal topic have in common. */
export interface HostedParts<Record, Request, Answer> {
  readonly machine: () => ReplayedMachine<Record, Request, Answer>;
  readonly codec: RecordCodec<Record>;
  readonly replicas: Pick<Replicas, 'carryOut' | 'appended'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly options: RuntimeOptions;
  /** `offsets.load.buffer.size` and its like. */
  readonly loadBufferBytes: number;
  readonly slots: LoadingSlots;
  /** A partition has been loaded. */
  readonly loaded: (tookMs: number) => void;
}

/** Version of Produce whose rules an append of the broker's own follows. */
const PRODUCE_VERSION = 12;
/** How soon a load that failed is tried again; twice as late each time, for each reads the whole log. */
const RELOAD_MS = 500;
const MOST_RELOAD_MS = 30_000;
/** A timer that fires later than this belongs to a process that stood still; how long it then hears first what happened meanwhile. */
const LATE_MS = 100;

/** One partition of an internal topic that is led here: carries out what its runtime wants. */
export class HostedPartition<Record, Request, Answer> implements RuntimeHost, RuntimePartition {
  readonly replica: Replica;
  readonly inheritedEndOffset: number;
  readonly runtime: CoordinatorRuntime<Record, Request, Answer>;
  readonly #parts: HostedParts<Record, Request, Answer>;
  #wakeAtMs = Infinity;
  #cancelWake: CancelWake | undefined;
  #isCatchingUp = false;
  #cancelReload: CancelWake | undefined;
  #isClosed = false;
  #failedLoads = 0;

  constructor(replica: Replica, parts: HostedParts<Record, Request, Answer>) {
    this.replica = replica;
    this.inheritedEndOffset = replica.machine.endOffset;
    this.#parts = parts;
    const { machine, codec, options } = parts;
    this.runtime = new CoordinatorRuntime({ machine, codec, partition: this, host: this, options });
  }

  /** The partition is led here from now on. */
  open(): void {
    this.#load();
  }

  /** It is not any more: everybody who waits is told so. */
  close(): void {
    this.#isClosed = true;
    this.#cancelWake?.();
    this.#cancelReload?.();
    this.runtime.drop();
  }

  ask(request: Request, answered: (answer: Answer) => void): void {
    this.runtime.ask(request, this.#now(), answered);
    this.#schedule();
  }

  metadataChanged(): void {
    this.runtime.metadataChanged(this.#now());
    this.#schedule();
  }

  /** The high watermark, or what is durable, has moved. */
  advanced(): void {
    this.runtime.advanced(this.#now());
    this.#schedule();
  }

  // ---- what the runtime asks ------------------------------------------------------------------

  get endOffset(): number {
    return this.replica.machine.endOffset;
  }

  get durableEndOffset(): number {
    return this.replica.machine.durableEndOffset;
  }

  get highWatermark(): number {
    return this.replica.machine.highWatermark;
  }

  get maxBatchBytes(): number {
    return this.replica.machine.config.maxMessageBytes;
  }

  refusal(): number {
    const { machine, log, isDamaged } = this.replica;
    if (machine.role.kind !== 'leader') return ErrorCode.NOT_LEADER_OR_FOLLOWER;
    if (log.isFull || isDamaged || log.failure !== undefined) return ErrorCode.KAFKA_STORAGE_ERROR;
    return machine.isUnderMinInsyncReplicas ? ErrorCode.NOT_ENOUGH_REPLICAS : ErrorCode.NONE;
  }

  append(batch: Buffer): ReturnType<RuntimePartition['append']> {
    const { replica } = this;
    const { replicas } = this.#parts;
    const refusal = this.refusal();
    if (refusal !== ErrorCode.NONE) return { errorCode: refusal, message: 'the log takes nothing now' };
    const { nowMs, wallMs } = this.#now();
    const request = { acks: -1, origin: 'coordinator', apiVersion: PRODUCE_VERSION } as const;
    const outcome = replica.machine.append(batch, request, nowMs, wallMs);
    if (outcome.kind === 'rejected') return { errorCode: outcome.error, message: outcome.message };
    if (outcome.kind !== 'accepted')
      return { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, message: `the append was a ${outcome.kind}` };
    try {
      replica.log.append(outcome.batches);
    } catch (error) {
      // The rules have counted the batch as appended: they must start over from what the log has.
      replicas.carryOut(replica, replica.machine.failed());
      return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, message: messageOf(error) };
    }
    replica.traffic.appended(outcome);
    replicas.appended(replica);
    return { endOffset: outcome.lastOffset + 1 };
  }

  requestTurn(): void {
    queueMicrotask(() => {
      this.runtime.endTurn(this.#now());
      this.#schedule();
    });
  }

  discarded(why: string): void {
    this.log('error', 'the state of a coordinator was discarded and is read again', { why });
    this.#reloadLater();
  }

  log(level: 'warn' | 'error', message: string, fields: Readonly<{ [name: string]: unknown }>): void {
    const { topic, partition } = this.replica;
    this.#parts.logger[level](message, { topic, partition, ...fields });
  }

  // ---- loading --------------------------------------------------------------------------------

  #load(): void {
    void this.#loadFor(this.#beginsToLoad());
  }

  #beginsToLoad(): number {
    const { topic, partition } = this.replica;
    this.#parts.logger.debug('a coordinator is being loaded', { topic, partition });
    return this.runtime.startLoading(this.#now());
  }

  async #loadFor(life: number): Promise<void> {
    const { runtime, replica } = this;
    const { clock, slots, logger, loadBufferBytes } = this.#parts;
    const startedMs = clock.monotonicMs();
    const leave = await slots.enter();
    try {
      if (!runtime.isLife(life)) return;
      const isWhole = await replayLog({
        log: replica.log,
        clock,
        bufferBytes: loadBufferBytes,
        replay: (bytes, at) => runtime.replay(life, bytes, at),
        isWanted: () => runtime.isLife(life),
      });
      if (!isWhole || !runtime.isLife(life)) return;
      const tookMs = clock.monotonicMs() - startedMs;
      const { topic, partition } = replica;
      // A new topic has many empty partitions: nobody wants to read that.
      const level = replica.log.endOffset > replica.log.logStartOffset ? 'info' : 'debug';
      logger[level]('a coordinator has been loaded', { topic, partition, tookMs: Math.round(tookMs) });
      this.#parts.loaded(tookMs);
      this.#failedLoads = 0;
      runtime.loaded(life, this.#now());
      this.#schedule();
    } catch (error) {
      if (!runtime.isLife(life)) return;
      // A log start that was raised meanwhile is no failure, but the load has to begin anew.
      if (!hasCode(error, 'OFFSET_OUT_OF_RANGE'))
        this.log('error', 'a coordinator could not be loaded', { error: messageOf(error) });
      this.#reloadLater();
    } finally {
      leave();
    }
  }

  #reloadLater(): void {
    if (this.#isClosed) return;
    const { clock } = this.#parts;
    this.#cancelReload?.();
    // Whoever asks meanwhile is told that it loads.
    this.#beginsToLoad();
    const waitMs = Math.min(RELOAD_MS * 2 ** this.#failedLoads, MOST_RELOAD_MS);
    this.#failedLoads += 1;
    this.#cancelReload = clock.wakeAt(clock.monotonicMs() + waitMs, () => {
      if (!this.#isClosed) this.#load();
    });
  }

  // ---- time -----------------------------------------------------------------------------------

  #now(): Now {
    const { clock } = this.#parts;
    return { nowMs: clock.monotonicMs(), wallMs: TimestampMs(clock.wallMs()) };
  }

  /** One timer for the partition; an earlier time moves it, a later one is looked at when it fires. */
  #schedule(): void {
    const nextMs = this.#isClosed ? Infinity : this.runtime.nextWakeMs;
    if (nextMs >= this.#wakeAtMs || this.#isCatchingUp) return;
    this.#wakeAt(nextMs);
  }

  #wakeAt(atMs: number): void {
    this.#cancelWake?.();
    this.#wakeAtMs = atMs;
    // Timers that nobody looked at for long tell a time that is over: it is due now, and not late.
    const dueMs = Math.max(atMs, this.#parts.clock.monotonicMs());
    this.#cancelWake = this.#parts.clock.wakeAt(atMs, () => this.#woken(dueMs));
  }

  /**
   * Heartbeats of members and acknowledgements of disks may lie unread behind what held this process up: they come before
   * any timer that was due meanwhile.
   */
  #woken(dueMs: number): void {
    this.#wakeAtMs = Infinity;
    if (this.#isClosed) return;
    const { nowMs } = this.#now();
    this.#isCatchingUp = !this.#isCatchingUp && nowMs - dueMs > LATE_MS;
    if (this.#isCatchingUp) {
      this.#wakeAt(nowMs + LATE_MS);
      return;
    }
    this.runtime.wake(this.#now());
    this.#schedule();
  }
}
