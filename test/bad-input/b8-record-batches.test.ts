import { Offset, ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import {
  BATCH_HEADER_BYTES,
  CURRENT_MAGIC,
  codecOf,
  decodeBatch,
  encodeBatch,
  errorName,
  initialiseCodecs,
  isTransactional,
  magicOf,
} from '@kafkaesque/protocol';
import type { BatchDraft } from '@kafkaesque/protocol';
import type { JudgedBatch } from '@kafkaesque/protocol/judged-batches';
import { judgedBatches } from '@kafkaesque/protocol/judged-batches';
import type { BadClient } from './client';
import type { Target } from './target';
import { isKafka, openTarget } from './target';
import type { CreatedTopic, ProduceAnswer } from './topics';
import { createTopic, endOffset, fetchBatch, goodBatch, produce } from './topics';

/**
 * The table of batches stands beside the validator, where it and Kafka's own LogValidator judge them
 * (`protocol/src/batches/judged-batches.ts`). Here a live server, ours or Kafka, gets each one in every version.
 */
let target: Target;
beforeAll(async () => {
  await initialiseCodecs();
  target = await openTarget();
});
afterAll(() => target[Symbol.asyncDispose]());

const UNBOUNDED = '9223372036854775807';

const configsOf = (judged: JudgedBatch): Readonly<Record<string, string>> => ({
  'message.timestamp.before.max.ms': String(judged.beforeMaxMs ?? UNBOUNDED),
  'message.timestamp.after.max.ms': String(judged.afterMaxMs ?? UNBOUNDED),
  ...(judged.compacted === true ? { 'cleanup.policy': 'compact' } : {}),
  ...(judged.timestampType === undefined ? {} : { 'message.timestamp.type': judged.timestampType }),
  ...(judged.maxMessageBytes === undefined ? {} : { 'max.message.bytes': String(judged.maxMessageBytes) }),
  // Kafka always opens what it appends.
  ...(judged.full === true && !isKafka ? { 'record.validation': 'full' } : {}),
});

/** One topic for each set of configs. */
const topicsOf = (client: BadClient): ((judged: JudgedBatch) => Promise<CreatedTopic>) => {
  const topics = new Map<string, CreatedTopic>();
  return async (judged) => {
    const configs = configsOf(judged);
    const key = JSON.stringify(configs);
    const topic = topics.get(key) ?? (await createTopic(client, configs));
    topics.set(key, topic);
    return topic;
  };
};

const hasHeader = (bytes: Buffer): boolean =>
  bytes.length >= BATCH_HEADER_BYTES && magicOf(bytes) === CURRENT_MAGIC;

/** What a batch gets over the wire: the validator's answer, unless the request is refused before. */
const errorOf = (judged: JudgedBatch, version: number): string => {
  const { bytes } = judged;
  if (hasHeader(bytes) && isTransactional(bytes)) return 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED';
  if (version < 7 && hasHeader(bytes) && codecOf(bytes) === 'zstd') return 'UNSUPPORTED_COMPRESSION_TYPE';
  return isKafka ? (judged.kafka?.error ?? judged.error) : judged.error;
};

const verdict = (judged: JudgedBatch, error: string, refused: readonly number[], appended: number): string =>
  `${judged.name}: ${error} [${refused.join(', ')}], ${appended} appended`;

const expectedVerdict = (judged: JudgedBatch, version: number): string => {
  const error = errorOf(judged, version);
  const isNamed = version >= 8 && error === judged.error && !(isKafka && judged.kafka !== undefined);
  const appended = error === 'NONE' ? judged.bytes.readInt32BE(57) : 0;
  return verdict(judged, error, isNamed ? (judged.refused ?? []) : [], appended);
};

const refusedOf = (judged: JudgedBatch, answer: ProduceAnswer): readonly number[] =>
  isKafka && judged.kafka !== undefined ? [] : answer.recordErrors.map(({ batchIndex }) => batchIndex);

test.each([3, 7, 9, 12, 13])(
  'B8: Produce version %i answers every batch of the table as Kafka does, and appends only the good ones',
  async (version) => {
    await using client = await target.connect();
    const topicOf = topicsOf(client);
    const verdicts: string[] = [];
    for (const judged of judgedBatches()) {
      const topic = await topicOf(judged);
      const before = await endOffset(client, topic);
      const answer = await produce(client, topic, judged.bytes, { version });
      const appended = (await endOffset(client, topic)) - before;
      expect([judged.name, answer.baseOffset]).toEqual([judged.name, appended > 0 ? before : -1]);
      verdicts.push(verdict(judged, errorName(answer.errorCode), refusedOf(judged, answer), appended));
    }
    expect(verdicts).toEqual(judgedBatches().map((judged) => expectedVerdict(judged, version)));
  },
  30_000,
);

test('B8: what was accepted is read back as it was sent, in the epoch of the leader and not of the client', async () => {
  await using client = await target.connect();
  const topicOf = topicsOf(client);
  for (const judged of judgedBatches()) {
    if (errorOf(judged, 12) !== 'NONE' || judged.kafka !== undefined) continue;
    const topic = await topicOf(judged);
    const sent = decodeBatch(judged.bytes);
    const { baseOffset, errorCode } = await produce(client, topic, judged.bytes, { version: 12 });
    expect([judged.name, errorCode]).toEqual([judged.name, 0]);
    const { header, records } = decodeBatch(await fetchBatch(client, topic, baseOffset));
    expect([judged.name, header.baseOffset, header.leaderEpoch]).toEqual([judged.name, baseOffset, 0]);
    expect(records.map(({ key, value, headers }) => ({ key, value, headers }))).toEqual(
      sent.records.map(({ key, value, headers }) => ({ key, value, headers })),
    );
    expect(records.map(({ offset }) => offset)).toEqual(records.map((_, index) => baseOffset + index));
  }
});

test('B8: one bad partition does not spoil the others of its request', async () => {
  await using client = await target.connect();
  const [good, bad] = [await createTopic(client), await createTopic(client)];
  const damaged = goodBatch();
  damaged.writeUInt8((damaged.at(-1) ?? 0) ^ 1, damaged.length - 1);
  const { responses } = await client.ask('Produce', 9, {
    acks: -1,
    timeoutMs: 30_000,
    topicData: [bad, good].map(({ name }) => ({
      name,
      partitionData: [{ index: 0, records: name === bad.name ? damaged : goodBatch() }],
    })),
  });
  const errorsByTopic = new Map(
    responses.map(({ name, partitionResponses }) => [name, partitionResponses[0]?.errorCode]),
  );
  expect([errorsByTopic.get(bad.name), errorsByTopic.get(good.name)]).toEqual([2, 0]);
  expect([await endOffset(client, bad), await endOffset(client, good)]).toEqual([0, 1]);
});

test('B8: with acks=0 a bad batch closes the connection, which is all that such a client can hear', async () => {
  await using client = await target.connect();
  const topic = await createTopic(client);
  const asked = client.ask('Produce', 7, {
    acks: 0,
    timeoutMs: 30_000,
    topicData: [{ name: topic.name, partitionData: [{ index: 0, records: goodBatch().subarray(0, -1) }] }],
  });
  await expect(asked).rejects.toThrow('the connection ended');
  await using next = await target.connect();
  expect(await endOffset(next, topic)).toBe(0);
});

test.each([-2, 2, 32_767])('B8: acks=%i is refused, and nothing is appended', async (acks) => {
  await using client = await target.connect();
  const topic = await createTopic(client);
  expect(errorName((await produce(client, topic, goodBatch(), { acks })).errorCode)).toBe(
    'INVALID_REQUIRED_ACKS',
  );
  expect(await endOffset(client, topic)).toBe(0);
});

describe('B8: batches of an idempotent producer', () => {
  const records = Array.from({ length: 3 }, (_, index) => ({
    key: null,
    value: Buffer.from(`value ${index}`),
  }));
  const batchOf = (draft: BatchDraft): Buffer => encodeBatch({ records, timestampMs: 1_000, ...draft });
  const known = { producerId: ProducerId(4_711), producerEpoch: ProducerEpoch(3) };

  test.each([
    ['the same batch again', { ...known, baseSequence: 0 }, 'NONE', 0],
    ['a sequence that leaves a gap', { ...known, baseSequence: 4 }, 'OUT_OF_ORDER_SEQUENCE_NUMBER', -1],
    ['a sequence that overlaps', { ...known, baseSequence: 2 }, 'OUT_OF_ORDER_SEQUENCE_NUMBER', -1],
    ['the largest sequence', { ...known, baseSequence: 2 ** 31 - 1 }, 'OUT_OF_ORDER_SEQUENCE_NUMBER', -1],
    [
      'an older epoch',
      { ...known, producerEpoch: ProducerEpoch(2), baseSequence: 3 },
      'INVALID_PRODUCER_EPOCH',
      -1,
    ],
    [
      'a newer epoch that does not begin at 0',
      { ...known, producerEpoch: ProducerEpoch(4), baseSequence: 3 },
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
      -1,
    ],
    ['a base offset of its own', { ...known, baseSequence: 3, baseOffset: Offset(3) }, 'INVALID_RECORD', -1],
  ] as const)(
    'B8: %s is answered as Kafka does, and nothing is appended',
    async (_, draft, error, baseOffset) => {
      await using client = await target.connect();
      const topic = await createTopic(client);
      expect((await produce(client, topic, batchOf({ ...known, baseSequence: 0 }))).baseOffset).toBe(0);
      const answer = await produce(client, topic, batchOf(draft));
      expect([errorName(answer.errorCode), answer.baseOffset]).toEqual([error, baseOffset]);
      expect(await endOffset(client, topic)).toBe(3);
      // The producer goes on as if nothing had been.
      expect((await produce(client, topic, batchOf({ ...known, baseSequence: 3 }))).baseOffset).toBe(3);
    },
  );
});
