import { BrokerId } from '@kafkaesque/kernel';
import type { Target } from './target';
import { onlyOurs, openTarget } from './target';
import { createTopic, goodBatch, produce } from './topics';

/** Far more than any client names, in a request of some hundred kilobytes. */
const TIMES = 50_000;

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target[Symbol.asyncDispose]());

onlyOurs('B12: a resource that is named fifty thousand times is described once', async () => {
  await using client = await target.connect();
  const question = { resourceType: 4, resourceName: '1', configurationKeys: null };
  const { results } = await client.ask('DescribeConfigs', 4, {
    resources: Array.from({ length: TIMES }, () => question),
  });
  expect(results).toHaveLength(1);
  expect(results[0]?.configs.length).toBeGreaterThan(100);
});

onlyOurs('B12: what is asked of a resource in several places is answered in one', async () => {
  await using client = await target.connect();
  const ask = async (...keys: readonly (readonly string[] | null)[]): Promise<readonly string[]> => {
    const { results } = await client.ask('DescribeConfigs', 4, {
      resources: keys.map((configurationKeys) => ({
        ...{ resourceType: 4, resourceName: '1', configurationKeys },
      })),
    });
    expect(results).toHaveLength(1);
    return (results[0]?.configs ?? []).map(({ name }) => name).sort();
  };
  expect(await ask(['log.dirs'], ['node.id', 'log.dirs'])).toEqual(['log.dirs', 'node.id']);
  expect((await ask(['log.dirs'], null)).length).toBeGreaterThan(100);
  expect((await ask(null, ['log.dirs'])).length).toBeGreaterThan(100);
});

onlyOurs('B12: a partition that is named fifty thousand times has its producers told once', async () => {
  await using client = await target.connect();
  const topic = await createTopic(client);
  expect((await produce(client, topic, goodBatch())).errorCode).toBe(0);
  const { topics } = await client.ask('DescribeProducers', 0, {
    topics: Array.from({ length: 2 }, () => ({
      name: topic.name,
      partitionIndexes: Array.from({ length: TIMES }, () => 0),
    })),
  });
  expect(topics.map(({ partitions }) => partitions.map(({ errorCode }) => errorCode))).toEqual([[0]]);
});

onlyOurs('B12: a topic that is named fifty thousand times is in the metadata once', async () => {
  await using client = await target.connect();
  const { name } = await createTopic(client);
  const { topics, controllerId } = await client.ask('Metadata', 12, {
    topics: Array.from({ length: TIMES }, () => ({ name })),
    allowAutoTopicCreation: false,
  });
  expect([topics.length, controllerId]).toEqual([1, BrokerId(1)]);
});
