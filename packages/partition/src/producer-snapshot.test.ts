import { Offset, ProducerEpoch, ProducerId, SeededRandom, TimestampMs } from '@kafkaesque/kernel';
import { crc32c } from '@kafkaesque/protocol';
import { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot';
import { ProducerTable } from './producer-state';
import type { ProducerEntry } from './producer-state';

const bare = (entries: Iterable<ProducerEntry>): readonly unknown[] =>
  [...entries].map(
    ({ producerId, epoch, coordinatorEpoch, lastTimestampMs, currentTxnFirstOffset, batches }) => ({
      producerId,
      epoch,
      coordinatorEpoch,
      lastTimestampMs,
      currentTxnFirstOffset,
      batches,
    }),
  );

const entryOf = (change: Partial<ProducerEntry> = {}): ProducerEntry => ({
  producerId: ProducerId(1001),
  epoch: ProducerEpoch(2),
  coordinatorEpoch: -1,
  lastTimestampMs: TimestampMs(1_700_000_000_000),
  currentTxnFirstOffset: Offset(-1),
  batches: [
    { lastSequence: 9, lastOffset: Offset(41), offsetDelta: 4, timestampMs: TimestampMs(1_700_000_000_000) },
  ],
  ...change,
});

describe('the snapshot file', () => {
  test('is Kafka’s, byte for byte', () => {
    const entry =
      '00000000000003e9' +
      '0002' +
      '00000009' +
      '0000000000000029' +
      '00000004' +
      '0000018bcfe56800' +
      'ffffffff' +
      'ffffffffffffffff';
    const bytes = encodeProducerSnapshot([entryOf()]);
    const body = Buffer.from(`00000001${entry}`, 'hex');
    expect(bytes.toString('hex')).toBe(
      `0001${crc32c(body).toString(16).padStart(8, '0')}${body.toString('hex')}`,
    );
  });

  test('ends each producer with the one entry that Kafka would have written', () => {
    const older = { lastSequence: 4, lastOffset: Offset(36), offsetDelta: 4, timestampMs: TimestampMs(9) };
    const alone = encodeProducerSnapshot([entryOf()]);
    const both = encodeProducerSnapshot([entryOf({ batches: [older, ...entryOf().batches] })]);
    expect(both.subarray(-46)).toEqual(alone.subarray(-46));
    expect(both.readInt32BE(6)).toBe(2);
  });

  test.each([
    { name: 'nobody', entries: [] },
    { name: 'a producer without batches', entries: [entryOf({ batches: [] })] },
    {
      name: 'a time later than the last batch',
      entries: [entryOf({ lastTimestampMs: TimestampMs(1_800_000_000_000) })],
    },
    {
      name: 'an open transaction',
      entries: [entryOf({ currentTxnFirstOffset: Offset(37), coordinatorEpoch: 5 })],
    },
    { name: 'large numbers', entries: [entryOf({ producerId: ProducerId(Number.MAX_SAFE_INTEGER) })] },
  ])('keeps $name', ({ entries }) => {
    expect(bare(decodeProducerSnapshot(encodeProducerSnapshot(entries)) ?? [])).toEqual(bare(entries));
  });

  test('with a flipped bit or a missing byte is no snapshot', () => {
    const bytes = encodeProducerSnapshot([entryOf()]);
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      expect(decodeProducerSnapshot(flipped)).toBeUndefined();
      expect(decodeProducerSnapshot(bytes.subarray(0, at))).toBeUndefined();
    }
    expect(decodeProducerSnapshot(Buffer.concat([bytes, Buffer.alloc(46)]))).toBeUndefined();
  });

  test('restores whatever table wrote it, order included', () => {
    for (let seed = 0; seed < 100; seed++) {
      const random = new SeededRandom(seed, 'snapshots');
      const table = new ProducerTable();
      for (let offset = 0; offset < 80; offset += 2 + random.below(3)) {
        const last = Offset(offset + random.below(2));
        const sequence = random.below(10) === 0 ? 2_147_483_647 : random.below(1000);
        const pid = ProducerId(random.below(6));
        table.add(
          pid,
          ProducerEpoch(random.below(3)),
          sequence,
          Offset(offset),
          last,
          TimestampMs(random.below(5)),
          0,
        );
      }
      const restored = decodeProducerSnapshot(encodeProducerSnapshot(table.entries())) ?? [];
      expect({ seed, restored: bare(restored) }).toEqual({ seed, restored: bare(table.entries()) });
    }
  });
});
