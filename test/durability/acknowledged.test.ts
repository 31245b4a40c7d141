import { SeededRandom } from '@kafkaesque/kernel';
import { checkPartition, combineReports } from './acknowledged';
import type {
  Fact,
  PartitionHistory,
  PartitionReading,
  ReadRecord,
  SentValue,
  ViolationKind,
} from './acknowledged';

const sent = (producer: string, sequence: number, isIdempotent = true): SentValue => ({
  producer,
  sequence,
  isIdempotent,
});
const acknowledged = (offset: number, value: SentValue): Fact => ({ offset, value, source: 'acknowledged' });
const seen = (offset: number, value: SentValue): Fact => ({ offset, value, source: 'read' });
const historyOf = (facts: readonly Fact[], rest: Partial<PartitionHistory> = {}): PartitionHistory => ({
  topic: 'steady',
  partition: 0,
  logStartOffset: 0,
  keepsBytes: undefined,
  ...rest,
  facts,
});
/** Values at consecutive offsets. */
const readingOf = (
  values: readonly (SentValue | 'damaged')[],
  rest: Partial<PartitionReading> = {},
): PartitionReading => {
  const { logStartOffset = 0 } = rest;
  return {
    logStartOffset,
    highWatermark: logStartOffset + values.length,
    sizeBytes: values.length * 1000,
    records: values.map((value, index) => ({ offset: logStartOffset + index, value })),
    ...rest,
  };
};
const kindsOf = (history: PartitionHistory, reading: PartitionReading): readonly ViolationKind[] =>
  checkPartition(history, reading).violations.map(({ kind }) => kind);

const [a, b, c] = [sent('p', 0), sent('p', 1), sent('p', 2)];

describe('the checker finds nothing wrong with', () => {
  test('acknowledged records in their places, and counts them', () => {
    const report = checkPartition(historyOf([acknowledged(0, a), acknowledged(1, b)]), readingOf([a, b, c]));
    expect(report).toEqual({ violations: [], confirmed: 2, unacknowledged: 1, repeated: 0 });
  });

  test('an empty partition of which nothing is known', () => {
    expect(kindsOf(historyOf([]), readingOf([]))).toEqual([]);
  });

  test('records sent in vain, in the middle as well', () => {
    expect(kindsOf(historyOf([acknowledged(1, c)]), readingOf([a, c]))).toEqual([]);
  });

  test('a producer without idempotence whose record lies there twice, and counts it', () => {
    const twice = sent('q', 4, false);
    const report = checkPartition(historyOf([acknowledged(1, twice)]), readingOf([twice, twice]));
    expect(report).toEqual({ violations: [], confirmed: 1, unacknowledged: 1, repeated: 1 });
  });

  test('several producers that take turns', () => {
    expect(kindsOf(historyOf([]), readingOf([sent('q', 7), a, sent('q', 9), b]))).toEqual([]);
  });

  test('what retention has taken, as long as enough is left', () => {
    const history = historyOf([acknowledged(0, a), acknowledged(5, b)], { keepsBytes: 1000 });
    expect(kindsOf(history, readingOf([b], { logStartOffset: 5 }))).toEqual([]);
  });
});

describe('the checker reports', () => {
  const cases: readonly [string, PartitionHistory, PartitionReading, readonly ViolationKind[]][] = [
    ['an acknowledged record above the end', historyOf([acknowledged(1, b)]), readingOf([a]), ['lost']],
    ['a record that was read and is gone', historyOf([seen(1, b)]), readingOf([a]), ['vanished']],
    [
      'an acknowledged record in a gap',
      historyOf([acknowledged(1, b)]),
      { ...readingOf([a, b, c]), records: readingOf([a, b, c]).records.filter(({ offset }) => offset !== 1) },
      ['gap', 'lost'],
    ],
    ['another record in its place', historyOf([acknowledged(0, a)]), readingOf([b]), ['changed']],
    [
      'damaged bytes in its place',
      historyOf([acknowledged(0, a)]),
      readingOf(['damaged']),
      ['invented', 'changed'],
    ],
    ['bytes that nobody sent', historyOf([]), readingOf([a, 'damaged']), ['invented']],
    ['a duplicate', historyOf([acknowledged(0, a)]), readingOf([a, b, a]), ['duplicate']],
    [
      'a duplicate of what retention has taken',
      historyOf([acknowledged(0, a)], { keepsBytes: 1 }),
      readingOf([b, a], { logStartOffset: 1 }),
      ['duplicate'],
    ],
    ['records in another order', historyOf([]), readingOf([a, c, b]), ['reordered']],
    [
      'two acknowledgements of one offset',
      historyOf([acknowledged(0, a), acknowledged(0, b)]),
      readingOf([a]),
      ['changed'],
    ],
    ['a high watermark beyond the last record', historyOf([]), readingOf([a], { highWatermark: 3 }), ['gap']],
    [
      'a log start where nothing may be deleted',
      historyOf([]),
      readingOf([a], { logStartOffset: 4 }),
      ['trimmed'],
    ],
    [
      'retention that took too much',
      historyOf([], { keepsBytes: 5000 }),
      readingOf([a], { logStartOffset: 4 }),
      ['trimmed'],
    ],
    [
      'a log start that went back',
      historyOf([], { keepsBytes: 1, logStartOffset: 2 }),
      readingOf([a, b], { logStartOffset: 1 }),
      ['trimmed'],
    ],
  ];
  test.each(cases)('%s', (_name, history, reading, kinds) => {
    expect(kindsOf(history, reading)).toEqual(kinds);
  });

  test('where it is, and adds partitions up', () => {
    const wrong = checkPartition(
      historyOf([acknowledged(3, b)], { topic: 't', partition: 7 }),
      readingOf([a]),
    );
    const right = checkPartition(historyOf([acknowledged(0, a)]), readingOf([a, b]));
    expect(combineReports([wrong, right])).toEqual({
      violations: [
        {
          ...{ kind: 'lost', topic: 't', partition: 7, offset: 3 },
          what: 'p/1, at or above the high watermark 1',
        },
      ],
      ...{ confirmed: 1, unacknowledged: 2, repeated: 0 },
    });
  });
});

type Sabotage = (records: ReadRecord[], at: number) => ReadRecord[];

/** Offsets given anew, as if nothing had ever been wrong. */
const renumbered = (records: readonly ReadRecord[]): ReadRecord[] =>
  records.map(({ value }, offset) => ({ offset, value }));

const sabotages: Readonly<Record<string, Sabotage>> = {
  dropped: (records, at) => records.filter((_, index) => index !== at),
  'dropped without a trace': (records, at) => renumbered(records.filter((_, index) => index !== at)),
  'cut off with all that follows': (records, at) => records.slice(0, at),
  altered: (records, at) =>
    records.map((record, index) => (index === at ? { ...record, value: 'damaged' } : record)),
  duplicated: (records, at) => renumbered([...records.slice(0, at + 1), ...records.slice(at)]),
  'swapped with the next': (records, at) => {
    const other = at + 1 < records.length ? at + 1 : at - 1;
    return records.map((record, index) => ({
      ...record,
      value: (index === at ? records[other] : index === other ? records[at] : record)?.value ?? 'damaged',
    }));
  },
};

describe('sabotage of one acknowledged record is reported:', () => {
  test.each(Object.entries(sabotages))('%s', (_name, sabotage) => {
    for (let seed = 0; seed < 200; seed++) {
      const random = new SeededRandom(seed, 'sabotage');
      const sequences = [0, 0, 0];
      const count = 2 + random.below(40);
      const at = random.below(count);
      const records: ReadRecord[] = Array.from({ length: count }, (_, offset) => {
        // Without idempotence a second copy would be allowed, so the victim is not the last producer's.
        const producer = random.below(offset === at ? sequences.length - 1 : sequences.length);
        sequences[producer] = (sequences[producer] ?? 0) + 1 + random.below(3);
        return { offset, value: sent(`p${producer}`, sequences[producer], producer !== 2) };
      });
      const facts = records.flatMap(({ offset, value }, index) =>
        value !== 'damaged' && (index === at || random.below(2) === 0) ? [acknowledged(offset, value)] : [],
      );
      const wholeReading = readingOf(records.map(({ value }) => value));
      expect({ seed, kinds: kindsOf(historyOf(facts), wholeReading) }).toEqual({ seed, kinds: [] });
      const left = sabotage(records, at);
      const highWatermark = (left.at(-1)?.offset ?? -1) + 1;
      const kinds = kindsOf(historyOf(facts), { ...wholeReading, records: left, highWatermark });
      expect({ seed, isReported: kinds.length > 0 }).toEqual({ seed, isReported: true });
    }
  });
});
