import { readInt64, writeInt64 } from './journal-frame';

/** Writes the fields of our own small files one after the other, big-endian. */
export class ByteWriter {
  #bytes: Buffer;
  #at = 0;

  constructor(expectedBytes: number) {
    this.#bytes = Buffer.alloc(expectedBytes);
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#at = this.#bytes.writeUInt32BE(value, this.#at);
  }
  int64(value: number): void {
    this.#reserve(8);
    writeInt64(this.#bytes, value, this.#at);
    this.#at += 8;
  }
  /** 22 characters of base64url as 16 bytes. */
  uuid(value: string): void {
    this.#reserve(16);
    this.#bytes.write(value, this.#at, 16, 'base64url');
    this.#at += 16;
  }
  text(value: string): void {
    const sizeBytes = Buffer.byteLength(value);
    this.uint32(sizeBytes);
    this.#reserve(sizeBytes);
    this.#bytes.write(value, this.#at);
    this.#at += sizeBytes;
  }
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #reserve(sizeBytes: number): void {
    if (this.#at + sizeBytes <= this.#bytes.length) return;
    const grown = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#at + sizeBytes));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }
}

/** Reads what `ByteWriter` wrote, once a checksum has vouched for it. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  uint32(): number {
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }
  int64(): number {
    this.#at += 8;
    return readInt64(this.#bytes, this.#at - 8);
  }
  uuid(): string {
    this.#at += 16;
    return this.#bytes.toString('base64url', this.#at - 16, this.#at);
  }
  text(): string {
    const sizeBytes = this.uint32();
    this.#at += sizeBytes;
    return this.#bytes.toString('utf8', this.#at - sizeBytes, this.#at);
  }
}
