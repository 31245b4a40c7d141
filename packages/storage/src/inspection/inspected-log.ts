import type { BufferPool, Disk, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import {
  BATCH_HEADER_BYTES,
  baseOffsetOf,
  batchSizeBytes,
  computeCrc,
  crc32c,
  crcOf,
  lastOffsetOf,
  leaderEpochOf,
} from '@kafkaesque/protocol';
import { BatchChain } from '../batch-chain';
import { EpochList } from '../epoch-list';
import type { LogState } from '../log-state';
import { OffsetIndex } from '../offset-index';
import { NO_INDEX_CRC, segmentFileName } from '../segment';
import type { Segment } from '../segment';
import { isPlausibleBatch, recordTimestampOf } from '../segment-scan';
import { readSmallFile } from '../small-file';
import { TimeIndex } from '../time-index';
import { WindowReader } from '../window-reader';

/** What is to be said of one partition's log. */
export interface LogFinding {
  /**
   * `corrupt`: what had been durable is damaged. `suspect`: something of it may have been lost to damage elsewhere. `torn`:
   * bytes that no flush had covered, which the next start cuts. `index`: an index that the next start makes anew.
   */
  readonly kind: 'corrupt' | 'suspect' | 'torn' | 'index';
  /** A sentence; of what is wrong in a file it names the file and the byte. */
  readonly message: string;
}

/** A batch and where it stands; a view until the next one is asked for. */
export interface StandingBatch {
  readonly path: string;
  readonly position: number;
  readonly bytes: Buffer;
}

/** One partition's log as the next start would have it. */
export interface InspectedLog {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly logStart: number;
  readonly endOffset: number;
  readonly segments: number;
  readonly batches: number;
  readonly sizeBytes: number;
  /** Records of it may be gone because newer ones of their keys are there. */
  readonly isCompacted: boolean;
  readonly findings: readonly LogFinding[];
  /** Its batches from the one on that holds `offset`, as far as they can be read. */
  batchesFrom(offset: number): AsyncIterable<StandingBatch>;
}

/** What an inspection reads with. */
export interface InspectionTools {
  readonly disk: Disk;
  readonly pool: BufferPool;
}

/** More than so many findings of one log say nothing new. */
const MOST_FINDINGS = 20;

const pathOf = (log: LogState, segment: Segment, kind: 'log' | 'index' | 'timeindex' = 'log'): string =>
  `${log.directory}/${segmentFileName(segment.baseOffset, kind)}`;

/** Reads every batch of the log, and compares what headers, checkpoint and indexes say of them. */
export const inspectLog = async (tools: InspectionTools, log: LogState): Promise<InspectedLog> => {
  const inspection = new LogInspection(tools, log);
  await inspection.run();
  let sizeBytes = 0;
  for (const segment of log.segments) sizeBytes += segment.sizeBytes;
  return {
    topicId: log.topicId,
    partition: log.partition,
    logStart: log.logStart,
    endOffset: log.end,
    segments: log.segments.length,
    batches: inspection.batches,
    sizeBytes,
    isCompacted: log.segments.some(({ hasGaps }) => hasGaps),
    findings: inspection.findings,
    batchesFrom: (offset) => batchesFrom(tools, log, offset),
  };
};

class LogInspection {
  batches = 0;
  readonly findings: LogFinding[] = [];
  readonly #tools: InspectionTools;
  readonly #log: LogState;
  readonly #epochs = new EpochList();

  constructor(tools: InspectionTools, log: LogState) {
    this.#tools = tools;
    this.#log = log;
  }

  async run(): Promise<void> {
    const { recovery, suspectReason, directory, segments, end } = this.#log;
    if (recovery.kind === 'corrupt') this.#say('corrupt', `${directory}: ${recovery.reason}`);
    else if (suspectReason !== undefined) this.#say('suspect', `${directory}: ${suspectReason}`);
    if (recovery.kind === 'torn')
      this.#say('torn', `${directory}: ${recovery.cutBytes} bytes at its end that no flush had covered`);
    let isWhole = true;
    for (const [number, segment] of segments.entries())
      isWhole = (await this.#segment(segment, segments[number + 1]?.baseOffset ?? end)) && isWhole;
    // Compaction may have left no batch of an epoch; those that there are were judged by the epoch in force.
    if (isWhole && recovery.kind !== 'corrupt' && segments.every(({ hasGaps }) => !hasGaps))
      this.#compareEpochs();
  }

  #say(kind: LogFinding['kind'], message: string): void {
    if (this.findings.length < MOST_FINDINGS) this.findings.push({ kind, message });
    else if (this.findings.length === MOST_FINDINGS)
      this.findings.push({ kind, message: `${this.#log.directory}: and more` });
  }

  /** False: not all of it could be read. */
  async #segment(segment: Segment, endOffset: number): Promise<boolean> {
    const path = pathOf(this.#log, segment);
    const chain = new BatchChain(this.#log, segment, segment.baseOffset);
    /** Of each batch by its position: what an index may say of it. */
    const places = new Map<number, { readonly lastOffset: number; readonly timestampMs: number }>();
    let next = segment.baseOffset;
    let position = 0;
    for await (const { bytes, position: at } of segmentBatches(this.#tools, this.#log, segment)) {
      this.batches += 1;
      position = at + bytes.length;
      if (computeCrc(bytes) !== crcOf(bytes))
        this.#say('corrupt', `${path}: the checksum of the batch at ${at} does not match`);
      if (!chain.fits(bytes, 0)) {
        const what = `offset ${baseOffsetOf(bytes)}, epoch ${leaderEpochOf(bytes)}`;
        this.#say('corrupt', `${path}: the batch at ${at} (${what}) does not follow: ${next} is next`);
      }
      chain.pass(bytes, 0);
      next = lastOffsetOf(bytes) + 1;
      this.#epochs.assign(leaderEpochOf(bytes), baseOffsetOf(bytes));
      places.set(at, { lastOffset: next - 1, timestampMs: recordTimestampOf(bytes, 0) });
    }
    if (position < segment.sizeBytes) {
      this.#say('corrupt', `${path}: no batch can be read at ${position} of ${segment.sizeBytes}`);
      return false;
    }
    if (next > endOffset || (next < endOffset && !segment.hasGaps))
      this.#say('corrupt', `${path}: it ends at offset ${next}, and what follows begins at ${endOffset}`);
    await this.#index(segment, places);
    return true;
  }

  async #index(
    segment: Segment,
    places: ReadonlyMap<number, { readonly lastOffset: number; readonly timestampMs: number }>,
  ): Promise<void> {
    // Files that the checkpoint does not speak of are not read by anybody.
    if (segment.indexCrc === NO_INDEX_CRC || segment.indexSavedTo !== segment.sizeBytes) return;
    const { disk } = this.#tools;
    const path = pathOf(this.#log, segment, 'index');
    const offsets = await readSmallFile(disk, path);
    const times = await readSmallFile(disk, pathOf(this.#log, segment, 'timeindex'));
    if (offsets === undefined || times === undefined) {
      this.#say('index', `${path}: it or its time index is missing`);
      return;
    }
    if (crc32c(times, 0, times.length, crc32c(offsets)) !== segment.indexCrc) {
      this.#say('index', `${path}: it and its time index are not those that the checkpoint speaks of`);
      return;
    }
    const byPosition = new OffsetIndex(segment.baseOffset, offsets);
    for (let entry = 0; entry < byPosition.count; entry++) {
      const [offset, position] = [byPosition.offsetAt(entry), byPosition.positionAt(entry)];
      if (places.get(position)?.lastOffset !== offset)
        this.#say('index', `${path}: no batch at ${position} ends at offset ${offset}`);
    }
    const timestamps = new Map([...places.values()].map((one) => [one.lastOffset, one.timestampMs]));
    const byTime = new TimeIndex(segment.baseOffset, times);
    for (let entry = 0; entry < byTime.count; entry++) {
      const [timestampMs, offset] = [byTime.timestampAt(entry), byTime.offsetAt(entry)];
      if (timestamps.get(offset) !== timestampMs)
        this.#say(
          'index',
          `${pathOf(this.#log, segment, 'timeindex')}: no batch with timestamp ${timestampMs} ends at offset ${offset}`,
        );
    }
  }

  #compareEpochs(): void {
    this.#epochs.raiseStart(this.#log.logStart);
    const shown = ({ starts }: EpochList): string =>
      starts.map(({ leaderEpoch, startOffset }) => `${leaderEpoch} from ${startOffset}`).join(', ') || 'none';
    const [batches, checkpoint] = [shown(this.#epochs), shown(this.#log.epochs)];
    if (batches !== checkpoint)
      this.#say(
        'corrupt',
        `${this.#log.directory}: its batches are of epochs ${batches}; its checkpoint says ${checkpoint}`,
      );
  }
}

/** Batches of one segment, one behind the other; ends early where none can be read. */
async function* segmentBatches(
  { disk, pool }: InspectionTools,
  log: LogState,
  segment: Segment,
): AsyncGenerator<StandingBatch, void, undefined> {
  if (segment.sizeBytes === 0) return;
  const path = pathOf(log, segment);
  const file = await disk.open(path, 'read');
  const reader = new WindowReader(file, pool, segment.sizeBytes);
  try {
    for (let position = 0; position < segment.sizeBytes;) {
      const roomBytes = segment.sizeBytes - position;
      const head = await reader.at(position, BATCH_HEADER_BYTES);
      if (!isPlausibleBatch(head, 0, roomBytes)) return;
      const sizeBytes = batchSizeBytes(head);
      const bytes = await reader.at(position, sizeBytes);
      if (bytes.length < sizeBytes) return;
      yield { path, position, bytes };
      position += sizeBytes;
    }
  } finally {
    reader.release();
    await file.close();
  }
}

async function* batchesFrom(
  tools: InspectionTools,
  log: LogState,
  offset: number,
): AsyncGenerator<StandingBatch, void, undefined> {
  for (const [number, segment] of log.segments.entries()) {
    const next = log.segments[number + 1]?.baseOffset ?? log.end;
    if (next <= offset) continue;
    let endPosition = 0;
    for await (const batch of segmentBatches(tools, log, segment)) {
      endPosition = batch.position + batch.bytes.length;
      if (lastOffsetOf(batch.bytes) >= offset) yield batch;
    }
    if (endPosition < segment.sizeBytes) return;
  }
}
