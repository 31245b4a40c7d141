import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Offset } from '@kafkaesque/kernel';
import { encodeBatch } from '@kafkaesque/protocol';
import { recordedTerminal } from '../testing/recorded-terminal';
import { tool } from './dump-log-tool';

/** A segment that Apache Kafka 4.3 wrote: a plain batch with keys, and a gzip one with headers. */
const KAFKA_SEGMENT = Buffer.from(
  'AAAAAAAAAAAAAABHAAAAAAJ4YzsxAAAAAAABAAABogO/aaAAAAGiA79prwAAAAAAAAABAAAAAAAAAAAAAhQAAAAEazEEdjEAFAAe' +
    'AgRrMgR2MgAAAAAAAAAAAgAAAGUAAAAAAuptf+IAAQAAAAEAAAGiA79tHgAAAaIDv20qAAAAAAAAAAIAAAAAAAAAAAACH4sIAAAA' +
    'AAAA/9NgYGBgyTZkKTNkYckwZEpkyTBiShJhkGBiyTZiKTNiAADhPmZzIAAAAA==',
  'base64',
);
/** Its end-of-transaction marker. */
const KAFKA_MARKER = Buffer.from(
  'AAAAAAAADOQAAABCAAAAAAJp74TrADAAAAAAAAABogPA8rkAAAGiA8DyuQAAAAAAAAAJAAH/////AAAAASAAAAAIAAAAAQwAAAAAAAAA',
  'base64',
);
/** What Apache Kafka's own DumpLogSegments prints for them. */
const FIRST =
  'baseOffset: 0 lastOffset: 1 count: 2 baseSequence: 0 lastSequence: 1 producerId: 1 producerEpoch: 0 partitionLeaderEpoch: 0 isTransactional: false isControl: false deleteHorizonMs: OptionalLong.empty position: 0 CreateTime: 1795359205807 size: 83 magic: 2 compresscodec: none crc: 2019769137 isvalid: true';
const SECOND =
  'baseOffset: 2 lastOffset: 3 count: 2 baseSequence: 0 lastSequence: 1 producerId: 2 producerEpoch: 0 partitionLeaderEpoch: 0 isTransactional: false isControl: false deleteHorizonMs: OptionalLong.empty position: 83 CreateTime: 1795359206698 size: 113 magic: 2 compresscodec: gzip crc: 3933044706 isvalid: true';
const RECORDS = [
  '| offset: 0 CreateTime: 1795359205792 keySize: 2 valueSize: 2 sequence: 0 headerKeys: [] key: k1 payload: v1',
  '| offset: 1 CreateTime: 1795359205807 keySize: 2 valueSize: 2 sequence: 1 headerKeys: [] key: k2 payload: v2',
  '| offset: 2 CreateTime: 1795359206686 keySize: 2 valueSize: 2 sequence: 0 headerKeys: [h1,h2] key: k1 payload: v1',
  '| offset: 3 CreateTime: 1795359206698 keySize: 2 valueSize: 2 sequence: 1 headerKeys: [] key: k2 payload: v2',
];
const withoutContents = (line: string): string => line.replace(/ key: .*/, '');

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dump-log-'));
});
afterEach(() => rm(directory, { recursive: true }));

const file = async (name: string, bytes: Buffer): Promise<string> => {
  const path = join(directory, name);
  await writeFile(path, bytes);
  return path;
};

const dump = async (...argv: readonly string[]) => {
  const terminal = recordedTerminal();
  const code = await tool.run(argv, terminal, 'kafka-dump-log');
  return { code, lines: terminal.written.out.trimEnd().split('\n'), err: terminal.written.err };
};

const LOG = '00000000000000000000.log';

describe('kafka-dump-log', () => {
  test("prints Kafka's own segment as Kafka does", async () => {
    const path = await file(LOG, KAFKA_SEGMENT);
    const head = [`Dumping ${path}`, 'Log starting offset: 0'];
    expect((await dump('--files', path)).lines).toEqual([...head, FIRST, SECOND]);
    const [a, b, c, d] = RECORDS as [string, string, string, string];
    expect((await dump('--files', path, '--print-data-log')).lines).toEqual([
      ...head,
      FIRST,
      a,
      b,
      SECOND,
      c,
      d,
    ]);
    expect((await dump('--files', path, '--deep-iteration')).lines).toEqual([
      ...head,
      FIRST,
      ...[a, b].map(withoutContents),
      SECOND,
      ...[c, d].map(withoutContents),
    ]);
    const bare = await dump('--files', path, '--print-data-log', '--skip-record-metadata');
    expect(bare.lines.slice(2, 5)).toEqual([FIRST, '| key: k1 payload: v1', '| key: k2 payload: v2']);
  });

  test('prints the marker of a transaction', async () => {
    const path = await file('00000000000000003300.log', KAFKA_MARKER);
    const { lines } = await dump('--files', path, '--print-data-log');
    expect(lines[1]).toBe('Log starting offset: 3300');
    expect(lines[2]).toContain('isTransactional: true isControl: true');
    expect(lines[3]).toBe(
      '| offset: 3300 CreateTime: 1795359306425 keySize: 4 valueSize: 6 sequence: -1 headerKeys: [] endTxnMarker: COMMIT coordinatorEpoch: 0',
    );
  });

  test('tells of bytes left over behind the last whole batch, unless it was told where to stop', async () => {
    const path = await file(LOG, KAFKA_SEGMENT.subarray(0, 150));
    expect((await dump('--files', path)).lines.at(-1)).toBe(`Found 67 invalid bytes at the end of ${LOG}`);
    expect((await dump('--files', path, '--max-bytes', '120')).lines.at(-1)).toBe(FIRST);
  });

  test('tells of a batch that was changed', async () => {
    const changed = Buffer.from(KAFKA_SEGMENT);
    changed.writeUInt8(changed.readUInt8(80) ^ 1, 80);
    const { code, lines } = await dump('--files', await file(LOG, changed));
    expect([code, lines[2]]).toEqual([0, FIRST.replace('isvalid: true', 'isvalid: false')]);
  });

  test('stops at bytes that are no batch', async () => {
    const { code, err } = await dump('--files', await file(LOG, Buffer.alloc(100)));
    expect([code, err]).toEqual([
      1,
      expect.stringContaining('Found record size 0 smaller than minimum record overhead (14)'),
    ]);
  });

  test('tells of offsets that do not follow each other', async () => {
    const batch = (offset: number): Buffer =>
      encodeBatch({ baseOffset: Offset(offset), records: [{ value: null }], timestampMs: 1 });
    const path = await file(LOG, Buffer.concat([batch(0), batch(1), batch(5)]));
    const { err } = await dump('--files', path, '--deep-iteration');
    expect(err).toBe(`Non-consecutive offsets in ${path}\n  1 is followed by 5\n`);
  });

  const indexEntry = (offset: number, position: number): Buffer => {
    const entry = Buffer.alloc(8);
    entry.writeInt32BE(offset, 0);
    entry.writeInt32BE(position, 4);
    return entry;
  };
  const timeEntry = (timestampMs: number, offset: number): Buffer => {
    const entry = Buffer.alloc(12);
    entry.writeBigInt64BE(BigInt(timestampMs), 0);
    entry.writeInt32BE(offset, 8);
    return entry;
  };

  test('prints an index up to the zeros that an open one ends with, and compares it with the log', async () => {
    await file(LOG, KAFKA_SEGMENT);
    const path = await file(
      LOG.replace('.log', '.index'),
      Buffer.concat([indexEntry(3, 83), Buffer.alloc(80)]),
    );
    expect(await dump('--files', path)).toEqual({
      code: 0,
      lines: [`Dumping ${path}`, 'offset: 3 position: 83'],
      err: '',
    });
    expect((await dump('--files', path, '--verify-index-only')).lines).toEqual([`Dumping ${path}`]);
    expect((await dump('--files', path, '--index-sanity-check')).lines).toEqual([
      `Dumping ${path}`,
      `${path} passed sanity check.`,
    ]);
    await writeFile(path, indexEntry(2, 83));
    expect((await dump('--files', path)).err).toBe(
      `Mismatches in :${path}\n  Index offset: 2, log offset: 3\n`,
    );
    await writeFile(path, Buffer.alloc(0));
    expect((await dump('--files', path)).lines).toEqual([`Dumping ${path}`, `${path} is empty.`]);
  });

  test('prints a time index, and tells what does not agree with the log', async () => {
    await file(LOG, KAFKA_SEGMENT);
    await file(LOG.replace('.log', '.index'), indexEntry(3, 83));
    const good = [timeEntry(1795359205807, 1), timeEntry(1795359206698, 3)];
    const path = await file(LOG.replace('.log', '.timeindex'), Buffer.concat(good));
    expect(await dump('--files', path)).toEqual({
      code: 0,
      lines: [`Dumping ${path}`, 'timestamp: 1795359205807 offset: 1', 'timestamp: 1795359206698 offset: 3'],
      err: '',
    });
    await writeFile(path, Buffer.concat([timeEntry(1795359205808, 1), timeEntry(7, 3), timeEntry(8, 9)]));
    expect((await dump('--files', path)).err.trimEnd().split('\n')).toEqual([
      `Found timestamp mismatch in :${path}`,
      '  Index timestamp: 7, log timestamp: 1795359206698',
      '  Index timestamp: 1795359205808, log timestamp: 1795359205807',
      `Found out of order timestamp in :${path}`,
      '  Index timestamp: 7, Previously indexed timestamp: 1795359205808',
      'The following indexed offsets are not found in the log.',
      'Indexed offset: 9, found log offset: -1',
    ]);
  });

  test('says which files it does not know, and which are not there', async () => {
    const path = await file('leader-epoch-checkpoint', Buffer.from('0'));
    expect(await dump('--files', path)).toMatchObject({ code: 0, err: `Ignoring unknown file ${path}\n` });
    const missing = await dump('--files', join(directory, LOG));
    expect([missing.code, missing.err]).toEqual([1, expect.stringContaining('There is no such file')]);
    const unnamed = await dump('--files', await file('x.log', KAFKA_SEGMENT));
    expect([unnamed.code, unnamed.err]).toEqual([1, expect.stringContaining('is not named after an offset')]);
    expect((await dump()).err).toContain('Missing required argument "[files]"');
  });
});
