import { runNumberOf, segmentIndexOf } from './log-state';
import type { LogState } from './log-state';

/** Bytes from the batch that contains `from` up to `upTo`; exact in memory, by the sparse index below. */
export const sizeBetween = (log: LogState, from: number, upTo: number): number => {
  if (upTo <= from) return 0;
  return Math.max(0, positionOf(log, upTo) - positionOf(log, from));
};

/** Bytes of the log before `offset`, counted from its first segment. */
const positionOf = (log: LogState, offset: number): number => {
  const index = Math.max(segmentIndexOf(log, offset), 0);
  let beforeBytes = 0;
  for (let number = 0; number < index; number++) beforeBytes += log.segments[number]?.sizeBytes ?? 0;
  const segment = log.segments[index];
  if (segment === undefined) return beforeBytes;
  const number = runNumberOf(log, offset);
  if (number === log.run.end) return offset >= log.end ? beforeBytes + segment.sizeBytes : beforeBytes;
  const batch = log.run.at(number);
  if (number > log.run.first || batch.baseOffset <= offset)
    return batch.segment === segment ? beforeBytes + batch.position : beforeBytes + segment.sizeBytes;
  const entry = segment.index?.from === 0 ? segment.index.offsets.floorOffset(offset) : -1;
  return beforeBytes + (entry < 0 ? 0 : (segment.index?.offsets.positionAt(entry) ?? 0));
};
