import { encodeCheckpoint } from './checkpoint';
import type { CheckpointLog, CheckpointSegment } from './checkpoint';
import type { DirectoryContext } from './directory-context';
import { Exclusive } from './exclusive';
import type { Journal } from './journal';
import { firstSegmentOf } from './log-state';
import type { LogState } from './log-state';
import { NO_INDEX_CRC, isIndexSaved } from './segment';
import { replaceFile } from './small-file';
import { isOutOfSpace } from './space-reserve';

export const CHECKPOINT_FILE = 'checkpoints';

/** What the directory's checkpoint is made of. */
export interface CheckpointSource {
  readonly directoryId: string;
  readonly journal: Journal;
  lastLsn(): number;
  logs(): Iterable<LogState>;
}

/** Writes the log directory's checkpoint, one at a time, and then drops the journal files that it voids (rule 3). */
export class CheckpointWriter {
  readonly #context: DirectoryContext;
  readonly #source: CheckpointSource;
  readonly #exclusive = new Exclusive();
  #next: Promise<void> | undefined;

  constructor(context: DirectoryContext, source: CheckpointSource) {
    this.#context = context;
    this.#source = source;
  }

  /** Resolves when a checkpoint of the state at or after this call is durable. */
  write(): Promise<void> {
    this.#next ??= this.#exclusive.run(() => {
      this.#next = undefined;
      return this.#write();
    });
    return this.#next;
  }

  async #write(): Promise<void> {
    const { journal, directoryId } = this.#source;
    const journalStart = journal.firstUnsettled();
    const bytes = encodeCheckpoint(
      {
        journalStart,
        journalNewest: journal.newest,
        lastLsn: this.#source.lastLsn(),
        logs: Array.from(this.#source.logs(), checkpointLog),
      },
      directoryId,
    );
    try {
      const { disk, path, reserve } = this.#context;
      await reserve.lend(() => replaceFile(disk, `${path}/${CHECKPOINT_FILE}`, [bytes]));
      await journal.dropBelow(journalStart);
    } catch (error) {
      if (!isOutOfSpace(error)) this.#context.fail(error);
      throw error;
    }
    this.#context.metrics.checkpoints.add(1);
    this.#context.metrics.journalBytes.set(journal.sizeBytes);
  }
}

export const checkpointLog = (log: LogState): CheckpointLog => ({
  topicId: log.topicId,
  partition: log.partition,
  settledLsn: log.settledLsn,
  durableEnd: log.synced,
  logStart: log.logStart,
  firstSegment: firstSegmentOf(log),
  journaled: log.journaled,
  suspectReason: log.suspectReason,
  quarantined: log.quarantined,
  epochs: log.epochs.starts,
  segments: checkpointSegments(log),
});

/** The segments before the durable end's, and that one as far as it is durable. */
const checkpointSegments = (log: LogState): readonly CheckpointSegment[] => {
  const { synced } = log;
  const segments: CheckpointSegment[] = [];
  for (const segment of log.segments) {
    if (segment.baseOffset > synced.segmentBase) break;
    const { baseOffset, sizeBytes, firstTimestampMs, maxTimestampMs, offsetOfMaxTimestamp, hasGaps } =
      segment;
    const indexCrc = isIndexSaved(segment) ? segment.indexCrc : NO_INDEX_CRC;
    if (baseOffset < synced.segmentBase)
      segments.push({
        baseOffset,
        sizeBytes,
        firstTimestampMs,
        maxTimestampMs,
        offsetOfMaxTimestamp,
        hasGaps,
        indexCrc,
      });
    else if (synced.position > 0)
      segments.push({
        baseOffset,
        sizeBytes: synced.position,
        firstTimestampMs,
        maxTimestampMs: synced.maxTimestampMs,
        offsetOfMaxTimestamp: synced.offsetOfMaxTimestamp,
        hasGaps,
        indexCrc: synced.position === sizeBytes ? indexCrc : NO_INDEX_CRC,
      });
  }
  return segments;
};
