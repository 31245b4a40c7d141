import { BufferPool, SeededRandom } from '@kafkaesque/kernel';
import type { Lease } from '@kafkaesque/kernel';
import { FrameReader } from './frame-reader';
import type { FrameFault } from './frame-reader';

const KIB = 1024;
const MIB = 1024 * KIB;

/** A reader that keeps copies of what it gave, and gives every lease back. */
const openReader = (options: { maxFrameBytes?: number; onFrame?: (count: number) => void } = {}) => {
  const pool = new BufferPool({ keptBytes: MIB, poison: true });
  const frames: Buffer[] = [];
  const leases: (Lease | undefined)[] = [];
  const reader: FrameReader = new FrameReader({
    maxFrameBytes: options.maxFrameBytes ?? 100 * MIB,
    minFrameBytes: 8,
    pool,
    frame: (frame, lease) => {
      frames.push(Buffer.from(frame));
      leases.push(lease);
      lease?.release();
      options.onFrame?.(frames.length);
    },
  });
  return { reader, pool, frames, leases };
};

const framed = (body: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
};

const patterned = (sizeBytes: number, salt: number): Buffer => {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 1) bytes[at] = (at * 31 + salt) & 0xff;
  return bytes;
};

const lengthOnly = (sizeBytes: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(sizeBytes);
  return bytes;
};

test('frames that arrive whole are views on the chunk', () => {
  const given: Buffer[] = [];
  const pool = new BufferPool({ keptBytes: 0 });
  const reader = new FrameReader({
    maxFrameBytes: MIB,
    minFrameBytes: 8,
    pool,
    frame: (frame) => given.push(frame),
  });
  const chunk = Buffer.concat([framed(patterned(8, 1)), framed(patterned(500, 2))]);
  reader.push(chunk);
  expect(given.map((frame) => frame.length)).toEqual([8, 500]);
  expect(given.every((frame) => frame.buffer === chunk.buffer)).toBe(true);
  expect(pool.leasedBytes).toBe(0);
});

test('two cuts at any positions give the same frames', () => {
  const bodies = [patterned(8, 1), patterned(9, 2), patterned(23, 3)];
  const stream = Buffer.concat(bodies.map(framed));
  for (let first = 0; first <= stream.length; first += 1) {
    for (let second = first; second <= stream.length; second += 1) {
      const { reader, frames } = openReader();
      for (const chunk of [
        stream.subarray(0, first),
        stream.subarray(first, second),
        stream.subarray(second),
      ]) {
        expect(reader.push(chunk)).toBeUndefined();
      }
      expect(frames).toEqual(bodies);
      expect(reader.incompleteBytes).toBe(0);
    }
  }
});

test.each([5 * KIB, 31 * KIB, 33 * KIB, 64 * KIB, 65 * KIB, 300 * KIB, 3 * MIB])(
  'a frame of %d bytes survives any chunk sizes',
  (sizeBytes) => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const random = new SeededRandom(seed);
      const bodies = [patterned(sizeBytes, seed), patterned(100, seed + 1), patterned(sizeBytes, seed + 2)];
      const stream = Buffer.concat(bodies.map(framed));
      const { reader, frames, pool, leases } = openReader();
      let at = 0;
      while (at < stream.length) {
        const size = 1 + random.below(random.below(2) === 0 ? 200 : 64 * KIB);
        expect(reader.push(stream.subarray(at, at + size))).toBeUndefined();
        at += size;
      }
      if (!frames.every((frame, index) => frame.equals(bodies[index]!)))
        throw new Error(`seed ${seed}: other bytes`);
      expect(frames.length).toBe(3);
      expect(pool.leasedBytes).toBe(0);
      if (sizeBytes > 64 * KIB) expect(leases[0]).toBeDefined();
      if (sizeBytes < 32 * KIB) expect(leases[0]).toBeUndefined();
    }
  },
);

test.each([-2147483648, -1, 0, 1, 2, 3, 4, 5, 6, 7, MIB + 1, 0x7fffffff, 0x47455420, 0x16030100])(
  'the length %d ends the connection and takes no memory',
  (sizeBytes) => {
    const { reader, pool, frames } = openReader({ maxFrameBytes: MIB });
    const fault: FrameFault = { kind: 'invalid-length', sizeBytes };
    expect(reader.push(Buffer.concat([framed(patterned(10, 1)), lengthOnly(sizeBytes)]))).toEqual(fault);
    expect(frames.length).toBe(1);
    expect(reader.push(framed(patterned(10, 1)))).toEqual(fault);
    expect(frames.length).toBe(1);
    expect(pool.leasedBytes).toBe(0);
  },
);

test('memory follows what arrived: at most 64 KiB or four times as much', () => {
  const { reader, pool } = openReader();
  const sizeBytes = 100 * MIB;
  reader.push(lengthOnly(sizeBytes));
  expect(pool.leasedBytes).toBe(0);
  const chunk = Buffer.alloc(MIB);
  for (let arrived = MIB; arrived < sizeBytes / 4; arrived += MIB) {
    reader.push(chunk);
    expect(pool.leasedBytes).toBe(0);
    expect(reader.incompleteBytes).toBe(4 + arrived);
  }
  reader.push(chunk);
  expect(pool.leasedBytes).toBe(128 * MIB);
  reader.close();
  expect(pool.leasedBytes).toBe(0);
  expect(reader.incompleteBytes).toBe(0);
});

test('a pause within a frame holds the rest, and resume gives it in order', () => {
  const bodies = [1, 2, 3, 4].map((salt) => patterned(20, salt));
  const stream = Buffer.concat(bodies.map(framed));
  const { reader, frames } = openReader({
    onFrame: (count) => {
      if (count <= 2) reader.pause();
    },
  });
  reader.push(stream.subarray(0, 80));
  expect(frames.length).toBe(1);
  expect(reader.isHolding).toBe(true);
  reader.push(stream.subarray(80));
  expect(frames.length).toBe(1);
  reader.resume();
  expect(frames.length).toBe(2);
  reader.resume();
  expect(frames).toEqual(bodies);
  expect(reader.isHolding).toBe(false);
});

test('resuming within a frame goes on without nesting', () => {
  let depth = 0;
  let deepest = 0;
  const { reader, frames } = openReader({
    onFrame: () => {
      depth += 1;
      deepest = Math.max(deepest, depth);
      reader.pause();
      reader.resume();
      depth -= 1;
    },
  });
  reader.push(Buffer.concat([1, 2, 3].map((salt) => framed(patterned(20, salt)))));
  expect(frames.length).toBe(3);
  expect(deepest).toBe(1);
});

test('closing within a frame gives nothing more', () => {
  const { reader, frames } = openReader({ onFrame: () => reader.close() });
  reader.push(Buffer.concat([framed(patterned(20, 1)), framed(patterned(20, 2))]));
  expect(frames.length).toBe(1);
  expect(reader.isHolding).toBe(false);
});
