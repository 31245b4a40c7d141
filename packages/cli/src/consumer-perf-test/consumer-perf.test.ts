import { recordedTerminal } from '../testing/recorded-terminal';
import { tool } from './consumer-perf-test-tool';
import { dateFormat } from './date-format';
import { headerLine, intervalLine, metricLines, summaryLine } from './reading-statistics';

const formatTime = (time: Date): string => `@${time.getTime()}`;
const MB = 1024 * 1024;

describe('kafka-consumer-perf-test', () => {
  test('sums up under its header', () => {
    const line = summaryLine(
      { records: 3000, bytes: 3 * MB },
      { startMs: 1000, endMs: 4000, joiningMs: 1500 },
      formatTime,
    );
    expect(line).toBe('@1000, @4000, 3.0000, 1.0000, 3000, 1000.0000, 1500, 1500, 2.0000, 2000.0000\n');
    expect(headerLine(false).split(', ')).toHaveLength(line.split(', ').length);
  });

  test('tells of an interval under its header', () => {
    const line = intervalLine(
      { records: 500, bytes: 5 * MB },
      { records: 300, bytes: 3 * MB },
      { startMs: 0, endMs: 1000, joiningMs: 500 },
      formatTime,
    );
    expect(line).toBe('@1000, 0, 5.0000, 2.0000, 500, 200.0000, 500, 500, 4.0000, 400.0000\n');
    expect(headerLine(true).split(', ')).toHaveLength(line.split(', ').length);
    const joining = { startMs: 0, endMs: 10, joiningMs: 10 };
    const none = { records: 0, bytes: 0 };
    expect(intervalLine(none, none, joining, formatTime)).toMatch(/, 0\.0000, 0\.0000\n$/);
  });

  test('prints what was measured as Kafka prints metrics', () => {
    const lines = metricLines(
      { records: 200, bytes: 1000 },
      { startMs: 0, endMs: 2000, joiningMs: 30 },
      { partitions: 3, rebalances: 2 },
    ).split('\n');
    expect(lines[1]).toMatch(/^Metric Name {50,}Value$/);
    expect(lines).toContain(
      'consumer-coordinator-metrics:rebalance-latency-avg:{client-id=perf-consumer-client}    : 15.000',
    );
    expect(lines).toContain(
      'consumer-fetch-manager-metrics:bytes-consumed-total:{client-id=perf-consumer-client}   : 1000.000',
    );
  });

  test.each([
    ['yyyy-MM-dd HH:mm:ss:SSS', '2026-03-05 14:07:09:045'],
    ["yy'W' h a ''K''", "26W 2 PM '2'"],
    ['d/M', '5/3'],
  ])('writes times as %s', (pattern, expected) => {
    expect(dateFormat(pattern)(new Date(2026, 2, 5, 14, 7, 9, 45))).toBe(expected);
  });

  test.each([
    ['', 'This tool is used to verify the consumer performance.'],
    ['--topic t --num-records 1', 'Missing required argument "[bootstrap-server]"'],
    [
      '--bootstrap-server h:1 --num-records 1',
      'Exactly one of the following arguments is required: [topic], [include]',
    ],
    [
      '--bootstrap-server h:1 --topic t',
      'Exactly one of the following arguments is required: [messages], [num-records]',
    ],
    [
      '--bootstrap-server h:1 --topic t --num-records 1 --reporting-interval 0',
      'Reporting interval must be greater than 0.',
    ],
    [
      '--bootstrap-server h:1 --topic t --num-records 1 --reporting-interval x',
      "Cannot parse argument 'x' of option reporting-interval",
    ],
    ['--bootstrap-server h:1 --topic t --num-records 1 --date-format EEE', '"EEE" is not known here'],
  ])('%s is refused', async (line, message) => {
    const terminal = recordedTerminal();
    const argv = line === '' ? [] : line.split(' ');
    expect(await tool.run(argv, terminal, 'kafka-consumer-perf-test')).toBe(1);
    expect(terminal.written).toEqual({ out: '', err: expect.stringContaining(message) });
  });
});
