import { PartitionIndex, TopicId } from '@kafkaesque/kernel';
import type { CheckpointLog, CheckpointSegment } from './checkpoint';
import { EpochList } from './epoch-list';
import { emptyEnd, logIdentity } from './log-state';
import type { LogEnd } from './log-state';
import { NO_INDEX_CRC } from './segment';

/** One log on its way from checkpoint, journal and files to a log that can be used. */
export interface RecoveredLog {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly directory: string;
  readonly settledLsn: number;
  journaled: boolean;
  logStart: number;
  firstSegment: number;
  /** From the checkpoint, lowered by truncations. */
  durableEnd: LogEnd;
  /** Segments that the checkpoint knows, up to the durable end. */
  segments: readonly CheckpointSegment[];
  readonly epochs: EpochList;
  /** End of the last journal entry that was applied and not cut since: the log cannot end before it. */
  journalEnd: number;
  /** Journal entries were applied: files and names must be synced. */
  touched: boolean;
  suspectReason: string | undefined;
  quarantined: boolean;
  /** Segments whose timestamps nothing tells since a truncation or compaction: they are read anew. */
  readonly unread: Set<number>;
  /** Nothing is known of its durable end: all of it is read. */
  readonly unknown: boolean;
}

export const identityKey = (identity: Buffer): string => identity.toString('latin1');
export const keyOf = (topicId: TopicId, partition: number): string =>
  identityKey(logIdentity(topicId, partition));

export const logDirectoryPath = (path: string, topicId: TopicId, partition: number): string =>
  `${path}/topics/${topicId}/${partition}`;

/** A log that no checkpoint mentions: empty, unless journal or files say otherwise. */
export const unlistedLog = (
  path: string,
  topicId: TopicId,
  partition: PartitionIndex,
  unknown: boolean,
): RecoveredLog => ({
  topicId,
  partition,
  directory: logDirectoryPath(path, topicId, partition),
  settledLsn: 0,
  journaled: true,
  logStart: 0,
  firstSegment: 0,
  durableEnd: emptyEnd(0),
  segments: [],
  epochs: new EpochList(),
  journalEnd: 0,
  touched: false,
  suspectReason: undefined,
  quarantined: false,
  unread: new Set(),
  unknown,
});

export const listedLog = (path: string, listed: CheckpointLog): RecoveredLog => ({
  ...unlistedLog(path, listed.topicId, listed.partition, false),
  settledLsn: listed.settledLsn,
  journaled: listed.journaled,
  logStart: listed.logStart,
  firstSegment: listed.firstSegment,
  durableEnd: listed.durableEnd,
  segments: listed.segments,
  epochs: new EpochList(listed.epochs),
  suspectReason: listed.suspectReason,
  quarantined: listed.quarantined,
});

export const logOfIdentity = (path: string, identity: Buffer, unknown: boolean): RecoveredLog =>
  unlistedLog(
    path,
    TopicId(identity.toString('base64url', 0, 16)),
    PartitionIndex(identity.readInt32BE(16)),
    unknown,
  );

const unknownTimes = { maxTimestampMs: -1, offsetOfMaxTimestamp: -1 };

/** The entry of a truncation, in memory. */
export const truncateRecovered = (
  log: RecoveredLog,
  offset: number,
  segmentBase: number,
  position: number,
): void => {
  log.journalEnd = Math.min(log.journalEnd, offset);
  log.epochs.truncateTo(offset);
  log.quarantined = false;
  if (log.durableEnd.offset <= offset) return;
  const at = log.segments.find((segment) => segment.baseOffset === segmentBase);
  log.segments = log.segments
    .filter((segment) => segment.baseOffset < segmentBase || (segment === at && position > 0))
    .map((segment) =>
      segment === at ? { ...segment, ...unknownTimes, sizeBytes: position, indexCrc: NO_INDEX_CRC } : segment,
    );
  log.durableEnd =
    position === 0
      ? emptyEnd(offset)
      : {
          offset,
          segmentBase,
          position,
          ...unknownTimes,
        };
  if (position > 0) log.unread.add(segmentBase);
};

export const resetRecovered = (log: RecoveredLog, offset: number): void => {
  log.journalEnd = offset;
  log.logStart = offset;
  log.firstSegment = offset;
  log.durableEnd = emptyEnd(offset);
  log.segments = [];
  log.epochs.truncateTo(0);
  log.quarantined = false;
};

export const raiseRecoveredStart = (log: RecoveredLog, offset: number, firstSegment: number): void => {
  log.logStart = Math.max(log.logStart, offset);
  log.firstSegment = Math.max(log.firstSegment, firstSegment);
  log.epochs.raiseStart(log.logStart);
  log.segments = log.segments.filter((segment) => segment.baseOffset >= firstSegment);
  if (log.durableEnd.segmentBase < firstSegment) log.durableEnd = emptyEnd(firstSegment);
};

/** The entry of a compaction: the segments from `segmentBase` up to `endOffset` are one file of so many bytes. */
export const cleanRecovered = (
  log: RecoveredLog,
  endOffset: number,
  segmentBase: number,
  sizeBytes: number,
): void => {
  const at = log.segments.findIndex((segment) => segment.baseOffset === segmentBase);
  if (at < 0) return;
  const cleaned = {
    baseOffset: segmentBase,
    sizeBytes,
    firstTimestampMs: -1,
    ...unknownTimes,
    hasGaps: true,
    indexCrc: NO_INDEX_CRC,
  };
  log.segments = [
    ...log.segments.slice(0, at),
    cleaned,
    ...log.segments.slice(at).filter((segment) => segment.baseOffset >= endOffset),
  ];
  log.unread.add(segmentBase);
};
