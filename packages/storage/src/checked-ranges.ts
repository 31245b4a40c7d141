/** Ranges kept for one segment: as many readers at different places as are worth remembering. */
const MOST_RANGES = 16;
/** What was checked longer ago is checked again: in the meantime it may have come from the disk anew. */
export const CHECK_AGAIN_AFTER_MS = 60_000;

interface CheckedRange {
  readonly from: number;
  to: number;
  /** When the oldest part of it was checked. */
  readonly sinceMs: number;
}

/**
 * Which bytes of a segment had the right checksums when they were read lately. A second reader of the same bytes gets
 * them out of the page cache, and is spared 0.2 s of processor time a GB.
 */
export class CheckedRanges {
  #ranges: CheckedRange[] = [];

  /** Whether all of [from, to) was checked within the last minute. */
  covers(from: number, to: number, nowMs: number): boolean {
    return this.#ranges.some(
      (range) => range.from <= from && to <= range.to && nowMs - range.sinceMs < CHECK_AGAIN_AFTER_MS,
    );
  }

  /** [from, to) was checked just now; behind what was checked before it, it makes that longer. */
  add(from: number, to: number, nowMs: number): void {
    const before = this.#ranges.find(
      (range) => range.from <= from && from <= range.to && nowMs - range.sinceMs < CHECK_AGAIN_AFTER_MS,
    );
    if (before !== undefined) {
      before.to = Math.max(before.to, to);
      return;
    }
    if (this.#ranges.length === MOST_RANGES) this.#ranges.shift();
    this.#ranges.push({ from, to, sinceMs: nowMs });
  }

  /** Nothing at or behind `position` is known any more. */
  cut(position: number): void {
    this.#ranges = this.#ranges.filter(({ from }) => from < position);
    for (const range of this.#ranges) range.to = Math.min(range.to, position);
  }
}
