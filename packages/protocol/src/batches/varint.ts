/**
 * Varints of records: base 128, low bits first, zigzag for the sign (as Protocol Buffers' sint32 and sint64).
 *
 * Two results without an object per number: the value is returned, and `varintEnd()` says where it ended. That holds
 * because reading is synchronous. A malformed number (cut off by `to`, longer than its type, or with bits beyond its
 * type) ends at `MALFORMED`.
 */
export const MALFORMED = -1;

let end = MALFORMED;

/** Where the number read last ended, or `MALFORMED`. */
export const varintEnd = (): number => end;

/**
 * int32, at most 5 bytes; the fifth may carry four bits only (Kafka ignores the others, which lets two texts mean one
 * number).
 */
export function readVarint(bytes: Uint8Array, at: number, to: number): number {
  const byte = at < to ? (bytes[at] ?? UNFINISHED) : UNFINISHED;
  if (byte < 0x80) {
    end = at + 1;
    return (byte >>> 1) ^ -(byte & 1);
  }
  const next = at + 1 < to ? (bytes[at + 1] ?? UNFINISHED) : UNFINISHED;
  if (next < 0x80) {
    end = at + 2;
    const raw = (byte & 0x7f) | (next << 7);
    return (raw >>> 1) ^ -(raw & 1);
  }
  return readLongerVarint(bytes, at, to);
}

/**
 * int64, at most 10 bytes. Exact within ±2^53; a larger number comes out rounded and not as a safe integer, which is
 * all that callers need to refuse it.
 */
export function readVarlong(bytes: Uint8Array, at: number, to: number): number {
  const byte = at < to ? (bytes[at] ?? UNFINISHED) : UNFINISHED;
  if (byte < 0x80) {
    end = at + 1;
    return (byte >>> 1) ^ -(byte & 1);
  }
  const next = at + 1 < to ? (bytes[at + 1] ?? UNFINISHED) : UNFINISHED;
  if (next < 0x80) {
    end = at + 2;
    const raw = (byte & 0x7f) | (next << 7);
    return (raw >>> 1) ^ -(raw & 1);
  }
  return readLongerVarlong(bytes, at, to);
}

/** What stands for the bytes beyond the end: never the last of a number. */
const UNFINISHED = 0xff;

/** Apart from `readVarint`, so that the engine inlines one and two bytes, which most numbers of a record have. */
function readLongerVarint(bytes: Uint8Array, at: number, to: number): number {
  let raw = 0;
  for (let index = 0; index < 5; index += 1) {
    const byte = at + index < to ? (bytes[at + index] ?? UNFINISHED) : UNFINISHED;
    raw |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) {
      end = index === 4 && byte > 0x0f ? MALFORMED : at + index + 1;
      return (raw >>> 1) ^ -(raw & 1);
    }
  }
  end = MALFORMED;
  return 0;
}

function readLongerVarlong(bytes: Uint8Array, at: number, to: number): number {
  // The first four bytes hold 28 bits, which stay small integers; time deltas are rarely longer.
  let low = 0;
  for (let index = 0; index < 4; index += 1) {
    const byte = at + index < to ? (bytes[at + index] ?? UNFINISHED) : UNFINISHED;
    low |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) {
      end = at + index + 1;
      return (low >>> 1) ^ -(low & 1);
    }
  }
  // Even, so that half of it is exact up to 2^53; the sign bit is kept apart.
  let raw = low & ~1;
  let weight = 2 ** 28;
  for (let index = 4; index < 10; index += 1) {
    const byte = at + index < to ? (bytes[at + index] ?? UNFINISHED) : UNFINISHED;
    raw += (byte & 0x7f) * weight;
    weight *= 128;
    if (byte < 0x80) {
      end = index === 9 && byte > 1 ? MALFORMED : at + index + 1;
      return (low & 1) === 1 ? -(raw / 2) - 1 : raw / 2;
    }
  }
  end = MALFORMED;
  return 0;
}

/** Bytes of an int32 as varint. */
export function sizeOfVarint(value: number): number {
  const raw = ((value << 1) ^ (value >> 31)) >>> 0;
  if (raw < 0x80) return 1;
  if (raw < 0x4000) return 2;
  if (raw < 0x20_0000) return 3;
  return raw < 0x1000_0000 ? 4 : 5;
}

/** Writes an int32 as varint; gives where it ended. */
export function writeVarint(bytes: Uint8Array, value: number, at: number): number {
  let raw = ((value << 1) ^ (value >> 31)) >>> 0;
  let position = at;
  while (raw >= 0x80) {
    bytes[position] = (raw & 0x7f) | 0x80;
    raw >>>= 7;
    position += 1;
  }
  bytes[position] = raw;
  return position + 1;
}

/** Bytes of a safe integer as varlong. */
export function sizeOfVarlong(value: number): number {
  let left = value < 0 ? -(value + 1) : value;
  let size = 1;
  for (left = Math.floor(left / 64); left > 0; left = Math.floor(left / 128)) size += 1;
  return size;
}

/** Writes a safe integer as varlong; gives where it ended. */
export function writeVarlong(bytes: Uint8Array, value: number, at: number): number {
  const magnitude = value < 0 ? -(value + 1) : value;
  // Zigzag doubles the magnitude, which may pass 2^53: the sign bit and the low six bits make the first byte.
  let low = (magnitude % 64) * 2 + (value < 0 ? 1 : 0);
  let left = Math.floor(magnitude / 64);
  let position = at;
  while (left > 0) {
    bytes[position] = low | 0x80;
    low = left % 128;
    left = Math.floor(left / 128);
    position += 1;
  }
  bytes[position] = low;
  return position + 1;
}
