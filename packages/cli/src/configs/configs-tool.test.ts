import { fakeAdmin } from '../testing/fake-admin';
import { recordedTerminal } from '../testing/recorded-terminal';
import { parseConfigs, planConfigs } from './configs-flags';
import type { ConfigsFlags } from './configs-flags';
import { tool, runConfigs } from './configs-tool';

const run = async (flags: ConfigsFlags) => {
  const admin = fakeAdmin({ topics: { t: { partitions: [{}], configs: { 'cleanup.policy': 'compact' } } } });
  const terminal = recordedTerminal();
  const given = { bootstrapServer: 'h:1', ...flags };
  await runConfigs(planConfigs(given), given, admin, terminal);
  return { ...terminal.written, calls: admin.calls };
};

describe('kafka-configs', () => {
  test('shows what is set, and with --all the rest', async () => {
    const set = '  cleanup.policy=compact sensitive=false synonyms={}\n';
    expect((await run({ describe: true, topic: 't' })).out).toBe(`Dynamic configs for topic t are:\n${set}`);
    expect((await run({ describe: true, all: true, topic: 't' })).out).toBe(
      `All configs for topic t are:\n${set}  retention.ms=604800000 sensitive=false synonyms={}\n`,
    );
  });

  test('says when there is no such topic, and shows all of them when none is named', async () => {
    expect((await run({ describe: true, topic: 'nope' })).out).toBe(
      "The topic 'nope' doesn't exist and doesn't have dynamic config.\n",
    );
    expect((await run({ describe: true, entityType: ['brokers'] })).out).toBe(
      'Dynamic configs for broker 1 are:\nDynamic configs for broker 2 are:\nDefault configs for brokers in the cluster are:\n',
    );
  });

  test('is read by scripts as JSON', async () => {
    expect(JSON.parse((await run({ describe: true, topic: 't', json: true })).out)).toMatchObject({
      entities: [
        {
          name: 't',
          configs: [{ name: 'cleanup.policy', value: 'compact', source: 'DYNAMIC_TOPIC_CONFIG' }],
        },
      ],
    });
  });

  test('sets and takes back', async () => {
    const { out, calls } = await run({ alter: true, topic: 't', addConfig: 'a=[b,c]', deleteConfig: 'd,e' });
    expect(out).toBe('Completed updating config for topic t.\n');
    expect(calls).toEqual([
      {
        name: 'incrementalAlterConfigs',
        argument: [
          {
            resource: { type: 'topic', name: 't' },
            changes: [
              { name: 'a', operation: 'set', value: 'b,c' },
              { name: 'd', operation: 'delete', value: null },
              { name: 'e', operation: 'delete', value: null },
            ],
          },
        ],
      },
    ]);
    const defaults = await run({ alter: true, brokerDefaults: true, addConfig: 'x=1' });
    expect(defaults.out).toBe('Completed updating default config for brokers in the cluster.\n');
  });

  test.each([
    ['a=1', { a: '1' }],
    ['a=1, b = [x,y] ,c=', { a: '1', b: 'x,y', c: '' }],
  ])('reads %s', (text, expected) => {
    expect(parseConfigs(text)).toEqual(expected);
  });

  test.each([
    ['', 'This tool helps to manipulate and describe entity config'],
    ['--bootstrap-server h:1 --topic t', 'Command must include exactly one action: --describe, --alter'],
    ['--bootstrap-server h:1 --describe', 'At least one entity type must be specified'],
    ['--describe --topic t', 'Either --bootstrap-server or --bootstrap-controller must be specified.'],
    [
      '--bootstrap-server h:1 --bootstrap-controller h:2 --describe --topic t',
      'Only one of --bootstrap-server or --bootstrap-controller can be specified',
    ],
    ['--bootstrap-server h:1 --describe --entity-type x', 'Invalid entity type x, the entity type must be'],
    [
      '--bootstrap-server h:1 --describe --topic t --entity-type topics',
      'Duplicate entity type(s) specified',
    ],
    ['--bootstrap-server h:1 --describe --topic t --broker 1', "Only 'users' and 'clients' entity types"],
    ['--bootstrap-server h:1 --describe --broker x', 'must be a valid integer broker id, but it is: x'],
    ['--bootstrap-server h:1 --alter --topic t', 'At least one of --add-config, --add-config-file'],
    [
      '--bootstrap-server h:1 --alter --entity-type topics --add-config a=1',
      'An entity name must be specified',
    ],
    ['--bootstrap-server h:1 --alter --topic t --add-config a', 'requirement failed: Invalid entity config'],
    ['--bootstrap-server h:1 --describe --client c', 'Quotas and credentials are not there yet'],
  ])('%s is refused', async (line, message) => {
    const terminal = recordedTerminal();
    const code = await tool.run(line === '' ? [] : line.split(' '), terminal, 'kafka-configs');
    expect([code, terminal.written]).toEqual([1, { out: '', err: expect.stringContaining(message) }]);
  });
});
