import { LeaderEpoch, Offset, TopicId } from '@kafkaesque/kernel';
import { ErrorCode, apis, encodeBatch } from '@kafkaesque/protocol';
import type { RequestDraftOf } from '@kafkaesque/protocol';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { FakeConnection, apiVersionsAnswer } from '../testing/fake-connection';
import type { ArrivedRequest } from '../testing/fake-connection';
import { openKafkaFetchStream } from './kafka-fetch-stream';
import { KafkaLink } from './kafka-link';
import type { FetchedPartition, FetchTarget } from './wire';

const id = TopicId(`${'B'.repeat(21)}A`);

const target = (partition: number, fetchOffset: number, token = 1): FetchTarget => ({
  topic: 't',
  topicId: id,
  partition,
  fetchOffset: Offset(fetchOffset),
  currentLeaderEpoch: LeaderEpoch(0),
  lastFetchedEpoch: LeaderEpoch(-1),
  token,
});

const batch = (baseOffset: number, count: number): Buffer =>
  encodeBatch({
    baseOffset: Offset(baseOffset),
    records: Array.from({ length: count }, () => ({ value: Buffer.from('v') })),
    timestampMs: 1,
  });

const open = (initialCreditBytes = 100_000, maxVersion = 18) => {
  const scheduler = new Scheduler();
  const clock = new VirtualClock({ scheduler });
  const connection = new FakeConnection();
  const fetches: ArrivedRequest[] = [];
  connection.onRequest = (request) => {
    if (request.header.apiKey === apis.Fetch.key) fetches.push(request);
    else connection.answer(request, apiVersionsAnswer({ [apis.Fetch.key]: [4, maxVersion], 18: [0, 4] }));
  };
  const link = new KafkaLink({
    where: 'fake:1',
    dial: () => Promise.resolve(connection),
    clientId: 'test',
    clock,
    setupTimeoutMs: 1000,
    maxResponseBytes: 1_000_000,
    ended: () => undefined,
  });
  const stream = openKafkaFetchStream({
    link,
    clock,
    requestTimeoutMs: 1000,
    closed: () => undefined,
    fetch: {
      isolation: 'read_uncommitted',
      minBytes: 1,
      maxWaitMs: 500,
      maxBytes: 50_000,
      maxPartitionBytes: 1000,
      rackId: '',
      initialCreditBytes,
    },
  });
  const iterator = stream[Symbol.asyncIterator]();
  const next = async (): Promise<readonly FetchedPartition[]> =>
    ((await iterator.next()) as { readonly value: readonly FetchedPartition[] }).value;
  /** What the last request asked, decoded. */
  const asked = (): RequestDraftOf<'Fetch'> => {
    const { header, frame } = fetches.at(-1)!;
    return apis.Fetch.request.decode(frame, header.apiVersion, header.bodyAt);
  };
  const answer = (partitions: readonly object[], sessionId = 9, errorCode = 0): void =>
    connection.answer(fetches.at(-1)!, {
      throttleTimeMs: 0,
      errorCode,
      sessionId,
      responses: partitions.length === 0 ? [] : [{ topic: 't', topicId: id, partitions }],
    });
  const found = (partitionIndex: number, records: Buffer | null, errorCode = 0): object => ({
    partitionIndex,
    errorCode,
    highWatermark: Offset(100),
    abortedTransactions: null,
    records,
  });
  return { stream, connection, fetches, next, asked, answer, found };
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const offsetsIn = (request: RequestDraftOf<'Fetch'>): readonly (readonly number[])[] =>
  request.topics.flatMap(({ partitions }) => partitions.map((one) => [one.partition, one.fetchOffset]));

describe('a Kafka fetch stream', () => {
  test('asks on from the end of what came, naming only the partitions that moved', async () => {
    const { stream, next, asked, answer, found, fetches } = open();
    stream.update([target(0, 0), target(1, 5)]);
    await turn();
    expect(offsetsIn(asked())).toEqual([
      [0, 0],
      [1, 5],
    ]);
    const records = Buffer.concat([batch(0, 3), batch(3, 2)]);
    answer([found(0, records)]);
    expect(await next()).toMatchObject([
      { topic: 't', partition: 0, fetchOffset: 0, creditBytes: records.length },
    ]);
    await turn();
    expect(offsetsIn(asked())).toEqual([[0, 5]]);
    expect([asked().sessionId, asked().sessionEpoch]).toEqual([9, 1]);
    expect(fetches).toHaveLength(2);
    await stream.close();
  });

  test('leaves a batch that was cut off to the next answer', async () => {
    const { stream, next, asked, answer, found } = open();
    stream.update([target(0, 0)]);
    await turn();
    answer([found(0, Buffer.concat([batch(0, 3), batch(3, 2).subarray(0, 40)]))]);
    await next();
    await turn();
    expect(offsetsIn(asked())).toEqual([[0, 3]]);
    await stream.close();
  });

  test('speaks names to a broker that knows no ids', async () => {
    const { stream, asked, fetches } = open(100_000, 11);
    stream.update([target(0, 0)]);
    await turn();
    expect(fetches[0]?.header.apiVersion).toBe(11);
    expect(asked().topics[0]).toMatchObject({ topic: 't' });
    await stream.close();
  });

  test('asks for nothing while its credit is used up', async () => {
    const { stream, next, answer, found, fetches } = open(200);
    stream.update([target(0, 0)]);
    await turn();
    const records = batch(0, 30);
    answer([found(0, records)]);
    await next();
    await turn();
    expect(fetches).toHaveLength(1);
    stream.credit(records.length);
    await turn();
    expect(fetches).toHaveLength(2);
    await stream.close();
  });

  test('lets a partition rest after an error until it is set anew', async () => {
    const { stream, next, asked, answer, found, fetches } = open();
    stream.update([target(0, 50), target(1, 0)]);
    await turn();
    answer([found(0, null, ErrorCode.OFFSET_OUT_OF_RANGE)]);
    expect(await next()).toMatchObject([{ partition: 0, errorCode: ErrorCode.OFFSET_OUT_OF_RANGE }]);
    await turn();
    expect(asked().forgottenTopicsData).toMatchObject([{ partitions: [0] }]);
    stream.update([target(0, 7, 2), target(1, 0)]);
    answer([]);
    await turn();
    expect(offsetsIn(asked())).toEqual([[0, 7]]);
    expect(fetches).toHaveLength(3);
    await stream.close();
  });

  test('tells by the token which answer belongs to a position that was given up', async () => {
    const { stream, next, asked, answer, found } = open();
    stream.update([target(0, 0)]);
    await turn();
    stream.update([target(0, 40, 2)]);
    answer([found(0, batch(0, 3))]);
    expect(await next()).toMatchObject([{ token: 1 }]);
    await turn();
    expect(offsetsIn(asked())).toEqual([[0, 40]]);
    await stream.close();
  });

  test.each([ErrorCode.FETCH_SESSION_ID_NOT_FOUND, ErrorCode.INVALID_FETCH_SESSION_EPOCH])(
    'opens a new session after error %i, and tells nobody',
    async (errorCode) => {
      const { stream, asked, answer, fetches } = open();
      stream.update([target(0, 3)]);
      await turn();
      answer([], 9);
      await turn();
      answer([], 0, errorCode);
      await turn();
      expect(fetches).toHaveLength(3);
      expect([asked().sessionId, asked().sessionEpoch]).toEqual([0, 0]);
      expect(offsetsIn(asked())).toEqual([[0, 3]]);
      await stream.close();
    },
  );

  test('throws what broke it, after what had arrived', async () => {
    const { stream, connection, next, answer, found } = open();
    stream.update([target(0, 0)]);
    await turn();
    answer([found(0, batch(0, 1))]);
    await turn();
    connection.end();
    expect(await next()).toHaveLength(1);
    await expect(next()).rejects.toMatchObject({ kind: 'connection' });
    await stream.close();
  });

  test('ends its iteration when it is closed', async () => {
    const { stream } = open();
    const iterator = stream[Symbol.asyncIterator]();
    const ended = iterator.next();
    await stream.close();
    expect(await ended).toEqual({ done: true, value: undefined });
  });
});
