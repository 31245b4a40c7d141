import { spawnSync } from 'node:child_process';
import { SeededRandom, hasCode } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import fc from 'fast-check';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import * as zlib from 'node:zlib';
import type { Codec } from './codec';
import { codecs } from './codec';
import { compress, decompress, initialiseCodecs } from './compression';

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

const seed = 20_250;
const random = new SeededRandom(seed);
const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random.below(256)));
const text = (length: number): Buffer => Buffer.alloc(length, 'many words that come again and again, ');
const mixed = (length: number): Buffer => Buffer.concat([text(length - (length >> 2)), noise(length >> 2)]);
const real = codecs.filter((codec) => codec !== 'none');
const each = real.map((codec) => [codec] as const);

describe(`compression (seed ${seed})`, () => {
  test.each(each)('%s gives back what went in, at the sizes where its blocks end', (codec) => {
    for (const size of [0, 1, 15, 65_535, 65_536, 65_537, 131_072])
      for (const plain of [noise(size), text(size), mixed(size)]) {
        const packed = compress(codec, plain);
        expect(decompress(codec, packed, size).equals(plain)).toBe(true);
      }
  });

  test.each(each)('%s gives back whatever went in', (codec) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.nat(30), (array, repeats) => {
        const plain = Buffer.concat(Array<Uint8Array>(repeats + 1).fill(array));
        expect(decompress(codec, compress(codec, plain), plain.length).equals(plain)).toBe(true);
      }),
      { numRuns: casesOf(20, 60) },
    );
  });

  test.each(each)('%s stops at the limit, to the byte', (codec) => {
    for (const size of [1, 100, 65_536, 200_000]) {
      const packed = compress(codec, text(size));
      expect(decompress(codec, packed, size)).toHaveLength(size);
      expect(thrownBy(() => decompress(codec, packed, size - 1))).toBe('OUTPUT_TOO_LARGE');
    }
  });

  test.each(each)('%s output is never the memory of the input', (codec) => {
    const packed = compress(codec, noise(1_000));
    const plain = decompress(codec, packed, 1_000);
    const before = Buffer.from(plain);
    packed.fill(0);
    expect(plain.equals(before)).toBe(true);
  });

  test('levels reach gzip and zstd', () => {
    const words = Array.from({ length: 20_000 }, () => `word-${random.below(500)}`);
    const plain = Buffer.from(words.join(' '));
    for (const codec of ['gzip', 'zstd'] as const)
      expect(compress(codec, plain, 9).length).toBeLessThan(compress(codec, plain, 1).length);
  });

  test.each(each)('%s cut anywhere is a failure, never an answer', (codec) => {
    const packed = compress(codec, mixed(1_000));
    // What is left of the xerial header reads as a raw block with a large size.
    const failure =
      codec === 'snappy'
        ? expect.stringMatching(/CORRUPT_COMPRESSION|OUTPUT_TOO_LARGE/)
        : 'CORRUPT_COMPRESSION';
    for (let length = 0; length < packed.length; length += 1) {
      // Nothing at all is an empty stream of zstd frames, and the bare header is a snappy stream without pieces.
      const empty = (codec === 'zstd' && length === 0) || (codec === 'snappy' && length === 16);
      const cut = packed.subarray(0, length);
      if (empty) expect(decompress(codec, cut, 10_000)).toHaveLength(0);
      else expect(thrownBy(() => decompress(codec, cut, 10_000))).toEqual(failure);
    }
  });

  test.each(each)('%s with flipped bytes fails by name or stays within the limit', (codec) => {
    const limit = 20_000;
    let failures = 0;
    for (let run = 0; run < casesOf(200, 600); run += 1) {
      const packed = compress(codec, mixed(1_000 + random.below(3_000)));
      for (let flips = random.below(4); flips >= 0; flips -= 1)
        packed.writeUInt8(random.below(256), random.below(packed.length));
      const cut = random.below(5) === 0 ? packed.subarray(0, random.below(packed.length)) : packed;
      try {
        expect(decompress(codec, cut, limit).length).toBeLessThanOrEqual(limit);
      } catch (error) {
        if (!hasCode(error, 'CORRUPT_COMPRESSION') && !hasCode(error, 'OUTPUT_TOO_LARGE')) throw error;
        failures += 1;
      }
    }
    expect(failures).toBeGreaterThan(50);
    // The library behind it still works.
    expect(decompress(codec, compress(codec, text(5_000)), 5_000).equals(text(5_000))).toBe(true);
  });

  test('zstd before its initialisation says so', () => {
    if ('zstdCompressSync' in zlib) return;
    jest.isolateModules(() => {
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- a second, fresh copy of the module
      const fresh = require('./compression') as { readonly compress: typeof compress };
      expect(thrownBy(() => fresh.compress('zstd', text(10)))).toBe('CODEC_NOT_READY');
      expect(decompress('gzip', fresh.compress('gzip', text(10)), 10).equals(text(10))).toBe(true);
    });
  });
});

describe('other programs read what we compress and write what we read:', () => {
  const plain = mixed(250_000);

  test('gzip of node:zlib', () => {
    expect(zlib.gunzipSync(compress('gzip', plain)).equals(plain)).toBe(true);
  });

  test('LZ4 frames of lz4_flex, with every checksum', () => {
    expect(decompressFrameSync(compress('lz4', plain)).equals(plain)).toBe(true);
    for (const options of [
      {},
      { contentChecksum: true },
      { blockChecksums: true },
      { contentChecksum: true, blockChecksums: true },
    ])
      expect(decompress('lz4', compressFrameSync(plain, options), plain.length).equals(plain)).toBe(true);
  });

  const tools: readonly (readonly [Codec, string, readonly string[], readonly (readonly string[])[]])[] = [
    ['gzip', 'gzip', ['-dc'], [['-c'], ['-c', '-9']]],
    [
      'lz4',
      'lz4',
      ['-dc'],
      [
        ['-c', '-BI'],
        ['-c', '-B4', '-BI', '-BX'],
        ['-c', '-9', '-B7', '-BI', '--no-frame-crc'],
      ],
    ],
    [
      'zstd',
      'zstd',
      ['-dc'],
      [['-c'], ['-c', '-19', '--no-check'], ['-c', '--ultra', '-22'], ['-c', '--long=27']],
    ],
  ];
  const run = (name: string, args: readonly string[], input: Buffer): Buffer =>
    spawnSync(name, args, { input, timeout: 30_000, maxBuffer: 1 << 24 }).stdout;

  for (const [codec, tool, unpack, packs] of tools) {
    const present = spawnSync(tool, ['--version'], { timeout: 10_000 }).status === 0;
    if (!present)
      process.stderr.write(`${tool} is not installed; its judgement of our ${codec} was not asked for.\n`);
    const whenPresent = present ? test : xtest;
    whenPresent(`the program ${tool}`, () => {
      expect(run(tool, unpack, compress(codec, plain)).equals(plain)).toBe(true);
      for (const pack of packs) {
        const packed = run(tool, pack, plain);
        expect([pack.join(' '), decompress(codec, packed, plain.length).equals(plain)]).toEqual([
          pack.join(' '),
          true,
        ]);
      }
    });
  }
});
