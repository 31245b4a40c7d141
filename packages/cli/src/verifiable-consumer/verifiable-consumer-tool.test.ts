import { ClientError } from '@kafkaesque/client';
import type { Consumer, ConsumerRecord, RebalanceListener } from '@kafkaesque/client';
import { recordedTerminal, standingClock } from '../testing/recorded-terminal';
import { readVerifiably, tool } from './verifiable-consumer-tool';
import type { VerifiableConsumerFlags } from './verifiable-consumer-tool';

const record = (partition: number, offset: number): ConsumerRecord => ({
  ...{ topic: 't', partition, offset, timestampMs: 1, timestampType: 'CreateTime', leaderEpoch: 0 },
  ...{ key: null, value: Buffer.from(`v${offset}`), headers: [] },
});

const flags: VerifiableConsumerFlags = {
  ...{ topic: 't', groupId: 'g', groupProtocol: 'classic', maxMessages: 3, closeTimeout: 1000 },
  ...{ resetPolicy: 'earliest', assignmentStrategy: 'range' },
};

/** Reads what the polls give, and tells the events and calls. */
const read = async (
  polls: readonly (readonly ConsumerRecord[])[],
  change: Partial<VerifiableConsumerFlags> = {},
  committing: () => Promise<void> = () => Promise.resolve(),
) => {
  const terminal = recordedTerminal();
  const calls: unknown[] = [];
  const left = [...polls];
  let listener: RebalanceListener = {};
  const partitions = [{ topic: 't', partition: 0 }];
  const consumer = {
    subscribe: (topics: unknown, given: RebalanceListener) => {
      calls.push({ subscribe: topics });
      listener = given;
    },
    poll: async () => {
      if (left.length === polls.length) await listener.onAssigned?.(partitions);
      const records = left.shift();
      if (records !== undefined) return records;
      terminal.interrupt();
      throw new ClientError('aborted', 'ABORTED', 'ended');
    },
    seek: ({ topic, partition }: ConsumerRecord, offset: number) =>
      calls.push({ seek: `${topic}-${partition}`, offset }),
    commit: (offsets: unknown) => {
      calls.push({ commit: offsets });
      return committing();
    },
    close: async () => {
      await listener.onRevoked?.(partitions);
    },
  } as unknown as Consumer;
  const clock = standingClock();
  expect(await readVerifiably({ consumer, flags: { ...flags, ...change }, terminal, clock })).toBe(0);
  const events = terminal.written.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly name: string });
  return { events, names: events.map(({ name }) => name), calls, err: terminal.written.err };
};

describe('kafka-verifiable-consumer', () => {
  test('tells of assignments, polls and commits, and ends with its last record', async () => {
    const { events, calls } = await read([[record(0, 0), record(0, 1), record(1, 5)]]);
    const partitions = [{ topic: 't', partition: 0 }];
    expect(events).toMatchObject([
      { name: 'startup_complete' },
      { name: 'partitions_assigned', partitions },
      {
        ...{ name: 'records_consumed', count: 3 },
        partitions: [
          { topic: 't', partition: 0, count: 2, minOffset: 0, maxOffset: 1 },
          { topic: 't', partition: 1, count: 1, minOffset: 5, maxOffset: 5 },
        ],
      },
      {
        ...{ name: 'offsets_committed', success: true },
        offsets: [
          { topic: 't', partition: 0, offset: 2 },
          { topic: 't', partition: 1, offset: 6 },
        ],
      },
      { name: 'partitions_revoked', partitions },
      { name: 'shutdown_complete' },
      { name: 'shutdown_requested' },
    ]);
    expect(calls[0]).toEqual({ subscribe: ['t'] });
  });

  test('takes no more than it was asked to, and leaves the rest for others', async () => {
    const given = [0, 1, 2, 3, 4].map((offset) => record(0, offset));
    const { events, calls } = await read([[...given, record(1, 9)]], { verbose: true });
    expect(events.filter(({ name }) => name === 'record_data')).toMatchObject([
      { key: null, value: 'v0', topic: 't', partition: 0, offset: 0 },
      { offset: 1 },
      { offset: 2 },
    ]);
    expect(events.find(({ name }) => name === 'records_consumed')).toMatchObject({
      ...{ count: 6, partitions: [{ partition: 0, count: 3, maxOffset: 2 }] },
    });
    expect(calls.slice(1)).toEqual([
      { seek: 't-0', offset: 3 },
      { seek: 't-1', offset: 9 },
      { commit: [{ topic: 't', partition: 0, offset: 3 }] },
    ]);
  });

  test('tells of a commit that failed, and goes on until a signal', async () => {
    const fails = (): Promise<void> =>
      Promise.reject(new ClientError('broker', 'REBALANCE_IN_PROGRESS', 'wait'));
    const { events, names } = await read([[record(0, 0)]], { maxMessages: -1 }, fails);
    expect(events).toContainEqual(
      expect.objectContaining({ name: 'offsets_committed', error: 'wait', success: false }),
    );
    expect(names.slice(-3)).toEqual(['shutdown_requested', 'partitions_revoked', 'shutdown_complete']);
  });

  test('commits once, at the end, where that is automatic', async () => {
    const { names, calls } = await read([[record(0, 0), record(0, 1), record(0, 2)]], {
      enableAutocommit: true,
    });
    expect(names).not.toContain('offsets_committed');
    expect(calls.slice(1)).toEqual([{ commit: undefined }]);
  });

  test('ends when another process is the same static member', async () => {
    const fenced = (): Promise<void> =>
      Promise.reject(new ClientError('broker', 'FENCED_INSTANCE_ID', 'fenced'));
    const { names, err } = await read([[record(0, 0)]], {}, fenced);
    expect(err).toBe('Error during processing, terminating consumer process: fenced\n');
    expect(names).not.toContain('offsets_committed');
  });

  test.each([
    ['--topic t --bootstrap-server h:1', 'argument --group-id is required'],
    ['--group-id g --bootstrap-server h:1', 'argument --topic is required'],
    ['--group-id g --topic t', 'one of the arguments --bootstrap-server is required'],
    [
      '--group-id g --topic t --bootstrap-server h:1 --max-messages x',
      "argument --max-messages: could not convert 'x' to Integer",
    ],
    [
      '--group-id g --topic t --bootstrap-server h:1 --reset-policy soon',
      'Invalid value soon for configuration auto.offset.reset',
    ],
    [
      '--group-id g --topic t --bootstrap-server h:1 --group-protocol own',
      'Invalid value own for configuration group.protocol',
    ],
    [
      '--group-id g --topic t --bootstrap-server h:1 --consumer.config a --command-config b',
      'Options --consumer.config and --command-config are mutually exclusive.',
    ],
  ])('%s is refused', async (line, message) => {
    const terminal = recordedTerminal();
    expect(await tool.run(line.split(' '), terminal, 'kafka-verifiable-consumer')).toBe(1);
    expect(terminal.written.err).toContain(message);
  });
});
