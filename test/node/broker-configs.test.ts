import { ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import type { BadClient } from '../bad-input/client';
import { batchOf, connectTo, createdTopic, produced } from './node-client';

let cluster: Cluster;
let client: BadClient;
beforeAll(async () => {
  cluster = await createCluster({
    properties: { 'log.initial.task.delay.ms': 20, 'log.retention.check.interval.ms': 20 },
  });
  client = await connectTo(cluster);
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await cluster.close();
});

const BROKER = 4;
const SET = 0;
const DELETE = 1;

const altered = async (
  resourceName: string,
  name: string,
  value: string | null,
  configOperation = value === null ? DELETE : SET,
): Promise<readonly (readonly unknown[])[]> => {
  const { responses } = await client.ask('IncrementalAlterConfigs', 1, {
    resources: [{ resourceType: BROKER, resourceName, configs: [{ name, configOperation, value }] }],
    validateOnly: false,
  });
  return responses.map(({ errorCode, errorMessage }) => [errorCode, errorMessage]);
};

const described = async (resourceName: string) => {
  const { results } = await client.ask('DescribeConfigs', 4, {
    resources: [{ resourceType: BROKER, resourceName, configurationKeys: null }],
    includeSynonyms: true,
    includeDocumentation: true,
  });
  expect(results[0]?.errorCode).toBe(0);
  return new Map(results[0]?.configs.map((config) => [config.name, config]));
};

describe('a broker’s configs', () => {
  test('are set for all brokers and for one, the nearer one counts, and both outlive a restart', async () => {
    expect(await altered('', 'log.retention.ms', '1000000')).toEqual([[0, null]]);
    expect(await altered('1', 'log.retention.ms', '2000000')).toEqual([[0, null]]);
    await client[Symbol.asyncDispose]();
    await cluster.restart();
    client = await connectTo(cluster);
    expect((await described('1')).get('log.retention.ms')).toMatchObject({
      value: '2000000',
      configSource: 2,
      readOnly: false,
      synonyms: [
        { name: 'log.retention.ms', value: '2000000', source: 2 },
        { name: 'log.retention.ms', value: '1000000', source: 3 },
        { name: 'log.retention.hours', value: '168', source: 5 },
      ],
    });
    // Of all brokers together there is exactly what was set, whatever this one has of its own: by whom eligible leader
    // replicas are judged stands there from the beginning (KIP-966).
    const ofAll = await described('');
    expect([...ofAll.keys()].sort()).toEqual(['log.retention.ms', 'min.insync.replicas']);
    expect(ofAll.get('log.retention.ms')).toMatchObject({
      value: '1000000',
      configSource: 3,
      synonyms: [{ name: 'log.retention.ms', value: '1000000', source: 3 }],
    });
    expect(await altered('1', 'log.retention.ms', null)).toEqual([[0, null]]);
    expect((await described('1')).get('log.retention.ms')).toMatchObject({
      value: '1000000',
      configSource: 3,
    });
    expect(await altered('', 'log.retention.ms', null)).toEqual([[0, null]]);
    expect([...(await described('')).keys()]).toEqual(['min.insync.replicas']);
  });

  test('of one node ask for one replica of internal topics by themselves', async () => {
    const configs = await described('1');
    for (const name of [
      'default.replication.factor',
      'offsets.topic.replication.factor',
      'transaction.state.log.replication.factor',
      'transaction.state.log.min.isr',
      'share.coordinator.state.topic.replication.factor',
      'share.coordinator.state.topic.min.isr',
    ])
      expect(configs.get(name)).toMatchObject({ name, value: '1', configSource: 5 });
  });

  test.each([
    { resource: '1', name: 'num.partitions', value: '3', message: 'Cannot update these configs dynamically' },
    {
      resource: '',
      name: 'listeners',
      value: 'A://:1',
      message: 'Cannot update these configs dynamically: [listeners]',
    },
    { resource: '', name: 'log.retention.ms', value: 'soon', message: 'Not a number of type LONG' },
    {
      resource: '2',
      name: 'log.retention.ms',
      value: '1',
      message: 'Unexpected broker id, expected 1, but received 2',
    },
  ])('$name of broker "$resource" is not set to $value', async ({ resource, name, value, message }) => {
    const [[errorCode, errorMessage] = []] = await altered(resource, name, value);
    expect(errorCode).toBe(ErrorCode.INVALID_REQUEST);
    expect(errorMessage).toContain(message);
  });

  test('producer.id.expiration.ms: producers that are silent for longer are forgotten from now on', async () => {
    await createdTopic(client, 'forgets');
    await produced(
      client,
      'forgets',
      batchOf(['a'], { producerId: ProducerId(7), producerEpoch: ProducerEpoch(0), baseSequence: 0 }),
    );
    const remembered = async (): Promise<number> => {
      const { topics } = await client.ask('DescribeProducers', 0, {
        topics: [{ name: 'forgets', partitionIndexes: [0] }],
      });
      return topics[0]?.partitions[0]?.activeProducers.length ?? -1;
    };
    expect(await remembered()).toBe(1);
    expect(await altered('', 'producer.id.expiration.ms', '10')).toEqual([[0, null]]);
    while ((await remembered()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await altered('', 'producer.id.expiration.ms', null)).toEqual([[0, null]]);
  });

  test('max.connections.per.ip: from now on a host has no more, whoever is there may stay', async () => {
    expect(await altered('', 'max.connections.per.ip', '1')).toEqual([[0, null]]);
    await using refused = await connectTo(cluster);
    await refused.closed;
    expect((await described('1')).get('max.connections.per.ip')).toMatchObject({
      value: '1',
      configSource: 3,
    });
    expect(await altered('', 'max.connections.per.ip', null)).toEqual([[0, null]]);
    await using admitted = await connectTo(cluster);
    expect(await admitted.ask('Metadata', 12, { topics: [] })).toMatchObject({ controllerId: 1 });
  });
});
