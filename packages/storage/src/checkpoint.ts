import { LeaderEpoch, Offset, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import { crc32c } from '@kafkaesque/protocol';
import { ByteReader, ByteWriter } from './byte-cursor';
import type { EpochStart } from './log';
import type { LogEnd } from './log-state';

/** What a checkpoint says of one segment at or before the log's durable end. */
export interface CheckpointSegment {
  readonly baseOffset: number;
  readonly sizeBytes: number;
  readonly firstTimestampMs: number;
  readonly maxTimestampMs: number;
  readonly offsetOfMaxTimestamp: number;
  readonly hasGaps: boolean;
  /** Of its index files; -1 if there are none that stand for it as it is. */
  readonly indexCrc: number;
}

/** What a checkpoint says of one log (section 7, rule 2). */
export interface CheckpointLog {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly settledLsn: number;
  readonly durableEnd: LogEnd;
  readonly logStart: number;
  readonly firstSegment: number;
  readonly journaled: boolean;
  readonly suspectReason: string | undefined;
  readonly quarantined: boolean;
  readonly epochs: readonly EpochStart[];
  readonly segments: readonly CheckpointSegment[];
}

export interface Checkpoint {
  /** Journal files below this number are void. */
  readonly journalStart: number;
  /** The newest journal file known to exist, -1 for none: that it or one before it is missing is damage. */
  readonly journalNewest: number;
  readonly lastLsn: number;
  readonly logs: readonly CheckpointLog[];
}

export type CheckpointReading =
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint }
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'unsupported'; readonly version: number };

const CHECKPOINT_MAGIC = 0x4b4a4350;
const CHECKPOINT_VERSION = 1;
const HEAD_BYTES = 32;
const SUSPECT = 1;
const QUARANTINED = 2;
const JOURNALED = 4;
const GAPS = 1;

export const encodeCheckpoint = (checkpoint: Checkpoint, directoryId: string): Buffer => {
  const writer = new ByteWriter(HEAD_BYTES + 64 + checkpoint.logs.length * 192);
  writer.uint32(CHECKPOINT_MAGIC);
  writer.uint32(CHECKPOINT_VERSION);
  writer.uuid(directoryId);
  writer.int64(0); // length and CRC, known last
  writer.int64(checkpoint.journalStart);
  writer.int64(checkpoint.journalNewest);
  writer.int64(checkpoint.lastLsn);
  writer.uint32(checkpoint.logs.length);
  for (const log of checkpoint.logs) writeLog(writer, log);
  const bytes = writer.bytes();
  bytes.writeUInt32BE(bytes.length, 24);
  bytes.writeUInt32BE(checkpointCrc(bytes), 28);
  return bytes;
};

const checkpointCrc = (bytes: Buffer): number =>
  crc32c(bytes, HEAD_BYTES, bytes.length, crc32c(bytes, 0, 28));

const writeLog = (writer: ByteWriter, log: CheckpointLog): void => {
  writer.uuid(log.topicId);
  writer.uint32(log.partition);
  writer.uint32(
    (log.suspectReason === undefined ? 0 : SUSPECT) |
      (log.quarantined ? QUARANTINED : 0) |
      (log.journaled ? JOURNALED : 0),
  );
  writer.int64(log.settledLsn);
  writer.int64(log.durableEnd.offset);
  writer.int64(log.durableEnd.segmentBase);
  writer.int64(log.durableEnd.position);
  writer.int64(log.durableEnd.maxTimestampMs);
  writer.int64(log.durableEnd.offsetOfMaxTimestamp);
  writer.int64(log.logStart);
  writer.int64(log.firstSegment);
  if (log.suspectReason !== undefined) writer.text(log.suspectReason);
  writer.uint32(log.epochs.length);
  for (const start of log.epochs) {
    writer.uint32(start.leaderEpoch);
    writer.int64(start.startOffset);
  }
  writer.uint32(log.segments.length);
  for (const segment of log.segments) {
    writer.int64(segment.baseOffset);
    writer.int64(segment.sizeBytes);
    writer.int64(segment.firstTimestampMs);
    writer.int64(segment.maxTimestampMs);
    writer.int64(segment.offsetOfMaxTimestamp);
    writer.uint32(segment.hasGaps ? GAPS : 0);
    writer.int64(segment.indexCrc);
  }
};

/** Reads a checkpoint; whatever is not exactly as it was written is `damaged`. */
export const decodeCheckpoint = (bytes: Buffer, directoryId: string): CheckpointReading => {
  if (bytes.length < HEAD_BYTES) return { kind: 'damaged', reason: `it has only ${bytes.length} bytes` };
  if (bytes.readUInt32BE(0) !== CHECKPOINT_MAGIC)
    return { kind: 'damaged', reason: 'it does not begin as a checkpoint does' };
  if (bytes.readUInt32BE(24) !== bytes.length || bytes.readUInt32BE(28) !== checkpointCrc(bytes))
    return { kind: 'damaged', reason: 'its checksum does not match' };
  const version = bytes.readUInt32BE(4);
  if (version !== CHECKPOINT_VERSION) return { kind: 'unsupported', version };
  const reader = new ByteReader(bytes, 8);
  const owner = reader.uuid();
  if (owner !== directoryId) return { kind: 'damaged', reason: `it belongs to the log directory ${owner}` };
  reader.int64();
  const journalStart = reader.int64();
  const journalNewest = reader.int64();
  const lastLsn = reader.int64();
  const logs = Array.from({ length: reader.uint32() }, () => readLog(reader));
  return { kind: 'checkpoint', checkpoint: { journalStart, journalNewest, lastLsn, logs } };
};

const readLog = (reader: ByteReader): CheckpointLog => {
  const topicId = TopicId(reader.uuid());
  const partition = PartitionIndex(reader.uint32());
  const flags = reader.uint32();
  return {
    topicId,
    partition,
    settledLsn: reader.int64(),
    durableEnd: {
      offset: reader.int64(),
      segmentBase: reader.int64(),
      position: reader.int64(),
      maxTimestampMs: reader.int64(),
      offsetOfMaxTimestamp: reader.int64(),
    },
    logStart: reader.int64(),
    firstSegment: reader.int64(),
    journaled: (flags & JOURNALED) !== 0,
    quarantined: (flags & QUARANTINED) !== 0,
    suspectReason: (flags & SUSPECT) === 0 ? undefined : reader.text(),
    epochs: Array.from({ length: reader.uint32() }, () => ({
      leaderEpoch: LeaderEpoch(reader.uint32()),
      startOffset: Offset(reader.int64()),
    })),
    segments: Array.from({ length: reader.uint32() }, () => ({
      baseOffset: reader.int64(),
      sizeBytes: reader.int64(),
      firstTimestampMs: reader.int64(),
      maxTimestampMs: reader.int64(),
      offsetOfMaxTimestamp: reader.int64(),
      hasGaps: (reader.uint32() & GAPS) !== 0,
      indexCrc: reader.int64(),
    })),
  };
};
