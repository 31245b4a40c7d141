import { crc32c } from '@kafkaesque/protocol';
import type { Log } from '@kafkaesque/storage';
import { compactionContradiction } from './compacted-records';

/** A batch that was appended, with the hash of the log's whole history up to it. */
export interface ModelBatch {
  readonly base: number;
  readonly next: number;
  readonly epoch: number;
  readonly bytes: Buffer;
  readonly hash: number;
  /** Of each record. */
  readonly times: readonly number[];
}

/** A change that is under way, or that failed and may still come true after a crash. */
export type ModelChange =
  | { readonly kind: 'truncate'; readonly offset: number }
  | { readonly kind: 'reset'; readonly offset: number }
  | { readonly kind: 'start'; readonly offset: number }
  | { readonly kind: 'retention'; readonly upTo: number }
  | { readonly kind: 'delete' };

/** What one log must hold, as those who used it know. */
export class LogModel {
  readonly name: string;
  journaled: boolean;
  /** Ascending; those below the start may be gone from here. */
  batches: ModelBatch[] = [];
  start = 0;
  end = 0;
  acked = 0;
  /** Flushed to the disk, whatever the policy. */
  flushed = 0;
  epoch = 0;
  change: ModelChange | undefined;
  /** A worker is at it. */
  busy = false;
  log: Log | undefined;
  /** Its newest records stay, older ones of the same keys may go. */
  readonly compacted: boolean;
  /** Nothing from here on was given to the cleaner, and nothing before is cut any more: the high watermark of a replica. */
  cleanLimit = 0;

  constructor(name: string, journaled: boolean, compacted = false) {
    this.name = name;
    this.journaled = journaled;
    this.compacted = compacted;
  }

  get hash(): number {
    return this.batches[this.batches.length - 1]?.hash ?? 0;
  }

  append(base: number, epoch: number, times: readonly number[], bytes: Buffer): void {
    const next = base + times.length;
    this.batches.push({ base, next, epoch, bytes, times, hash: crc32c(bytes, 0, bytes.length, this.hash) });
    this.end = next;
  }

  /** What is left when everything that reaches `offset` is gone. */
  cutTo(offset: number): void {
    while ((this.batches[this.batches.length - 1]?.next ?? 0) > offset) this.batches.pop();
    this.end = Math.max(this.batches[this.batches.length - 1]?.next ?? this.start, this.start);
    this.acked = Math.min(this.acked, this.end);
    this.flushed = Math.min(this.flushed, this.end);
  }

  empty(offset: number): void {
    this.batches = [];
    this.cleanLimit = 0;
    this.start = offset;
    this.end = offset;
    this.acked = offset;
    this.flushed = offset;
  }

  /** First record at or above `from` of the log that `fits`. */
  find(fits: (timeMs: number) => boolean): number | undefined {
    for (const batch of this.batches)
      for (const [index, timeMs] of batch.times.entries())
        if (batch.base + index >= this.start && fits(timeMs)) return batch.base + index;
    return undefined;
  }

  get newestMs(): number {
    let newestMs = -1;
    for (const batch of this.batches)
      for (const [index, timeMs] of batch.times.entries())
        if (batch.base + index >= this.start) newestMs = Math.max(newestMs, timeMs);
    return newestMs;
  }

  trim(): void {
    const first = this.batches.findIndex((batch) => batch.next > this.start);
    // One more stays, for the hash that the history goes on from.
    if (first > 1) this.batches.splice(0, first - 1);
  }
}

/** What a recovered log shows. */
export interface Shown {
  readonly start: number;
  readonly end: number;
  readonly batches: readonly Buffer[];
}

/** Why what is shown cannot be what was there; undefined if it can. `powerLost`: the page cache went, too. */
export const contradiction = (
  model: LogModel,
  shown: Shown | undefined,
  powerLost: boolean,
): string | undefined => {
  const required = model.journaled || !powerLost ? model.acked : Math.max(model.flushed, model.start);
  const limit = model.compacted ? model.cleanLimit : undefined;
  const fits: typeof batchesFit = (...known) =>
    limit === undefined ? batchesFit(...known) : recordsFit(limit, ...known);
  const asItWas = fits(
    model.batches,
    shown,
    [model.start, model.start],
    Math.max(required, model.start),
    model.end,
  );
  if (asItWas === undefined || model.change === undefined) return asItWas;
  const { change } = model;
  const changed = ((): string | undefined => {
    switch (change.kind) {
      case 'truncate': {
        const kept = model.batches.filter((batch) => batch.next <= change.offset);
        const end = Math.max(kept[kept.length - 1]?.next ?? model.start, model.start);
        return fits(kept, shown, [model.start, model.start], Math.min(required, end), end);
      }
      case 'reset':
        return fits([], shown, [change.offset, change.offset], change.offset, change.offset);
      case 'start':
        return fits(
          model.batches,
          shown,
          [change.offset, change.offset],
          Math.max(required, change.offset),
          model.end,
        );
      case 'retention':
        return fits(
          model.batches,
          shown,
          [model.start, change.upTo],
          Math.max(required, model.start),
          model.end,
        );
      case 'delete':
        return shown === undefined ? undefined : fits([], shown, [0, 0], 0, 0);
    }
  })();
  return changed === undefined ? undefined : `${asItWas}; with ${JSON.stringify(change)}: ${changed}`;
};

const batchesFit = (
  batches: readonly ModelBatch[],
  shown: Shown | undefined,
  starts: readonly [number, number],
  leastEnd: number,
  mostEnd: number,
): string | undefined => {
  const misplaced = outOfRange(shown, starts, leastEnd, mostEnd);
  if (misplaced !== undefined || shown === undefined) return misplaced;
  const expected = batches.filter((batch) => batch.next > shown.start && batch.next <= shown.end);
  if (expected.length !== shown.batches.length)
    return `it shows ${shown.batches.length} batches, not ${expected.length}`;
  for (const [index, batch] of expected.entries())
    if (shown.batches[index]?.equals(batch.bytes) !== true) return `the batch at ${batch.base} is another`;
  const lastEnd = expected[expected.length - 1]?.next ?? shown.start;
  return lastEnd === shown.end ? undefined : `it ends at ${shown.end}, its last batch at ${lastEnd}`;
};

/** As `batchesFit`, of a log whose records before `untouchedFrom` may have been compacted. */
const recordsFit = (
  untouchedFrom: number,
  batches: readonly ModelBatch[],
  shown: Shown | undefined,
  starts: readonly [number, number],
  leastEnd: number,
  mostEnd: number,
): string | undefined => {
  const misplaced = outOfRange(shown, starts, leastEnd, mostEnd);
  if (misplaced !== undefined || shown === undefined) return misplaced;
  const { start, end } = shown;
  if (end > start && batches.every(({ next }) => next !== end))
    return `it ends at ${end}, where no batch does`;
  return compactionContradiction(batches, shown.batches, { start, end, untouchedFrom });
};

const outOfRange = (
  shown: Shown | undefined,
  starts: readonly [number, number],
  leastEnd: number,
  mostEnd: number,
): string | undefined => {
  if (shown === undefined)
    return leastEnd > 0 || starts[0] > 0 ? `it is missing and had ${leastEnd}` : undefined;
  if (shown.start < starts[0] || shown.start > starts[1])
    return `it starts at ${shown.start}, not ${starts.join(' to ')}`;
  if (shown.end < leastEnd) return `it ends at ${shown.end} and had been acknowledged to ${leastEnd}`;
  if (shown.end > Math.max(mostEnd, shown.start)) return `it ends at ${shown.end}, behind ${mostEnd}`;
  return undefined;
};

/** Takes what was recovered as what is there from now on. */
export const adopt = (model: LogModel, shown: Shown | undefined): void => {
  model.change = undefined;
  model.busy = false;
  if (shown === undefined) {
    model.empty(0);
    return;
  }
  model.start = shown.start;
  if (shown.batches.length === 0 && shown.end === 0) model.batches = [];
  model.cleanLimit = Math.min(model.cleanLimit, shown.end);
  while ((model.batches[model.batches.length - 1]?.next ?? 0) > shown.end) model.batches.pop();
  model.end = shown.end;
  model.acked = shown.end;
  model.flushed = shown.end;
  model.trim();
};
