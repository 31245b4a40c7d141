import { fakeAdmin } from '../testing/fake-admin';
import { recordedTerminal } from '../testing/recorded-terminal';
import { printOffsets } from './get-offsets-tool';
import type { GetOffsetsFlags } from './get-offsets-tool';

const facts = {
  topics: {
    a: { partitions: [{}, {}, {}] },
    b: { partitions: Array.from({ length: 11 }, () => ({})) },
    __consumer_offsets: { internal: true, partitions: [{}] },
  },
  offsets: {
    'a-0': 10,
    'a-1': 11,
    'a-2': -1,
    ...Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`b-${n}`, n])),
    '__consumer_offsets-0': 7,
  },
};

const run = async (flags: GetOffsetsFlags): Promise<{ readonly out: string; readonly err: string }> => {
  const terminal = recordedTerminal();
  await printOffsets(flags, fakeAdmin(facts), terminal);
  return terminal.written;
};

describe('kafka-get-offsets', () => {
  test('prints the same as JSON for scripts', async () => {
    const { out, err } = await run({ topic: 'a|b', partitions: '0,10', json: true });
    expect(JSON.parse(out)).toEqual({
      offsets: [
        { topic: 'a', partition: 0, offset: 10, timestampMs: null },
        { topic: 'b', partition: 0, offset: 0, timestampMs: null },
      ],
    });
    expect(err).toBe('Skip getting offsets for topic-partition b-10 due to error: no leader\n');
  });

  test('prints partitions in order of their names, leaves out what has no offset, and tells of failures', async () => {
    const { out, err } = await run({});
    expect(out).toBe(
      [
        '__consumer_offsets:0:7',
        'a:0:10',
        'a:1:11',
        ...Array.from({ length: 10 }, (_, n) => `b:${n}:${n}`),
        '',
      ].join('\n'),
    );
    expect(err).toBe('Skip getting offsets for topic-partition b-10 due to error: no leader\n');
  });

  test.each<{ flags: GetOffsetsFlags; expected: readonly string[] }>([
    { flags: { topic: 'a' }, expected: ['a:0:10', 'a:1:11'] },
    { flags: { topic: 'a', partitions: '1,2' }, expected: ['a:1:11'] },
    { flags: { topicPartitions: 'a:1' }, expected: ['a:1:11'] },
    { flags: { topicPartitions: 'b:2-4' }, expected: ['b:2:2', 'b:3:3'] },
    { flags: { topicPartitions: 'a:-1,b:9-' }, expected: ['a:0:10', 'b:9:9'] },
    { flags: { topicPartitions: ':0', excludeInternalTopics: true }, expected: ['a:0:10', 'b:0:0'] },
    { flags: { topicPartitions: 'a|__c.*:0' }, expected: ['__consumer_offsets:0:7', 'a:0:10'] },
  ])('$flags', async ({ flags, expected }) => {
    expect((await run(flags)).out.trimEnd().split('\n')).toEqual(expected);
  });

  test.each<{ flags: GetOffsetsFlags; message: string }>([
    { flags: { topic: 'nope' }, message: 'Could not match any topic-partitions with the specified filters' },
    { flags: { time: 'soon' }, message: 'Malformed time argument soon. Please use -1 or latest' },
    {
      flags: { partitions: 'x' },
      message: '--partitions expects a comma separated list of numeric partition ids, but received: x',
    },
    { flags: { topicPartitions: 'a:x' }, message: 'Invalid rule specification: a:x' },
    {
      flags: { topicPartitions: 'a', topic: 'a' },
      message: '--topic-partitions cannot be used with --topic or --partitions',
    },
    { flags: { topic: '(' }, message: '( is an invalid regex' },
  ])('$flags is refused', async ({ flags, message }) => {
    await expect(run(flags)).rejects.toThrow(message);
  });
});
