import { ErrorCode } from '@kafkaesque/protocol';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import type { BadClient } from '../bad-input/client';
import { connectTo } from './node-client';

let cluster: Cluster;
let client: BadClient;
beforeAll(async () => {
  cluster = await createCluster({ properties: { 'group.consumer.session.timeout.ms': 50_000 } });
  client = await connectTo(cluster);
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await cluster.close();
});

const CLIENT_METRICS = 16;
const GROUP = 32;

const altered = async (
  resourceType: number,
  resourceName: string,
  configs: Readonly<Record<string, string | null>>,
): Promise<readonly unknown[]> => {
  const { responses } = await client.ask('IncrementalAlterConfigs', 1, {
    resources: [
      {
        resourceType,
        resourceName,
        configs: Object.entries(configs).map(([name, value]) => ({
          name,
          configOperation: value === null ? 1 : 0,
          value,
        })),
      },
    ],
    validateOnly: false,
  });
  return responses.flatMap(({ errorCode, errorMessage }) => [errorCode, errorMessage]);
};

const described = async (resourceType: number, resourceName: string) => {
  const { results } = await client.ask('DescribeConfigs', 4, {
    resources: [{ resourceType, resourceName, configurationKeys: null }],
    includeSynonyms: true,
    includeDocumentation: true,
  });
  expect(results[0]?.errorCode).toBe(0);
  return new Map(results[0]?.configs.map((config) => [config.name, config]));
};

const listed = async (): Promise<readonly unknown[]> => {
  const { configResources } = await client.ask('ListConfigResources', 1, {
    resourceTypes: [CLIENT_METRICS, GROUP],
  });
  return configResources.map(({ resourceType, resourceName }) => [resourceType, resourceName]);
};

test('configs of a group and of a subscription are kept, listed while there are any, and outlive a restart', async () => {
  expect(await listed()).toEqual([]);
  expect(await altered(GROUP, 'g', { 'share.auto.offset.reset': 'by_duration:P1D' })).toEqual([0, null]);
  expect(await altered(CLIENT_METRICS, 'sub', { 'interval.ms': '5000' })).toEqual([0, null]);
  await client[Symbol.asyncDispose]();
  await cluster.restart();
  client = await connectTo(cluster);
  expect(await listed()).toEqual([
    [GROUP, 'g'],
    [CLIENT_METRICS, 'sub'],
  ]);
  expect((await described(GROUP, 'g')).get('share.auto.offset.reset')).toMatchObject({
    value: 'by_duration:P1D',
    configSource: 8,
  });
  expect((await described(CLIENT_METRICS, 'sub')).get('interval.ms')).toMatchObject({
    value: '5000',
    configSource: 7,
  });
  await altered(GROUP, 'g', { 'share.auto.offset.reset': null });
  await altered(CLIENT_METRICS, 'sub', { 'interval.ms': null });
  expect(await listed()).toEqual([]);
});

test('a group that has no configs has those of the broker', async () => {
  const configs = await described(GROUP, 'nobody');
  expect(configs.size).toBe(17);
  expect(configs.get('consumer.session.timeout.ms')).toMatchObject({
    value: '50000',
    configSource: 4,
    synonyms: [
      { name: 'group.consumer.session.timeout.ms', value: '50000', source: 4 },
      { name: 'group.consumer.session.timeout.ms', value: '45000', source: 5 },
    ],
  });
});

test.each([
  [GROUP, 'g', { nonsense: '1' }, ErrorCode.INVALID_CONFIG, 'Unknown group config name: nonsense'],
  [
    GROUP,
    'g',
    { 'consumer.session.timeout.ms': '60001' },
    ErrorCode.INVALID_CONFIG,
    'consumer.session.timeout.ms must be less than or equal to group.consumer.max.session.timeout.ms',
  ],
  [
    GROUP,
    'g',
    { 'share.auto.offset.reset': 'by_duration:-PT1H' },
    ErrorCode.INVALID_CONFIG,
    "of the format 'by_duration:<PnDTnHnMn.nS>'.",
  ],
  [GROUP, '', { 'share.isolation.level': 'read_committed' }, ErrorCode.INVALID_REQUEST, 'Default group'],
  [CLIENT_METRICS, 'sub', { 'interval.ms': '99' }, ErrorCode.INVALID_REQUEST, 'between 100 and 3600000'],
  [
    CLIENT_METRICS,
    'sub',
    { match: 'client_id=(' },
    ErrorCode.INVALID_CONFIG,
    'Illegal client matching pattern',
  ],
  [CLIENT_METRICS, '', { metrics: '*' }, ErrorCode.INVALID_REQUEST, "Subscription name can't be empty"],
] as const)('type %i, "%s": %p is refused', async (type, name, configs, code, sentence) => {
  const [errorCode, errorMessage] = await altered(type, name, configs);
  expect([errorCode, errorMessage]).toEqual([code, expect.stringContaining(sentence)]);
});
