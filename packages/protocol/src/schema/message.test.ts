import { NO_BROKER, Offset, TopicId, hasCode } from '@kafkaesque/kernel';
import {
  CreateTopicsRequest,
  FetchRequest,
  FetchResponse,
  IncrementalAlterConfigsResponse,
  MetadataRequest,
  ProduceRequest,
  ProduceResponse,
} from '../index';
import { array, int32, int64, string, uuid, wideInt64 } from './field';
import { message } from './message';

const topicId = TopicId('dGhpcyBpcyBhIHRvcGljIQ'.slice(0, 21) + 'A');
const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    for (const code of [
      'UNSUPPORTED_VERSION',
      'UNSUPPORTED_FIELD',
      'INVALID_FIELD',
      'INVALID_REQUEST',
    ] as const) {
      if (hasCode(error, code)) return code;
    }
    throw error;
  }
  return 'nothing';
};

describe('what a draft may leave out', () => {
  test('fields with a default, a version range or a tag read as their defaults', () => {
    expect(FetchRequest.make({ maxWaitMs: 1, minBytes: 2, topics: [], forgottenTopicsData: [] })).toEqual({
      clusterId: null,
      replicaId: NO_BROKER,
      replicaState: { replicaId: -1, replicaEpoch: -1 },
      maxWaitMs: 1,
      minBytes: 2,
      maxBytes: 0x7fffffff,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [],
      forgottenTopicsData: [],
      rackId: '',
    });
  });

  test('a field that is required and missing is a mistake of the caller, named by its path', () => {
    const draft = { acks: 1, timeoutMs: 1, topicData: [{ partitionData: [{ records: null }] }] } as never;
    expect(() => ProduceRequest.encode(draft, 9)).toThrow('ProduceRequest.topicData.partitionData.index');
    expect(() => ProduceRequest.make(draft)).toThrow('ProduceRequest.topicData.partitionData.index');
  });
});

describe('versions', () => {
  test('a version that Kafka does not have is refused', () => {
    expect(codeOf(() => ProduceRequest.decode(Buffer.alloc(9), 14))).toBe('UNSUPPORTED_VERSION');
    expect(codeOf(() => ProduceRequest.encode({ acks: 1, timeoutMs: 1, topicData: [] }, 2))).toBe(
      'UNSUPPORTED_VERSION',
    );
    expect(codeOf(() => ProduceRequest.decode(Buffer.alloc(9), 3.5))).toBe('UNSUPPORTED_VERSION');
  });

  test('a value that the version has no field for is refused, unless the field is ignorable', () => {
    const draft = { topics: [], allowAutoTopicCreation: false };
    expect(codeOf(() => MetadataRequest.encode(draft, 3))).toBe('UNSUPPORTED_FIELD');
    expect(codeOf(() => MetadataRequest.encode({ ...draft, allowAutoTopicCreation: true }, 3))).toBe(
      'nothing',
    );
    const fetch = { maxWaitMs: 1, minBytes: 1, topics: [], forgottenTopicsData: [], rackId: 'r' };
    expect(codeOf(() => FetchRequest.encode(fetch, 4))).toBe('nothing');
    const forgotten = [{ topic: 't', topicId, partitions: [1] }];
    expect(codeOf(() => FetchRequest.encode({ ...fetch, forgottenTopicsData: forgotten }, 6))).toBe(
      'UNSUPPORTED_FIELD',
    );
    const state = { replicaState: { replicaEpoch: 3 as never } };
    expect(codeOf(() => FetchRequest.encode({ ...fetch, ...state }, 14))).toBe('UNSUPPORTED_FIELD');
    expect(codeOf(() => FetchRequest.encode({ ...fetch, replicaState: {} }, 14))).toBe('nothing');
  });

  test('null is refused where the version does not allow it', () => {
    expect(codeOf(() => MetadataRequest.encode({ topics: null }, 0))).toBe('INVALID_FIELD');
    expect(codeOf(() => MetadataRequest.encode({ topics: null }, 1))).toBe('nothing');
  });
});

describe('values that do not fit', () => {
  const Everything = message({
    name: 'Everything',
    versions: '0-1',
    flexible: '1+',
    fields: { int: int32, long: int64, wide: wideInt64, id: uuid, text: string, list: array(int32) },
  });
  const good = { int: 1, long: 1, wide: 1, id: topicId, text: 'x', list: [1] };

  test.each([
    ['int', 2 ** 31],
    ['int', 0.5],
    ['int', NaN],
    ['int', '1'],
    ['long', 2 ** 53],
    ['long', 1n],
    ['wide', Infinity],
    ['id', 'short'],
    ['id', `${'A'.repeat(21)}B`],
    ['id', `${'A'.repeat(21)}+`],
    ['id', `${'A'.repeat(21)}é`],
    ['text', 7],
    ['text', null],
    ['list', 'ab'],
    ['list', [undefined]],
  ])('%s refuses %p', (name, value) => {
    for (const version of [0, 1]) {
      expect(codeOf(() => Everything.encode({ ...good, [name]: value }, version))).toBe('INVALID_FIELD');
    }
    expect(Everything.decode(Everything.encode(good, 1), 1)).toEqual(good);
  });

  test('a text beyond 32767 bytes is refused where the length has 16 bits', () => {
    const text = 'é'.repeat(16_384);
    expect(codeOf(() => Everything.encode({ ...good, text }, 0))).toBe('INVALID_FIELD');
    expect(Everything.decode(Everything.encode({ ...good, text }, 1), 1).text).toBe(text);
  });

  test('a saturated int64 is written as the largest or smallest one', () => {
    const largest = Everything.encode({ ...good, wide: Number.MAX_SAFE_INTEGER }, 0);
    expect(largest.toString('hex', 12, 20)).toBe('7fffffffffffffff');
    const smallest = Everything.encode({ ...good, wide: -Number.MAX_SAFE_INTEGER }, 0);
    expect(smallest.toString('hex', 12, 20)).toBe('8000000000000000');
  });
});

describe('bytes', () => {
  const partition = { partitionIndex: 0, errorCode: 0, highWatermark: Offset(9), abortedTransactions: null };
  const response = (
    records: Buffer<ArrayBuffer> | readonly Buffer<ArrayBuffer>[],
  ): Parameters<typeof FetchResponse.encode>[0] => ({
    responses: [{ topic: 't', topicId, partitions: [{ ...partition, records }] }],
  });

  test('decoding gives views, not copies', () => {
    const topicData = [{ name: 't', partitionData: [{ index: 0, records: Buffer.from('abc') }] }];
    const bytes = ProduceRequest.encode({ acks: 1, timeoutMs: 1, topicData }, 9);
    const { records } = ProduceRequest.decode(bytes, 9).topicData[0]!.partitionData[0]!;
    expect(records?.buffer).toBe(bytes.buffer);
    expect(records?.toString()).toBe('abc');
  });

  test.each([4, 11, 12, 17])(
    'large slices are referenced in order between the other bytes (v%d)',
    (version) => {
      const slices = [Buffer.alloc(5000, 1), Buffer.alloc(10, 2), Buffer.alloc(2000, 3)];
      const parts = FetchResponse.encodeParts(response(slices), version);
      expect(parts.filter((part) => slices.some((slice) => slice === part))).toEqual([slices[0], slices[2]]);
      expect(
        Buffer.concat(parts).equals(FetchResponse.encode(response(Buffer.concat(slices)), version)),
      ).toBe(true);
    },
  );

  test('a message larger than the scratch buffer is written whole, and the next one is not disturbed', () => {
    const topics = Array.from({ length: 20_000 }, (_, index) => ({
      name: `topic-${index}`,
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [],
    }));
    const large = CreateTopicsRequest.make({ topics });
    expect(CreateTopicsRequest.decode(CreateTopicsRequest.encode(large, 7), 7)).toEqual(large);
    const small = ProduceResponse.make({ responses: [] });
    expect(ProduceResponse.decode(ProduceResponse.encode(small, 9), 9)).toEqual(small);
  });
});

test('the same names and ids read again are the same strings', () => {
  const names = ['flights', 'weather', 'flüge', 'x'.repeat(300), ''];
  const topics = names.map((name) => ({ name, topicId }));
  for (const version of [10, 12]) {
    const bytes = MetadataRequest.encode({ topics }, version);
    expect(MetadataRequest.decode(bytes, version).topics?.map((topic) => topic.name)).toEqual(names);
    expect(MetadataRequest.decode(bytes, version).topics?.map((topic) => topic.topicId)).toEqual(
      names.map(() => topicId),
    );
  }
});

test('an error that quotes what a client sent is cut where it would not fit', () => {
  const responses = [{ errorCode: 1, errorMessage: 'ä'.repeat(40_000), resourceType: 2, resourceName: 't' }];
  for (const version of [0, 1]) {
    const bytes = IncrementalAlterConfigsResponse.encode({ throttleTimeMs: 0, responses }, version);
    const read = IncrementalAlterConfigsResponse.decode(bytes, version).responses[0];
    expect(read?.errorMessage).toBe(`${'ä'.repeat(10_000)}…`);
    expect(read?.resourceName).toBe('t');
  }
});
