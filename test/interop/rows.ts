import { recordsOf } from '../../examples/datasets.cjs';

/** A record as one of the clients is asked to write it. */
export interface Row {
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Null: the client's own time. */
  readonly timestampMs: number | null;
  readonly headers: readonly (readonly [string, Buffer | null])[];
}

/** A record as a client read it. */
export interface ReadRow extends Row {
  readonly offset: number;
  readonly timestampMs: number;
  readonly timestampType: string;
}

/** A row on the wire between a test and a client's process: JSON, bytes as base64. */
export interface PackedRow {
  readonly partition: number;
  readonly offset?: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly timestampMs: number | null;
  readonly timestampType?: string;
  readonly headers: readonly (readonly [string, string | null])[];
}

const packed = (bytes: Buffer | null): string | null => (bytes === null ? null : bytes.toString('base64'));
const unpacked = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text, 'base64'));

export const packRow = ({ partition, key, value, timestampMs, headers }: Row): PackedRow => ({
  partition,
  key: packed(key),
  value: packed(value),
  timestampMs,
  headers: headers.map(([name, content]) => [name, packed(content)]),
});

export const unpackRow = ({
  partition,
  offset,
  key,
  value,
  timestampMs,
  timestampType,
  headers,
}: PackedRow): ReadRow => ({
  partition,
  offset: offset ?? -1,
  key: unpacked(key),
  value: unpacked(value),
  timestampMs: timestampMs ?? -1,
  timestampType: timestampType ?? 'none',
  headers: headers.map(([name, content]) => [name, unpacked(content)]),
});

export const PARTITIONS = 3;

/** First offset to read of each partition; null: wherever the partition begins. */
export type Starts = ReadonlyMap<number, number | null>;
export const fromTheBeginning: Starts = new Map(
  Array.from({ length: PARTITIONS }, (_, partition) => [partition, null]),
);

/** All rows of a data set, dealt to three partitions in turn. */
export const rowsOf = (dataset: string): readonly Row[] =>
  recordsOf(dataset).map(({ key, value, timestampMs, headers }, index) => ({
    partition: index % PARTITIONS,
    key: key === null ? null : Buffer.from(key),
    value: Buffer.from(value),
    timestampMs,
    headers: headers.map((header) => [header.key, Buffer.from(header.value)]),
  }));

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const noise = (sizeBytes: number): Buffer => {
  const bytes = Buffer.alloc(sizeBytes);
  let state = 0x2545f491;
  for (let at = 0; at < sizeBytes; at += 1) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + at;
    bytes[at] = state >>> 24;
  }
  return bytes;
};

/** What no data set holds: absent and empty parts, every byte, repeated and odd header names, sizes across buffers. */
export const oddRows: readonly Row[] = (
  [
    { key: null, value: null, headers: [] },
    { key: Buffer.alloc(0), value: Buffer.alloc(0), headers: [] },
    { key: null, value: Buffer.from('no key'), headers: [['only', Buffer.from('header')]] },
    { key: Buffer.from('tombstone'), value: null, headers: [] },
    { key: everyByte, value: everyByte, headers: [['bytes', everyByte]] },
    {
      key: Buffer.from('repeated'),
      value: Buffer.from('v'),
      headers: [
        ['a', Buffer.from('1')],
        ['b', Buffer.from('2')],
        ['a', Buffer.from('3')],
      ],
    },
    {
      key: Buffer.from('header without value'),
      value: Buffer.from('v'),
      headers: [
        ['absent', null],
        ['empty', Buffer.alloc(0)],
      ],
    },
    {
      key: Buffer.from('ключ'),
      value: Buffer.from('значение 𝄞'),
      headers: [['заголовок', Buffer.from('да')]],
    },
    { key: Buffer.from('long'), value: noise(300_000), headers: [['long', noise(20_000)]] },
    { key: noise(5_000), value: Buffer.alloc(200_000, 'a'), headers: [] },
  ] satisfies readonly Pick<Row, 'key' | 'value' | 'headers'>[]
).map((row, index) => ({
  ...row,
  partition: index % PARTITIONS,
  timestampMs: 86_400_000 * (1 + ((index * 7) % 10)),
}));
