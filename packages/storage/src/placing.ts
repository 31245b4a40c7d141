import { Failure, assert } from '@kafkaesque/kernel';
import { BATCH_HEADER_BYTES, baseOffsetOf, lastOffsetOf, leaderEpochOf } from '@kafkaesque/protocol';
import { nextBaseOffset } from './batch-chain';
import type { DirectoryContext } from './directory-context';
import type { HeldBatch } from './held-batch';
import type { AppendBatch } from './log';
import type { LogState } from './log-state';
import { OFFSET_INDEX_ENTRY_BYTES } from './offset-index';
import { newSegment, placeInSegment } from './segment';
import type { Segment } from './segment';

const INT32_MAX = 2 ** 31 - 1;

/** Gives a batch its memory and its place at the end of the log. From here on it is part of the log. */
export const placeBatch = (context: DirectoryContext, log: LogState, batch: AppendBatch): HeldBatch => {
  const { baseOffset, lastOffset, bytes } = batch;
  assert(
    baseOffset >= log.end && lastOffset >= baseOffset,
    () => `a batch at ${baseOffset} to ${lastOffset} follows the end ${log.end}`,
  );
  assert(bytes.length >= BATCH_HEADER_BYTES, 'a batch has a header');
  assert(
    baseOffsetOf(bytes) === baseOffset &&
      lastOffsetOf(bytes) === lastOffset &&
      leaderEpochOf(bytes) === batch.leaderEpoch,
    'a batch carries in its header what is said of it: recovery knows nothing else',
  );
  log.epochs.note(batch.leaderEpoch, baseOffset);
  const segment = segmentFor(context, log, batch);
  const position = segment.sizeBytes;
  if (baseOffset !== nextBaseOffset(segment, log.end)) segment.hasGaps = true;
  placeInSegment(segment, lastOffset, bytes.length, batch.maxTimestampMs, log.config.indexIntervalBytes);
  log.end = lastOffset + 1;
  const held = context.memory.hold(bytes, batch.lease);
  const placed: HeldBatch = {
    kind: 'append',
    log,
    bytes: held.bytes,
    lease: held.lease,
    baseOffset,
    nextOffset: lastOffset + 1,
    leaderEpoch: batch.leaderEpoch,
    segment,
    position,
    maxTimestampMs: segment.maxTimestampMs,
    offsetOfMaxTimestamp: segment.offsetOfMaxTimestamp,
    lsn: 0,
    dropped: false,
  };
  log.run.push(placed);
  return placed;
};

const segmentFor = (context: DirectoryContext, log: LogState, batch: AppendBatch): Segment => {
  const active = log.segments[log.segments.length - 1];
  if (active !== undefined && !mustRoll(context, log, active, batch)) return active;
  return openSegment(context, log, batch.lastOffset - log.end > INT32_MAX ? batch.baseOffset : log.end);
};

/** A new segment takes the log's appends from here on. */
export const openSegment = (context: DirectoryContext, log: LogState, baseOffset: number): Segment => {
  const { segmentJitterMs } = log.config;
  const jitterMs = segmentJitterMs > 0 ? context.random.below(Math.min(segmentJitterMs, 2 ** 32 - 1)) : 0;
  const segment = newSegment(baseOffset, context.clock.wallMs(), jitterMs);
  log.segments.push(segment);
  return segment;
};

/** Kafka's reasons to open a new segment: size, age by the batches' own timestamps, a full index, a large offset. */
const mustRoll = (context: DirectoryContext, log: LogState, active: Segment, batch: AppendBatch): boolean => {
  const { config } = log;
  if (batch.lastOffset - active.baseOffset > INT32_MAX) return true;
  if (active.sizeBytes === 0) return false;
  if (active.sizeBytes + batch.bytes.length > Math.min(config.segmentBytes, INT32_MAX)) return true;
  if ((active.index?.offsets.sizeBytes ?? 0) + OFFSET_INDEX_ENTRY_BYTES > config.segmentIndexBytes)
    return true;
  const ageMs =
    active.firstTimestampMs >= 0 && batch.maxTimestampMs >= 0
      ? batch.maxTimestampMs - active.firstTimestampMs
      : context.clock.wallMs() - active.openedAtMs;
  return ageMs > config.segmentMs - active.jitterMs;
};

/** Why a log takes no appends now, if so. */
export const refusal = (log: LogState): Failure | undefined => {
  if (log.deleted) return new Failure('LOG_DELETED', `${log.directory} is deleted`);
  if (log.failed)
    return new Failure('LOG_FAILED', `${log.directory} takes no appends: an earlier one failed`, {
      cause: log.failure,
      retriable: true,
    });
  if (log.quarantined)
    return new Failure(
      'LOG_CORRUPT',
      `${log.directory} takes no appends before it is truncated: ${log.suspectReason}`,
    );
  return undefined;
};

export const closing = (log: LogState): Failure =>
  new Failure('LOG_FAILED', `${log.directory} takes no appends: its log directory is being closed`, {
    retriable: true,
  });
