import { differences, expectedOf } from './differences';
import type { ReadRow } from './rows';
import type { PackedRow } from './rows';
import { oddRows, packRow, rowsOf, unpackRow } from './rows';

const written = expectedOf(oddRows, []);
const last = written.length - 1;
const changedAt = (at: number, change: Partial<ReadRow>): readonly ReadRow[] =>
  written.map((row, index) => (index === at ? { ...row, ...change } : row));
const longValue = (): Buffer => {
  const value = Buffer.from(written[8]?.value ?? []);
  value[value.length - 1] = (value[value.length - 1] ?? 0) ^ 1;
  return value;
};

test('what is equal has no differences, also when the partitions come in another order', () => {
  expect(differences(written, written)).toEqual([]);
  expect(
    differences(
      written,
      written.toSorted((one, other) => other.partition - one.partition),
    ),
  ).toEqual([]);
});

const changes: readonly { readonly what: string; readonly actual: readonly ReadRow[] }[] = [
  { what: 'a null key that became empty', actual: changedAt(0, { key: Buffer.alloc(0) }) },
  { what: 'an empty value that became null', actual: changedAt(1, { value: null }) },
  { what: 'one bit at the end of a long value', actual: changedAt(8, { value: longValue() }) },
  { what: 'one millisecond', actual: changedAt(4, { timestampMs: (written[4]?.timestampMs ?? 0) + 1 }) },
  { what: 'another kind of time', actual: changedAt(4, { timestampType: 'append' }) },
  { what: 'another offset', actual: changedAt(4, { offset: 17 }) },
  { what: 'another partition', actual: changedAt(4, { partition: 2 }) },
  {
    what: 'headers in another order',
    actual: changedAt(5, { headers: written[5]?.headers.toReversed() ?? [] }),
  },
  {
    what: 'a header value that became empty',
    actual: changedAt(6, {
      headers: [
        ['absent', Buffer.alloc(0)],
        ['empty', Buffer.alloc(0)],
      ],
    }),
  },
  { what: 'a missing header', actual: changedAt(2, { headers: [] }) },
  { what: 'a missing record', actual: written.slice(0, last) },
  { what: 'a record that came twice', actual: [...written, ...written.slice(last)] },
  { what: 'nothing at all', actual: [] },
];
test.each(changes)('$what is seen', ({ actual }) => {
  expect(differences(written, actual)).not.toEqual([]);
});

test('a row survives the way to a client’s process and back', () => {
  for (const row of [...oddRows, ...rowsOf('movies').slice(0, 50)]) {
    const { offset, timestampType, ...rest } = unpackRow(
      JSON.parse(JSON.stringify(packRow(row))) as PackedRow,
    );
    expect([offset, timestampType]).toEqual([-1, 'none']);
    expect(rest).toEqual(row);
  }
});
