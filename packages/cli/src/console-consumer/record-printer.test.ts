import type { ConsumerRecord } from '@kafkaesque/client';
import { encodeGroupRecord } from '@kafkaesque/protocol';
import { deserializerOf } from './deserializers';
import { openPrinter } from './record-printer';

const record: ConsumerRecord = {
  topic: 't',
  partition: 3,
  offset: 42,
  timestampMs: 1234,
  timestampType: 'CreateTime',
  key: Buffer.from('k'),
  value: Buffer.from('v'),
  headers: [
    { key: 'a', value: Buffer.from('1') },
    { key: 'b', value: null },
  ],
  leaderEpoch: 5,
};

const print = (properties: Readonly<Record<string, string>>, change: Partial<ConsumerRecord> = {}): string =>
  openPrinter('DefaultMessageFormatter', properties)({ ...record, ...change }).toString();

const everything = Object.fromEntries(
  ['timestamp', 'partition', 'offset', 'delivery', 'epoch', 'headers', 'key'].map((name) => [
    `print.${name}`,
    'true',
  ]),
);

describe('printed records', () => {
  test('are their values, a line each', () => {
    expect(print({})).toBe('v\n');
    expect(print({}, { value: null })).toBe('null\n');
  });

  test("have Kafka's columns in Kafka's order", () => {
    expect(print(everything)).toBe(
      'CreateTime:1234\tPartition:3\tOffset:42\tDelivery:NOT_PRESENT\tEpoch:NOT_PRESENT\ta:1,b:null\tk\tv\n',
    );
  });

  test('take separators and the word for null from properties', () => {
    const properties = {
      ...everything,
      'print.timestamp': 'false',
      'key.separator': '|',
      'line.separator': '#',
      'headers.separator': ';',
      'null.literal': 'NIL',
    };
    expect(print(properties, { key: null })).toBe(
      'Partition:3|Offset:42|Delivery:NOT_PRESENT|Epoch:NOT_PRESENT|a:1;b:NIL|NIL|v#',
    );
  });

  test('say when there are no headers, no timestamp, and which kind of timestamp', () => {
    expect(print({ 'print.headers': 'true' }, { headers: [] })).toBe('NO_HEADERS\tv\n');
    const stamp = { 'print.timestamp': 'true' };
    expect(print(stamp, { timestampType: 'NoTimestampType' })).toBe('NO_TIMESTAMP\tv\n');
    expect(print(stamp, { timestampType: 'LogAppendTime' })).toBe('LogAppendTime:1234\tv\n');
  });

  test('can leave the value out', () => {
    expect(print({ 'print.value': 'false', 'print.offset': 'true' })).toBe('Offset:42\n');
  });

  test('keep bytes that are not text', () => {
    const value = Buffer.from([0xff, 0xfe]);
    expect(openPrinter('DefaultMessageFormatter', {})({ ...record, value })).toEqual(
      Buffer.from([0xff, 0xfe, 0x0a]),
    );
  });

  test('are nothing with NoOpMessageFormatter', () => {
    expect(openPrinter('org.apache.kafka.tools.consumer.NoOpMessageFormatter', {})(record)).toHaveLength(0);
    expect(() => openPrinter('my.Formatter', {})).toThrow('There is no formatter my.Formatter');
    expect(() => openPrinter('my.DefaultMessageFormatter', {})).toThrow('There is no formatter my.Default');
    for (const prefix of ['', 'kafka.tools.', 'org.apache.kafka.tools.consumer.']) {
      expect(openPrinter(`${prefix}NoOpMessageFormatter`, {})).toBeDefined();
    }
  });
});

describe('deserializers', () => {
  const long = Buffer.from('fffffffffffffffe', 'hex');
  test.each([
    { name: 'Long', bytes: long, text: '-2' },
    { name: 'Integer', bytes: Buffer.from('0000002a', 'hex'), text: '42' },
    { name: 'Short', bytes: Buffer.from('8000', 'hex'), text: '-32768' },
    { name: 'Boolean', bytes: Buffer.from('01', 'hex'), text: 'true' },
    { name: 'Double', bytes: Buffer.from('3ff0000000000000', 'hex'), text: '1.0' },
    { name: 'Double', bytes: Buffer.from('412e848000000000', 'hex'), text: '1000000.0' },
    { name: 'Double', bytes: Buffer.from('416312d000000000', 'hex'), text: '1.0E7' },
    { name: 'Double', bytes: Buffer.from('3f50624dd2f1a9fc', 'hex'), text: '0.001' },
    { name: 'Double', bytes: Buffer.from('3ee4f8b588e368f1', 'hex'), text: '1.0E-5' },
    { name: 'Double', bytes: Buffer.from('8000000000000000', 'hex'), text: '-0.0' },
    { name: 'Double', bytes: Buffer.from('7ff0000000000000', 'hex'), text: 'Infinity' },
    { name: 'Float', bytes: Buffer.from('3dcccccd', 'hex'), text: '0.1' },
    { name: 'Float', bytes: Buffer.from('4048f5c3', 'hex'), text: '3.14' },
    { name: 'String', bytes: Buffer.from('text'), text: 'text' },
  ])('$name reads $text', ({ name, bytes, text }) => {
    const deserializer = deserializerOf(`org.apache.kafka.common.serialization.${name}Deserializer`);
    expect(deserializer(bytes).toString()).toBe(text);
  });

  test('refuse bytes of another size, and names that nobody knows', () => {
    expect(() => deserializerOf('LongDeserializer')(Buffer.alloc(3))).toThrow(
      'Size of data received by LongDeserializer is not 8',
    );
    expect(() => deserializerOf('my.Deserializer')).toThrow('There is no deserializer my.Deserializer');
  });
});

describe('records of internal topics', () => {
  const stored = encodeGroupRecord({ kind: 'GroupMetadata', key: { group: 'g' }, value: null });
  const of = (formatter: string, change: Partial<ConsumerRecord>): string =>
    openPrinter(`org.apache.kafka.tools.consumer.${formatter}`, {})({ ...record, ...change }).toString();

  test('are JSON, one behind the other, where the formatter is about them', () => {
    expect(of('GroupMetadataMessageFormatter', stored)).toBe(
      '{"key":{"type":2,"data":{"group":"g"}},"value":null}',
    );
    expect(of('OffsetsMessageFormatter', stored)).toBe('');
    expect(of('OffsetsMessageFormatter', { key: null })).toBe('');
    expect(of('TransactionLogMessageFormatter', { key: Buffer.from([0, 5]) })).toBe('');
  });

  test('that cannot be read fail with their offset', () => {
    expect(() =>
      of('GroupMetadataMessageFormatter', { key: stored.key, value: Buffer.from([0, 3]) }),
    ).toThrow('Could not read record at offset 42 due to: the record ends before its fields do');
  });
});
