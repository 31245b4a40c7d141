import { ExampleCluster } from '../example-cluster';
import { configOverrides } from '../image/lookups';
import type { ConfigResourceType } from '../image/metadata-image';
import type { AlterConfigsResult } from './commands';

const SET = 0;
const DELETE = 1;
const APPEND = 2;
const SUBTRACT = 3;

type Change = readonly [name: string, operation: number, value: string | null];

const cluster = (): ExampleCluster => {
  const made = new ExampleCluster();
  made.createTopic('orders');
  return made;
};

const alter = (
  target: ExampleCluster,
  changes: readonly Change[],
  { resourceType = 2, resourceName = 'orders', validateOnly = false } = {},
): AlterConfigsResult => {
  const configs = changes.map(([name, configOperation, value]) => ({ name, configOperation, value }));
  const resources = [{ resourceType, resourceName, configs }];
  return target.run({ kind: 'incremental-alter-configs', resources, validateOnly }).responses[0]!;
};

const replace = (
  target: ExampleCluster,
  values: Readonly<Record<string, string | null>>,
): AlterConfigsResult => {
  const configs = Object.entries(values).map(([name, value]) => ({ name, value }));
  const resources = [{ resourceType: 2, resourceName: 'orders', configs }];
  return target.run({ kind: 'alter-configs', resources, validateOnly: false }).responses[0]!;
};

const valuesOf = (
  target: ExampleCluster,
  type: ConfigResourceType = 2,
  name = 'orders',
): Record<string, string> =>
  Object.fromEntries(configOverrides(target.controller.committed, { type, name }).entries());

describe('altering configs key by key', () => {
  test('sets and deletes', () => {
    const target = cluster();
    expect(
      alter(target, [
        ['retention.ms', SET, '5'],
        ['segment.bytes', SET, '9'],
      ]),
    ).toEqual({
      resourceType: 2,
      resourceName: 'orders',
      errorCode: 0,
      errorMessage: null,
    });
    alter(target, [['segment.bytes', DELETE, null]]);
    expect(valuesOf(target)).toEqual({ 'retention.ms': '5' });
  });

  test.each([
    {
      name: 'appends to the default when nothing is set',
      before: undefined,
      change: ['cleanup.policy', APPEND, 'compact'],
      after: 'delete,compact',
    },
    {
      name: 'appends what is new only',
      before: 'compact',
      change: ['cleanup.policy', APPEND, 'compact,delete'],
      after: 'compact,delete',
    },
    {
      name: 'subtracts what is there',
      before: 'compact,delete',
      change: ['cleanup.policy', SUBTRACT, 'delete,other'],
      after: 'compact',
    },
    {
      name: 'subtracts down to an empty list',
      before: 'compact',
      change: ['cleanup.policy', SUBTRACT, 'compact'],
      after: '',
    },
    {
      name: 'subtracts from the default',
      before: undefined,
      change: ['cleanup.policy', SUBTRACT, 'delete'],
      after: '',
    },
  ] as const)('$name', ({ before, change, after }) => {
    const target = cluster();
    if (before !== undefined) alter(target, [['cleanup.policy', SET, before]]);
    expect(alter(target, [change])).toMatchObject({ errorCode: 0 });
    expect(valuesOf(target)).toEqual({ 'cleanup.policy': after });
  });

  test('writes nothing when nothing changes, except for brokers, which load the value again', () => {
    const target = cluster();
    alter(target, [['retention.ms', SET, '5']]);
    const before = target.log.length;
    alter(target, [
      ['retention.ms', SET, '5'],
      ['absent', DELETE, null],
    ]);
    alter(target, [['retention.ms', SET, '6']], { validateOnly: true });
    expect(target.log).toHaveLength(before);
    const broker = { resourceType: 4, resourceName: '1' };
    alter(target, [['ssl.keystore.location', SET, '/keys']], broker);
    alter(target, [['ssl.keystore.location', SET, '/keys']], broker);
    expect(target.log).toHaveLength(before + 2);
    expect(valuesOf(target, 4, '1')).toEqual({ 'ssl.keystore.location': '/keys' });
  });

  test('is all or nothing for one resource', () => {
    const target = cluster();
    expect(
      alter(target, [
        ['segment.bytes', SET, '9'],
        ['retention.ms', SET, 'x'],
      ]),
    ).toMatchObject({ errorCode: 40 });
    expect(valuesOf(target)).toEqual({});
  });

  test('takes the default of all brokers, and groups and client metrics by name', () => {
    const target = cluster();
    for (const resource of [
      { resourceType: 4, resourceName: '' },
      { resourceType: 32, resourceName: 'group' },
      { resourceType: 16, resourceName: 'subscription' },
    ])
      expect(alter(target, [['some.key', SET, '1']], resource)).toMatchObject({ errorCode: 0 });
  });

  test.each([
    {
      name: 'APPEND to what is no list',
      changes: [['retention.ms', APPEND, '5']],
      code: 40,
      message: "Can't APPEND to key retention.ms because its type is not LIST.",
    },
    {
      name: 'an unknown key',
      changes: [['nope', SET, '5']],
      code: 40,
      message: 'Unknown topic config name: nope',
    },
    {
      name: 'a bad value',
      changes: [['retention.ms', SET, 'abc']],
      code: 40,
      message: 'Invalid value abc for configuration retention.ms: Not a number of type LONG',
    },
    {
      name: 'no value',
      changes: [['retention.ms', SET, null]],
      code: 42,
      message: 'Null value not supported for : retention.ms',
    },
    {
      name: 'a key twice',
      changes: [
        ['a', SET, '1'],
        ['a', SET, '2'],
      ],
      code: 42,
      message: 'Error due to duplicate config keys',
    },
    {
      name: 'an unknown operation',
      changes: [['a', 9, '1']],
      code: 42,
      message: 'Unknown operations type 9',
    },
    {
      name: 'a value beyond a Kafka string',
      changes: [['a', SET, 'x'.repeat(32_768)]],
      code: 40,
      message:
        'The configuration value cannot be added because it exceeds the maximum value size of 32767 bytes.',
    },
    {
      name: 'a key beyond a Kafka string',
      changes: [['x'.repeat(32_768), SET, '1']],
      code: 40,
      message:
        'The configuration key cannot be added because it exceeds the maximum key size of 32767 bytes.',
    },
    { name: 'an unknown topic', resource: [2, 'zzz'], code: 3, message: "The topic 'zzz' does not exist." },
    {
      name: 'an unnamed topic',
      resource: [2, ''],
      code: 42,
      message: 'Default topic resources are not allowed.',
    },
    { name: 'an unknown broker', resource: [4, '77'], code: 102, message: 'No node with id 77 found.' },
    {
      name: 'a broker that is no number',
      resource: [4, 'abc'],
      code: 42,
      message: 'Node id must be an integer, but it is: abc',
    },
    { name: 'an unknown type', resource: [99, 'x'], code: 42, message: 'Unknown resource type 99' },
  ] as readonly {
    readonly name: string;
    readonly changes?: readonly Change[];
    readonly resource?: readonly [number, string];
    readonly code: number;
    readonly message: string;
  }[])(
    'refuses $name in Kafka’s words',
    ({ changes = [['a', SET, '1']], resource = [2, 'orders'], code, message }) => {
      const target = cluster();
      const before = target.controller.committed;
      const [resourceType, resourceName] = resource;
      expect(alter(target, changes, { resourceType, resourceName })).toMatchObject({
        errorCode: code,
        errorMessage: message,
      });
      expect(target.controller.committed).toBe(before);
    },
  );

  test('answers a resource that occurs twice once, with an error', () => {
    const target = cluster();
    const resource = { resourceType: 2, resourceName: 'orders', configs: [] };
    const { responses } = target.run({
      kind: 'incremental-alter-configs',
      resources: [resource, resource],
      validateOnly: false,
    });
    expect(responses).toMatchObject([{ errorCode: 42, errorMessage: 'Duplicate resource.' }]);
  });
});

describe('altering configs the older way', () => {
  test('replaces all that was set', () => {
    const target = cluster();
    replace(target, { a: '1', b: '2' });
    replace(target, { b: '3', c: '4' });
    expect(valuesOf(target)).toEqual({ b: '3', c: '4' });
    replace(target, {});
    expect(valuesOf(target)).toEqual({});
  });

  test('refuses a key without a value', () => {
    expect(replace(cluster(), { a: null })).toMatchObject({ errorCode: 42 });
  });
});
