import { decodeError } from './failures';
import { MAX_TEXT_BYTES_IN_REQUEST } from './source';

/**
 * What compiled decoders call. They run straight through a buffer with the position in a local variable; a function
 * that also has to move the position leaves the new one in `cursor.at`.
 */
export const cursor = { at: 0, end: 0 };

/** A request is refused when reading it would make more arrays, structs, strings and views than this. */
export const MAX_OBJECTS_IN_REQUEST = 1_000_000;
/** Responses come from servers that we chose to talk to; a large cluster's metadata has millions of items. */
export const MAX_OBJECTS = 16_000_000;
/** Unknown tagged fields are skipped, up to this many in one message. */
export const MAX_UNKNOWN_TAGS = 64;

export const failShort = (path: string, at: number, wanted: number, end: number): never => {
  throw decodeError(`${path}: ${wanted} bytes wanted at byte ${at}, ${Math.max(0, end - at)} left`);
};
export const failNull = (path: string, at: number): never => {
  throw decodeError(`${path}: null before byte ${at} where none is allowed`);
};
export const failLength = (path: string, length: number): never => {
  throw decodeError(`${path}: impossible length ${length}`);
};
export const failObjects = (path: string): never => {
  throw decodeError(`${path}: more objects than one message may hold`);
};
export const failTag = (path: string, tag: number): never => {
  throw decodeError(`${path}: tag ${tag} is out of order`);
};
export const failUnknownTags = (path: string): never => {
  throw decodeError(`${path}: more than ${MAX_UNKNOWN_TAGS} unknown tagged fields`);
};
export const failTagSize = (path: string, tag: number): never => {
  throw decodeError(`${path}: the size of tag ${tag} is not that of its value`);
};

/** An unsigned varint of at most 32 bits; longer ones and bits beyond the 32nd are refused. Moves `cursor.at`. */
export const readUvarint = (b: Buffer, from: number, end: number, path: string): number => {
  let value = 0;
  let at = from;
  for (let shift = 0; shift < 35; shift += 7) {
    if (at >= end) failShort(path, at, 1, end);
    const byte = b[at++] ?? 0;
    if (shift === 28 && byte > 0x0f) break;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      cursor.at = at;
      return value >>> 0;
    }
  }
  throw decodeError(`${path}: varint at byte ${from} is longer than 32 bits`);
};

/** For an int64 outside the safe integers. */
export const failInt64 = (path: string, at: number): never => {
  throw decodeError(`${path}: int64 at byte ${at} is beyond 2^53`);
};
export const saturate = (value: number): number =>
  value < 0 ? -Number.MAX_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;

/** Longest text that is looked up in the table of recent texts instead of being decoded anew. */
const MAX_RECENT_LENGTH = 64;
const RECENT_SLOTS = 2048;
const recentTexts: string[] = new Array<string>(RECENT_SLOTS).fill('');

const equalsAscii = (b: Buffer, at: number, text: string): boolean => {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== b[at + i]) return false;
  return true;
};

/** A text of a request may not be longer than it can be written again; a byte that is no UTF-8 is written as three. */
const readLongText = (b: Buffer, at: number, length: number, path: string): string => {
  if (length > MAX_TEXT_BYTES_IN_REQUEST) failLength(path, length);
  const text = b.toString('utf8', at, at + length);
  if (length * 3 > MAX_TEXT_BYTES_IN_REQUEST) {
    const size = Buffer.byteLength(text);
    if (size > MAX_TEXT_BYTES_IN_REQUEST) failLength(path, size);
  }
  return text;
};

/**
 * UTF-8 text. Names of topics, groups and clients come again and again: short ASCII texts are found in a bounded table
 * by their bytes, which is several times cheaper than decoding and gives strings whose hash is already known.
 */
export const readText = (b: Buffer, at: number, length: number, pathInRequest?: string): string => {
  if (length === 0) return '';
  if (length > MAX_RECENT_LENGTH) {
    return pathInRequest === undefined
      ? b.toString('utf8', at, at + length)
      : readLongText(b, at, length, pathInRequest);
  }
  let hash = length;
  let seen = 0;
  for (let i = at; i < at + length; i++) {
    const byte = b[i] ?? 0;
    seen |= byte;
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  if (seen >= 0x80) return b.toString('utf8', at, at + length);
  const slot = (hash ^ (hash >>> 15)) & (RECENT_SLOTS - 1);
  const recent = recentTexts[slot] ?? '';
  if (recent.length === length && equalsAscii(b, at, recent)) return recent;
  const text = b.toString('latin1', at, at + length);
  recentTexts[slot] = text;
  return text;
};

const RECENT_UUIDS = 2048;
const recentUuids: string[] = new Array<string>(RECENT_UUIDS).fill('A'.repeat(22));
/** Four 32-bit words for each slot of `recentUuids`. */
const recentWords = new Int32Array(RECENT_UUIDS * 4);

/** 16 bytes as 22 characters of base64url; recent ones are found by their bytes. */
export const readUuid = (b: Buffer, at: number): string => {
  const w0 = b.readInt32BE(at);
  const w1 = b.readInt32BE(at + 4);
  const w2 = b.readInt32BE(at + 8);
  const w3 = b.readInt32BE(at + 12);
  const mixed = Math.imul(w0 ^ Math.imul(w1, 0x9e3779b1) ^ Math.imul(w2, 0x85ebca6b) ^ w3, 0xc2b2ae35);
  const slot = (mixed ^ (mixed >>> 16)) & (RECENT_UUIDS - 1);
  const word = slot * 4;
  if (
    recentWords[word] === w0 &&
    recentWords[word + 1] === w1 &&
    recentWords[word + 2] === w2 &&
    recentWords[word + 3] === w3
  ) {
    return recentUuids[slot] ?? '';
  }
  const text = b.toString('base64url', at, at + 16);
  recentWords[word] = w0;
  recentWords[word + 1] = w1;
  recentWords[word + 2] = w2;
  recentWords[word + 3] = w3;
  recentUuids[slot] = text;
  return text;
};
