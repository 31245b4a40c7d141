import { Offset, TimestampMs, assert } from '@kafkaesque/kernel';
import { ErrorCode, lastOffsetDeltaOf, setBaseOffset } from '@kafkaesque/protocol';
import { CoordinatorRuntime } from '../coordinator-runtime';
import type { Now, RecordCodec } from '../machine';
import type { RuntimeHost, RuntimeOptions, RuntimePartition } from '../ports';
import { ToyMachine, toyCodec } from './toy-machine';
import type { ToyAnswer, ToyRecord, ToyRequest } from './toy-machine';

export interface ToyOptions extends Partial<RuntimeOptions> {
  readonly machine?: () => ToyMachine;
  readonly recordCodec?: RecordCodec<ToyRecord>;
  readonly maxBatchBytes?: number;
}

/** A partition as plain values, and a runtime on it: what a host, a log and a clock would do, when the test says so. */
export class ToyPartition implements RuntimePartition, RuntimeHost {
  readonly batches: { readonly bytes: Buffer; readonly endOffset: number }[] = [];
  readonly discards: string[] = [];
  readonly logged: string[] = [];
  endOffset = 0;
  durableEndOffset = 0;
  highWatermark = 0;
  inheritedEndOffset = 0;
  maxBatchBytes: number;
  /** What `refusal` gives. */
  refusedWith = 0;
  /** After so many times that it would take a batch it takes none, for want of replicas in sync. */
  refusesAfter = Infinity;
  /** What only the append itself meets. */
  appendFailsWith = 0;
  turnsRequested = 0;
  nowMs = 1000;
  readonly runtime: CoordinatorRuntime<ToyRecord, ToyRequest, ToyAnswer>;

  constructor(options: ToyOptions = {}) {
    const { appendLingerMs = -1, commitTimeoutMs = 5000, machine = () => new ToyMachine() } = options;
    this.maxBatchBytes = options.maxBatchBytes ?? 1 << 20;
    this.runtime = new CoordinatorRuntime({
      ...{ machine, codec: options.recordCodec ?? toyCodec, partition: this, host: this },
      options: { appendLingerMs, commitTimeoutMs, codec: options.codec ?? 'none' },
    });
  }

  get now(): Now {
    return { nowMs: this.nowMs, wallMs: TimestampMs(1_700_000_000_000 + this.nowMs) };
  }

  get toy(): ToyMachine {
    const { machine } = this.runtime;
    assert(machine instanceof ToyMachine, 'the toy runs');
    return machine;
  }

  refusal(): number {
    if (this.refusesAfter === 0) this.refusedWith = ErrorCode.NOT_ENOUGH_REPLICAS;
    this.refusesAfter -= 1;
    return this.refusedWith;
  }

  append(batch: Buffer): ReturnType<RuntimePartition['append']> {
    if (this.appendFailsWith !== 0) return { errorCode: this.appendFailsWith, message: 'refused' };
    assert(batch.length <= this.maxBatchBytes, 'a batch is no larger than the topic allows');
    const bytes = Buffer.from(batch);
    setBaseOffset(bytes, 0, Offset(this.endOffset));
    this.endOffset += lastOffsetDeltaOf(bytes) + 1;
    this.batches.push({ bytes, endOffset: this.endOffset });
    return { endOffset: this.endOffset };
  }

  requestTurn(): void {
    this.turnsRequested += 1;
  }

  discarded(why: string): void {
    this.discards.push(why);
  }

  log(level: 'warn' | 'error', message: string): void {
    this.logged.push(`${level}: ${message}`);
  }

  /** Leads, and has replayed what its log holds. */
  load(): this {
    const life = this.runtime.startLoading(this.now);
    for (const { bytes } of this.batches) this.runtime.replay(life, bytes, 0);
    this.runtime.loaded(life, this.now);
    return this;
  }

  /** Whoever asked, and what came. */
  ask(request: ToyRequest): { answer: ToyAnswer | undefined } {
    const asked: { answer: ToyAnswer | undefined } = { answer: undefined };
    this.runtime.ask(request, this.now, (answer) => {
      assert(asked.answer === undefined, 'a request is answered once');
      asked.answer = answer;
    });
    return asked;
  }

  endTurn(): void {
    this.turnsRequested = 0;
    this.runtime.endTurn(this.now);
  }

  /** What was appended by now is on the disk. */
  durable(upTo = this.endOffset): void {
    this.durableEndOffset = upTo;
    this.runtime.advanced(this.now);
  }

  /** Everybody in sync has it as well. */
  commit(upTo = this.endOffset): void {
    this.durableEndOffset = Math.max(this.durableEndOffset, upTo);
    this.highWatermark = upTo;
    this.runtime.advanced(this.now);
  }

  /** The turn ends, and everything becomes durable and committed, whatever that brings on. */
  settle(): void {
    for (let round = 0; round < 10; round += 1) {
      this.endTurn();
      this.commit();
    }
  }

  sleepUntil(nowMs: number): void {
    this.nowMs = nowMs;
    this.runtime.wake(this.now);
  }
}

/** An answer that says so. */
export const valueOf = (value: number | null): ToyAnswer => ({ kind: 'value', value });
export const errorOf = (errorCode: number): ToyAnswer => ({ kind: 'error', errorCode });
