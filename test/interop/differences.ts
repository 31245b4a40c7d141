import type { ReadRow, Row } from './rows';

const shown = (bytes: Buffer | null): string => {
  if (bytes === null) return 'null';
  const text = bytes.toString('base64');
  return text.length > 60 ? `${text.slice(0, 60)}… (${bytes.length} bytes)` : text;
};
const described = ({ offset, key, value, timestampMs, timestampType, headers }: ReadRow): string =>
  `@${offset} ${timestampType} ${timestampMs} key ${shown(key)} value ${shown(value)} headers ${headers.map(([name, content]) => `${name}=${shown(content)}`).join(' ')}`;

const sameBytes = (one: Buffer | null, other: Buffer | null): boolean =>
  one === null || other === null ? one === other : one.equals(other);
const sameRow = (one: ReadRow, other: ReadRow): boolean =>
  one.offset === other.offset &&
  one.timestampMs === other.timestampMs &&
  one.timestampType === other.timestampType &&
  sameBytes(one.key, other.key) &&
  sameBytes(one.value, other.value) &&
  one.headers.length === other.headers.length &&
  one.headers.every(
    ([name, content], at) => name === other.headers[at]?.[0] && sameBytes(content, other.headers[at][1]),
  );

const MOST_SHOWN = 3;

/** How what was read differs from what was expected, partition by partition, every field of every record; the first few. */
export const differences = (expected: readonly ReadRow[], actual: readonly ReadRow[]): readonly string[] => {
  const partitions = [...new Set([...expected, ...actual].map(({ partition }) => partition))].sort(
    (one, other) => one - other,
  );
  return partitions
    .flatMap((partition) => {
      const wanted = expected.filter((row) => row.partition === partition);
      const got = actual.filter((row) => row.partition === partition);
      const counts =
        wanted.length === got.length
          ? []
          : [`partition ${partition}: ${got.length} records instead of ${wanted.length}`];
      const rows = wanted.flatMap((row, at) => {
        const other = got[at];
        return other !== undefined && !sameRow(row, other)
          ? [`partition ${partition}: ${described(other)}\n  instead of ${described(row)}`]
          : [];
      });
      return [...counts, ...rows];
    })
    .slice(0, MOST_SHOWN);
};

/**
 * What readers must see of rows that were written in this order to an empty topic. Times that the client chose itself
 * are taken from one reader, so that all others must agree with it.
 */
export const expectedOf = (rows: readonly Row[], seen: readonly ReadRow[]): readonly ReadRow[] => {
  const times = new Map(
    seen.map(({ partition, offset, timestampMs }) => [`${partition}/${offset}`, timestampMs]),
  );
  const next = new Map<number, number>();
  return rows.map((row) => {
    const offset = next.get(row.partition) ?? 0;
    next.set(row.partition, offset + 1);
    return {
      ...row,
      offset,
      timestampMs: row.timestampMs ?? times.get(`${row.partition}/${offset}`) ?? -1,
      timestampType: 'create',
    };
  });
};
