import { ErrorCode } from '@kafkaesque/protocol';
import type { RequestDraftOf } from '@kafkaesque/protocol';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import type { BadClient } from '../bad-input/client';
import { connectTo, createdTopic } from './node-client';

let cluster: Cluster;
let client: BadClient;
beforeAll(async () => {
  cluster = await createCluster();
  client = await connectTo(cluster);
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await cluster.close();
});

const TOPIC = 2;
const BROKER = 4;
const BROKER_LOGGER = 8;
type Configs = RequestDraftOf<'AlterConfigs'>['resources'][number]['configs'];

const replaced = async (
  resourceType: number,
  resourceName: string,
  configs: Configs,
  validateOnly = false,
): Promise<readonly unknown[]> => {
  const { responses } = await client.ask('AlterConfigs', 2, {
    resources: [{ resourceType, resourceName, configs }],
    validateOnly,
  });
  return responses.map(({ errorCode, errorMessage }) => [errorCode, errorMessage]);
};

/** What is set on a resource itself. */
const overrides = async (
  resourceType: number,
  resourceName: string,
  source: number,
): Promise<Readonly<Record<string, string | null>>> => {
  const { results } = await client.ask('DescribeConfigs', 4, {
    resources: [{ resourceType, resourceName, configurationKeys: null }],
    includeSynonyms: false,
    includeDocumentation: false,
  });
  expect(results[0]?.errorCode).toBe(0);
  return Object.fromEntries(
    (results[0]?.configs ?? [])
      .filter(({ configSource }) => configSource === source)
      .map(({ name, value }) => [name, value]),
  );
};

describe('the older AlterConfigs', () => {
  test('replaces all overrides of a topic, unless it only asks', async () => {
    await createdTopic(client, 'replaced', { 'retention.ms': '1', 'segment.ms': '2' });
    expect(await replaced(TOPIC, 'replaced', [{ name: 'retention.bytes', value: '3' }], true)).toEqual([
      [0, null],
    ]);
    expect(await overrides(TOPIC, 'replaced', 1)).toEqual({ 'retention.ms': '1', 'segment.ms': '2' });
    expect(
      await replaced(TOPIC, 'replaced', [
        { name: 'retention.bytes', value: '3' },
        { name: 'segment.ms', value: '4' },
      ]),
    ).toEqual([[0, null]]);
    expect(await overrides(TOPIC, 'replaced', 1)).toEqual({ 'retention.bytes': '3', 'segment.ms': '4' });
    expect(await replaced(TOPIC, 'replaced', [])).toEqual([[0, null]]);
    expect(await overrides(TOPIC, 'replaced', 1)).toEqual({});
  });

  test.each<{ type: number; name: string; configs: Configs; errorCode: number; message: string }>([
    {
      type: TOPIC,
      name: 'nobody',
      configs: [],
      errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      message: "The topic 'nobody' does not exist.",
    },
    {
      type: TOPIC,
      name: 'nobody',
      configs: [{ name: 'retention.ms', value: null }],
      errorCode: ErrorCode.INVALID_REQUEST,
      message: 'Null value not supported for : retention.ms',
    },
    {
      type: TOPIC,
      name: 'nobody',
      configs: [
        { name: 'retention.ms', value: '1' },
        { name: 'retention.ms', value: '2' },
      ],
      errorCode: ErrorCode.INVALID_REQUEST,
      message: 'Error due to duplicate config keys',
    },
    {
      type: BROKER,
      name: '2',
      configs: [],
      errorCode: ErrorCode.INVALID_REQUEST,
      message: 'Unexpected broker id, expected 1, but received 2',
    },
    {
      type: BROKER,
      name: 'one',
      configs: [],
      errorCode: ErrorCode.INVALID_REQUEST,
      message: 'Node id must be an integer, but it is: one',
    },
    {
      type: BROKER_LOGGER,
      name: '1',
      configs: [{ name: 'root', value: 'DEBUG' }],
      errorCode: ErrorCode.INVALID_REQUEST,
      message: 'Unknown resource type 8',
    },
    {
      type: 7,
      name: '1',
      configs: [],
      errorCode: ErrorCode.INVALID_REQUEST,
      message: 'Unknown resource type 7',
    },
  ])('of resource $type $name is refused: $message', async ({ type, name, configs, errorCode, message }) => {
    expect(await replaced(type, name, configs)).toEqual([[errorCode, message]]);
  });

  test('answers every resource in order, each for itself', async () => {
    await createdTopic(client, 'one-of-many');
    const { responses } = await client.ask('AlterConfigs', 2, {
      resources: [
        { resourceType: BROKER, resourceName: '9', configs: [] },
        { resourceType: TOPIC, resourceName: 'one-of-many', configs: [{ name: 'segment.ms', value: '9' }] },
        { resourceType: TOPIC, resourceName: 'twice', configs: [] },
        { resourceType: TOPIC, resourceName: 'twice', configs: [] },
      ],
      validateOnly: false,
    });
    expect(responses.map(({ errorCode, resourceName }) => [resourceName, errorCode])).toEqual([
      ['9', ErrorCode.INVALID_REQUEST],
      ['one-of-many', 0],
      ['twice', ErrorCode.INVALID_REQUEST],
      ['twice', ErrorCode.INVALID_REQUEST],
    ]);
    expect(await overrides(TOPIC, 'one-of-many', 1)).toEqual({ 'segment.ms': '9' });
  });
});

describe('resources with configs', () => {
  test('are listed by type: all of them when none is named, in version 0 only client metrics', async () => {
    await createdTopic(client, 'a-listed-one');
    const all = await client.ask('ListConfigResources', 1, { resourceTypes: [] });
    expect(all.errorCode).toBe(0);
    expect(all.configResources).toEqual(
      expect.arrayContaining([
        { resourceType: TOPIC, resourceName: 'a-listed-one' },
        { resourceType: BROKER, resourceName: '1' },
        { resourceType: BROKER_LOGGER, resourceName: '1' },
      ]),
    );
    const topics = await client.ask('ListConfigResources', 1, { resourceTypes: [TOPIC] });
    expect(new Set(topics.configResources.map(({ resourceType }) => resourceType))).toEqual(new Set([TOPIC]));
    expect(await client.ask('ListConfigResources', 0, {})).toMatchObject({
      errorCode: 0,
      configResources: [],
    });
    expect(await client.ask('ListConfigResources', 1, { resourceTypes: [64] })).toMatchObject({
      errorCode: ErrorCode.UNSUPPORTED_VERSION,
      configResources: [],
    });
  });
});
