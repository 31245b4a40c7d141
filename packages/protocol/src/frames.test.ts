import { BrokerId, hasCode } from '@kafkaesque/kernel';
import {
  apiByKey,
  apis,
  decodeResponse,
  encodeRequestFrame,
  encodeResponseFrame,
  readRequestHeader,
  type Api,
} from './index';

const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    for (const code of ['UNKNOWN_API', 'UNSUPPORTED_VERSION', 'INVALID_REQUEST'] as const)
      if (hasCode(error, code)) return code;
    throw error;
  }
  return 'nothing';
};
const whole = (parts: readonly Buffer[]): Buffer => {
  const frame = Buffer.concat(parts);
  expect(frame.readInt32BE(0)).toBe(frame.length - 4);
  return frame.subarray(4);
};
/** A request header of version 1 with the client id `me`. */
const header = (key: number, version: number): Buffer => {
  const bytes = Buffer.from([0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 0x6d, 0x65]);
  bytes.writeInt16BE(key, 0);
  bytes.writeInt16BE(version, 2);
  return bytes;
};

describe('requests', () => {
  test.each([
    ['old', 3],
    ['flexible', 9],
  ])('a request in an %s version reads back with its header', (_, version) => {
    const body = { acks: -1, timeoutMs: 5, topicData: [] };
    for (const clientId of ['me', null]) {
      const frame = whole(encodeRequestFrame(apis.Produce, version, 77, clientId, body));
      const read = readRequestHeader(frame);
      expect(read).toMatchObject({ apiKey: 0, apiVersion: version, correlationId: 77, clientId });
      expect(read.api).toBe(apis.Produce);
      expect(apis.Produce.request.decode(frame, version, read.bodyAt)).toMatchObject(body);
    }
  });

  test('an unknown key, a version that is not served and damaged bytes are told apart', () => {
    expect(codeOf(() => readRequestHeader(header(4, 0)))).toBe('UNKNOWN_API');
    expect(codeOf(() => readRequestHeader(header(-1, 0)))).toBe('UNKNOWN_API');
    expect(codeOf(() => readRequestHeader(header(0, 2)))).toBe('UNSUPPORTED_VERSION');
    expect(codeOf(() => readRequestHeader(header(0, 14)))).toBe('UNSUPPORTED_VERSION');
    expect(codeOf(() => readRequestHeader(header(0, -1)))).toBe('UNSUPPORTED_VERSION');
    for (let length = 0; length < 12; length++) {
      expect(codeOf(() => readRequestHeader(header(0, 3).subarray(0, length)))).toBe('INVALID_REQUEST');
    }
    expect(codeOf(() => readRequestHeader(header(0, 3)))).toBe('nothing');
  });

  test('ApiVersions passes in a version that nobody knows, so that it can be answered', () => {
    const future = Buffer.concat([header(18, 99), Buffer.from([0, 1, 2, 3])]);
    expect(readRequestHeader(future)).toMatchObject({
      apiVersion: 99,
      correlationId: 9,
      clientId: 'me',
      bodyAt: 13,
    });
  });

  test('a client id that is not UTF-8 reads with replacement characters, as in Kafka', () => {
    const bytes = header(3, 0);
    bytes[10] = 0xff;
    expect(readRequestHeader(bytes).clientId).toBe('\ufffde');
  });
});

describe('responses', () => {
  test('a response reads back with its correlation id, in old and flexible versions', () => {
    const body = { brokers: [{ nodeId: BrokerId(1), host: 'h', port: 1 }], topics: [] };
    for (const version of [0, 8, 9, 12]) {
      const frame = whole(encodeResponseFrame(apis.Metadata, version, 31, body));
      const read = decodeResponse(apis.Metadata, version, frame);
      expect(read.correlationId).toBe(31);
      expect(read.body.brokers).toMatchObject(body.brokers);
    }
  });

  test('ApiVersions is answered with header v0 in every version', () => {
    const apiKeys = [{ apiKey: 18, minVersion: 0, maxVersion: 4 }];
    for (const version of [0, 2, 3, 4]) {
      const frame = whole(encodeResponseFrame(apis.ApiVersions, version, 31, { errorCode: 0, apiKeys }));
      expect(frame.readInt16BE(4)).toBe(0);
      expect(decodeResponse(apis.ApiVersions, version, frame).body.apiKeys).toEqual(apiKeys);
    }
  });

  test('a refusal of the ApiVersions version comes as v0 and is read as that', () => {
    const apiKeys = [{ apiKey: 18, minVersion: 0, maxVersion: 3 }];
    const frame = whole(encodeResponseFrame(apis.ApiVersions, 0, 31, { errorCode: 35, apiKeys }));
    expect(decodeResponse(apis.ApiVersions, 4, frame).body).toMatchObject({ errorCode: 35, apiKeys });
  });

  test('large records are referenced, not copied', () => {
    const records = Buffer.alloc(70_000, 5);
    const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }];
    const parts = encodeRequestFrame(apis.Produce, 9, 1, 'c', { acks: 1, timeoutMs: 1, topicData });
    expect(parts).toContain(records);
    expect(readRequestHeader(whole(parts)).correlationId).toBe(1);
  });
});

describe('the table of APIs', () => {
  const all: readonly (readonly [string, Api])[] = Object.entries(apis);

  test('every API stands under its own name and key, with both messages in the same versions', () => {
    for (const [name, api] of all) {
      expect(api.name).toBe(name);
      expect(api.request.name).toBe(`${name}Request`);
      expect(api.response.name).toBe(`${name}Response`);
      expect(api.response.versions).toEqual(api.request.versions);
      expect(apiByKey(api.key)).toBe(api);
    }
    expect(new Set(all.map(([, api]) => api.key)).size).toBe(all.length);
  });

  test('what Kafka has not promised is never announced', () => {
    expect(apis.InitProducerId).toMatchObject({ advertised: { min: 0, max: 5 }, latestUnstable: 6 });
    for (const [, api] of all)
      expect(api.latestUnstable ?? api.advertised.max).toBe(api.request.versions.max);
  });

  test('Produce is announced from 0 for librdkafka, and served from 3', () => {
    expect(apis.Produce).toMatchObject({ advertised: { min: 0, max: 13 }, minServed: 3 });
  });

  test('removed APIs have no entry', () => {
    for (const key of [4, 5, 6, 7, 93]) expect(apiByKey(key)).toBeUndefined();
  });
});
