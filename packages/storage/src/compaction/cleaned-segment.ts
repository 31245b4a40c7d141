import type { DiskFile } from '@kafkaesque/kernel';
import { batchSizeBytes, lastOffsetOf } from '@kafkaesque/protocol';
import { newSegment, placeInSegment } from '../segment';
import type { Segment } from '../segment';
import { segmentPath } from '../segment-files';
import { recordTimestampOf } from '../segment-scan';
import { unlinkIfThere } from '../small-file';
import type { Cleaning } from './cleaning';
import { bufferOf, dropSuperseded } from './compaction-jobs';
import type { KeyIndex } from './key-index';
import { CLEANED_SUFFIX } from './swap-entry';

/** A file that is to take the place of a group of segments; undefined when there is nothing to gain. */
export interface CleanedSegment {
  readonly path: string;
  readonly segment: Segment;
  /** Offset after the last tombstone that is not in it because it was kept long enough; 0: there is none. */
  readonly tombstonesGoneTo: number;
}

/** Writes what is left of a group of segments beside them, and flushes it. */
export const writeCleaned = async (
  cleaning: Cleaning,
  sources: readonly Segment[],
  index: KeyIndex,
): Promise<CleanedSegment | undefined> => {
  const { log, services } = cleaning;
  const [first] = sources;
  if (first === undefined) return undefined;
  const { disk } = services.context;
  const path = `${segmentPath(log, first)}${CLEANED_SUFFIX}`;
  const file = await cleaning.exclusively(sources, async () => {
    await unlinkIfThere(disk, path);
    return disk.open(path, 'create');
  });
  const segment = newSegment(first.baseOffset, services.context.clock.wallMs(), 0);
  segment.created = true;
  segment.hasGaps = true;
  let filled: Filled;
  try {
    filled = await fill(cleaning, sources, index, file, segment);
    if (filled.isChanged) await cleaning.exclusively(sources, () => file.sync());
  } finally {
    await file.close();
  }
  if (filled.isChanged) return { path, segment, tombstonesGoneTo: filled.tombstonesGoneTo };
  await cleaning.exclusively(sources, () => unlinkIfThere(disk, path));
  return undefined;
};

/** What a cleaned file lacks of its sources. */
interface Filled {
  /** Anything is gone or other than it was. */
  readonly isChanged: boolean;
  readonly tombstonesGoneTo: number;
}

const fill = async (
  cleaning: Cleaning,
  sources: readonly Segment[],
  index: KeyIndex,
  file: DiskFile,
  segment: Segment,
): Promise<Filled> => {
  const { log, services, options } = cleaning;
  const lastSource = sources[sources.length - 1];
  let isChanged = sources.length > 1;
  let tombstonesGoneTo = 0;
  for (const source of sources) {
    for (let position = 0; position < source.sizeBytes;) {
      const bytes = await cleaning.read(source, position);
      position += bytes.length;
      const cleaned = await cleaning.compute(dropSuperseded, {
        bytes,
        map: index.map.words,
        mapEnd: index.end,
        nowMs: services.context.clock.wallMs(),
        deleteRetentionMs: log.config.deleteRetentionMs,
        tombstonesBelow: options.tombstonesBelow(),
        producers: index.producers,
        isLast: source === lastSource && position === source.sizeBytes,
      });
      if (cleaned.kind === 'damaged') {
        cleaning.check(sources);
        throw cleaning.damaged(source, cleaned.message);
      }
      isChanged ||= cleaned.isChanged;
      tombstonesGoneTo = Math.max(tombstonesGoneTo, cleaned.tombstonesGoneTo);
      cleaning.removedRecords += cleaned.removedRecords;
      const kept = bufferOf(cleaned.bytes);
      if (kept.length === 0) continue;
      await cleaning.exclusively(sources, () => file.write([kept], segment.sizeBytes));
      place(segment, kept, log.config.indexIntervalBytes);
      await options.throttle?.(bytes.length + kept.length);
    }
  }
  return { isChanged, tombstonesGoneTo };
};

const place = (segment: Segment, bytes: Buffer, indexIntervalBytes: number): void => {
  for (let at = 0; at < bytes.length; at += batchSizeBytes(bytes, at))
    placeInSegment(
      segment,
      lastOffsetOf(bytes, at),
      batchSizeBytes(bytes, at),
      recordTimestampOf(bytes, at),
      indexIntervalBytes,
    );
};
