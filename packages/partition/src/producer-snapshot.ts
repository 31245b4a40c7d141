import { Offset, ProducerEpoch, ProducerId, TimestampMs } from '@kafkaesque/kernel';
import { crc32c } from '@kafkaesque/protocol';
import type { ProducerEntry, RememberedBatch } from './producer-state';

/**
 * Kafka's `.snapshot` file (ProducerSnapshot.json, version 1), big-endian:
 *
 *     0 version int16 = 1 · 2 crc uint32 (CRC-32C of all that follows) · 6 count int32 · entries of 46 bytes:
 *     0 producerId int64 · 8 epoch int16 · 10 lastSequence int32 · 14 lastOffset int64 · 22 offsetDelta int32 ·
 *     26 timestamp int64 · 34 coordinatorEpoch int32 · 38 currentTxnFirstOffset int64
 *
 * Kafka keeps one entry, the last batch, of each producer, and so forgets the other four in a restart. We write one
 * entry for each remembered batch, oldest first: Kafka, which takes the last entry of an id, reads what it would have
 * written itself, and we read everything. An entry that repeats the offset of the one before it only carries a later
 * timestamp (a transaction marker's); an offset of -1 carries no batch.
 */
const VERSION = 1;
const CRC_AT = 2;
const CRC_FROM = 6;
const HEADER_BYTES = 10;
const ENTRY_BYTES = 46;
const NO_OFFSET = Offset(-1);

/** The table as bytes, in its order. */
export function encodeProducerSnapshot(entries: Iterable<ProducerEntry>): Buffer {
  const all = [...entries];
  const rowCount = all.reduce((sum, entry) => sum + rowsOf(entry).length, 0);
  const bytes = Buffer.alloc(HEADER_BYTES + rowCount * ENTRY_BYTES);
  bytes.writeInt16BE(VERSION, 0);
  bytes.writeInt32BE(rowCount, CRC_FROM);
  let at = HEADER_BYTES;
  for (const entry of all)
    for (const row of rowsOf(entry)) {
      writeRow(bytes, at, entry, row);
      at += ENTRY_BYTES;
    }
  bytes.writeUInt32BE(crc32c(bytes, CRC_FROM), CRC_AT);
  return bytes;
}

/** What was encoded, or undefined for bytes that are no snapshot, or a damaged one. */
export function decodeProducerSnapshot(bytes: Buffer): readonly ProducerEntry[] | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readInt16BE(0) !== VERSION) return undefined;
  if (bytes.readUInt32BE(CRC_AT) !== crc32c(bytes, CRC_FROM)) return undefined;
  if (bytes.readInt32BE(CRC_FROM) * ENTRY_BYTES !== bytes.length - HEADER_BYTES) return undefined;
  const entries: DecodedEntry[] = [];
  for (let at = HEADER_BYTES; at < bytes.length; at += ENTRY_BYTES) {
    const before = entries.at(-1);
    const row = readRow(bytes, at);
    if (before?.producerId === row.entry.producerId && before.epoch === row.entry.epoch) {
      before.lastTimestampMs = row.batch.timestampMs;
      if (row.batch.lastOffset > (before.batches.at(-1)?.lastOffset ?? NO_OFFSET))
        before.batches.push(row.batch);
    } else {
      if (row.batch.lastOffset >= 0) row.entry.batches.push(row.batch);
      entries.push(row.entry);
    }
  }
  return entries;
}

interface DecodedEntry extends ProducerEntry {
  lastTimestampMs: TimestampMs;
  readonly batches: RememberedBatch[];
}

function rowsOf(entry: ProducerEntry): readonly RememberedBatch[] {
  const newest = entry.batches.at(-1);
  const timestampMs = entry.lastTimestampMs;
  if (newest === undefined) return [{ lastSequence: -1, lastOffset: NO_OFFSET, offsetDelta: 0, timestampMs }];
  return newest.timestampMs === timestampMs ? entry.batches : [...entry.batches, { ...newest, timestampMs }];
}

function writeRow(bytes: Buffer, at: number, entry: ProducerEntry, row: RememberedBatch): void {
  writeInt64(bytes, entry.producerId, at);
  bytes.writeInt16BE(entry.epoch, at + 8);
  bytes.writeInt32BE(row.lastSequence, at + 10);
  writeInt64(bytes, row.lastOffset, at + 14);
  bytes.writeInt32BE(row.offsetDelta, at + 22);
  writeInt64(bytes, row.timestampMs, at + 26);
  bytes.writeInt32BE(entry.coordinatorEpoch, at + 34);
  writeInt64(bytes, entry.currentTxnFirstOffset, at + 38);
}

function readRow(bytes: Buffer, at: number): { entry: DecodedEntry; batch: RememberedBatch } {
  const timestampMs = TimestampMs(readInt64(bytes, at + 26));
  return {
    entry: {
      producerId: ProducerId(readInt64(bytes, at)),
      epoch: ProducerEpoch(bytes.readInt16BE(at + 8)),
      coordinatorEpoch: bytes.readInt32BE(at + 34),
      lastTimestampMs: timestampMs,
      currentTxnFirstOffset: Offset(readInt64(bytes, at + 38)),
      batches: [],
    },
    batch: {
      lastSequence: bytes.readInt32BE(at + 10),
      lastOffset: Offset(readInt64(bytes, at + 14)),
      offsetDelta: bytes.readInt32BE(at + 22),
      timestampMs,
    },
  };
}

const writeInt64 = (bytes: Buffer, value: number, at: number): void => {
  bytes.writeBigInt64BE(BigInt(value), at);
};
const readInt64 = (bytes: Buffer, at: number): number => Number(bytes.readBigInt64BE(at));
