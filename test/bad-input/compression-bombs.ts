import { gzipSync } from 'node:zlib';
import { BATCH_HEADER_BYTES, codecId, compress, computeCrc, encodeBatch } from '@kafkaesque/protocol';
import type { Codec } from '@kafkaesque/protocol';

const MIB = 1024 * 1024;

/** A batch of one keyed record whose payload is replaced by these bytes; its header and CRC are right. */
export const batchOfPayload = (codec: Codec | number, payload: Buffer): Buffer => {
  const plain = encodeBatch({
    records: [{ key: Buffer.from('key'), value: Buffer.alloc(0) }],
    timestampMs: Date.now(),
  });
  const batch = Buffer.concat([plain.subarray(0, BATCH_HEADER_BYTES), payload]);
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeUInt16BE(typeof codec === 'number' ? codec : codecId(codec), 21);
  batch.writeUInt32BE(computeCrc(batch), 17);
  return batch;
};

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

/** A gzip member is as good as a file: members one behind another are one stream. */
const gzipZeros = (): Buffer => {
  const member = gzipSync(Buffer.alloc(16 * MIB), { level: 9 });
  return Buffer.concat(Array<Buffer>(50).fill(member));
};

/** A zstd block may say "this byte, 131,072 times" in four bytes. */
const zstdZeros = (): Buffer => {
  const block = (last: boolean): Buffer => {
    const header = Buffer.alloc(4);
    header.writeUIntLE((131_072 << 3) | (1 << 1) | (last ? 1 : 0), 0, 3);
    return header;
  };
  const frameHeader = Buffer.concat([uint32(0xfd2fb528), Buffer.from([0x00, 10 << 3])]);
  return Buffer.concat([frameHeader, ...Array<Buffer>(80_000).fill(block(false)), block(true)]);
};

/** Bytes below the limit of one batch that would become hundreds of megabytes, or ten gigabytes, of zeros. */
export const bombs = (): Readonly<Record<Exclude<Codec, 'none'>, Buffer>> => ({
  gzip: gzipZeros(),
  zstd: zstdZeros(),
  lz4: compress('lz4', Buffer.alloc(200 * MIB)),
  // Snappy makes at most 21 bytes of one.
  snappy: compress('snappy', Buffer.alloc(20 * MIB)),
});

/** One valid record whose value is `sizeBytes` zeros, in gzip: what it takes is only seen by opening it. */
export const gzippedLargeRecord = (sizeBytes: number): Buffer => {
  const chunk = Buffer.alloc(16 * MIB);
  const field = (value: number): readonly number[] => {
    const bytes: number[] = [];
    for (let rest = value * 2; ; rest = Math.floor(rest / 0x80)) {
      if (rest < 0x80) return [...bytes, rest];
      bytes.push((rest % 0x80) | 0x80);
    }
  };
  const start = [0, 0, 0, ...field(3), ...Buffer.from('key'), ...field(sizeBytes)];
  const head = Buffer.from([...field(start.length + sizeBytes + 1), ...start]);
  const whole = gzipSync(chunk, { level: 9 });
  return Buffer.concat([
    gzipSync(head),
    ...Array<Buffer>(Math.floor(sizeBytes / chunk.length)).fill(whole),
    gzipSync(chunk.subarray(0, sizeBytes % chunk.length)),
    gzipSync(Buffer.from([0])),
  ]);
};

const lz4Frame = (flags: number, contentSize: Buffer, checksum: number): Buffer =>
  Buffer.concat([
    uint32(0x184d2204),
    Buffer.from([flags, 0x40]),
    contentSize,
    Buffer.from([checksum]),
    uint32(0x8000_0003),
    Buffer.from('abc'),
    uint32(0),
  ]);

const xerial = (pieceBytes: number): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(pieceBytes);
  const header = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
  return Buffer.concat([header, length, Buffer.from([3, 8, 0x61])]);
};

/** Small payloads whose claims are large, or whose bytes are none of their codec. */
export const hostilePayloads = (): readonly (readonly [string, Codec, Buffer])[] => {
  const plain = encodeBatch({ records: [{ key: Buffer.from('key'), value: Buffer.alloc(500) }] });
  const records = plain.subarray(BATCH_HEADER_BYTES);
  const damaged = (codec: Codec, at: number): Buffer => {
    const bytes = Buffer.from(compress(codec, records));
    const place = at < 0 ? bytes.length + at : at;
    bytes.writeUInt8(bytes.readUInt8(place) ^ 0x55, place);
    return bytes;
  };
  return [
    ...(['gzip', 'snappy', 'lz4', 'zstd'] as const).map(
      (codec) => [`cut ${codec}`, codec, compress(codec, records).subarray(0, -6)] as const,
    ),
    ['gzip within gzip', 'gzip', gzipSync(gzipSync(records))],
    ['gzip with a wrong checksum', 'gzip', damaged('gzip', -6)],
    ['a snappy block that claims 4 GiB (CVE-2023-34455)', 'snappy', Buffer.from('ffffffff0f00', 'hex')],
    ['a snappy piece of negative length', 'snappy', xerial(-1)],
    ['a snappy piece of 2 GiB', 'snappy', xerial(0x7fffffff)],
    ['an LZ4 frame that claims 2^64 - 1 bytes', 'lz4', lz4Frame(0x68, Buffer.alloc(8, 0xff), 0)],
    ['an LZ4 frame with a wrong header checksum', 'lz4', lz4Frame(0x60, Buffer.alloc(0), 0x01)],
    ['an LZ4 block that is longer than its frame', 'lz4', damaged('lz4', 8)],
    ['zstd with a window of 2 GiB', 'zstd', Buffer.from('28b52ffd00a80b000000', 'hex')],
    ['zstd with a dictionary', 'zstd', Buffer.from('28b52ffd0150070b000000', 'hex')],
    ['text where gzip should be', 'gzip', Buffer.from('this is no compressed text at all')],
    ['text where zstd should be', 'zstd', Buffer.from('this is no compressed text at all')],
  ];
};
