import { fakeAdmin } from '../testing/fake-admin';
import { recordedTerminal } from '../testing/recorded-terminal';
import { deleteRecords, tool, parseOffsets } from './delete-records-tool';

describe('kafka-delete-records', () => {
  test('deletes, and says where each partition begins now', async () => {
    const terminal = recordedTerminal();
    const admin = fakeAdmin({ topics: {} });
    await deleteRecords([{ topic: 't', partition: 1, beforeOffset: 5 }], admin, terminal);
    expect(terminal.written.out).toBe(
      'Executing records delete operation\nRecords delete operation completed:\npartition: t-1\tlow_watermark: 5\n',
    );
  });

  test('says the same as JSON for scripts', async () => {
    const terminal = recordedTerminal();
    const targets = [{ topic: 't', partition: 1, beforeOffset: 5 }];
    await deleteRecords(targets, fakeAdmin({ topics: {} }), terminal, true);
    expect(terminal.written).toEqual({
      out: '{"partitions":[{"topic":"t","partition":1,"lowWatermark":5}]}\n',
      err: '',
    });
  });

  test('reads offsets with and without a version', () => {
    const partitions = [{ topic: 't', partition: 0, offset: -1 }];
    const expected = [{ topic: 't', partition: 0, beforeOffset: -1 }];
    expect(parseOffsets(JSON.stringify({ partitions }))).toEqual(expected);
    expect(parseOffsets(JSON.stringify({ partitions, version: 1 }))).toEqual(expected);
  });

  test.each([
    ['{', 'The input string is not a valid JSON'],
    ['{"version":2}', 'Not supported version field value 2'],
    ['{"version":1}', 'Missing partitions field'],
    ['null', 'Missing partitions field'],
    ['{"partitions":3}', 'The partitions field is not a list'],
    ['{"partitions":[{"topic":"t","partition":0.5,"offset":1}]}', 'Not a topic, a partition and an offset'],
    [
      '{"partitions":[{"topic":"t","partition":0,"offset":1},{"topic":"t","partition":0,"offset":2}]}',
      'Offset json file contains duplicate topic partitions: t-0',
    ],
  ])('%s is refused', (text, message) => {
    expect(() => parseOffsets(text)).toThrow(message);
  });

  test.each([
    ['', 'This tool helps to delete records'],
    ['--bootstrap-server h:1', 'Missing required argument "[offset-json-file]"'],
    ['--bootstrap-server h:1 --offset-json-file /nowhere/at/all', 'Unable to read file /nowhere/at/all'],
  ])('the command line "%s" is refused', async (line, message) => {
    const terminal = recordedTerminal();
    const code = await tool.run(line === '' ? [] : line.split(' '), terminal, 'kafka-delete-records');
    expect([code, terminal.written]).toEqual([1, { out: '', err: expect.stringContaining(message) }]);
  });
});
