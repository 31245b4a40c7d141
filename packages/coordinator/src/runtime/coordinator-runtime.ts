import type { TimestampMs } from '@kafkaesque/kernel';
import { NO_PRODUCER_EPOCH, NO_PRODUCER_ID, messageOf } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { AwaitingCommit } from './awaiting-commit';
import { coordinatorError } from './errors';
import type { Decision, Effect, Now, RecordCodec, ReplayedMachine, Ticket } from './machine';
import { OpenBatch, fitsABatch, sizeBoundOf } from './open-batch';
import type { EncodedRecord } from './open-batch';
import type { RuntimeHost, RuntimeOptions, RuntimePartition } from './ports';
import { replayBatch } from './replay-batch';
import { KeyedTimers } from './timers';

/** What a runtime is put together from. */
export interface RuntimeParts<Record, Request, Answer> {
  /** A new machine, for each life. */
  readonly machine: () => ReplayedMachine<Record, Request, Answer>;
  readonly codec: RecordCodec<Record>;
  readonly partition: RuntimePartition;
  readonly host: RuntimeHost;
  readonly options: RuntimeOptions;
}

/**
 * `gone`: the partition is not led here. `loading`: it is being replayed, or what its machine had to mend could not be written yet.
 */
export type RuntimePhase = 'gone' | 'loading' | 'active';

type Reply<Answer> = Extract<Effect<Answer>, { readonly kind: 'reply' }>;

/** Who asked, until it has been answered. */
interface Asked<Request, Answer> {
  readonly request: Request;
  readonly answered: (answer: Answer) => void;
}

/** How soon what was refused is tried again. */
const RETRY_MS = 500;
/** Records that cannot be read are told one by one up to so many: a log may be full of them. */
const MOST_TOLD = 10;
const NEVER = Infinity;

/**
 * Runs a replayed machine over one partition of an internal topic, through its lives: each begins when this broker comes to lead
 * the partition and ends when it does not any more. Decisions' records go into one open batch and are replayed at once, so that
 * the next decision sees them; answers leave when the high watermark has passed all that they could have seen. Pure: time
 * is an argument, the log a port.
 */
export class CoordinatorRuntime<Record, Request, Answer> {
  readonly #parts: RuntimeParts<Record, Request, Answer>;
  #machine: ReplayedMachine<Record, Request, Answer>;
  #phase: RuntimePhase = 'gone';
  #life = 0;
  #nextTicket: Ticket = 1;
  readonly #asked = new Map<Ticket, Asked<Request, Answer>>();
  readonly #awaiting = new AwaitingCommit<Answer>();
  #timers = new KeyedTimers(0);
  #batch: OpenBatch | undefined;
  #isTurnRequested = false;
  /** What the machine wanted at the end of loading, and could not be written yet: nobody is served before. */
  #toMend: Decision<Record, Answer>[] = [];
  #mendAtMs = NEVER;
  #lookAtMetadataMs = NEVER;
  /** Metadata have changed since the machine was loaded, and it could not be asked yet. */
  #isMetadataNew = false;
  /** Records that could not be read while loading. */
  #passedOver = 0;
  /** What the machine of this life was told is committed. */
  #toldCommitted = -1;
  /** Records that stand later in the log than the machine was told, because somebody else wrote meanwhile. */
  #misplaced: { readonly from: number; readonly endOffset: number } | undefined;

  constructor(parts: RuntimeParts<Record, Request, Answer>) {
    this.#parts = parts;
    this.#machine = parts.machine();
  }

  get phase(): RuntimePhase {
    return this.#phase;
  }

  /** The machine of this life; only to look at. */
  get machine(): ReplayedMachine<Record, Request, Answer> {
    return this.#machine;
  }

  /** When `wake` has to be called next; Infinity: not before something else happens. */
  get nextWakeMs(): number {
    if (this.#phase === 'gone') return NEVER;
    const { appendLingerMs } = this.#parts.options;
    return Math.min(
      this.#phase === 'active' ? this.#timers.nextWakeMs : NEVER,
      this.#awaiting.nextDeadlineMs,
      this.#mendAtMs,
      this.#lookAtMetadataMs,
      this.#batch !== undefined && appendLingerMs > 0 ? this.#batch.openedMs + appendLingerMs : NEVER,
    );
  }

  /** Requests that have not been answered yet. */
  get openRequests(): number {
    return this.#asked.size;
  }

  /** Requests whose answer is made and waits for its commit. */
  get awaitingCommit(): number {
    return this.#awaiting.size;
  }

  // ---- lives ----------------------------------------------------------------------------------

  /** The partition is led here: a new life begins, with nothing known. Gives its number, which `replay` and `loaded` have to name. */
  startLoading(now: Now): number {
    this.#end(ErrorCode.NOT_COORDINATOR);
    this.#timers = new KeyedTimers(now.nowMs);
    this.#phase = 'loading';
    this.#tellCommitted();
    return this.#life;
  }

  /** Whether what was begun for that life still matters. */
  isLife(life: number): boolean {
    return this.#life === life && this.#phase !== 'gone';
  }

  /** One whole batch of the log, in log order, every one from the log start to its end. False: its life is over. */
  replay(life: number, bytes: Buffer, at: number): boolean {
    if (this.#life !== life || this.#phase !== 'loading') return false;
    const { codec, host } = this.#parts;
    this.#tellCommitted();
    if (!this.isLife(life)) return false;
    try {
      replayBatch(bytes, at, codec, this.#machine, (offset, error) => {
        this.#passedOver += 1;
        if (this.#passedOver <= MOST_TOLD)
          host.log('warn', 'a record of an internal topic cannot be read and is passed over', {
            offset,
            error,
          });
      });
    } catch (error) {
      this.#discard(`its records could not be replayed: ${messageOf(error)}`);
      return false;
    }
    return true;
  }

  /** The whole log has been replayed. */
  loaded(life: number, now: Now): void {
    if (this.#life !== life || this.#phase !== 'loading') return;
    if (this.#passedOver > MOST_TOLD)
      this.#parts.host.log('warn', 'records of an internal topic cannot be read and were passed over', {
        records: this.#passedOver,
      });
    this.#isMetadataNew = false;
    const decisions = this.#ask(() => this.#machine.loaded(now));
    if (decisions === undefined) return;
    this.#toMend = [...decisions];
    this.#mend(now);
  }

  /** The partition is led here no more, or its log failed: all who wait are told at once. */
  drop(errorCode: number = ErrorCode.NOT_COORDINATOR): void {
    this.#end(errorCode);
  }

  // ---- inputs ---------------------------------------------------------------------------------

  /** `answered` is called exactly once, within this call or later. */
  ask(request: Request, now: Now, answered: (answer: Answer) => void): void {
    if (this.#phase !== 'active') {
      const errorCode =
        this.#phase === 'gone' ? ErrorCode.NOT_COORDINATOR : ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;
      answered(this.#machine.refusal(request, errorCode));
      return;
    }
    this.#tellCommitted();
    const ticket = this.#nextTicket;
    this.#nextTicket += 1;
    this.#asked.set(ticket, { request, answered });
    let decision: Decision<Record, Answer>;
    try {
      decision = this.#machine.decide(request, ticket, now);
    } catch (error) {
      // Deciding changes nothing: only who asked this is concerned.
      this.#parts.host.log('error', 'a request to a coordinator failed', { error: messageOf(error) });
      this.#refuse(ticket, ErrorCode.UNKNOWN_SERVER_ERROR);
      return;
    }
    const life = this.#life;
    const refusal = this.#carryOut(decision, now);
    if (refusal === 0 || this.#life !== life) return;
    const errorCode = coordinatorError(refusal);
    this.#refuse(ticket, errorCode);
    const { refused } = decision;
    if (refused !== undefined) this.#doEffects(() => refused(errorCode), now);
  }

  /** The committed metadata have changed. */
  metadataChanged(now: Now): void {
    this.#isMetadataNew = this.#phase === 'loading';
    if (this.#phase !== 'active') return;
    this.#lookAtMetadataMs = NEVER;
    const decisions = this.#ask(() => this.#machine.metadataChanged(now)) ?? [];
    const life = this.#life;
    for (const decision of decisions) {
      const refusal = this.#carryOut(decision, now);
      if (this.#life !== life) return;
      if (refusal !== 0) this.#lookAtMetadataMs = now.nowMs + RETRY_MS;
    }
  }

  /** Timers are due, answers have waited too long, records have been gathered long enough. */
  wake(now: Now): void {
    if (this.#phase === 'gone') return;
    const { nowMs } = now;
    const life = this.#life;
    this.#refuseExpired(nowMs);
    if (this.#mendAtMs <= nowMs) this.#mend(now);
    // While something is mended nobody may decide: not the timers either.
    if (this.#phase === 'active' && this.#lookAtMetadataMs <= nowMs) this.metadataChanged(now);
    if (this.#life === life && this.#phase === 'active') this.#fireTimers(now);
    if (this.#life === life) this.#flushIfDue(now);
  }

  /** The turn in which `requestTurn` was called is over. */
  endTurn(now: Now): void {
    this.#isTurnRequested = false;
    this.#flushIfDue(now);
  }

  /** The high watermark, or what is durable, has moved. */
  advanced(now: Now): void {
    if (this.#phase === 'gone') return;
    // Before anybody hears of it who may ask again.
    this.#tellCommitted();
    // Then what has been gathered: it may still come into the log's next round.
    if (!this.#isTurnRequested) this.#flushIfDue(now);
    if (this.#awaiting.size > 0) this.#answerCommitted();
  }

  // ---- decisions ------------------------------------------------------------------------------

  /** Writes, replays and does what was decided. Otherwise gives why it was refused, and nothing has changed. */
  #carryOut(decision: Decision<Record, Answer>, now: Now): number {
    const { records } = decision;
    const life = this.#life;
    if (records.length > 0) {
      const refusal = this.#write(records, decision.isDivisible === true, now);
      if (refusal !== 0 || this.#life !== life) return refusal;
    }
    if (decision.then !== undefined) this.#doEffects(decision.then, now);
    return 0;
  }

  #doEffects(then: () => readonly Effect<Answer>[], now: Now): void {
    let effects: readonly Effect<Answer>[];
    try {
      effects = then();
    } catch (error) {
      this.#discard(`its rules failed: ${messageOf(error)}`);
      return;
    }
    for (const effect of effects) {
      if (effect.kind === 'reply') this.#reply(effect, now);
      else if (effect.kind === 'set-timer') this.#timers.set(effect.key, effect.atMs);
      else this.#timers.cancel(effect.key);
    }
  }

  #write(records: readonly Record[], isDivisible: boolean, now: Now): number {
    const { partition, codec } = this.#parts;
    const refusal = partition.refusal();
    if (refusal !== 0) return refusal;
    const { maxBatchBytes } = partition;
    const encoded: EncodedRecord[] = [];
    try {
      let sizeBytes = 0;
      for (const record of records) {
        const one = codec.encode(record);
        encoded.push(one);
        // What cannot fit any more is not encoded to its end: a client may have asked for very much.
        sizeBytes += one.key.length + (one.value?.length ?? 0);
        if (!isDivisible && sizeBytes > maxBatchBytes) return ErrorCode.MESSAGE_TOO_LARGE;
      }
    } catch (error) {
      this.#parts.host.log('warn', 'a record of a coordinator cannot be written', {
        error: messageOf(error),
      });
      return ErrorCode.UNKNOWN_SERVER_ERROR;
    }
    const sizeBound = sizeBoundOf(encoded);
    const isWhole = fitsABatch(sizeBound, maxBatchBytes);
    if (!isWhole && !(isDivisible && encoded.every((one) => fitsABatch(sizeBoundOf([one]), maxBatchBytes))))
      return ErrorCode.MESSAGE_TOO_LARGE;
    if (isWhole && !this.#makeRoom(sizeBound)) return ErrorCode.NOT_LEADER_OR_FOLLOWER;
    for (const [index, record] of records.entries()) {
      const bytes = encoded[index];
      if (bytes === undefined) continue;
      // What was replayed of a divided decision went down with the machine.
      if (!isWhole && !this.#makeRoom(sizeBoundOf([bytes]))) return ErrorCode.NOT_LEADER_OR_FOLLOWER;
      if (!this.#addAndReplay(record, bytes, now.wallMs, now.nowMs)) return ErrorCode.UNKNOWN_SERVER_ERROR;
    }
    this.#requestTurn();
    return 0;
  }

  #addAndReplay(record: Record, bytes: EncodedRecord, wallMs: TimestampMs, nowMs: number): boolean {
    const { partition, options } = this.#parts;
    this.#batch ??= new OpenBatch(partition.endOffset, nowMs, options.codec);
    const offset = this.#batch.nextOffset;
    this.#batch.add(bytes, wallMs);
    try {
      this.#machine.replay(record, {
        offset,
        timestampMs: wallMs,
        producerId: NO_PRODUCER_ID,
        producerEpoch: NO_PRODUCER_EPOCH,
      });
    } catch (error) {
      this.#discard(`its own records could not be replayed: ${messageOf(error)}`);
      return false;
    }
    return true;
  }

  /** False: the batch before was refused, and the machine is gone. */
  #makeRoom(recordBytes: number): boolean {
    const batch = this.#batch;
    if (batch?.hasRoomFor(recordBytes, this.#parts.partition.maxBatchBytes) !== false) return true;
    return this.#flush();
  }

  #reply({ ticket, answer, isCommitted }: Reply<Answer>, now: Now): void {
    if (!this.#asked.has(ticket)) {
      this.#parts.host.log('error', 'a coordinator answered a request that nobody waits for', { ticket });
      return;
    }
    const { partition, options } = this.#parts;
    const { highWatermark } = partition;
    const awaitedOffset = this.#batch?.nextOffset ?? partition.endOffset;
    const isTold = isCommitted === true && highWatermark >= partition.inheritedEndOffset;
    if (isTold || awaitedOffset <= highWatermark) this.#answer(ticket, answer);
    else {
      const deadlineMs = now.nowMs + options.commitTimeoutMs;
      this.#awaiting.push({ ticket, answer, awaitedOffset, deadlineMs });
    }
  }

  #answer(ticket: Ticket, answer: Answer): void {
    const asked = this.#asked.get(ticket);
    if (asked === undefined) return;
    this.#asked.delete(ticket);
    asked.answered(answer);
  }

  #refuse(ticket: Ticket, errorCode: number): void {
    const asked = this.#asked.get(ticket);
    if (asked !== undefined) this.#answer(ticket, this.#machine.refusal(asked.request, errorCode));
  }

  #refuseExpired(nowMs: number): void {
    const { partition, host } = this.#parts;
    let answers = 0;
    for (let late = this.#awaiting.takeExpired(nowMs); late; late = this.#awaiting.takeExpired(nowMs)) {
      answers += 1;
      this.#refuse(late.ticket, coordinatorError(ErrorCode.REQUEST_TIMED_OUT));
    }
    if (answers === 0) return;
    const { endOffset, durableEndOffset, highWatermark } = partition;
    host.log('warn', 'a coordinator could not commit in time what it had answered', {
      answers,
      endOffset,
      durableEndOffset,
      highWatermark,
    });
  }

  #answerCommitted(): void {
    const { highWatermark } = this.#parts.partition;
    for (;;) {
      const reply = this.#awaiting.takeCommitted(highWatermark);
      if (reply === undefined) return;
      this.#answer(reply.ticket, reply.answer);
    }
  }

  /**
   * What an earlier leader left counts as committed from the start: it may have told it. Answers wait until it is
   * (`#reply`), for if it had not told it, it is not yet.
   */
  #tellCommitted(): void {
    const { highWatermark, inheritedEndOffset } = this.#parts.partition;
    if (this.#misplaced !== undefined && this.#misplaced.endOffset <= highWatermark)
      this.#misplaced = undefined;
    const offset = Math.max(
      inheritedEndOffset,
      Math.min(
        highWatermark,
        this.#misplaced?.from ?? highWatermark,
        this.#batch?.baseOffset ?? highWatermark,
      ),
    );
    if (offset <= this.#toldCommitted) return;
    this.#toldCommitted = offset;
    this.#ask(() => this.#machine.committedUpTo?.(offset));
  }

  #fireTimers(now: Now): void {
    const life = this.#life;
    for (const timer of this.#timers.advance(now.nowMs)) {
      if (!this.#timers.take(timer)) continue;
      const key = timer.value;
      const decision = this.#ask(() => this.#machine.timer(key, now));
      if (decision === undefined) return;
      const refusal = this.#carryOut(decision, now);
      if (this.#life !== life) return;
      if (refusal === 0) continue;
      this.#timers.set(key, now.nowMs + RETRY_MS);
      if (refusal === ErrorCode.MESSAGE_TOO_LARGE)
        this.#parts.host.log('error', 'what a timer of a coordinator wants is too large for a batch', {
          key,
        });
    }
  }

  #mend(now: Now): void {
    this.#mendAtMs = NEVER;
    const life = this.#life;
    for (let decision = this.#toMend[0]; decision !== undefined; decision = this.#toMend[0]) {
      const refusal = this.#carryOut(decision, now);
      if (this.#life !== life) return;
      if (refusal !== 0 && refusal !== ErrorCode.MESSAGE_TOO_LARGE) {
        this.#mendAtMs = now.nowMs + RETRY_MS;
        return;
      }
      if (refusal !== 0)
        this.#parts.host.log('error', 'what a coordinator had to mend is too large for a batch', {});
      this.#toMend.shift();
    }
    this.#phase = 'active';
    if (this.#isMetadataNew) this.#lookAtMetadataMs = now.nowMs;
    this.#isMetadataNew = false;
  }

  /** Undefined: the rules failed, and the machine was discarded. */
  #ask<Result>(decide: () => Result): Result | undefined {
    try {
      return decide();
    } catch (error) {
      this.#discard(`its rules failed: ${messageOf(error)}`);
      return undefined;
    }
  }

  // ---- the open batch -------------------------------------------------------------------------

  #requestTurn(): void {
    if (this.#isTurnRequested) return;
    this.#isTurnRequested = true;
    this.#parts.host.requestTurn();
  }

  #flushIfDue(now: Now): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    const { partition, options } = this.#parts;
    const { appendLingerMs } = options;
    const isDue =
      appendLingerMs < 0
        ? partition.durableEndOffset >= batch.baseOffset
        : now.nowMs >= batch.openedMs + appendLingerMs;
    if (isDue) this.#flush();
  }

  /** False: the batch was refused, and the machine is gone with it. */
  #flush(): boolean {
    const batch = this.#batch;
    if (batch === undefined) return true;
    this.#batch = undefined;
    const life = this.#life;
    const outcome = this.#parts.partition.append(batch.build());
    if (this.#life !== life) return false;
    if ('errorCode' in outcome) {
      this.#discard(`its batch was refused: ${outcome.message}`);
      return false;
    }
    // Somebody else may have written to the partition meanwhile.
    const later = outcome.endOffset - batch.nextOffset;
    if (later > 0) {
      this.#awaiting.shift(batch.baseOffset, later);
      const { endOffset } = outcome;
      this.#misplaced = { from: this.#misplaced?.from ?? batch.baseOffset, endOffset };
    }
    return true;
  }

  // ---- the end of a life ----------------------------------------------------------------------

  #discard(why: string): void {
    this.#end(ErrorCode.NOT_COORDINATOR);
    this.#parts.host.discarded(why);
  }

  #end(errorCode: number): void {
    this.#life += 1;
    this.#phase = 'gone';
    this.#batch = undefined;
    this.#awaiting.clear();
    this.#timers = new KeyedTimers(0);
    this.#toMend = [];
    this.#mendAtMs = NEVER;
    this.#lookAtMetadataMs = NEVER;
    this.#passedOver = 0;
    this.#toldCommitted = -1;
    this.#misplaced = undefined;
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    const { machine } = this.#parts;
    const before = this.#machine;
    // What it knew may be much, and is of no use any more.
    this.#machine = machine();
    for (const { request, answered } of asked) answered(before.refusal(request, errorCode));
  }
}
