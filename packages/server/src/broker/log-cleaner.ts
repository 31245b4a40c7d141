import type { CancelWake, Clock, Compute, Logger } from '@kafkaesque/kernel';
import { messageOf } from '@kafkaesque/kernel';
import type { CleaningOutcome } from '@kafkaesque/storage';
import { Throttle } from '../replication/throttle';
import type { Replica } from './replica';
import type { Replicas } from './replicas';
import { isInternalTopic } from './topic-names';

/** What the cleaner reads of the broker's configuration, each time anew. */
export interface CleanerSettings {
  readonly isEnabled: boolean;
  readonly backoffMs: number;
  readonly dedupeBufferBytes: number;
  readonly loadFactor: number;
  readonly ioBufferBytes: number;
  /** What is read and written together. */
  readonly bytesPerSecond: number;
}

export interface LogCleanerOptions {
  readonly replicas: Replicas;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where keys are read and batches written anew. */
  readonly compute: Compute;
  readonly settings: () => CleanerSettings;
}

/**
 * Compacts the internal topics that this broker holds, led here or followed, one log at a time: the one first of which most
 * is new. Rests for `log.cleaner.backoff.ms` once nothing is left that needs it.
 */
export class LogCleaner {
  readonly #options: LogCleanerOptions;
  readonly #stopping = new AbortController();
  readonly #throttle: Throttle;
  #cancel: CancelWake | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: LogCleanerOptions) {
    this.#options = options;
    this.#throttle = new Throttle(options.clock);
  }

  start(): void {
    this.#rest();
  }

  /** Ends what is under way; what has been compacted stays. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancel?.();
    this.#throttle.limitTo(Number.MAX_SAFE_INTEGER);
    await this.#running;
  }

  #rest(): void {
    if (this.#stopping.signal.aborted) return;
    const { clock, settings } = this.#options;
    this.#cancel = clock.wakeAt(clock.monotonicMs() + settings().backoffMs, () => {
      this.#running = this.#cleanAll().finally(() => {
        this.#rest();
      });
    });
  }

  /** Every log once at most: one that is always new would keep the others waiting. */
  async #cleanAll(): Promise<void> {
    const cleaned = new Set<Replica>();
    for (;;) {
      if (this.#stopping.signal.aborted || !this.#options.settings().isEnabled) return;
      const replica = this.#neediest(cleaned);
      if (replica === undefined) return;
      cleaned.add(replica);
      await this.#clean(replica);
    }
  }

  #neediest(except: ReadonlySet<Replica>): Replica | undefined {
    const { replicas, clock } = this.#options;
    const nowMs = clock.wallMs();
    let neediest: Replica | undefined;
    let highestRatio = 0;
    for (const replica of replicas.all()) {
      if (except.has(replica) || !isInternalTopic(replica.topic) || !this.#mayBeCleaned(replica)) continue;
      const cleanable = replica.log.cleanable(replica.machine.highWatermark, nowMs);
      if (cleanable === undefined || cleanable.dirtyRatio <= replica.config.minCleanableDirtyRatio) continue;
      if (cleanable.dirtyRatio <= highestRatio) continue;
      neediest = replica;
      highestRatio = cleanable.dirtyRatio;
    }
    return neediest;
  }

  /** Not what is being cut or read back, nor moved to another log directory, nor damaged. */
  #mayBeCleaned(replica: Replica): boolean {
    const { machine, isLoading, isDamaged, hasFlaw } = replica;
    if (isLoading || isDamaged || hasFlaw) return false;
    if (machine.role.kind !== 'leader' && machine.role.kind !== 'follower') return false;
    return !this.#options.replicas.moves.isMoving(replica);
  }

  async #clean(replica: Replica): Promise<void> {
    const { compute, settings, logger, replicas } = this.#options;
    const { topic, partition, log } = replica;
    const { dedupeBufferBytes, loadFactor, ioBufferBytes, bytesPerSecond } = settings();
    if (!this.#stopping.signal.aborted) this.#throttle.limitTo(bytesPerSecond);
    try {
      const outcome = await log.clean({
        compute,
        dedupeBufferBytes,
        loadFactor,
        ioBufferBytes,
        upTo: replica.machine.highWatermark,
        tombstonesBelow: () => replica.machine.fullyReplicatedOffset,
        throttle: (bytes) => this.#wait(bytes),
        signal: this.#stopping.signal,
      });
      this.#tell(replica, outcome);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      if (log.suspect !== undefined) replicas.damaged(replica);
      logger.error('a log could not be compacted', { topic, partition, error: messageOf(error) });
    }
  }

  async #wait(bytes: number): Promise<void> {
    this.#throttle.took(bytes);
    while (this.#throttle.isExhausted && !this.#stopping.signal.aborted)
      await new Promise<void>((resolve) => {
        this.#throttle.wait(this, resolve);
      });
  }

  #tell({ topic, partition }: Replica, outcome: CleaningOutcome): void {
    if (outcome.kind !== 'cleaned') return;
    const { kind: _, ...what } = outcome;
    this.#options.logger.info('a log was compacted', { topic, partition, ...what });
  }
}
