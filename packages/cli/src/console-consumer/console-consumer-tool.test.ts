import { recordedTerminal } from '../testing/recorded-terminal';
import { tool } from './console-consumer-tool';
import { planConsole } from './consumer-flags';
import type { ConsoleConsumerFlags, ConsolePlan } from './consumer-flags';

const plan = (flags: ConsoleConsumerFlags): ConsolePlan =>
  planConsole({ bootstrapServer: 'h:1', topic: 't', ...flags }, 1, recordedTerminal());

describe('kafka-console-consumer', () => {
  test.each<{ flags: ConsoleConsumerFlags; expected: Partial<ConsolePlan> }>([
    {
      flags: {},
      expected: { source: { kind: 'topic', topic: 't' }, reset: 'latest', maxMessages: Infinity },
    },
    { flags: { fromBeginning: true }, expected: { reset: 'earliest' } },
    {
      flags: { partition: 2, offset: '17' },
      expected: {
        source: { kind: 'partition', topic: 't', partition: 2 },
        startAt: { kind: 'offset', offset: 17 },
      },
    },
    { flags: { partition: 2, offset: 'earliest' }, expected: { startAt: { kind: 'earliest' } } },
    {
      flags: { commandProperty: ['auto.offset.reset=earliest'] },
      expected: { reset: 'earliest' },
    },
    { flags: { isolationLevel: 'read_committed' }, expected: { isolation: 'read_committed' } },
    { flags: { timeoutMs: 5, maxMessages: 3 }, expected: { timeoutMs: 5, maxMessages: 3 } },
    { flags: { enableSystestEvents: true }, expected: { tellsEnd: true } },
    {
      flags: { group: 'g' },
      expected: { clientProperties: { 'group.id': 'g' } },
    },
    {
      flags: { commandProperty: ['group.id=h', 'enable.auto.commit=false'] },
      expected: { clientProperties: { 'group.id': 'h', 'enable.auto.commit': 'false' } },
    },
    {
      flags: {},
      expected: {
        clientProperties: {
          'group.id': expect.stringMatching(/^console-consumer-\d{1,5}$/),
          'enable.auto.commit': 'false',
        },
      },
    },
    { flags: { timeoutMs: -1 }, expected: { timeoutMs: Infinity } },
    {
      flags: {
        formatterProperty: ['print.key=true', 'a=1', 'a=2'],
        keyDeserializer: 'LongDeserializer',
      },
      expected: {
        formatterProperties: { 'print.key': 'true', a: '2', 'key.deserializer': 'LongDeserializer' },
      },
    },
  ])('understands $flags', ({ flags, expected }) => {
    expect(plan(flags)).toMatchObject(expected);
  });

  test('reads --whitelist as --include', () => {
    const flags = { bootstrapServer: 'h:1', whitelist: 'a.*' };
    expect(planConsole(flags, 1, recordedTerminal()).source).toEqual({ kind: 'include', include: 'a.*' });
  });

  test('says on standard error, not among the data, that an option is old', () => {
    const terminal = recordedTerminal();
    planConsole({ bootstrapServer: 'h:1', topic: 't', property: ['print.key=true'] }, 1, terminal);
    expect(terminal.written).toEqual({
      out: '',
      err: 'Option --property is deprecated and will be removed in a future version. Use --formatter-property instead.\n',
    });
  });

  test.each([
    ['', 'This tool helps to read data from Kafka topics and outputs it to standard output.'],
    ['--bootstrap-server h:1', 'Exactly one of the following arguments is required: [topic], [include]'],
    [
      '--bootstrap-server h:1 --topic t --include i',
      'Exactly one of the following arguments is required: [topic], [include]',
    ],
    ['--topic t', 'Missing required argument "[bootstrap-server]"'],
    [
      '--bootstrap-server h:1 --include t --partition 1',
      'The topic is required when partition is specified.',
    ],
    ['--bootstrap-server h:1 --topic t --offset 1', 'The partition is required when offset is specified.'],
    [
      '--bootstrap-server h:1 --topic t --partition 0 --offset 1 --from-beginning',
      'Options from-beginning and offset cannot be specified together.',
    ],
    [
      '--bootstrap-server h:1 --topic t --partition 0 --offset soon',
      "The provided offset value 'soon' is incorrect. Valid values are 'earliest', 'latest', or a non-negative long.",
    ],
    [
      '--bootstrap-server h:1 --topic t --isolation-level none',
      'Invalid value none for configuration isolation.level',
    ],
    [
      '--bootstrap-server h:1 --topic t --group g --partition 0',
      'Options group and partition cannot be specified together.',
    ],
    [
      '--bootstrap-server h:1 --topic t --command-property group.protocol=other',
      'Invalid value other for configuration group.protocol',
    ],
    [
      '--bootstrap-server h:1 --topic t --command-property partition.assignment.strategy=a.B',
      'There is no assignor a.B',
    ],
    [
      '--bootstrap-server h:1 --topic t --command-property enable.auto.commit=maybe',
      'Invalid value maybe for configuration enable.auto.commit: Expected value to be either true or false',
    ],
    [
      '--bootstrap-server h:1 --topic t --command-property auto.offset.reset=soon',
      'Invalid value soon for configuration auto.offset.reset',
    ],
    [
      '--bootstrap-server h:1 --topic t --from-beginning --command-property auto.offset.reset=latest',
      "Can't simultaneously specify --from-beginning and 'auto.offset.reset=latest'",
    ],
    ...(
      [
        ['--property a=1', '--formatter-property a=1'],
        ['--consumer-property a=1', '--command-property a=1'],
        ['--consumer.config f', '--command-config f'],
        ['--whitelist t', '--include t'],
      ] as const
    ).map(([old, now]) => [
      `--bootstrap-server h:1 --topic t ${now} ${old}`,
      `Options ${old.split(' ')[0] ?? ''} and ${now.split(' ')[0] ?? ''} cannot be specified together.`,
    ]),
    [
      '--bootstrap-server h:1 --topic t --group g --command-property group.id=h',
      "do not match. Detected group ids: 'g', 'h'",
    ],
    ['--bootstrap-server h:1 --topic t --partition x', "Cannot parse argument 'x' of option partition"],
    [
      '--bootstrap-server h:1 --topic t --value-deserializer my.LongDeserializer',
      'There is no deserializer my.Long',
    ],
    ['--bootstrap-server h:1 --topic t --value-deserializer my.Thing', 'There is no deserializer my.Thing'],
    ['--zookeeper h:1 --topic t', 'Use --bootstrap-server host:port instead'],
  ])('%s is refused', async (line, message) => {
    const terminal = recordedTerminal();
    const code = await tool.run(line === '' ? [] : line.split(' '), terminal, 'kafka-console-consumer');
    expect([code, terminal.written.err]).toEqual([1, expect.stringContaining(message)]);
  });
});
