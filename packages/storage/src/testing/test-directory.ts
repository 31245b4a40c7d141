import {
  BrokerId,
  BufferPool,
  LeaderEpoch,
  Offset,
  PartitionIndex,
  SeededRandom,
  TimestampMs,
  TopicId,
  hasCode,
  silentLogger,
  silentMetrics,
} from '@kafkaesque/kernel';
import type { Clock, Disk } from '@kafkaesque/kernel';
import {
  baseOffsetOf,
  batchSizeBytes,
  encodeBatch,
  lastOffsetOf,
  maxTimestampOf,
} from '@kafkaesque/protocol';
import { defaultLogConfig } from '../log';
import type { AppendBatch, Log, LogConfig, Slices } from '../log';
import { openLogDirectory } from '../log-directory';
import type { LogDirectory, LogDirectoryOptions } from '../log-directory';
import { openTailMemory } from '../tail-memory';
import type { TailMemoryLimits } from '../tail-memory';

export const TOPIC = TopicId('AAAAAAAAAAAAAAAAAAAAAQ');
export const OTHER_TOPIC = TopicId('AAAAAAAAAAAAAAAAAAAAAg');
export const PATH = '/data';

export const config = (changes: Partial<LogConfig> = {}): LogConfig => ({ ...defaultLogConfig, ...changes });

export interface TestOptions extends Partial<LogDirectoryOptions> {
  readonly memory?: Partial<TailMemoryLimits>;
}

/** A pool whose returned buffers are overwritten, so that a use after release shows. */
export const testPool = (): BufferPool => new BufferPool({ keptBytes: 64 << 20, poison: true });

/** A log directory with small, silent surroundings, over whatever disk and clock the test has. */
export const openTestDirectory = (
  disk: Disk,
  clock: Clock,
  options: TestOptions = {},
): Promise<LogDirectory> => {
  const { memory, pool = testPool(), ...rest } = options;
  return openLogDirectory({
    disk,
    path: PATH,
    clock,
    random: new SeededRandom(1, 'storage'),
    logger: silentLogger,
    metrics: silentMetrics,
    pool,
    clusterId: 'test-cluster-id-000000',
    nodeId: BrokerId(1),
    lock: () => Promise.resolve(() => Promise.resolve()),
    tailMemory: openTailMemory(pool, { tailBytes: 48 << 20, pendingBytes: 32 << 20, ...memory }),
    ...rest,
  });
};

export interface BatchOptions {
  readonly records?: number;
  readonly valueBytes?: number;
  readonly epoch?: number;
  readonly timestampMs?: number;
  readonly text?: string;
}

/** A batch at `baseOffset` whose values repeat `text`. */
export const batchAt = (baseOffset: number, options: BatchOptions = {}): AppendBatch => {
  const {
    records = 1,
    valueBytes = 32,
    epoch = 0,
    timestampMs = 1_000,
    text = `value ${baseOffset}`,
  } = options;
  const bytes = encodeBatch({
    baseOffset: Offset(baseOffset),
    leaderEpoch: LeaderEpoch(epoch),
    records: Array.from({ length: records }, (_, index) => ({
      key: Buffer.from(String(baseOffset + index)),
      value: Buffer.alloc(valueBytes, text),
      timestampMs: TimestampMs(timestampMs + index),
      headers: [],
    })),
  });
  return appendBatch(bytes);
};

export const appendBatch = (bytes: Buffer): AppendBatch => ({
  bytes,
  baseOffset: baseOffsetOf(bytes),
  lastOffset: lastOffsetOf(bytes),
  leaderEpoch: LeaderEpoch(bytes.readInt32BE(12)),
  maxTimestampMs: maxTimestampOf(bytes),
});

/** Appends batches one behind the other at the log's end and waits until they are acknowledged. */
export const appendAll = async (
  log: Log,
  count: number,
  options: BatchOptions = {},
): Promise<AppendBatch[]> => {
  const batches: AppendBatch[] = [];
  for (let index = 0; index < count; index++) {
    const batch = batchAt(log.endOffset, options);
    log.append([batch]);
    batches.push(batch);
  }
  await durable(log);
  return batches;
};

/** Resolves when everything appended is acknowledged; rejects when that has failed. */
export const durable = async (log: Log): Promise<void> => {
  while (log.durableEndOffset < log.endOffset) {
    if (log.failure !== undefined) throw log.failure as Error;
    await new Promise((resolve) => setImmediate(resolve));
  }
};

/** All batches from `from` on, read in pieces of `maxBytes`. */
export const readAll = async (
  log: Log,
  from: number = log.logStartOffset,
  maxBytes = 1 << 20,
): Promise<Buffer[]> => {
  const batches: Buffer[] = [];
  let next = from;
  while (next < log.endOffset) {
    const slices = await log.read(Offset(next), log.endOffset, maxBytes, { atLeastOne: true });
    if (slices.sizeBytes === 0) throw new Error(`nothing at ${next} of ${log.endOffset}`);
    batches.push(...splitSlices(slices));
    next = slices.nextOffset;
    slices.release();
  }
  return batches;
};

/** Copies of the batches in `slices`. */
export const splitSlices = (slices: Slices): Buffer[] => {
  const bytes = Buffer.concat(slices.parts);
  const batches: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += batchSizeBytes(bytes, at))
    batches.push(Buffer.from(bytes.subarray(at, at + batchSizeBytes(bytes, at))));
  return batches;
};

export const partition = (index: number): PartitionIndex => PartitionIndex(index);

/** What a reader gets who trusts the log. */
export const readable = async (log: Log): Promise<readonly Buffer[] | 'damaged'> => {
  try {
    return await readAll(log);
  } catch (cause) {
    if (hasCode(cause, 'LOG_CORRUPT')) return 'damaged';
    throw cause;
  }
};
