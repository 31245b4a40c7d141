import { CheckedRanges } from './checked-ranges';
import { OffsetIndex } from './offset-index';
import { TimeIndex } from './time-index';

/** Entries for the batches at or behind `from`; what lies before is in files, or must be scanned. */
export interface SegmentIndex {
  from: number;
  readonly offsets: OffsetIndex;
  readonly times: TimeIndex;
}

/** One `%020d.log` with its indexes. Sizes and timestamps include what is queued and not yet in the file. */
export interface Segment {
  readonly baseOffset: number;
  sizeBytes: number;
  /** Greatest timestamp of its first batch, -1 without one: the segment's age counts from it. */
  firstTimestampMs: number;
  maxTimestampMs: number;
  /** Last offset of the batch that holds it. */
  offsetOfMaxTimestamp: number;
  /** Not every batch begins where the one before it ends: something of a log that was compacted is in it. */
  hasGaps: boolean;
  /** The file exists. */
  created: boolean;
  /** Written since the last sync that began. */
  dirty: boolean;
  /** Undefined: read from the files when it is needed. */
  index: SegmentIndex | undefined;
  /** The index files stand for everything before this position; 0: there are none to rely on. */
  indexSavedTo: number;
  /** CRC of the index files' content; the checkpoint remembers it, so that no older file can pass for this one. */
  indexCrc: number;
  /** Where recent reads of the file ended: the next one of the same reader starts there. */
  readonly readEnds: ReadEnd[];
  /** What had the right checksums when it was read lately. */
  readonly checked: CheckedRanges;
  /** Position behind which the next batch gets an index entry. */
  nextIndexPosition: number;
  /** Wall time after which the next batch opens a new segment, when no timestamp says so. */
  readonly openedAtMs: number;
  /** Its part of the jitter of `segment.ms`. */
  readonly jitterMs: number;
  /** Positions written and the process's count of written bytes then, for guessing what the page cache holds. */
  readonly writeMarks: WriteMark[];
}

export interface ReadEnd {
  readonly offset: number;
  readonly position: number;
}

export interface WriteMark {
  readonly position: number;
  readonly writtenBytes: number;
}

/** No index files are to be relied on. */
export const NO_INDEX_CRC = -1;

export const newSegment = (baseOffset: number, openedAtMs: number, jitterMs: number): Segment => ({
  baseOffset,
  sizeBytes: 0,
  firstTimestampMs: -1,
  maxTimestampMs: -1,
  offsetOfMaxTimestamp: -1,
  hasGaps: false,
  created: false,
  dirty: false,
  index: { from: 0, offsets: new OffsetIndex(baseOffset), times: new TimeIndex(baseOffset) },
  indexSavedTo: 0,
  indexCrc: NO_INDEX_CRC,
  readEnds: [],
  checked: new CheckedRanges(),
  nextIndexPosition: 0,
  openedAtMs,
  jitterMs,
  writeMarks: [],
});

/** A segment whose file is there already; its indexes cover nothing before `sizeBytes`. */
export const foundSegment = (baseOffset: number, sizeBytes: number, openedAtMs: number): Segment => ({
  ...newSegment(baseOffset, openedAtMs, 0),
  sizeBytes,
  created: true,
  index: undefined,
  nextIndexPosition: sizeBytes - 1,
});

/** Notes a batch placed at the segment's end. Kafka's rule: an entry when `indexIntervalBytes` lie since the last one. */
export const placeInSegment = (
  segment: Segment,
  lastOffset: number,
  sizeBytes: number,
  maxTimestampMs: number,
  indexIntervalBytes: number,
): void => {
  const position = segment.sizeBytes;
  if (position === 0) segment.firstTimestampMs = maxTimestampMs;
  if (maxTimestampMs > segment.maxTimestampMs) {
    segment.maxTimestampMs = maxTimestampMs;
    segment.offsetOfMaxTimestamp = lastOffset;
  }
  segment.index ??= {
    from: position,
    offsets: new OffsetIndex(segment.baseOffset),
    times: new TimeIndex(segment.baseOffset),
  };
  if (position === 0) segment.nextIndexPosition = indexIntervalBytes;
  else if (position > segment.nextIndexPosition) {
    segment.index.offsets.append(lastOffset, position);
    if (segment.maxTimestampMs >= 0)
      segment.index.times.append(segment.maxTimestampMs, segment.offsetOfMaxTimestamp);
    segment.nextIndexPosition = position + indexIntervalBytes;
  }
  segment.sizeBytes = position + sizeBytes;
};

/**
 * Takes everything at or behind `position` out of what is known; `endOffset` is where the log then ends. The greatest
 * timestamp of what stays is the caller's to find.
 */
export const cutSegment = (segment: Segment, position: number, endOffset: number): void => {
  if (position >= segment.sizeBytes) return;
  segment.sizeBytes = position;
  segment.indexSavedTo = 0;
  segment.indexCrc = NO_INDEX_CRC;
  segment.readEnds.length = 0;
  segment.checked.cut(position);
  segment.nextIndexPosition = Math.min(segment.nextIndexPosition, position);
  while ((segment.writeMarks[segment.writeMarks.length - 1]?.position ?? -1) > position)
    segment.writeMarks.pop();
  if (position === 0) {
    segment.firstTimestampMs = -1;
    segment.maxTimestampMs = -1;
    segment.offsetOfMaxTimestamp = -1;
    segment.index = {
      from: 0,
      offsets: new OffsetIndex(segment.baseOffset),
      times: new TimeIndex(segment.baseOffset),
    };
    segment.nextIndexPosition = 0;
    return;
  }
  if (segment.index === undefined) return;
  if (segment.index.from >= position) segment.index = undefined;
  else {
    segment.index.offsets.truncateTo(position);
    segment.index.times.truncateTo(endOffset);
  }
};

/** How far apart marks stand. */
const WRITE_MARK_BYTES = 4 << 20;
const WRITE_MARKS = 128;

export const markWritten = (segment: Segment, position: number, writtenBytes: number): void => {
  const last = segment.writeMarks[segment.writeMarks.length - 1];
  if (last !== undefined && position < last.position + WRITE_MARK_BYTES) return;
  if (segment.writeMarks.length === WRITE_MARKS) segment.writeMarks.shift();
  segment.writeMarks.push({ position, writtenBytes });
};

/** The process's count of written bytes when `position` was written; undefined if that is too long ago to be known. */
export const writtenAt = (segment: Segment, position: number): number | undefined => {
  for (let number = segment.writeMarks.length - 1; number >= 0; number--) {
    const mark = segment.writeMarks[number];
    if (mark !== undefined && mark.position <= position) return mark.writtenBytes;
  }
  return undefined;
};

/** File names of one segment: twenty digits, so that they sort as numbers. */
export const segmentFileName = (
  baseOffset: number,
  kind: 'log' | 'index' | 'timeindex' | 'snapshot',
): string => `${String(baseOffset).padStart(20, '0')}.${kind}`;

const SEGMENT_FILE = /^(\d{20})\.(log|index|timeindex|snapshot)$/;

/** What a file name in a partition directory stands for; undefined for anything else. */
export const parseSegmentFileName = (
  name: string,
): { readonly baseOffset: number; readonly kind: 'log' | 'index' | 'timeindex' | 'snapshot' } | undefined => {
  const match = SEGMENT_FILE.exec(name);
  if (match === null) return undefined;
  const baseOffset = Number(match[1]);
  if (!Number.isSafeInteger(baseOffset)) return undefined;
  return { baseOffset, kind: match[2] as 'log' | 'index' | 'timeindex' | 'snapshot' };
};

/** Whether its index files can be relied on for all of it. */
export const isIndexSaved = (segment: Segment): boolean =>
  segment.sizeBytes > 0 && segment.indexSavedTo === segment.sizeBytes;

const READ_ENDS = 8;

/** Notes where a read ended, so that the next of the same reader need not search. */
export const noteReadEnd = (segment: Segment, offset: number, position: number): void => {
  if (segment.readEnds.length === READ_ENDS) segment.readEnds.shift();
  segment.readEnds.push({ offset, position });
};
