import { crc32 } from 'node:zlib';
import { BrokerId, assert, assertNever } from '@kafkaesque/kernel';
import type { HardState, WriteAheadLogRecord } from './records';

/**
 * A frame is one write of the log, acknowledged by one flush. The next frame starts only when that flush has returned,
 * so a frame proves that everything before it was durable.
 *
 * `magic u32 | payload length u32 | LSN u64 | position u64 | salt 8 | payload CRC u32 | header CRC u32 | payload`
 *
 * Position and salt (drawn for each file) tell a frame from bytes that only look like one.
 */
export const FRAME_HEADER_BYTES = 40;
const FRAME_MAGIC = 0x4b51_5746;

/** `magic u32 | salt 8 | LSN u64 | term u64 | node id i32 | directory id 22 | 0 u16 | zeros 4 | CRC u32` */
const HARD_STATE_BYTES = 64;
const HARD_STATE_MAGIC = 0x4b51_4853;

/** What a disk may lose or damage on its own. Copies of a hard state lie in different ones. */
const SECTOR_BYTES = 4096;

const recordTypes = { entry: 1, hardState: 2, start: 3, voters: 4, padding: 5 } as const;
const ENTRY_HEADER_BYTES = 22;
const START_BYTES = 18;

/** What stands before a frame's payload. */
export interface FrameHeader {
  readonly lsn: number;
  readonly payloadBytes: number;
  readonly payloadCrc: number;
}

/** Safe integers as eight bytes: the two highest stay zero. */
export const writeUint64 = (into: Buffer, value: number, at: number): void => {
  assert(value >= 0 && value < 2 ** 48, () => `${value} fits in 48 bits`);
  into.writeUInt16BE(0, at);
  into.writeUIntBE(value, at + 2, 6);
};

/** Undefined when the number is beyond what we write. */
export const readUint64 = (from: Buffer, at: number): number | undefined =>
  from.readUInt16BE(at) === 0 ? from.readUIntBE(at + 2, 6) : undefined;

const encodeHardState = (hardState: HardState, salt: Buffer, lsn: number): Buffer => {
  const bytes = Buffer.alloc(HARD_STATE_BYTES);
  bytes.writeUInt32BE(HARD_STATE_MAGIC, 0);
  salt.copy(bytes, 4);
  writeUint64(bytes, lsn, 12);
  writeHardState(bytes, hardState, 20);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 60)), 60);
  return bytes;
};

export const HARD_STATE_BODY_BYTES = 36;

/** `term u64 | node id i32 (-1: no vote) | directory id, 22 letters | 0 u16` */
export const writeHardState = (into: Buffer, { term, votedFor }: HardState, at: number): void => {
  writeUint64(into, term, at);
  into.writeInt32BE(votedFor === null ? -1 : votedFor.nodeId, at + 8);
  assert(votedFor === null || votedFor.directoryId.length === 22, 'a directory id has 22 letters');
  into.write(votedFor === null ? '' : votedFor.directoryId, at + 12, 22, 'latin1');
};

export const readHardState = (from: Buffer, at: number): HardState | undefined => {
  const term = readUint64(from, at);
  if (term === undefined) return undefined;
  const nodeId = from.readInt32BE(at + 8);
  if (nodeId === -1) return { term, votedFor: null };
  return {
    term,
    votedFor: { nodeId: BrokerId(nodeId), directoryId: from.toString('latin1', at + 12, at + 34) },
  };
};

/** The hard state whose copy stands at `at`, if an intact copy of that frame does. */
const hardStateAt = (file: Buffer, at: number, salt: Buffer, lsn: number): HardState | undefined => {
  if (at + HARD_STATE_BYTES > file.length || file.readUInt32BE(at) !== HARD_STATE_MAGIC) return undefined;
  if (salt.compare(file, at + 4, at + 12) !== 0 || readUint64(file, at + 12) !== lsn) return undefined;
  if (file.readUInt32BE(at + 60) !== crc32(file.subarray(at, at + 60))) return undefined;
  return readHardState(file, at + 20);
};

/** Finds a copy of the hard state in what is left of a torn or damaged frame. */
export const salvageHardState = (
  file: Buffer,
  from: number,
  salt: Buffer,
  lsn: number,
): HardState | undefined => {
  const magic = Buffer.alloc(4);
  magic.writeUInt32BE(HARD_STATE_MAGIC, 0);
  for (let at = file.indexOf(magic, from); at !== -1; at = file.indexOf(magic, at + 1)) {
    const hardState = hardStateAt(file, at, salt, lsn);
    if (hardState !== undefined) return hardState;
  }
  return undefined;
};

const partsOf = (record: WriteAheadLogRecord, salt: Buffer, lsn: number): readonly Buffer[] => {
  switch (record.kind) {
    case 'entry': {
      const { index, term, type, bytes } = record.entry;
      const header = Buffer.alloc(ENTRY_HEADER_BYTES);
      header.writeUInt8(recordTypes.entry, 0);
      writeUint64(header, index, 1);
      writeUint64(header, term, 9);
      header.writeUInt8(type, 17);
      header.writeUInt32BE(bytes.length, 18);
      return [header, bytes];
    }
    case 'hard-state':
      return [Buffer.from([recordTypes.hardState]), encodeHardState(record.hardState, salt, lsn)];
    case 'start': {
      const body = Buffer.alloc(START_BYTES);
      body.writeUInt8(recordTypes.start, 0);
      writeUint64(body, record.start.index, 1);
      writeUint64(body, record.start.term, 9);
      body.writeUInt8(record.resets ? 1 : 0, 17);
      return [body];
    }
    case 'voters': {
      const header = Buffer.alloc(5);
      header.writeUInt8(recordTypes.voters, 0);
      header.writeUInt32BE(record.voters.length, 1);
      return [header, record.voters];
    }
    default:
      return assertNever(record);
  }
};

/** Frames up to this size are joined for the write: copying them costs less than gathering many small parts. */
const JOINED_BYTES = 256 * 1024;

const sizeOf = (parts: readonly Buffer[]): number => parts.reduce((total, part) => total + part.length, 0);

/** Zeros that move what follows into the sector after the one where `at` lies. */
const paddingFrom = (at: number): readonly Buffer[] => {
  const header = Buffer.alloc(5);
  header.writeUInt8(recordTypes.padding, 0);
  const next = (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES;
  const zeros = Buffer.alloc(Math.max(0, next - at - header.length));
  header.writeUInt32BE(zeros.length, 1);
  return [header, zeros];
};

/**
 * Parts of a frame. A hard state is written twice in it, first and last, in different sectors, so that damage to one
 * sector does not take a vote.
 */
export const encodeFrame = (
  records: readonly WriteAheadLogRecord[],
  { lsn, position, salt }: { readonly lsn: number; readonly position: number; readonly salt: Buffer },
): readonly Buffer[] => {
  const hardState = records.findLast((record) => record.kind === 'hard-state');
  const payload: Buffer[] = [];
  if (hardState !== undefined) payload.push(...partsOf(hardState, salt, lsn));
  for (const record of records) if (record.kind !== 'hard-state') payload.push(...partsOf(record, salt, lsn));
  if (hardState !== undefined) {
    const firstEndsAt = position + FRAME_HEADER_BYTES + 1 + HARD_STATE_BYTES - 1;
    const at = position + FRAME_HEADER_BYTES + sizeOf(payload);
    if (Math.floor(firstEndsAt / SECTOR_BYTES) === Math.floor((at + 1) / SECTOR_BYTES))
      payload.push(...paddingFrom(at));
    payload.push(...partsOf(hardState, salt, lsn));
  }
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt32BE(FRAME_MAGIC, 0);
  header.writeUInt32BE(sizeOf(payload), 4);
  writeUint64(header, lsn, 8);
  writeUint64(header, position, 16);
  salt.copy(header, 24);
  header.writeUInt32BE(
    payload.reduce((crc, part) => crc32(part, crc), 0),
    32,
  );
  header.writeUInt32BE(crc32(header.subarray(0, 36)), 36);
  const parts = [header, ...payload];
  return parts.length > 2 && sizeOf(parts) <= JOINED_BYTES ? [Buffer.concat(parts)] : parts;
};

/** The header of the frame that starts at `at`; undefined when none does. A salt left out is not looked at. */
export const frameHeaderAt = (file: Buffer, at: number, salt?: Buffer): FrameHeader | undefined => {
  if (at + FRAME_HEADER_BYTES > file.length || file.readUInt32BE(at) !== FRAME_MAGIC) return undefined;
  if (readUint64(file, at + 16) !== at) return undefined;
  if (salt !== undefined && salt.compare(file, at + 24, at + 32) !== 0) return undefined;
  if (file.readUInt32BE(at + 36) !== crc32(file.subarray(at, at + 36))) return undefined;
  const lsn = readUint64(file, at + 8);
  if (lsn === undefined) return undefined;
  return { lsn, payloadBytes: file.readUInt32BE(at + 4), payloadCrc: file.readUInt32BE(at + 32) };
};

/** Where the next intact frame header stands, from `from` on; undefined when there is none. */
export const findFrameHeader = (file: Buffer, from: number, salt?: Buffer): number | undefined => {
  const magic = Buffer.alloc(4);
  magic.writeUInt32BE(FRAME_MAGIC, 0);
  for (let at = file.indexOf(magic, from); at !== -1; at = file.indexOf(magic, at + 1))
    if (frameHeaderAt(file, at, salt) !== undefined) return at;
  return undefined;
};

interface Decoded {
  readonly record: WriteAheadLogRecord | undefined;
  readonly end: number;
}

const decodeRecord = (file: Buffer, at: number, salt: Buffer, lsn: number): Decoded | undefined => {
  switch (file[at]) {
    case recordTypes.entry: {
      const index = readUint64(file, at + 1);
      const term = readUint64(file, at + 9);
      if (index === undefined || term === undefined) return undefined;
      const end = at + ENTRY_HEADER_BYTES + file.readUInt32BE(at + 18);
      const bytes = file.subarray(at + ENTRY_HEADER_BYTES, end);
      return { record: { kind: 'entry', entry: { index, term, type: file.readUInt8(at + 17), bytes } }, end };
    }
    case recordTypes.hardState: {
      const hardState = hardStateAt(file, at + 1, salt, lsn);
      if (hardState === undefined) return undefined;
      return { record: { kind: 'hard-state', hardState }, end: at + 1 + HARD_STATE_BYTES };
    }
    case recordTypes.start: {
      const index = readUint64(file, at + 1);
      const term = readUint64(file, at + 9);
      if (index === undefined || term === undefined) return undefined;
      const resets = file.readUInt8(at + 17) === 1;
      return { record: { kind: 'start', start: { index, term }, resets }, end: at + START_BYTES };
    }
    case recordTypes.voters: {
      const end = at + 5 + file.readUInt32BE(at + 1);
      return { record: { kind: 'voters', voters: Buffer.from(file.subarray(at + 5, end)) }, end };
    }
    case recordTypes.padding:
      return { record: undefined, end: at + 5 + file.readUInt32BE(at + 1) };
    default:
      return undefined;
  }
};

/** What the frame at `at` says; undefined when its payload is not the one that was written. */
export const decodeFrame = (
  file: Buffer,
  at: number,
  header: FrameHeader,
  salt: Buffer,
): { readonly records: readonly WriteAheadLogRecord[]; readonly end: number } | undefined => {
  const end = at + FRAME_HEADER_BYTES + header.payloadBytes;
  if (end > file.length) return undefined;
  const payload = file.subarray(0, end);
  if (crc32(file.subarray(at + FRAME_HEADER_BYTES, end)) !== header.payloadCrc) return undefined;
  const records: WriteAheadLogRecord[] = [];
  for (let next = at + FRAME_HEADER_BYTES; next < end;) {
    const decoded = decodeRecord(payload, next, salt, header.lsn);
    assert(
      decoded !== undefined && decoded.end <= end,
      'a payload whose checksum holds is what an encoder wrote',
    );
    if (decoded.record !== undefined) records.push(decoded.record);
    next = decoded.end;
  }
  return { records, end };
};
