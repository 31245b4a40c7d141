import { SeededRandom, TopicId } from '@kafkaesque/kernel';
import { apis } from '@kafkaesque/protocol';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import type { ClientError } from '../errors';
import { FakeConnection, apiVersionsAnswer } from '../testing/fake-connection';
import type { ArrivedRequest } from '../testing/fake-connection';
import { KafkaLink } from './kafka-link';
import type { LinkRequest } from './kafka-link';

const METADATA = apis.Metadata.key;
const ranges = { [apis.ApiVersions.key]: [0, 4], [METADATA]: [0, 12], [apis.Produce.key]: [0, 12] } as const;

const open = (options: { readonly refuseVersions?: readonly number[] } = {}) => {
  const scheduler = new Scheduler();
  const clock = new VirtualClock({ scheduler });
  const connection = new FakeConnection();
  const endings: { readonly opened: boolean; readonly cause: ClientError }[] = [];
  const asked: ArrivedRequest[] = [];
  connection.onRequest = (request) => {
    if (request.header.apiKey !== apis.ApiVersions.key) {
      asked.push(request);
    } else if (options.refuseVersions?.includes(request.header.apiVersion)) {
      connection.answer(request, apiVersionsAnswer({ [apis.ApiVersions.key]: [0, 2] }, 35), 0);
    } else {
      connection.answer(request, apiVersionsAnswer(ranges));
    }
  };
  const link = new KafkaLink({
    where: 'fake:1',
    dial: () => Promise.resolve(connection),
    clientId: 'test',
    clock,
    setupTimeoutMs: 1000,
    maxResponseBytes: 1_000_000,
    ended: (opened, cause) => endings.push({ opened, cause }),
  });
  const metadata = (options_: Partial<LinkRequest> = {}): Promise<unknown> =>
    link.request({
      api: apis.Metadata,
      draft: () => ({ topics: [{ name: 't' }] }),
      timeoutMs: 500,
      answered: true,
      ...options_,
    });
  return { scheduler, connection, link, endings, asked, metadata };
};

const metadataAnswer = (clusterId: string): unknown => ({
  brokers: [],
  clusterId,
  topics: [
    { errorCode: 0, name: 't', topicId: TopicId(`${'B'.repeat(21)}A`), isInternal: false, partitions: [] },
  ],
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a link to a broker', () => {
  test('sends requests in call order, also those made before it stands, and gives answers to their askers', async () => {
    const { connection, asked, metadata } = open();
    const answers = [metadata(), metadata()];
    await turn();
    answers.push(metadata());
    expect(asked.map(({ header }) => header.correlationId)).toEqual([1, 2, 3]);
    expect(asked.map(({ header }) => [header.apiVersion, header.clientId])).toEqual(
      Array(3).fill([12, 'test']),
    );
    asked.forEach((request, index) => connection.answer(request, metadataAnswer(`c${index}`)));
    expect(await Promise.all(answers)).toMatchObject([
      { clusterId: 'c0' },
      { clusterId: 'c1' },
      { clusterId: 'c2' },
    ]);
  });

  test('falls back to the version of ApiVersions that the broker names', async () => {
    const { connection, link } = open({ refuseVersions: [4, 3] });
    const { apis: offered } = await link.capabilities();
    expect(connection.arrived.map(({ header }) => header.apiVersion)).toEqual([4, 2]);
    expect(offered.get(METADATA)).toEqual({ min: 0, max: 12 });
  });

  test('reads answers that arrive in pieces of any size', async () => {
    const random = new SeededRandom(5);
    const { connection, asked, metadata } = open();
    const answers = [metadata(), metadata(), metadata()];
    await turn();
    const whole: Buffer[] = [];
    const give = connection.give.bind(connection);
    connection.give = (bytes) => void whole.push(bytes);
    asked.forEach((request, index) => connection.answer(request, metadataAnswer(`c${index}`)));
    const bytes = Buffer.concat(whole);
    for (let at = 0; at < bytes.length;) {
      const size = 1 + random.below(7);
      give(Buffer.from(bytes.subarray(at, at + size)));
      at += size;
    }
    expect(await Promise.all(answers)).toMatchObject([
      { clusterId: 'c0' },
      { clusterId: 'c1' },
      { clusterId: 'c2' },
    ]);
  });

  test('waits with writing while the connection is full', async () => {
    const { connection, asked, metadata } = open();
    await turn();
    connection.isWritable = false;
    const answers = [metadata(), metadata()];
    expect(asked).toHaveLength(1);
    connection.drained();
    expect(asked).toHaveLength(2);
    for (const request of asked) connection.answer(request, metadataAnswer('c'));
    await Promise.all(answers);
  });

  test('fails what was written as indefinite and what was not as definite when it ends', async () => {
    const { connection, endings, metadata } = open();
    await turn();
    const written = metadata();
    connection.isWritable = false;
    const last = metadata();
    const waiting = metadata();
    connection.end(new Error('reset by peer'));
    await expect(written).rejects.toMatchObject({
      kind: 'connection',
      effect: 'indefinite',
      retriable: true,
    });
    await expect(last).rejects.toMatchObject({ effect: 'indefinite' });
    await expect(waiting).rejects.toMatchObject({ kind: 'connection', effect: 'definite' });
    expect(endings).toMatchObject([{ opened: true, cause: { code: 'CONNECTION_LOST' } }]);
    await expect(metadata()).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });

  test('ends when an answer does not come in time: nothing behind it can', async () => {
    const { scheduler, connection, metadata } = open();
    await turn();
    const late = metadata({ timeoutMs: 100 });
    const behind = metadata({ timeoutMs: 5000 });
    const [first, second] = await scheduler.settle(Promise.allSettled([late, behind]));
    expect(scheduler.nowMs).toBe(100);
    expect(first).toMatchObject({ reason: { kind: 'timeout', effect: 'indefinite' } });
    expect(second).toMatchObject({ reason: { kind: 'connection' } });
    expect(connection.ending).toBe('reset');
  });

  test('keeps going when a caller aborts, and drops the answer that nobody waits for', async () => {
    const { connection, asked, metadata } = open();
    await turn();
    const controller = new AbortController();
    const aborted = metadata({ signal: controller.signal });
    const kept = metadata();
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ kind: 'aborted' });
    for (const request of asked) connection.answer(request, metadataAnswer('c'));
    await expect(kept).resolves.toMatchObject({ clusterId: 'c' });
    expect(connection.ending).toBe('open');
  });

  test('fails one request that no version can carry, and only that one', async () => {
    const { connection, asked, metadata } = open();
    await turn();
    await expect(metadata({ minVersion: 13 })).rejects.toMatchObject({ kind: 'unsupported' });
    const kept = metadata();
    connection.answer(asked[0]!, metadataAnswer('c'));
    await expect(kept).resolves.toMatchObject({ clusterId: 'c' });
  });

  test.each([
    { what: 'an answer to something else', bytes: [0, 0, 0, 8, 0, 0, 0, 99, 0, 0, 0, 0] },
    { what: 'a length below a header', bytes: [0, 0, 0, 1, 0] },
    { what: 'a length beyond the limit', bytes: [0x7f, 0xff, 0xff, 0xff] },
    { what: 'a body that is none', bytes: [0, 0, 0, 6, 0, 0, 0, 1, 0, 0xff] },
  ])('ends at $what', async ({ bytes }) => {
    const { connection, metadata } = open();
    await turn();
    const asked = metadata();
    connection.give(Buffer.from(bytes));
    await expect(asked).rejects.toMatchObject({ kind: 'protocol', code: 'UNREADABLE_ANSWER' });
    expect(connection.ending).toBe('reset');
  });

  test('fails a request with a text that no field holds as what the caller has to mend', async () => {
    const { connection, metadata } = open();
    const topics = [{ name: 'x'.repeat(32_768) }];
    await expect(metadata({ draft: () => ({ topics }) })).rejects.toMatchObject({
      kind: 'usage',
      code: 'INVALID_FIELD',
      effect: 'definite',
      retriable: false,
      message: expect.stringContaining('a text of 32768 bytes') as unknown,
    });
    expect(connection.ending).toBe('open');
  });

  test('resolves a request without answer when its bytes have left', async () => {
    const { link } = open();
    const draft = () => ({ acks: 0, timeoutMs: 1, topicData: [] });
    const sent = link.request({ api: apis.Produce, draft, timeoutMs: 100, answered: false });
    await expect(sent).resolves.toBeUndefined();
  });

  test('fails everything when nobody can be reached', async () => {
    const scheduler = new Scheduler();
    const endings: boolean[] = [];
    const link = new KafkaLink({
      where: 'fake:1',
      dial: () => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })),
      clientId: 'test',
      clock: new VirtualClock({ scheduler }),
      setupTimeoutMs: 1000,
      maxResponseBytes: 1000,
      ended: (opened) => endings.push(opened),
    });
    const asked = link.request({
      api: apis.Metadata,
      draft: () => ({ topics: null }),
      timeoutMs: 5,
      answered: true,
    });
    await expect(asked).rejects.toMatchObject({ code: 'UNREACHABLE', effect: 'definite', retriable: true });
    expect(endings).toEqual([false]);
  });
});
