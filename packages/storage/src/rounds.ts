import type { CancelWake } from '@kafkaesque/kernel';
import { Deque } from './deque';
import type { DirectoryContext } from './directory-context';
import { GatheredParts } from './gathered-parts';
import type { HeldBatch } from './held-batch';
import { journalFull, writeFrame } from './journal';
import type { Journal, JournalFile } from './journal';
import {
  ENTRY_BYTES,
  FRAME_FIXED_BYTES,
  IDENTITY_BYTES,
  framePrefixBytes,
  sealFrame,
  writeAppendEntry,
  writeControlEntry,
  writeIdentity,
} from './journal-frame';
import type { ControlEntry } from './journal-frame';
import type { LogState } from './log-state';
import { isOutOfSpace, noRoom } from './space-reserve';

/** A change of a log that must be in the journal before anything shows it (rule 4). */
export interface ControlRequest {
  readonly kind: 'control';
  readonly log: LogState;
  readonly entry: ControlEntry;
  /** The entry is durable, in the round `lsn`. Called in the order of the journal. */
  readonly durable: (lsn: number) => void;
  readonly failed: (cause: Error) => void;
}

export type RoundItem = HeldBatch | ControlRequest;

export interface RoundHooks {
  /** The log's `durableEnd` has moved. */
  acknowledged(log: LogState): void;
  /** The log's queued batches will not become durable. */
  failed(log: LogState, cause: unknown): void;
  /** The first journal file is there. */
  journalOpened(): void;
  /** A journal file was left behind and may be settled. */
  journalGrew(): void;
  /** Resolves when journal files have been dropped; rejects when they cannot be for now. */
  journalShrunk(): Promise<void>;
}

interface VoidWaiter {
  readonly resolve: () => void;
  readonly reject: (cause: Error) => void;
}

/** Entries of one round at most, so that encoding it stays short. */
const ROUND_ENTRIES = 8192;
const FIRST_PREFIX_BYTES = 4096;

/**
 * Group commit: one round in flight for the log directory, what arrives meanwhile is the next one. A round is one
 * gathered write and one flush, however many logs it concerns.
 */
export class Rounds {
  readonly #context: DirectoryContext;
  readonly #journal: Journal;
  readonly #hooks: RoundHooks;
  readonly #queue = new Deque<RoundItem>();
  readonly #items: RoundItem[] = [];
  readonly #logs: LogState[] = [];
  #prefix = Buffer.allocUnsafeSlow(FIRST_PREFIX_BYTES);
  #lastLsn: number;
  #roundNumber = 0;
  #running: Promise<void> | undefined;
  #sealWake: CancelWake | undefined;
  #sealDue = false;
  #newFileDue = false;
  #stopped = false;
  #voidWaiters: VoidWaiter[] = [];

  constructor(context: DirectoryContext, journal: Journal, lastLsn: number, hooks: RoundHooks) {
    this.#context = context;
    this.#journal = journal;
    this.#hooks = hooks;
    this.#lastLsn = lastLsn;
  }

  /** LSN of the newest round, durable or not. */
  get lastLsn(): number {
    return this.#lastLsn;
  }
  get queued(): number {
    return this.#queue.size;
  }

  enqueue(item: RoundItem): void {
    this.#queue.push(item);
    if (this.#context.offline) this.#abort();
    else this.#start();
  }

  /** After the directory went offline: ends what waits. */
  abandon(): void {
    if (this.#running === undefined) this.#abort();
  }

  /** Stops after the round in flight; resolves then. Everything still queued stays so. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#sealWake?.();
    await this.#running;
  }

  /** Makes sure that a failed frame is void: a new file's head names the end before it (rules 6 and 11). */
  voidFailedFrame(): Promise<void> {
    if (this.#journal.current?.abandoned !== true) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#voidWaiters.push({ resolve, reject });
      this.#sealDue = true;
      if (this.#context.offline) this.#abort();
      else this.#start();
    });
  }

  /** Leaves the current file behind, so that it can be settled and dropped: on a full disk it is room. */
  beginNewFile(): void {
    if (this.#journal.current === undefined || this.#context.offline) return;
    this.#newFileDue = true;
    this.#sealDue = true;
    this.#start();
  }

  #start(): void {
    if (this.#running !== undefined || this.#stopped || this.#context.offline) return;
    // In a microtask: everything appended in this very turn shares the round.
    this.#running = Promise.resolve()
      .then(() => this.#run())
      .finally(() => {
        this.#running = undefined;
        if (this.#queue.size > 0 || this.#sealDue) this.#start();
      });
  }

  async #run(): Promise<void> {
    while ((this.#queue.size > 0 || this.#sealDue) && !this.#stopped && !this.#context.offline) {
      const sizeBytes = this.#gather();
      if (this.#items.length === 0 && !this.#sealDue) continue;
      this.#sealWake?.();
      this.#sealWake = undefined;
      // Taken now: a seal that falls due while this round waits for room is the next round's.
      const seals = this.#sealDue;
      this.#sealDue = false;
      try {
        await this.#writeRound(sizeBytes, seals);
      } catch (cause) {
        await this.#failRound(cause);
        continue;
      }
      this.#takeVoidWaiters().forEach((waiter) => waiter.resolve());
      this.#complete();
      if (!seals || this.#logs.length > 0) this.#sealLater();
    }
    if (this.#context.offline) this.#abort();
  }

  /** The directory is offline: nothing queued will ever be durable. */
  #abort(): void {
    const { failure } = this.#context;
    this.#takeVoidWaiters().forEach((waiter) => waiter.reject(failure as Error));
    for (const item of this.#items) if (item.kind !== 'append') item.failed(failure as Error);
    this.#items.length = 0;
    while (this.#queue.size > 0) {
      const item = this.#queue.shift();
      if (item.kind !== 'append') item.failed(failure as Error);
    }
  }

  /** Takes the items of the next round from the queue; returns the bytes of its batches. */
  #gather(): number {
    const { roundBytes } = this.#context.limits;
    this.#items.length = 0;
    this.#logs.length = 0;
    this.#roundNumber += 1;
    let sizeBytes = 0;
    while (this.#queue.size > 0 && this.#items.length < ROUND_ENTRIES && sizeBytes < roundBytes) {
      const item = this.#queue.shift();
      const { log } = item;
      if (item.kind === 'append') {
        // A failed log drops its queue when it is repaired, a deleted one when its deletion is carried out: until
        // then nothing of it may be acknowledged, and nothing may follow a deletion.
        if (item.dropped || log.failed || log.deleted) continue;
        if (this.#context.reserve.isReleased) {
          this.#hooks.failed(log, noRoom(this.#context.path));
          continue;
        }
        sizeBytes += item.bytes.length;
      } else if (log.failed && item.entry.kind !== 'delete') {
        item.failed(log.failure as Error);
        continue;
      }
      this.#items.push(item);
      if (log.roundNumber !== this.#roundNumber) {
        log.roundNumber = this.#roundNumber;
        log.roundIndex = this.#logs.length;
        log.roundAppends = false;
        this.#logs.push(log);
      }
      if (item.kind === 'append') log.roundAppends = true;
    }
    return sizeBytes;
  }

  async #writeRound(batchBytes: number, seals: boolean): Promise<void> {
    const { limits } = this.#context;
    const entryCount = this.#items.length + (seals ? 1 : 0);
    if (this.#journal.sizeBytes > limits.journalLimitBytes && batchBytes > 0) await this.#makeRoom();
    if (this.#newFileDue) this.#journal.close();
    this.#newFileDue = false;
    const before = this.#journal.current;
    const file = await this.#journal.writable();
    if (before === undefined) this.#hooks.journalOpened();
    else if (file !== before) this.#hooks.journalGrew();
    this.#lastLsn += 1;
    const gathered = this.#encode(file, entryCount, batchBytes, seals);
    file.firstLsn ??= this.#lastLsn;
    const startedMs = this.#context.clock.monotonicMs();
    await writeFrame(file, gathered.finish(), gathered.sizeBytes);
    this.#context.metrics.flushMs.record(this.#context.clock.monotonicMs() - startedMs);
    this.#context.metrics.roundBytes.record(batchBytes);
    this.#context.metrics.roundLogs.record(this.#logs.length);
    this.#context.reserve.taken(batchBytes);
    this.#context.metrics.journalBytes.set(this.#journal.sizeBytes);
  }

  async #makeRoom(): Promise<void> {
    while (this.#journal.sizeBytes > this.#context.limits.journalLimitBytes) {
      if (this.#journal.oldest === undefined) {
        this.#journal.close();
        await this.#journal.writable();
      }
      this.#hooks.journalGrew();
      try {
        await this.#hooks.journalShrunk();
      } catch (cause) {
        if (!isOutOfSpace(cause)) throw cause;
        throw journalFull(this.#context.limits.journalLimitBytes);
      }
    }
  }

  #encode(file: JournalFile, entryCount: number, batchBytes: number, seals: boolean): GatheredParts {
    const shape = { logCount: this.#logs.length, entryCount };
    const prefixBytes = framePrefixBytes(shape);
    if (prefixBytes > this.#prefix.length)
      this.#prefix = Buffer.allocUnsafeSlow(Math.max(prefixBytes, this.#prefix.length * 2));
    const prefix = this.#prefix.subarray(0, prefixBytes);
    for (const log of this.#logs) writeIdentity(prefix, log.roundIndex, log.identity);
    const gathered = new GatheredParts();
    gathered.add(prefix);
    let at = FRAME_FIXED_BYTES + shape.logCount * IDENTITY_BYTES;
    for (const item of this.#items) {
      if (item.kind === 'append') {
        writeAppendEntry(prefix, at, item, item.log.roundIndex);
        gathered.add(item.bytes);
      } else writeControlEntry(prefix, at, item.entry, item.log.roundIndex);
      at += ENTRY_BYTES;
    }
    if (seals) {
      const seal = {
        kind: 'seal',
        offset: file.endBytes,
        segmentBase: this.#lastLsn - 1,
        position: 0,
      } as const;
      writeControlEntry(prefix, at, seal, undefined);
    }
    sealFrame(prefix, shape, { tag: file.tag, lsn: this.#lastLsn, position: file.endBytes, batchBytes });
    return gathered;
  }

  #complete(): void {
    const nowMs = this.#context.clock.monotonicMs();
    for (const log of this.#logs) {
      log.lastLsn = this.#lastLsn;
      this.#journal.current?.touched.set(log, this.#lastLsn);
    }
    for (const item of this.#items) {
      if (item.kind === 'control') item.log.controlLsns.push(this.#lastLsn);
      if (item.kind !== 'append') continue;
      const { log } = item;
      item.lsn = this.#lastLsn;
      if (log.pendingBytes === 0) log.pendingSinceMs = nowMs;
      log.pendingBytes += item.bytes.length;
      log.durableCount += 1;
      log.durableEnd = item.nextOffset;
      log.durableEpoch = item.leaderEpoch;
    }
    for (const log of this.#logs) if (log.roundAppends) this.#hooks.acknowledged(log);
    for (const item of this.#items) {
      if (item.kind === 'control') item.durable(this.#lastLsn);
    }
    this.#items.length = 0;
  }

  #takeVoidWaiters(): readonly VoidWaiter[] {
    const waiters = this.#voidWaiters;
    this.#voidWaiters = [];
    return waiters;
  }

  async #failRound(cause: unknown): Promise<void> {
    if (!isOutOfSpace(cause)) {
      this.#takeVoidWaiters().forEach((waiter) => waiter.reject(cause as Error));
      this.#context.fail(cause);
      return;
    }
    this.#context.metrics.failedRounds.add(1);
    for (const log of this.#logs) if (log.roundAppends) this.#hooks.failed(log, cause);
    const controls = this.#items.filter((item) => item.kind === 'control');
    this.#items.length = 0;
    // Nobody else waits for the same log: one change of a log at a time. So another place in the queue does no harm.
    if (await this.#context.reserve.release()) {
      for (const control of controls) this.#queue.push(control);
      if (this.#voidWaiters.length > 0) this.#sealDue = true;
      return;
    }
    this.#takeVoidWaiters().forEach((waiter) => waiter.reject(cause as Error));
    for (const control of controls) control.failed(cause as Error);
  }

  /** Rule 8: what was acknowledged last is followed by another frame soon, so that a flip in it shows. */
  #sealLater(): void {
    const { clock, limits } = this.#context;
    this.#sealWake = clock.wakeAt(clock.monotonicMs() + limits.sealMs, () => {
      this.#sealWake = undefined;
      this.#sealDue = true;
      this.#start();
    });
  }
}
