import { Failure } from '@kafkaesque/kernel';
import type { PartitionIndex, TopicId } from '@kafkaesque/kernel';
import { Deque } from './deque';
import { EpochList } from './epoch-list';
import { Exclusive } from './exclusive';
import type { HeldBatch } from './held-batch';
import type { LogConfig, LogListener, LogRecovery } from './log';
import type { Segment } from './segment';

/** An end of a log's data in segments: everything before it is there. */
export interface LogEnd {
  readonly offset: number;
  /** Base offset of the segment that holds the end; meaningless while `position` is 0. */
  readonly segmentBase: number;
  readonly position: number;
  /** Greatest timestamp of that segment before the end, and its batch's last offset. */
  readonly maxTimestampMs: number;
  readonly offsetOfMaxTimestamp: number;
}

export const emptyEnd = (offset: number): LogEnd => ({
  offset,
  segmentBase: offset,
  position: 0,
  maxTimestampMs: -1,
  offsetOfMaxTimestamp: -1,
});

/** Why appends of a log wait. */
export type Gate = 'open' | 'switching-policy' | 'settling-deletion';

export interface AcknowledgementWaiter {
  /** Number in the run that everything before must be acknowledged. */
  readonly count: number;
  readonly resolve: () => void;
  readonly reject: (cause: Error) => void;
}

/**
 * All that is known of one log. Three ends ascend: `written` (in segments), `durable` (acknowledged) and `end`
 * (queued). `run` holds the newest batches; by number, those before `writtenCount` are in segments, those before
 * `durableCount` acknowledged. A log that writes directly acknowledges what is written.
 */
export interface LogState {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  /** Topic id and partition in 20 bytes, as the journal and the checkpoint name the log. */
  readonly identity: Buffer;
  readonly directory: string;
  config: LogConfig;
  /** Whether appends go through the journal: the flush policy in force, which a change of config reaches later. */
  journaled: boolean;
  gate: Gate;
  /** Appended while the gate was shut; their entries are in `run` already. */
  readonly waiting: HeldBatch[];
  /** Who wants to know when a number of batches is acknowledged. */
  waiters: AcknowledgementWaiter[];
  listener: LogListener | undefined;

  logStart: number;
  end: number;
  durableEnd: number;
  durableEpoch: number;
  readonly epochs: EpochList;
  /** Ascending; the last is where appends go. Empty until the first append. */
  segments: Segment[];
  readonly run: Deque<HeldBatch>;
  writtenCount: number;
  durableCount: number;
  /** End of what segments hold, flushed or not. */
  written: LogEnd;
  /** End of what a flush of segments and of their names has covered. */
  synced: LogEnd;
  /** Bytes durable in the journal that the segments lack. */
  pendingBytes: number;
  /** Monotonic time at which the oldest of them became so. */
  pendingSinceMs: number;

  /** The last journal round that names this log, and the last whose entries are synced in segments (rule 2). */
  lastLsn: number;
  settledLsn: number;
  /** Rounds of durable changes that are not carried out yet, in order. */
  readonly controlLsns: number[];
  /** Names in the partition directory changed since its last sync. */
  namesDirty: boolean;
  directoryMade: boolean;
  /** Grows with everything that takes bytes away, so that a sync or a read under way sees it. */
  cuts: number;
  /** How often of these compaction has put another segment in the place of some: offsets stay what they were. */
  cleanings: number;
  /** Everything below was compacted in this life of the process. */
  cleanedTo: number;
  /** A pass of compaction is under way. */
  cleaning: boolean;
  /** A journal entry that names a cleaned file has failed, and may still be found after a crash. */
  cleaningInDoubt: boolean;

  /** Written to segments since the last sync that began. */
  unsyncedBytes: number;

  /** Segment writes, truncation, cleaning and deletion exclude one another (rule 5). */
  readonly exclusive: Exclusive;
  /** One sync at a time: whoever finds a segment clean may rely on its sync being over. */
  readonly settling: Exclusive;
  /** Truncations, resets, log starts and repairs, one after the other. */
  readonly changing: Exclusive;
  /** A truncation, reset or deletion is under way: appends would be a mistake. */
  cutting: boolean;
  failure: unknown;
  failed: boolean;
  deleted: boolean;
  suspectReason: string | undefined;
  /** Damaged bytes lie above `end`; only a truncation or reset takes them away. */
  quarantined: boolean;
  recovery: LogRecovery;

  /** Marks of the round under way, so that it needs no map. */
  roundNumber: number;
  roundIndex: number;
  roundAppends: boolean;
  /** A direct write is under way or asked for. */
  directQueued: boolean;
  /** In the line for having its segments written. */
  writeQueued: boolean;
}

export const logIdentity = (topicId: TopicId, partition: number): Buffer => {
  const identity = Buffer.alloc(20);
  identity.write(topicId, 0, 16, 'base64url');
  identity.writeInt32BE(partition, 16);
  return identity;
};

export const newLogState = (
  topicId: TopicId,
  partition: PartitionIndex,
  directory: string,
  config: LogConfig,
): LogState => ({
  topicId,
  partition,
  identity: logIdentity(topicId, partition),
  directory,
  config,
  journaled: config.flushPolicy === 'ack',
  gate: 'open',
  waiting: [],
  waiters: [],
  listener: undefined,
  logStart: 0,
  end: 0,
  durableEnd: 0,
  durableEpoch: -1,
  epochs: new EpochList(),
  segments: [],
  run: new Deque(),
  writtenCount: 0,
  durableCount: 0,
  written: emptyEnd(0),
  synced: emptyEnd(0),
  pendingBytes: 0,
  pendingSinceMs: 0,
  lastLsn: 0,
  settledLsn: 0,
  controlLsns: [],
  namesDirty: false,
  directoryMade: false,
  cuts: 0,
  cleanings: 0,
  cleanedTo: 0,
  cleaning: false,
  cleaningInDoubt: false,
  exclusive: new Exclusive(),
  settling: new Exclusive(),
  unsyncedBytes: 0,
  changing: new Exclusive(),
  cutting: false,
  failure: undefined,
  failed: false,
  deleted: false,
  suspectReason: undefined,
  quarantined: false,
  recovery: { kind: 'intact' },
  roundNumber: 0,
  roundIndex: 0,
  roundAppends: false,
  directQueued: false,
  writeQueued: false,
});

/** Sum of the segments, queued batches included. */
export const sizeOfLog = (log: LogState): number => {
  let sizeBytes = 0;
  for (const segment of log.segments) sizeBytes += segment.sizeBytes;
  return sizeBytes;
};

/** Base offset of the first segment that holds or may hold records; the log start when there is none. */
export const firstSegmentOf = (log: LogState): number => log.segments[0]?.baseOffset ?? log.logStart;

/** The segment that contains `offset`, or the last one before it. */
export const segmentIndexOf = (log: LogState, offset: number): number => {
  let low = 0;
  let high = log.segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((log.segments[middle]?.baseOffset ?? Infinity) <= offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
};

/** Number in `run` of the batch that contains `offset`, or of the next one; `run.end` if it lies behind all. */
export const runNumberOf = (log: LogState, offset: number): number => {
  let low = log.run.first;
  let high = log.run.end;
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    if (log.run.at(middle).nextOffset <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The last journal round up to which the segments show everything, synced or not. */
export const shownLsnOf = (log: LogState): number => {
  const pending =
    log.journaled && log.writtenCount < log.durableCount ? log.run.at(log.writtenCount).lsn : undefined;
  const control = log.controlLsns[0];
  if (pending === undefined && control === undefined) return log.lastLsn;
  return Math.min(pending ?? Infinity, control ?? Infinity) - 1;
};

/** Resolves when everything before `count`, by number in the run, is acknowledged. */
export const acknowledged = (log: LogState, count: number = log.run.end): Promise<void> => {
  if (log.durableCount >= count) return Promise.resolve();
  if (log.failed || log.deleted)
    return Promise.reject(
      new Failure('LOG_FAILED', `${log.directory} takes no appends`, { cause: log.failure }),
    );
  return new Promise((resolve, reject) => log.waiters.push({ count, resolve, reject }));
};

export const tellAcknowledged = (log: LogState): void => {
  if (log.waiters.length === 0) return;
  const reached = log.waiters.filter((waiter) => waiter.count <= log.durableCount);
  log.waiters = log.waiters.filter((waiter) => waiter.count > log.durableCount);
  for (const waiter of reached) waiter.resolve();
};

export const tellFailed = (log: LogState, cause: Error): void => {
  const { waiters } = log;
  log.waiters = [];
  for (const waiter of waiters) waiter.reject(cause);
};
