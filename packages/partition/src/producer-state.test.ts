import { Offset, ProducerEpoch, ProducerId, SeededRandom, TimestampMs } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import { MAX_SEQUENCE, ProducerTable, sequenceAfter, sequenceBefore } from './producer-state';

const PID = ProducerId(7);
const add = (
  table: ProducerTable,
  epoch: number,
  sequence: number,
  offset: number,
  count = 1,
  pid = PID,
): void =>
  table.add(
    pid,
    ProducerEpoch(epoch),
    sequence,
    Offset(offset),
    Offset(offset + count - 1),
    TimestampMs(1000 + offset),
    offset,
  );
const judge = (table: ProducerTable, epoch: number, sequence: number, count = 1): string => {
  const verdict = table.judge(PID, ProducerEpoch(epoch), sequence, count - 1);
  return verdict.kind === 'duplicate'
    ? `duplicate of ${verdict.batch.lastOffset - verdict.batch.offsetDelta}`
    : verdict.kind;
};

describe('what a leader says to an idempotent batch', () => {
  const table = new ProducerTable();
  // Epoch 3, six batches of two records: sequences 0 to 11 at offsets 100 to 111.
  for (let i = 0; i < 6; i++) add(table, 3, i * 2, 100 + i * 2, 2);

  test.each([
    { name: 'the next sequence is in order', epoch: 3, sequence: 12, count: 1, says: 'in-order' },
    { name: 'a gap is refused', epoch: 3, sequence: 13, count: 1, says: 'out-of-order' },
    {
      name: 'the last batch again is a duplicate',
      epoch: 3,
      sequence: 10,
      count: 2,
      says: 'duplicate of 110',
    },
    { name: 'so is the fifth from the end', epoch: 3, sequence: 2, count: 2, says: 'duplicate of 102' },
    { name: 'the sixth from the end is forgotten', epoch: 3, sequence: 0, count: 2, says: 'out-of-order' },
    { name: 'another length is another batch', epoch: 3, sequence: 10, count: 1, says: 'out-of-order' },
    { name: 'an older epoch is fenced', epoch: 2, sequence: 12, count: 1, says: 'fenced' },
    { name: 'a new epoch begins at 0', epoch: 4, sequence: 0, count: 1, says: 'in-order' },
    { name: 'and nowhere else', epoch: 4, sequence: 12, count: 1, says: 'out-of-order' },
    {
      name: 'a duplicate in an older epoch is fenced all the same',
      epoch: 2,
      sequence: 10,
      count: 2,
      says: 'fenced',
    },
  ])('$name', ({ epoch, sequence, count, says }) => {
    expect(judge(table, epoch, sequence, count)).toBe(says);
  });

  test('an unknown producer may begin anywhere (KIP-360)', () => {
    expect(judge(new ProducerTable(), 5, 4711)).toBe('in-order');
  });

  test('a new epoch forgets the batches of the old one', () => {
    const bumped = new ProducerTable();
    add(bumped, 1, 0, 0);
    add(bumped, 2, 0, 1);
    expect(bumped.get(PID)?.batches).toHaveLength(1);
    expect(judge(bumped, 2, 0)).toBe('duplicate of 1');
  });

  test('sequences begin again at 0 after 2^31 - 1', () => {
    const wrapping = new ProducerTable();
    add(wrapping, 0, MAX_SEQUENCE - 1, 0, 3);
    expect(wrapping.get(PID)?.batches[0]?.lastSequence).toBe(0);
    expect(judge(wrapping, 0, 1)).toBe('in-order');
    expect(judge(wrapping, 0, MAX_SEQUENCE - 1, 3)).toBe('duplicate of 0');
    const full = new ProducerTable();
    add(full, 0, MAX_SEQUENCE, 0);
    expect(judge(full, 0, 0)).toBe('in-order');
  });

  test('stepping over the end of the sequences and back is the same place', () => {
    for (const [from, count] of [
      [MAX_SEQUENCE, 1],
      [MAX_SEQUENCE - 3, 10],
      [0, 5],
    ] as const)
      expect(sequenceBefore(sequenceAfter(from, count), count)).toBe(from);
  });
});

describe('who is forgotten', () => {
  test('idle producers, by the time this broker last saw them and not by their own timestamps', () => {
    const table = new ProducerTable();
    add(table, 0, 0, 5, 1, ProducerId(1));
    add(table, 0, 0, 50, 1, ProducerId(2));
    table.expire(105, 100);
    expect([...table.entries()].map((entry) => entry.producerId)).toEqual([2]);
  });

  test('the longest idle, when there are too many', () => {
    const table = new ProducerTable();
    for (const pid of [1, 2, 3]) add(table, 0, 0, pid, 1, ProducerId(pid));
    add(table, 0, 1, 4, 1, ProducerId(1));
    table.shrinkTo(2);
    expect([...table.entries()].map((entry) => entry.producerId)).toEqual([3, 1]);
  });

  test('never one with an open transaction', () => {
    const table = new ProducerTable();
    const entry = {
      producerId: PID,
      epoch: ProducerEpoch(0),
      coordinatorEpoch: 0,
      lastTimestampMs: TimestampMs(0),
      currentTxnFirstOffset: Offset(3),
      batches: [],
    };
    table.load(entry, 0);
    table.expire(1e9, 1);
    table.shrinkTo(0);
    expect(table.size).toBe(1);
  });

  test('and whoever was forgotten and comes back is known anew', () => {
    const table = new ProducerTable();
    add(table, 0, 0, 0);
    table.expire(1000, 10);
    add(table, 0, 5, 1);
    expect(table.size).toBe(1);
    expect(judge(table, 0, 6)).toBe('in-order');
  });
});

/** The rule said the long way: everything the producer ever wrote, looked up from the start each time. */
const naiveVerdict = (
  history: readonly { epoch: number; sequences: readonly number[]; offset: number }[],
  epoch: number,
  sequences: readonly number[],
): string => {
  const latest = Math.max(-1, ...history.map((batch) => batch.epoch));
  if (latest === -1) return 'in-order';
  if (epoch < latest) return 'fenced';
  if (epoch > latest) return sequences[0] === 0 ? 'in-order' : 'out-of-order';
  const ofEpoch = history.filter((batch) => batch.epoch === latest);
  const same = ofEpoch.slice(-5).find((batch) => String(batch.sequences) === String(sequences));
  if (same !== undefined) return `duplicate of ${same.offset}`;
  const last = ofEpoch.at(-1)?.sequences.at(-1) ?? -1;
  return sequences[0] === (last === MAX_SEQUENCE ? 0 : last + 1) ? 'in-order' : 'out-of-order';
};

test('whatever a producer sends is judged as its whole history says', () => {
  for (let seed = 0; seed < casesOf(50, 200); seed++) {
    const random = new SeededRandom(seed, 'sequences');
    const table = new ProducerTable();
    const history: { epoch: number; sequences: readonly number[]; offset: number }[] = [];
    const run = (from: number, count: number): readonly number[] =>
      Array.from({ length: count }, (_, i) => (from + i) % (MAX_SEQUENCE + 1));
    let offset = 0;
    for (let step = 0; step < 60; step++) {
      const last = history.at(-1);
      const next = last === undefined ? MAX_SEQUENCE - random.below(20) : (last.sequences.at(-1) ?? 0) + 1;
      const again = history.at(-1 - random.below(8));
      const count = 1 + random.below(4);
      const epoch = (last?.epoch ?? 0) + (random.below(10) === 0 ? random.below(3) - 1 : 0);
      const choice = random.below(10);
      const sequences =
        choice < 5
          ? run(next, count)
          : choice < 8 && again !== undefined
            ? again.sequences
            : run(random.below(3), count);
      const expected = naiveVerdict(history, Math.max(0, epoch), sequences);
      const got = judge(table, Math.max(0, epoch), sequences[0] ?? 0, sequences.length);
      expect({ seed, step, got }).toEqual({ seed, step, got: expected });
      if (got !== 'in-order') continue;
      add(table, Math.max(0, epoch), sequences[0] ?? 0, offset, sequences.length);
      history.push({ epoch: Math.max(0, epoch), sequences, offset });
      offset += sequences.length;
    }
  }
});
