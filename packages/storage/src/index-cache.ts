import { isIndexSaved } from './segment';
import type { Segment } from './segment';

/** Bounds the memory of the indexes of segments that are closed: the one unused longest is forgotten first. */
export class IndexCache {
  readonly #limitBytes: number;
  readonly #sizes = new Map<Segment, number>();
  #sizeBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Notes a use. The index of a segment that still grows is never forgotten. */
  used(segment: Segment, closed: boolean): void {
    this.#forget(segment);
    if (!closed || segment.index === undefined) return;
    const sizeBytes = segment.index.offsets.sizeBytes + segment.index.times.sizeBytes;
    this.#sizes.set(segment, sizeBytes);
    this.#sizeBytes += sizeBytes;
    for (const oldest of this.#sizes.keys()) {
      if (this.#sizeBytes <= this.#limitBytes || oldest === segment) return;
      this.#forget(oldest);
      if (isIndexSaved(oldest)) oldest.index = undefined;
    }
  }

  #forget(segment: Segment): void {
    this.#sizeBytes -= this.#sizes.get(segment) ?? 0;
    this.#sizes.delete(segment);
  }
}
