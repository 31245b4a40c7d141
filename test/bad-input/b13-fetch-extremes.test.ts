import { BrokerEpoch, BrokerId, LeaderEpoch, Offset } from '@kafkaesque/kernel';
import { apis, encodeRequestFrame, errorName } from '@kafkaesque/protocol';
import type { RequestDraftOf, ResponseOf } from '@kafkaesque/protocol';
import type { BadClient } from './client';
import type { Target } from './target';
import { isKafka, onlyOurs, openTarget } from './target';
import type { CreatedTopic } from './topics';
import { createTopic, endOffset, fetchBatch, freshName, goodBatch, produce } from './topics';

const MOST = 2147483647;
const MIB = 1024 * 1024;
/** `fetch.max.bytes` of a broker, by default. */
const BROKER_MAX_BYTES = 55 * MIB;

type FetchDraft = RequestDraftOf<'Fetch'>;
type Wish = FetchDraft['topics'][number]['partitions'][number];
type FetchAnswer = ResponseOf<'Fetch'>;

let target: Target;
/** Five batches of one record each. */
let five: CreatedTopic;
let batchBytes = 0;
beforeAll(async () => {
  target = await openTarget();
  await using client = await target.connect();
  five = await createTopic(client);
  for (let index = 0; index < 5; index += 1) {
    const batch = goodBatch('v'.repeat(100));
    batchBytes = batch.length;
    await produce(client, five, batch);
  }
});
afterAll(() => target[Symbol.asyncDispose]());

const question = (topic: CreatedTopic, request: Partial<FetchDraft>, wish: Partial<Wish>): FetchDraft => ({
  maxWaitMs: 50,
  minBytes: 1,
  maxBytes: 1_000,
  isolationLevel: 0,
  ...request,
  topics: [
    {
      topic: topic.name,
      partitions: [{ partition: 0, fetchOffset: Offset(0), partitionMaxBytes: 1_000, ...wish }],
    },
  ],
});

const told = ({ errorCode, responses }: FetchAnswer): string => {
  const partition = responses[0]?.partitions[0];
  if (errorCode !== 0 || partition === undefined) return `top ${errorName(errorCode)}`;
  const batches = (partition.records?.length ?? 0) / batchBytes;
  const { epoch, endOffset: divergesAt } = partition.divergingEpoch;
  const marks = `high watermark ${partition.highWatermark}, start ${partition.logStartOffset}`;
  return `${errorName(partition.errorCode)}, ${marks}, ${batches} batches${epoch < 0 ? '' : `, diverges ${epoch} at ${divergesAt}`}`;
};

const all = 'NONE, high watermark 5, start 0, 5 batches';
const one = 'NONE, high watermark 5, start 0, 1 batches';
const none = 'NONE, high watermark 5, start 0, 0 batches';
const refused = (error: string): string => `${error}, high watermark -1, start -1, 0 batches`;

/** The request beside the defaults, the partition beside them, the answer of both, and Kafka's where it is another. */
type Row = readonly [string, Partial<FetchDraft>, Partial<Wish>, string, string?];
const rows: readonly Row[] = [
  ['maxBytes 2^31 - 1', { maxBytes: MOST }, { partitionMaxBytes: MOST }, all],
  ['maxBytes 0', { maxBytes: 0 }, {}, one],
  ['partitionMaxBytes 0', {}, { partitionMaxBytes: 0 }, one],
  ['maxBytes below 0', { maxBytes: -5 }, {}, one, refused('UNKNOWN_SERVER_ERROR')],
  ['partitionMaxBytes below 0', {}, { partitionMaxBytes: -5 }, one, refused('UNKNOWN_SERVER_ERROR')],
  ['minBytes above maxBytes', { minBytes: MOST, maxBytes: 10, maxWaitMs: MOST }, {}, one],
  ['minBytes below 0', { minBytes: -9, maxWaitMs: MOST }, {}, all],
  [
    'minBytes that never come, and no time to wait',
    { minBytes: MOST, maxWaitMs: 0, maxBytes: MOST },
    {},
    all,
  ],
  ['a wait of less than nothing', { minBytes: MOST, maxWaitMs: -1, maxBytes: MOST }, {}, all],
  ['offset -1', {}, { fetchOffset: Offset(-1) }, refused('OFFSET_OUT_OF_RANGE')],
  [
    'offset -(2^53 - 1)',
    {},
    { fetchOffset: Offset(Number.MIN_SAFE_INTEGER) },
    refused('OFFSET_OUT_OF_RANGE'),
  ],
  ['the offset behind the last', { maxWaitMs: 0 }, { fetchOffset: Offset(5) }, none],
  ['the offset behind that', {}, { fetchOffset: Offset(6) }, refused('OFFSET_OUT_OF_RANGE')],
  ['offset 2^53 - 1', {}, { fetchOffset: Offset(Number.MAX_SAFE_INTEGER) }, refused('OFFSET_OUT_OF_RANGE')],
  [
    'a leader epoch of the future',
    {},
    { currentLeaderEpoch: LeaderEpoch(1) },
    refused('UNKNOWN_LEADER_EPOCH'),
  ],
  [
    'the greatest leader epoch',
    {},
    { currentLeaderEpoch: LeaderEpoch(MOST) },
    refused('UNKNOWN_LEADER_EPOCH'),
  ],
  ['the leader epoch of today', {}, { currentLeaderEpoch: LeaderEpoch(0) }, all],
  ['a leader epoch below none', {}, { currentLeaderEpoch: LeaderEpoch(-2) }, all],
  [
    'a last fetched epoch of the future',
    {},
    { lastFetchedEpoch: LeaderEpoch(5) },
    refused('OFFSET_OUT_OF_RANGE'),
  ],
  [
    'an offset behind the end of its last fetched epoch',
    {},
    { lastFetchedEpoch: LeaderEpoch(0), fetchOffset: Offset(9) },
    `${none}, diverges 0 at 5`,
  ],
  ['partition -1', {}, { partition: -1 }, refused('UNKNOWN_TOPIC_OR_PARTITION')],
  ['a partition that is not', {}, { partition: 7 }, refused('UNKNOWN_TOPIC_OR_PARTITION')],
  ['the greatest partition', {}, { partition: MOST }, refused('UNKNOWN_TOPIC_OR_PARTITION')],
  ['isolation level 2', { isolationLevel: 2 }, {}, 'top INVALID_REQUEST', 'top UNKNOWN_SERVER_ERROR'],
  ['isolation level -1', { isolationLevel: -1 }, {}, 'top INVALID_REQUEST', 'top UNKNOWN_SERVER_ERROR'],
  ['a session that is not', { sessionId: 99, sessionEpoch: 1 }, {}, 'top FETCH_SESSION_ID_NOT_FOUND'],
  ['a session of negative id', { sessionId: -9, sessionEpoch: 3 }, {}, 'top FETCH_SESSION_ID_NOT_FOUND'],
  [
    'a session epoch below the last',
    { sessionId: 0, sessionEpoch: -7 },
    {},
    'top FETCH_SESSION_ID_NOT_FOUND',
  ],
  // Who says that it is a replica (CVE-2018-1288). Kafka without ACLs believes it, and finds that it is none.
  [
    'replica 1',
    { replicaId: BrokerId(1) },
    {},
    refused('TOPIC_AUTHORIZATION_FAILED'),
    refused('NOT_LEADER_OR_FOLLOWER'),
  ],
  [
    'replica 99',
    { replicaId: BrokerId(99) },
    {},
    refused('TOPIC_AUTHORIZATION_FAILED'),
    refused('NOT_LEADER_OR_FOLLOWER'),
  ],
  ['a debugging consumer (replica -2)', { replicaId: BrokerId(-2) }, {}, all],
  ['a rack of 32 KB', { rackId: 'x'.repeat(32_000) }, {}, all],
  ['a log start below 0', {}, { logStartOffset: Offset(-7) }, all],
];

const questions = rows.map(([name, request, wish, ours, kafkas]) => ({
  name,
  request,
  wish,
  expected: isKafka ? (kafkas ?? ours) : ours,
}));

test.each(questions)(
  'B13: Fetch with $name is answered, and the connection stays',
  async ({ request, wish, expected }) => {
    await using client = await target.connect();
    expect(told(await client.ask('Fetch', 12, question(five, request, wish)))).toBe(expected);
    expect(told(await client.ask('Fetch', 12, question(five, {}, {})))).toBe(all);
  },
);

onlyOurs.each([15, 17])('B13: in Fetch version %i a client is no replica either', async (version) => {
  await using client = await target.connect();
  const answer = await client.ask('Fetch', version, {
    ...question(five, {}, {}),
    replicaState: { replicaId: BrokerId(1), replicaEpoch: BrokerEpoch(7) },
    topics: [
      {
        topicId: five.topicId,
        partitions: [{ partition: 0, fetchOffset: Offset(0), partitionMaxBytes: 1_000 }],
      },
    ],
  });
  expect(told(answer)).toBe(refused('TOPIC_AUTHORIZATION_FAILED'));
});

test.each(['7fffffffffffffff', '8000000000000000', '0020000000000000'])(
  'B13: offset 0x%s, which no exact number holds, does no harm',
  async (hex) => {
    await using client = await target.connect();
    const marker = Offset(0x0123456789ab);
    const frame = Buffer.concat(
      encodeRequestFrame(apis.Fetch, 12, 1, null, question(five, {}, { fetchOffset: marker })),
    );
    const at = frame.indexOf(Buffer.from('00000123456789ab', 'hex').subarray(1));
    Buffer.from(hex, 'hex').copy(frame, at - 1);
    await client.send(frame);
    // Offsets are exact numbers here (ARCHITECTURE section 5): another one is no request.
    if (isKafka) expect(await client.receive()).toBeDefined();
    else await client.closed;
    expect(await target.isServing()).toBe(true);
  },
);

test('B13: an answer is bounded by fetch.max.bytes, whatever is asked for', async () => {
  await using client = await target.connect();
  const topic = await createTopic(client);
  const batch = goodBatch('x'.repeat(1_000_000));
  for (let index = 0; index < 60; index += 1)
    await produce(client, topic, goodBatch('x'.repeat(1_000_000)), { acks: 1 });
  const wish = { partitionMaxBytes: MOST };
  const answer = await client.ask('Fetch', 12, question(topic, { maxBytes: MOST, maxWaitMs: MOST }, wish));
  const sizeBytes = answer.responses[0]?.partitions[0]?.records?.length ?? 0;
  expect(sizeBytes).toBeLessThanOrEqual(BROKER_MAX_BYTES);
  // Ours gives one answer half of what memory is free, Kafka as much as it may.
  expect(sizeBytes).toBeGreaterThan((isKafka ? BROKER_MAX_BYTES : 32 * MIB) - 2 * batch.length);
});

/** Sends a fetch that waits for ever, and returns once the server must have seen it. */
const park = async (client: BadClient, topic: CreatedTopic): Promise<void> => {
  const draft = question(
    topic,
    { minBytes: MOST, maxBytes: MOST, maxWaitMs: MOST },
    { partitionMaxBytes: MOST },
  );
  await client.send(Buffer.concat(encodeRequestFrame(apis.Fetch, 12, 5, null, draft)));
};

test('B13: who waits for 2^31 - 1 ms and is gone leaves nothing behind', async () => {
  await using client = await target.connect();
  const topic = await createTopic(client);
  for (let round = 0; round < 5; round += 1) {
    const waiting = await Promise.all(Array.from({ length: 40 }, () => target.connect()));
    await Promise.all(waiting.map((one) => park(one, topic)));
    // Waiting fetches are looked at again with every record.
    expect((await produce(client, topic, goodBatch())).baseOffset).toBe(round * 2);
    // Kafka does not look at a connection whose request waits: a FIN would be seen in 25 days.
    const endOf = (index: number): 'reset' | 'finish' => (isKafka || index % 2 === 0 ? 'reset' : 'finish');
    await Promise.all(waiting.map((one, index) => one[endOf(index)]()));
    expect((await produce(client, topic, goodBatch())).baseOffset).toBe(round * 2 + 1);
    expect(waiting.every(({ unreadBytes }) => unreadBytes === 0)).toBe(true);
  }
  expect(await endOffset(client, topic)).toBe(10);
});

onlyOurs('B13: fetches that wait for ever do not hold up a stop', async () => {
  await using waiting = await target.connect();
  await park(waiting, five);
  expect(await target.isServing()).toBe(true);
  await target.cluster.restart();
  await waiting.closed;
  expect(await target.isServing()).toBe(true);
});

test('B13: a hundred thousand partitions in one fetch are answered one by one', async () => {
  await using client = await target.connect();
  const topic = await createTopic(client);
  await produce(client, topic, goodBatch());
  const partitions = Array.from({ length: 100_000 }, (_, partition) => ({
    partition,
    fetchOffset: Offset(0),
    partitionMaxBytes: 1_000,
  }));
  // With a session, so that the server keeps what it may.
  const draft = {
    ...question(topic, { sessionId: 0, sessionEpoch: 0 }, {}),
    topics: [{ topic: topic.name, partitions }],
  };
  const { responses } = await client.ask('Fetch', 12, draft);
  const rowsOf = responses.flatMap((answer) => answer.partitions);
  expect(rowsOf).toHaveLength(100_000);
  const unknown = rowsOf.filter(({ errorCode }) => errorName(errorCode) === 'UNKNOWN_TOPIC_OR_PARTITION');
  expect(unknown).toHaveLength(99_999);
  expect((await fetchBatch(client, topic, 0)).length).toBeGreaterThan(0);
});

test('B13: a fetch of a topic that is not, by name and by id', async () => {
  await using client = await target.connect();
  const byName = await client.ask(
    'Fetch',
    12,
    question({ name: freshName('none'), topicId: five.topicId }, {}, {}),
  );
  expect(told(byName)).toBe(refused('UNKNOWN_TOPIC_OR_PARTITION'));
  const partitions = [{ partition: 0, fetchOffset: Offset(0), partitionMaxBytes: 1_000 }];
  const topicId = 'AAAAAAAAQACAAAAAAAAAAA' as CreatedTopic['topicId'];
  const byId = await client.ask('Fetch', 13, {
    ...question(five, {}, {}),
    topics: [{ topicId, partitions }],
  });
  expect(told(byId)).toBe(refused('UNKNOWN_TOPIC_ID'));
});

onlyOurs('B13: readers who ask for everything and read nothing leave room for others', async () => {
  await using client = await target.connect();
  const topic = await createTopic(client);
  for (let index = 0; index < 60; index += 1) {
    await produce(client, topic, goodBatch('x'.repeat(1_000_000)), { acks: 1 });
  }
  const draft = question(topic, { maxBytes: MOST }, { partitionMaxBytes: MOST });
  const greedy = await Promise.all([1, 2, 3].map(() => target.connect()));
  for (const one of greedy) {
    one.socket.pause();
    await one.send(Buffer.concat(encodeRequestFrame(apis.Fetch, 12, 5, null, draft)));
  }
  for (let offset = 0; offset < 60; offset += 1) {
    expect((await fetchBatch(client, topic, offset)).length).toBeGreaterThan(1_000_000);
  }
  await Promise.all(greedy.map((one) => one.reset()));
});

/** A new incarnation leads in a new epoch. */
onlyOurs('B13: a leader epoch of the past is fenced', async () => {
  await target.cluster.restart();
  await using client = await target.connect();
  const { topics } = await client.ask('Metadata', 12, { topics: [{ name: five.name }] });
  const epoch = topics[0]?.partitions[0]?.leaderEpoch ?? 0;
  expect(epoch).toBeGreaterThan(0);
  const ask = async (currentEpoch: number): Promise<string> =>
    told(
      await client.ask('Fetch', 12, question(five, {}, { currentLeaderEpoch: LeaderEpoch(currentEpoch) })),
    );
  expect(await ask(epoch - 1)).toBe(refused('FENCED_LEADER_EPOCH'));
  expect(await ask(epoch)).toBe(all);
  expect(await ask(epoch + 1)).toBe(refused('UNKNOWN_LEADER_EPOCH'));
  const { topics: listed } = await client.ask('ListOffsets', 7, {
    replicaId: BrokerId(-1),
    isolationLevel: 0,
    topics: [
      {
        name: five.name,
        partitions: [{ partitionIndex: 0, currentLeaderEpoch: LeaderEpoch(epoch - 1), timestamp: -1 }],
      },
    ],
  });
  expect(errorName(listed[0]?.partitions[0]?.errorCode ?? -1)).toBe('FENCED_LEADER_EPOCH');
});
