import { ClientError } from '@kafkaesque/client';
import { fakeAdmin } from '../testing/fake-admin';
import { recordedTerminal } from '../testing/recorded-terminal';
import { electLeaders, parsePartitions, tool } from './leader-election-tool';

const partitions = [0, 1, 2].map((partition) => ({ topic: 't', partition }));
const failures = {
  't-1': new ClientError('broker', 'ELECTION_NOT_NEEDED', 'not needed'),
  't-2': new ClientError('broker', 'PREFERRED_LEADER_NOT_AVAILABLE', 'not in sync'),
};

describe('kafka-leader-election', () => {
  test('says which partitions were elected, which needed nothing, and what went wrong', async () => {
    const terminal = recordedTerminal();
    const admin = fakeAdmin({ topics: {}, failures });
    const code = await electLeaders(admin, terminal, { type: 'preferred', partitions, isJson: false });
    expect(code).toBe(1);
    expect(terminal.written).toEqual({
      out:
        'Successfully completed leader election (PREFERRED) for partitions t-0\n' +
        'Valid replica already elected for partitions t-1\n' +
        'Error completing leader election (PREFERRED) for partition: t-2: PREFERRED_LEADER_NOT_AVAILABLE: not in sync\n',
      err: '1 replica(s) could not be elected\n',
    });
  });

  test('says the same as JSON for scripts', async () => {
    const terminal = recordedTerminal();
    const admin = fakeAdmin({ topics: {}, failures });
    await electLeaders(admin, terminal, { type: 'unclean', partitions, isJson: true });
    expect(JSON.parse(terminal.written.out)).toEqual({
      electionType: 'unclean',
      partitions: [
        { topic: 't', partition: 0, result: 'elected' },
        { topic: 't', partition: 1, result: 'not-needed' },
        {
          ...{ topic: 't', partition: 2, result: 'failed' },
          ...{ error: 'PREFERRED_LEADER_NOT_AVAILABLE', message: 'not in sync' },
        },
      ],
    });
  });

  test('asks for all partitions, and prints nothing where nothing had to be done', async () => {
    const terminal = recordedTerminal();
    const admin = fakeAdmin({ topics: {} });
    const wish = { type: 'preferred', partitions: undefined, isJson: false } as const;
    expect(await electLeaders(admin, terminal, wish)).toBe(0);
    expect(terminal.written).toEqual({ out: '', err: '' });
    expect(admin.calls).toEqual([
      { name: 'electLeaders', argument: { electionType: 'preferred', partitions: undefined } },
    ]);
  });

  test.each([
    ['timeout', 'TIMED_OUT', 'Timeout waiting for election results'],
    ['broker', 'CLUSTER_AUTHORIZATION_FAILED', 'Not authorized to perform leader election'],
  ] as const)('a %s failure %s of the whole is told', async (kind, failureCode, sentence) => {
    const terminal = recordedTerminal();
    const admin = {
      ...fakeAdmin({ topics: {} }),
      electLeaders: () => Promise.reject(new ClientError(kind, failureCode, 'no')),
    };
    const wish = { type: 'preferred', partitions, isJson: false } as const;
    expect(await electLeaders(admin, terminal, wish)).toBe(1);
    expect(terminal.written.err).toBe(`${sentence}\n`);
  });

  test('reads partitions', () => {
    expect(parsePartitions('{"partitions":[{"topic":"t","partition":2}]}')).toEqual([
      { topic: 't', partition: 2 },
    ]);
  });

  test.each([
    ['{', 'Replica election data is empty'],
    ['{"x":1}', 'Replica election data is missing "partitions" field'],
    ['{"partitions":5}', 'Expected JSON array, received 5'],
    ['{"partitions":[{"topic":"t"}]}', 'No such field exists: `partition`'],
    ['{"partitions":[{"topic":"t","partition":"0"}]}', 'Expected `Integer` value, received "0"'],
    [
      '{"partitions":[{"topic":"t","partition":0},{"topic":"t","partition":0}]}',
      'Replica election data contains duplicate partitions: [t-0]',
    ],
  ])('%s is refused', (text, message) => {
    expect(() => parsePartitions(text)).toThrow(message);
  });

  const at = '--bootstrap-server h:1';
  test.each([
    ['', 'This tool attempts to elect a new leader for a set of topic partitions.'],
    [at, 'Missing required option(s): election-type'],
    ['--topic t', 'Missing required option(s): bootstrap-server, election-type'],
    [`${at} --election-type wrong --topic t`, "Cannot parse argument 'wrong' of option election-type"],
    [
      `${at} --election-type preferred`,
      'One and only one of the following options is required: topic, all-topic-partitions, path-to-json-file',
    ],
    [`${at} --election-type PREFERRED --topic t`, 'Missing required option(s): partition'],
    [
      `${at} --election-type unclean --partition 0 --all-topic-partitions`,
      'Option partition is only allowed if topic is used',
    ],
    [
      `${at} --election-type unclean --topic t --partition x`,
      "Cannot parse argument 'x' of option partition",
    ],
    [
      `${at} --election-type unclean --topic t --partition 0 --admin.config a --command-config b`,
      'Option "[admin.config]" can\'t be used with option "[command-config]"',
    ],
    [`${at} --election-type unclean --path-to-json-file /nowhere`, 'Unable to read file /nowhere'],
  ])('the command line "%s" is refused', async (line, message) => {
    const terminal = recordedTerminal();
    const code = await tool.run(line === '' ? [] : line.split(' '), terminal, 'kafka-leader-election');
    expect([code, terminal.written.out]).toEqual([1, '']);
    expect(terminal.written.err.startsWith(message)).toBe(true);
  });
});
