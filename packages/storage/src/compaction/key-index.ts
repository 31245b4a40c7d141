import { recordCountOf } from '@kafkaesque/protocol';
import type { Cleaning } from './cleaning';
import { bufferOf, indexKeys } from './compaction-jobs';
import { keysIn, openOffsetMap } from './offset-map';
import type { OffsetMap } from './offset-map';

/** More producers than so many are not followed: the headers of their batches stay. */
const MOST_PRODUCERS = 100_000;

const LEAST_LOAD_FACTOR = 0.05;

/** The newest record of every key in what was never compacted, as far as memory allows. */
export interface KeyIndex {
  readonly map: OffsetMap;
  /** What lies from here on is not covered. */
  readonly end: number;
  /** Base offset of each producer's last batch before `end`. */
  readonly producers: ReadonlyMap<number, number>;
}

/** Reads the keys of what was never compacted; undefined when there is nothing. */
export const indexDirty = async (cleaning: Cleaning): Promise<KeyIndex | undefined> => {
  const { plan, options } = cleaning;
  const producers = new Map<number, number>();
  let map: OffsetMap | undefined;
  let end = plan.dirtyFrom;
  for (const [number, segment] of plan.segments.entries()) {
    const next = plan.segments[number + 1]?.baseOffset ?? plan.end;
    if (next <= plan.dirtyFrom) continue;
    for (let position = 0; position < segment.sizeBytes;) {
      const bytes = await cleaning.read(segment, position);
      position += bytes.length;
      map ??= openMap(cleaning, recordCountOf(bufferOf(bytes), 0));
      const { length } = bytes;
      const indexed = await cleaning.compute(indexKeys, { bytes, map: map.words, from: end });
      if (indexed.kind === 'damaged') {
        cleaning.check([segment]);
        throw cleaning.damaged(segment, indexed.message);
      }
      ({ end } = indexed);
      for (const [producerId, offset] of indexed.producers)
        if (producers.size < MOST_PRODUCERS || producers.has(producerId)) producers.set(producerId, offset);
      const { lacksRoomFor } = indexed;
      if (lacksRoomFor > 0) {
        if (map.count > 0) return { map, end, producers };
        // The first batch with keys is not the one that the map was made for. It is read again, for the bytes have changed hands.
        map = openMap(cleaning, lacksRoomFor);
        position -= length;
        continue;
      }
      await options.throttle?.(length);
    }
    end = Math.max(end, next);
  }
  return map === undefined ? undefined : { map, end, producers };
};

/** Large enough for all there may be, unless that is more than is allowed; always for the first batch as a whole. */
const openMap = ({ plan, options }: Cleaning, firstBatchRecords: number): OffsetMap => {
  const { dedupeBufferBytes } = options;
  const loadFactor = Math.min(Math.max(options.loadFactor, LEAST_LOAD_FACTOR), 1);
  const wanted = Math.min(keysIn(dedupeBufferBytes, loadFactor), plan.end - plan.dirtyFrom);
  return openOffsetMap(Math.max(wanted, firstBatchRecords, 1), loadFactor);
};
