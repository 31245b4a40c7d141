import type { Producer, ProducerRecord } from '@kafkaesque/client';
import { recordedTerminal } from '../testing/recorded-terminal';
import type { RecordedTerminal } from '../testing/recorded-terminal';
import { tool, sendLines } from './console-producer-tool';
import { LineRecords } from './line-records';
import { producerOptions } from './producer-properties';

const producerThat = (send: Producer['send']) => {
  const sent: ProducerRecord[] = [];
  let isClosed = false;
  const producer: Producer = {
    send: (record, options) => {
      sent.push(record);
      return send(record, options);
    },
    flush: () => Promise.resolve(),
    ready: () => Promise.resolve(),
    close: () => {
      isClosed = true;
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return { producer, sent, isClosed: () => isClosed };
};

const accepted: Producer['send'] = ({ topic }) =>
  Promise.resolve({ topic, partition: 0, offset: 0, timestampMs: 0 });

const run = async (terminal: RecordedTerminal, send: Producer['send'], properties = {}, isSync = false) => {
  const { producer, sent, isClosed } = producerThat(send);
  const reader = new LineRecords('t', properties);
  const code = await sendLines({ producer, reader, terminal, isSync });
  return { code, values: sent.map(({ value }) => value?.toString()), isClosed: isClosed() };
};

describe('kafka-console-producer', () => {
  test('sends every line and closes', async () => {
    const terminal = recordedTerminal({ input: ['one\ntw', 'o\nthree'] });
    expect(await run(terminal, accepted)).toEqual({
      code: 0,
      values: ['one', 'two', 'three'],
      isClosed: true,
    });
    expect(terminal.written).toEqual({ out: '', err: '' });
  });

  test('prompts only where somebody types', async () => {
    const terminal = recordedTerminal({ input: ['one\ntwo\n'], isInteractive: true });
    await run(terminal, accepted);
    expect(terminal.written.out).toBe('>>>\n');
  });

  test('tells of a record that did not arrive, and goes on', async () => {
    const terminal = recordedTerminal({ input: ['one\ntwo\n'] });
    const failing: Producer['send'] = () => Promise.reject(new Error('no room'));
    expect(await run(terminal, failing)).toMatchObject({ code: 0, values: ['one', 'two'] });
    expect(terminal.written.err).toContain(
      'ERROR Error when sending message to topic t with key: null, value: 3 bytes with error: no room\n',
    );
  });

  test('stops at the first failure when it sends one at a time', async () => {
    const terminal = recordedTerminal({ input: ['one\ntwo\n'] });
    const failing: Producer['send'] = () => Promise.reject(new Error('no room'));
    expect(await run(terminal, failing, {}, true)).toEqual({ code: 1, values: ['one'], isClosed: true });
    expect(terminal.written.err).toBe('no room\n');
  });

  test('stops at a line that cannot be read, after sending those before it', async () => {
    const terminal = recordedTerminal({ input: ['k\tv\nbroken\nk\tw\n'] });
    expect(await run(terminal, accepted, { 'parse.key': 'true' })).toEqual({
      code: 1,
      values: ['v'],
      isClosed: true,
    });
    expect(terminal.written.err).toBe("No key separator found on line number 2: 'broken'\n");
  });

  test('ends when it is interrupted, and still closes', async () => {
    const terminal = recordedTerminal({ input: ['one\n'] });
    const interrupting: Producer['send'] = (record, options) => {
      terminal.interrupt();
      return accepted(record, options);
    };
    expect(await run(terminal, interrupting)).toMatchObject({ code: 130, isClosed: true });
  });

  test.each([
    ['', 'This tool helps to read data from standard input and publish it to Kafka.'],
    ['--topic t', 'Missing required argument "[bootstrap-server]"'],
    ['--broker-list h:1', 'Missing required argument "[topic]"'],
    [
      '--broker-list h:1 --topic t --compression-codec bogus',
      'Invalid value bogus for configuration compression.type: String must be one of: none, gzip, snappy, lz4, zstd',
    ],
    ['--broker-list h:1 --topic t --request-required-acks 2', 'Invalid value 2 for configuration acks'],
    [
      '--broker-list h:1 --topic t --command-property security.protocol=SSL',
      'security.protocol=SSL is not there yet',
    ],
    ['--broker-list h:1 --topic t --line-reader my.Reader', 'There is no line reader my.Reader'],
    ['--broker-list h:1 --topic t --line-reader my.LineMessageReader', 'There is no line reader my.Line'],
    ['--broker-list h:1 --topic t --batch-size x', "Cannot parse argument 'x' of option batch-size"],
    [
      '--broker-list h:1 --bootstrap-server h:1 --topic t',
      'Options --broker-list and --bootstrap-server cannot be specified together.',
    ],
    [
      '--broker-list h:1 --topic t --property a=1 --reader-property a=1',
      'Options --reader-property and --property cannot be specified together.',
    ],
    [
      '--broker-list h:1 --topic t --producer-property a=1 --command-property a=1',
      'Options --command-property and --producer-property cannot be specified together.',
    ],
    [
      '--broker-list h:1 --topic t --producer.config f --command-config f',
      'Options --command-config and --producer.config cannot be specified together.',
    ],
    [
      '--broker-list h:1 --topic t --max-partition-memory-bytes 1 --batch-size 2 --request-required-acks 9',
      'Warning: --max-partition-memory-bytes is deprecated and will be removed in Apache Kafka 5.0. Use --batch-size instead.\nInvalid value 9',
    ],
    ['--broker-list h:1 --topic t --command-config /no/such/file', 'Cannot read /no/such/file'],
  ])('%s is refused', async (line, message) => {
    const terminal = recordedTerminal();
    const code = await tool.run(line === '' ? [] : line.split(' '), terminal, 'kafka-console-producer');
    expect([code, terminal.written.err]).toEqual([1, expect.stringContaining(message)]);
  });

  test("reads producer properties under Kafka's names", () => {
    expect(
      producerOptions({
        acks: 'all',
        'linger.ms': '7',
        'enable.idempotence': 'false',
        'compression.type': 'gzip',
        'compression.gzip.level': '9',
      }),
    ).toMatchObject({ acks: -1, lingerMs: 7, idempotence: false, compression: 'gzip', compressionLevel: 9 });
    expect(() => producerOptions({ 'linger.ms': 'soon' })).toThrow(
      'Invalid value soon for configuration linger.ms: Not a number of type INT',
    );
  });
});
