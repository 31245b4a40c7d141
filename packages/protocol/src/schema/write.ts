import { invalidField } from './failures';

const SCRATCH_BYTES = 64 * 1024;
/** A scratch buffer that grew beyond this is not kept after the message that needed it. */
const MAX_KEPT_SCRATCH_BYTES = 1024 * 1024;
/** Byte fields at least this large are referenced instead of copied: below, one more entry for `writev` costs more. */
export const REFERENCED_BYTES = 1024;
/** Texts up to this length are written character by character as long as they are ASCII. */
const MAX_SHORT_TEXT = 64;

/**
 * Where compiled encoders write: a scratch buffer that is used over and over, and the large byte fields that belong
 * between its bytes. Encoders keep buffer and position in local variables; whatever moves them leaves them in `buffer`
 * and `at`. Encoding is synchronous and never nested, so one writer serves the process.
 */
class Writer {
  buffer: Buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  at = 0;
  #referencing = false;
  readonly #referenced: Buffer[] = [];
  /** Position in the scratch buffer before which each referenced buffer belongs. */
  readonly #positions: number[] = [];
  #referencedBytes = 0;

  begin(mode: 'copy' | 'reference'): void {
    this.at = 0;
    this.#referencing = mode === 'reference';
    this.#referenced.length = 0;
    this.#positions.length = 0;
    this.#referencedBytes = 0;
    if (this.buffer.length > MAX_KEPT_SCRATCH_BYTES) this.buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  }

  /** Bytes written so far, referenced ones included. */
  get sizeBytes(): number {
    return this.at + this.#referencedBytes;
  }

  /** Makes room for `count` bytes at `at`, and gives the buffer to write to from now on. */
  reserve(at: number, count: number): Buffer {
    if (this.buffer.length - at >= count) return this.buffer;
    const bigger = Buffer.allocUnsafeSlow(Math.max(at + count, this.buffer.length * 2));
    this.buffer.copy(bigger, 0, 0, at);
    this.buffer = bigger;
    return bigger;
  }

  /** The bytes of one field, without their length. Gives the new position. */
  bytes(at: number, value: Buffer): number {
    if (this.#referencing && value.length >= REFERENCED_BYTES) {
      this.#referenced.push(value);
      this.#positions.push(at);
      this.#referencedBytes += value.length;
      return at;
    }
    return this.copy(at, value);
  }

  copy(at: number, value: Buffer): number {
    const to = this.reserve(at, value.length);
    value.copy(to, at);
    return at + value.length;
  }

  /** Everything in one buffer; what was referenced is copied now, and only now. */
  finishOne(): Buffer {
    const result = Buffer.allocUnsafe(this.sizeBytes);
    let from = 0;
    let at = 0;
    for (const [index, referenced] of this.#referenced.entries()) {
      const to = this.#positions[index] ?? from;
      at += this.buffer.copy(result, at, from, to);
      at += referenced.copy(result, at);
      from = to;
    }
    this.buffer.copy(result, at, from, this.at);
    this.#referenced.length = 0;
    return result;
  }

  finishParts(): readonly Buffer[] {
    const own = Buffer.allocUnsafe(this.at);
    this.buffer.copy(own, 0, 0, this.at);
    if (this.#referenced.length === 0) return [own];
    const parts: Buffer[] = [];
    let from = 0;
    for (const [index, referenced] of this.#referenced.entries()) {
      const to = this.#positions[index] ?? from;
      if (to > from) parts.push(own.subarray(from, to));
      parts.push(referenced);
      from = to;
    }
    if (from < own.length) parts.push(own.subarray(from));
    this.#referenced.length = 0;
    return parts;
  }
}

export type { Writer };
export const writer = new Writer();

export const writeUvarint = (b: Buffer, from: number, value: number): number => {
  let at = from;
  let rest = value >>> 0;
  while (rest >= 0x80) {
    b[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  b[at++] = rest;
  return at;
};

export const MAX_UVARINT_BYTES = 5;

/** A text of at most `maxBytes` with its compact length. Gives the new position; the writer has the buffer, which may be another one. */
export const writeCompactText = (
  to: Writer,
  at: number,
  text: string,
  path: string,
  maxBytes: number,
): number => {
  if (typeof text !== 'string') throw invalidField(path, text);
  const { length } = text;
  let b = to.reserve(at, length * 3 + MAX_UVARINT_BYTES);
  if (length <= MAX_SHORT_TEXT) {
    b[at] = length + 1;
    const end = writeAscii(b, at + 1, text);
    if (end >= 0) return end;
  }
  const size = Buffer.byteLength(text);
  if (size > maxBytes) throw invalidField(path, `a text of ${size} bytes`);
  b = to.reserve(at, size + MAX_UVARINT_BYTES);
  const start = writeUvarint(b, at, size + 1);
  return start + b.write(text, start, 'utf8');
};

/** Ten thousand characters fit into a text of any version, whatever they are. */
const MAX_ERROR_TEXT = 10_000;

/** An error's sentence may quote what a client sent: it is cut where it would not fit, for the client is owed an answer. */
export const errorText = (text: string): string =>
  text.length > MAX_ERROR_TEXT ? `${text.slice(0, MAX_ERROR_TEXT)}…` : text;

/** A text with a 16-bit length. */
export const writeText = (to: Writer, at: number, text: string, path: string): number => {
  if (typeof text !== 'string') throw invalidField(path, text);
  const { length } = text;
  const b = to.reserve(at, length * 3 + 2);
  let end = length <= MAX_SHORT_TEXT ? writeAscii(b, at + 2, text) : -1;
  if (end < 0) end = at + 2 + b.write(text, at + 2, 'utf8');
  const size = end - at - 2;
  if (size > 0x7fff) throw invalidField(path, `a text of ${size} bytes`);
  b[at] = size >>> 8;
  b[at + 1] = size;
  return end;
};

/** Gives -1 when the text is not all ASCII. */
const writeAscii = (b: Buffer, from: number, text: string): number => {
  let at = from;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return -1;
    b[at++] = code;
  }
  return at;
};

export const writeInt64 = (b: Buffer, at: number, value: number, path: string): void => {
  if (!Number.isSafeInteger(value)) throw invalidField(path, value);
  const high = Math.floor(value / 0x1_0000_0000);
  b[at] = high >>> 24;
  b[at + 1] = high >>> 16;
  b[at + 2] = high >>> 8;
  b[at + 3] = high;
  b[at + 4] = value >>> 24;
  b[at + 5] = value >>> 16;
  b[at + 6] = value >>> 8;
  b[at + 7] = value;
};

/** A saturated value goes back to the largest or smallest int64. */
export const writeWideInt64 = (b: Buffer, at: number, value: number, path: string): void => {
  if (Math.abs(value) !== Number.MAX_SAFE_INTEGER) {
    writeInt64(b, at, value, path);
    return;
  }
  b.fill(value < 0 ? 0 : 0xff, at, at + 8);
  b[at] = value < 0 ? 0x80 : 0x7f;
};

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** The six bits of each character, 64 for characters that base64url does not have. */
const bitsOf = new Uint8Array(256).fill(64);
for (let bits = 0; bits < 64; bits++) bitsOf[BASE64URL.charCodeAt(bits)] = bits;

const bitsAt = (text: string, index: number): number => bitsOf[text.charCodeAt(index)] ?? 64;

/** 22 characters of base64url as 16 bytes. */
export const writeUuid = (b: Buffer, at: number, value: string, path: string): void => {
  if (typeof value !== 'string' || value.length !== 22) throw invalidField(path, value);
  let seen = 0;
  let to = at;
  for (let index = 0; index < 20; index += 4) {
    const c0 = bitsAt(value, index);
    const c1 = bitsAt(value, index + 1);
    const c2 = bitsAt(value, index + 2);
    const c3 = bitsAt(value, index + 3);
    seen |= c0 | c1 | c2 | c3;
    b[to++] = (c0 << 2) | (c1 >>> 4);
    b[to++] = (c1 << 4) | (c2 >>> 2);
    b[to++] = (c2 << 6) | c3;
  }
  const last0 = bitsAt(value, 20);
  const last1 = bitsAt(value, 21);
  // The last character has two bits to give; others would be lost.
  if ((seen | last0 | last1) > 63 || (last1 & 0x0f) !== 0) throw invalidField(path, value);
  b[to] = (last0 << 2) | (last1 >>> 4);
};

/** Closes a tagged value whose one-byte size was reserved at `sizeAt`: writes the size, moving the value if it needs more. */
export const closeTagged = (to: Writer, sizeAt: number, at: number): number => {
  const size = at - sizeAt - 1;
  if (size < 0x80) {
    to.buffer[sizeAt] = size;
    return at;
  }
  const sizeBytes = size < 0x4000 ? 2 : size < 0x20_0000 ? 3 : size < 0x1000_0000 ? 4 : 5;
  const b = to.reserve(at, sizeBytes - 1);
  b.copyWithin(sizeAt + sizeBytes, sizeAt + 1, at);
  writeUvarint(b, sizeAt, size);
  return at + sizeBytes - 1;
};

/** The size of a byte field, which may be given as slices that are written one after another. */
export const bytesSize = (value: Buffer | readonly Buffer[], path: string): number => {
  if (Buffer.isBuffer(value)) return value.length;
  if (!Array.isArray(value)) throw invalidField(path, value);
  let size = 0;
  for (const part of value as readonly Buffer[]) size += part.length;
  return size;
};

/** The bytes themselves. Gives the new position. A value inside a tagged field is copied, because it may be moved. */
export const writeBytes = (
  to: Writer,
  from: number,
  value: Buffer | readonly Buffer[],
  inTag: boolean,
): number => {
  if (Buffer.isBuffer(value)) return inTag ? to.copy(from, value) : to.bytes(from, value);
  let at = from;
  for (const part of value) at = writeBytes(to, at, part, inTag);
  return at;
};
