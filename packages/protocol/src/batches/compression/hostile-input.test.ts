import { compressFrameSync } from 'lz4-napi';
import { gzipSync } from 'node:zlib';
import { compress, decompress, initialiseCodecs } from './compression';
import type { Codec } from './codec';
import { xxhash32 } from './xxhash32';

beforeAll(initialiseCodecs);

/** The code of what `run` throws, or `nothing`. */
const thrownBy = (run: () => unknown): unknown => {
  try {
    run();
    return 'nothing';
  } catch (error) {
    return (error as { readonly code?: unknown }).code;
  }
};

/** RELIABILITY B9. The limits are small and the claims large, so that believing a claim shows as a failed test run. */
const MEGABYTE = 1 << 20;
const refused = (codec: Codec, bytes: Buffer, code: string, limit = MEGABYTE): void => {
  expect(thrownBy(() => decompress(codec, bytes, limit))).toBe(code);
};
const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

describe('hostile gzip', () => {
  test('ten gigabytes of zeros stop at the limit', () => {
    const member = gzipSync(Buffer.alloc(64 * MEGABYTE), { level: 1 });
    refused('gzip', Buffer.concat(Array<Buffer>(160).fill(member)), 'OUTPUT_TOO_LARGE');
  });

  test('a size in the last four bytes that lies is not believed', () => {
    const packed = gzipSync(Buffer.from('small'));
    packed.writeUInt32LE(0xffffffff, packed.length - 4);
    refused('gzip', packed, 'CORRUPT_COMPRESSION');
  });

  test('a bomb within a bomb is one layer of bytes', () => {
    const inner = gzipSync(Buffer.alloc(16 * MEGABYTE));
    expect(decompress('gzip', gzipSync(inner), MEGABYTE).equals(inner)).toBe(true);
  });

  test('a wrong checksum, and nothing at all', () => {
    const packed = gzipSync(Buffer.from('some text'));
    packed.writeUInt8(packed.readUInt8(packed.length - 6) ^ 1, packed.length - 6);
    refused('gzip', packed, 'CORRUPT_COMPRESSION');
    refused('gzip', Buffer.alloc(0), 'CORRUPT_COMPRESSION');
  });
});

describe('hostile snappy', () => {
  const header = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
  const piece = (length: number, bytes: readonly number[]): Buffer => {
    const size = Buffer.alloc(4);
    size.writeInt32BE(length);
    return Buffer.concat([header, size, Buffer.from(bytes)]);
  };

  test('a block that claims four gigabytes is refused before memory is taken', () => {
    const claim = [0xff, 0xff, 0xff, 0xff, 0x0f, 0x00];
    refused('snappy', Buffer.from(claim), 'OUTPUT_TOO_LARGE');
    refused('snappy', piece(claim.length, claim), 'OUTPUT_TOO_LARGE');
    refused('snappy', Buffer.from(claim), 'CORRUPT_COMPRESSION', 2 ** 40);
  });

  test('a block that claims more than its bytes can hold is refused, also within the limit', () => {
    refused('snappy', Buffer.from([0x80, 0x80, 0x10, 0x00]), 'CORRUPT_COMPRESSION');
  });

  test.each([
    ['negative', -1],
    ['two billion', 0x7fffffff],
    ['one more than there is', 4],
  ])('a piece length that is %s', (_, length) => {
    refused('snappy', piece(length, [3, 8, 0x61]), 'CORRUPT_COMPRESSION');
  });

  test('a size of six bytes, a size that does not end, and nothing at all', () => {
    refused('snappy', Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x01]), 'CORRUPT_COMPRESSION');
    refused('snappy', Buffer.from([0x80]), 'CORRUPT_COMPRESSION');
    refused('snappy', Buffer.alloc(0), 'CORRUPT_COMPRESSION');
  });

  test('many pieces together keep to the limit', () => {
    const packed = compress('snappy', Buffer.alloc(4 * MEGABYTE));
    refused('snappy', packed, 'OUTPUT_TOO_LARGE');
  });

  test('a raw block without framing, and streams one behind another, are read as the Java client does', () => {
    const packed = compress('snappy', Buffer.from('a raw block'));
    expect(decompress('snappy', packed.subarray(20), 100).toString()).toBe('a raw block');
    expect(decompress('snappy', Buffer.concat([packed, packed]), 100).toString()).toBe(
      'a raw blocka raw block',
    );
  });
});

describe('hostile LZ4 frames', () => {
  const frame = (
    flags: number,
    blockCode: number,
    after: readonly Buffer[],
    size = Buffer.alloc(0),
  ): Buffer => {
    const descriptor = Buffer.concat([Buffer.from([flags, blockCode << 4]), size]);
    const checksum = Buffer.from([(xxhash32(descriptor) >>> 8) & 0xff]);
    return Buffer.concat([uint32(0x184d2204), descriptor, checksum, ...after]);
  };
  /** A whole block of zeros: one literal, a match one byte back as long as the block allows, five last literals. */
  const zeros = (length: number): Buffer => {
    let left = length - 1 - 5 - 4 - 15;
    const run: number[] = [];
    for (; left >= 255; left -= 255) run.push(255);
    return Buffer.from([0x1f, 0, 1, 0, ...run, left, 0x50, 0, 0, 0, 0, 0]);
  };
  const stored = (bytes: Buffer): Buffer => Buffer.concat([uint32(0x8000_0000 + bytes.length), bytes]);

  test('the blocks of this test are what they should be', () => {
    const block = zeros(65_536);
    const bytes = frame(0x60, 4, [uint32(block.length), block, uint32(0)]);
    expect(decompress('lz4', bytes, 65_536).equals(Buffer.alloc(65_536))).toBe(true);
  });

  test('ten gigabytes of zeros stop at the limit', () => {
    const block = zeros(4 * MEGABYTE);
    const blocks = Buffer.concat([uint32(block.length), block]);
    refused(
      'lz4',
      frame(0x60, 7, [...Array<Buffer>(600).fill(blocks), uint32(0)]),
      'OUTPUT_TOO_LARGE',
      5 * MEGABYTE,
    );
  });

  test('a content size that lies, huge or small', () => {
    const named = (value: bigint): Buffer => {
      const size = Buffer.alloc(8);
      size.writeBigUInt64LE(value);
      return frame(0x68, 4, [stored(Buffer.from('abc')), uint32(0)], size);
    };
    expect(decompress('lz4', named(3n), 10).toString()).toBe('abc');
    for (const lie of [2n, 2n ** 63n, 2n ** 64n - 1n]) refused('lz4', named(lie), 'CORRUPT_COMPRESSION');
  });

  test.each([
    [
      'a block that claims more than the frame allows',
      frame(0x60, 4, [uint32(65_537), Buffer.alloc(70_000)]),
    ],
    ['a block that claims more than arrived', frame(0x60, 4, [uint32(100), Buffer.alloc(50)])],
    ['no end mark', frame(0x60, 4, [stored(Buffer.from('abc'))])],
    ['another version', frame(0xa0, 4, [uint32(0)])],
    ['a reserved flag', frame(0x62, 4, [uint32(0)])],
    ['a dictionary', frame(0x61, 4, [uint32(0)])],
    ['blocks that depend on one another', frame(0x40, 4, [uint32(0)])],
    ['a block size that is not defined', frame(0x60, 3, [uint32(0)])],
    ['no frame', Buffer.from('not a frame at all')],
    ['nothing', Buffer.alloc(0)],
  ])('%s', (_, bytes) => {
    refused('lz4', bytes, 'CORRUPT_COMPRESSION');
  });

  test('wrong checksums: of the header, a block, the content', () => {
    const plain = Buffer.alloc(1_000, 'text ');
    const header = compress('lz4', plain);
    header.writeUInt8(header.readUInt8(6) ^ 1, 6);
    refused('lz4', header, 'CORRUPT_COMPRESSION');
    const block = compressFrameSync(plain, { blockChecksums: true });
    // The checksum stands behind the block, before the end mark.
    block.writeUInt8(block.readUInt8(block.length - 5) ^ 1, block.length - 5);
    refused('lz4', block, 'CORRUPT_COMPRESSION');
    const content = compressFrameSync(plain, { contentChecksum: true });
    content.writeUInt8(content.readUInt8(content.length - 1) ^ 1, content.length - 1);
    refused('lz4', content, 'CORRUPT_COMPRESSION');
  });

  test('reading changes no byte of the input, not even for a moment that somebody could see', () => {
    const packed = compress('lz4', Buffer.alloc(200_000, 'text '));
    const before = Buffer.from(packed);
    decompress('lz4', packed, 200_000);
    expect(packed.equals(before)).toBe(true);
  });
});

describe('hostile zstd', () => {
  const magic = uint32(0xfd2fb528);
  const block = (last: boolean, kind: number, size: number, bytes: readonly number[]): Buffer => {
    const header = Buffer.alloc(3);
    header.writeUIntLE((size << 3) | (kind << 1) | (last ? 1 : 0), 0, 3);
    return Buffer.concat([header, Buffer.from(bytes)]);
  };
  const run = (last: boolean, size: number): Buffer => block(last, 1, size, [0]);
  const windowed = (descriptor: number, blocks: readonly Buffer[]): Buffer =>
    Buffer.concat([magic, Buffer.from([0x00, descriptor]), ...blocks]);
  const window1M = 10 << 3;

  test('ten gigabytes of zeros stop at the limit', () => {
    const bomb = windowed(window1M, [...Array<Buffer>(80_000).fill(run(false, 131_072)), run(true, 1)]);
    refused('zstd', bomb, 'OUTPUT_TOO_LARGE');
    refused('zstd', compress('zstd', Buffer.alloc(8 * MEGABYTE)), 'OUTPUT_TOO_LARGE');
  });

  test('a frame without a content size is read up to the limit', () => {
    const bytes = windowed(window1M, [run(false, 1_000), block(true, 0, 3, [1, 2, 3])]);
    expect(decompress('zstd', bytes, 1_003)).toHaveLength(1_003);
    refused('zstd', bytes, 'OUTPUT_TOO_LARGE', 1_002);
  });

  test('a window of two gigabytes is refused, one of 128 MiB is not', () => {
    refused('zstd', windowed(21 << 3, [run(true, 10)]), 'CORRUPT_COMPRESSION');
    refused('zstd', windowed(0xff, [run(true, 10)]), 'CORRUPT_COMPRESSION');
    expect(decompress('zstd', windowed(17 << 3, [run(true, 10)]), 10)).toHaveLength(10);
  });

  test('a content size that lies, huge or small', () => {
    const named = (value: bigint): Buffer => {
      const size = Buffer.alloc(8);
      size.writeBigUInt64LE(value);
      return Buffer.concat([magic, Buffer.from([0xe0]), size, run(true, 100)]);
    };
    expect(decompress('zstd', named(100n), 100)).toHaveLength(100);
    for (const lie of [50n, 101n, 2n ** 32n + 100n, 2n ** 63n, 2n ** 64n - 1n])
      refused('zstd', named(lie), 'CORRUPT_COMPRESSION');
  });

  test.each([
    ['a dictionary', Buffer.concat([magic, Buffer.from([0x01, window1M, 7]), run(true, 1)])],
    ['a reserved bit', Buffer.concat([magic, Buffer.from([0x08, window1M]), run(true, 1)])],
    ['a block of the reserved kind', windowed(window1M, [block(true, 3, 1, [0])])],
    ['a block larger than any may be', windowed(window1M, [run(true, 131_073)])],
    ['no last block', windowed(window1M, [run(false, 10)])],
    ['a cut skippable frame', Buffer.concat([uint32(0x184d2a50), uint32(0xffffffff), Buffer.alloc(3)])],
    [
      'bytes behind the frame',
      Buffer.concat([windowed(window1M, [run(true, 1)]), Buffer.from('more bytes')]),
    ],
    ['no frame', Buffer.from('not a frame at all')],
  ])('%s', (_, bytes) => {
    refused('zstd', bytes, 'CORRUPT_COMPRESSION');
  });

  test('frames one behind another, and skippable ones between, are read as one', () => {
    const skipped = Buffer.concat([uint32(0x184d2a5f), uint32(3), Buffer.from('...')]);
    const parts = [compress('zstd', Buffer.from('first ')), skipped, compress('zstd', Buffer.from('second'))];
    expect(decompress('zstd', Buffer.concat(parts), 100).toString()).toBe('first second');
    refused('zstd', Buffer.concat(parts), 'OUTPUT_TOO_LARGE', 11);
  });

  test('a wrong checksum', () => {
    const bytes = Buffer.concat([magic, Buffer.from([0x04, window1M]), run(true, 10), Buffer.alloc(4)]);
    refused('zstd', bytes, 'CORRUPT_COMPRESSION');
  });
});
