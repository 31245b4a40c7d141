import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { LeaderEpoch, Offset, ProducerEpoch, ProducerId, SeededRandom } from '@kafkaesque/kernel';
import { errors } from '../errors';
import { codecs } from './compression/codec';
import { initialiseCodecs } from './compression/compression';
import { encodeTransactionMarker } from './control-record';
import { decodeBatch } from './decode-batch';
import { encodeBatch } from './encode-batch';
import { judgedBatches } from './judged-batches';
import { murmur2 } from './murmur2';
import type { RecordDraft } from './record';
import { validateProduceRecords } from './validate-batch';

/** For Java: what runs for a second gains nothing by its best compiler, and threads for its garbage. */
const SHORT_LIVED = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/**
 * Apache Kafka's own classes judge our batches, hashes and error table (`test/KafkaJudge.java`). They are not part of
 * this project: where Java 17 and the jars of Kafka 4.3.0 are not present, this file says so and skips.
 */
const jars = join(process.env['PEERS_HOME'] ?? join(homedir(), '.cache/kafkaesque-peers'), 'kafka-4.3.0');
const program = resolve(__dirname, '../../test/KafkaJudge.java');

const missing = (): string | undefined => {
  if (
    !existsSync(join(jars, 'kafka-clients-4.3.0.jar')) ||
    !existsSync(join(jars, 'kafka-storage-4.3.0.jar'))
  )
    return `the jars of Kafka 4.3.0 are not in ${jars}`;
  return spawnSync('java', ['-version'], { timeout: 10_000 }).status === 0
    ? undefined
    : 'java is not installed';
};
const absent = missing();
if (absent !== undefined)
  process.stderr.write(`Kafka's judgement of record batches was not asked for: ${absent}.\n`);
const judgedByKafka = absent === undefined ? test : xtest;

const hex = (bytes: Buffer | null): string => (bytes === null ? 'null' : `x${bytes.toString('hex')}`);

/** Our reading of a batch, in the words of `KafkaJudge.dump`. */
const dump = (bytes: Buffer): string => {
  const { header, records } = decodeBatch(bytes);
  const lines = records.map((record) =>
    [
      record.offset,
      record.timestampMs,
      hex(record.key),
      hex(record.value),
      ...record.headers.map(({ key, value }) => `${hex(Buffer.from(key))}=${hex(value)}`),
    ].join(' '),
  );
  const first = [
    'batch',
    header.baseOffset,
    header.baseOffset + header.lastOffsetDelta,
    header.leaderEpoch,
    header.codec,
    header.timestampType,
    header.maxTimestampMs,
    header.producerId,
    header.producerEpoch,
    header.baseSequence,
    header.isTransactional,
    header.isControl,
    header.recordCount,
  ].join(' ');
  return [first, ...lines, ''].join('\n');
};

const seed = 4_300;
const random = new SeededRandom(seed);
const someBytes = (max: number): Buffer =>
  Buffer.from(
    Array.from({ length: random.below(max) }, () => (random.below(2) === 0 ? 65 : random.below(256))),
  );
const someRecords = (count: number, maxBytes: number): readonly RecordDraft[] =>
  Array.from({ length: count }, (_, index) => ({
    key: random.below(4) === 0 ? null : someBytes(20),
    value: random.below(6) === 0 ? null : someBytes(maxBytes),
    headers:
      index % 3 === 0
        ? [
            { key: 'ключ', value: someBytes(9) },
            { key: '', value: null },
          ]
        : [],
    timestampMs: 1_700_000_000_000 + random.below(1_000_000) - 500_000,
  }));

const ours = (): ReadonlyMap<string, Buffer> => {
  const producer = {
    producerId: ProducerId(2 ** 40 + 5),
    producerEpoch: ProducerEpoch(32_000),
    baseSequence: 2 ** 31 - 1,
  };
  const place = { baseOffset: Offset(2 ** 45 + 1), leaderEpoch: LeaderEpoch(7) };
  const batches = codecs.flatMap((codec): [string, Buffer][] => [
    [`ours-${codec}`, encodeBatch({ codec, records: someRecords(500, 300), ...producer, ...place })],
    [`ours-${codec}-one`, encodeBatch({ codec, records: someRecords(1, 10) })],
    [
      `ours-${codec}-long`,
      encodeBatch({ codec, records: someRecords(3, 150_000), timestampType: 'LogAppendTime' }),
    ],
  ]);
  const marker = {
    type: 'abort',
    ...producer,
    coordinatorEpoch: 12,
    timestampMs: 1_700_000_000_000,
  } as const;
  return new Map([...batches, ['ours-marker', encodeTransactionMarker(marker)]]);
};

const hashed = Array.from({ length: 200 }, (_, length) => someBytes(length % 70));

describe(`Kafka's own classes (seed ${seed})`, () => {
  const directory = absent === undefined ? mkdtempSync(join(tmpdir(), 'kafka-judge-')) : '';
  const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
  const rows = (name: string): readonly (readonly string[])[] =>
    read(name)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  const cases = new Map<string, ReturnType<typeof judgedBatches>[number]>();
  const written = new Map<string, Buffer>();

  beforeAll(async () => {
    if (absent !== undefined) return;
    await initialiseCodecs();
    for (const [name, bytes] of ours()) written.set(name, bytes);
    for (const judged of judgedBatches()) cases.set(judged.name, judged);
    for (const [name, bytes] of written) writeFileSync(join(directory, `${name}.bin`), bytes);
    for (const [name, { bytes }] of cases) writeFileSync(join(directory, `${name}.bin`), bytes);
    // Long.MAX_VALUE is Kafka's default of both bounds.
    const bound = (ms: number | undefined): string => (ms === undefined ? '9223372036854775807' : String(ms));
    const lines = [...cases.values()].map((judged) =>
      [
        judged.name,
        judged.compacted ?? false,
        judged.timestampType ?? 'CreateTime',
        bound(judged.beforeMaxMs),
        bound(judged.afterMaxMs),
        judged.maxMessageBytes ?? 10_000_000,
      ].join('\t'),
    );
    writeFileSync(join(directory, 'cases.tsv'), `${lines.join('\n')}\n`);
    writeFileSync(
      join(directory, 'murmur2.txt'),
      `${hashed.map((bytes) => bytes.toString('hex')).join('\n')}\n`,
    );
    const run = spawnSync('java', [...SHORT_LIVED, '-cp', `${jars}/*`, program, directory], {
      timeout: 60_000,
      encoding: 'utf8',
    });
    if (run.status !== 0) throw new Error(`the judge failed: ${run.stderr}`);
  }, 70_000);

  afterAll(() => {
    if (directory !== '') rmSync(directory, { recursive: true, force: true });
  });

  judgedByKafka('know the same errors by the same names and codes, and retry the same', () => {
    expect(
      Object.entries(errors).map(([name, error]) => [String(error.code), name, String(error.retriable)]),
    ).toEqual(rows('errors.tsv'));
  });

  judgedByKafka('choose partitions by the same hash', () => {
    expect(hashed.map((bytes) => String(murmur2(bytes)))).toEqual(
      rows('murmur2.tsv').map((row) => row.at(1)),
    );
  });

  judgedByKafka('write batches with every codec that we read as they meant them', () => {
    for (const codec of codecs) {
      const bytes = readFileSync(join(directory, `theirs-${codec}.bin`));
      expect(dump(bytes)).toBe(read(`theirs-${codec}.txt`));
    }
  });

  judgedByKafka('read our batches with every codec as we meant them', () => {
    for (const [name, bytes] of written)
      expect(`${name} ${read(`${name}.txt`)}`).toBe(`${name} ${dump(bytes)}`);
  });

  judgedByKafka('write the same bytes for the same records', () => {
    const theirs = readFileSync(join(directory, 'theirs-none.bin'));
    const { header, records } = decodeBatch(theirs);
    expect(encodeBatch({ ...header, codec: 'none', records }).equals(theirs)).toBe(true);
  });

  judgedByKafka('give the same answer to good and bad batches, except where the table says why not', () => {
    const verdicts = rows('verdicts.tsv').map(([name = '', error = '', detail = '']) => {
      const refusals = cases.get(name)?.refused !== undefined && cases.get(name)?.kafka === undefined;
      return refusals ? `${name}: ${error} ${detail}` : `${name}: ${error}`;
    });
    const expected = [...cases.values()].map((judged) => {
      const refusals = judged.refused !== undefined && judged.kafka === undefined;
      const error = judged.kafka?.error ?? judged.error;
      return refusals
        ? `${judged.name}: ${error} [${judged.refused.join(', ')}]`
        : `${judged.name}: ${error}`;
    });
    expect(verdicts).toEqual(expected);
  });

  judgedByKafka('find the same greatest timestamp in the batches that both accept', () => {
    for (const [name = '', error, maxTimestamp] of rows('verdicts.tsv')) {
      const judged = cases.get(name);
      if (error !== 'NONE' || judged?.error !== 'NONE' || judged.timestampType === 'LogAppendTime') continue;
      const found = validateProduceRecords(judged.bytes, {
        origin: 'client',
        nowMs: 0,
        timestampType: 'CreateTime',
      });
      expect([name, found.kind === 'valid' && String(found.maxTimestampMs)]).toEqual([name, maxTimestamp]);
    }
  });
});
