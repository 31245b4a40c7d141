import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PartitionIndex } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { RequestDraftOf } from '@kafkaesque/protocol';
import { createCluster } from '@kafkaesque/testkit';
import { altered, connectTo, createdTopic } from './node-client';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'policies-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

const written = async (name: string, text: string): Promise<string> => {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
};

type NewTopic = RequestDraftOf<'CreateTopics'>['topics'][number];
const newTopic = (topic: Partial<NewTopic> & { readonly name: string }): NewTopic => ({
  numPartitions: 1,
  replicationFactor: 1,
  assignments: [],
  configs: [],
  ...topic,
});

describe('a policy for new topics', () => {
  test('refuses with its own words, sees what is asked for, and lets everything else pass', async () => {
    const path = await written(
      'few-partitions.cjs',
      `let limit;
       exports.configure = (configs) => { limit = Number(configs['node.id']) + 1; };
       exports.validate = (request) => {
         if (request.topic === 'shown') throw new Error(JSON.stringify(request));
         if (request.topic === 'broken') request.nothing.at.all;
         if (request.topic === 'later') return Promise.reject(new Error('no'));
         if (request.numPartitions > limit) throw new Error('at most ' + limit + ' partitions');
       };`,
    );
    await using cluster = await createCluster({ properties: { 'create.topic.policy.class.name': path } });
    await using client = await connectTo(cluster);
    const create = async (topic: NewTopic, validateOnly = false): Promise<readonly unknown[]> => {
      const { topics } = await client.ask('CreateTopics', 7, {
        topics: [topic],
        timeoutMs: 1000,
        validateOnly,
      });
      return topics.map(({ errorCode, errorMessage }) => [errorCode, errorMessage]);
    };
    const violated = [[ErrorCode.POLICY_VIOLATION, 'at most 2 partitions']];
    expect(await create(newTopic({ name: 'wide', numPartitions: 3 }))).toEqual(violated);
    expect(await create(newTopic({ name: 'wide', numPartitions: 3 }), true)).toEqual(violated);
    expect(await create(newTopic({ name: 'wide', numPartitions: 2 }))).toEqual([[0, null]]);
    const configs = [{ name: 'retention.ms', value: '5' }];
    const [[, asked] = []] = (await create(newTopic({ name: 'shown', configs }))) as string[][];
    expect(JSON.parse(asked ?? '')).toEqual({
      topic: 'shown',
      numPartitions: 1,
      replicationFactor: 1,
      replicasAssignments: null,
      configs: { 'retention.ms': '5' },
    });
    const assignments = [{ partitionIndex: PartitionIndex(0), brokerIds: [1 as never] }];
    const [[, manual] = []] = (await create(
      newTopic({ name: 'shown', numPartitions: -1, replicationFactor: -1, assignments }),
    )) as string[][];
    expect(JSON.parse(manual ?? '')).toMatchObject({ numPartitions: null, replicasAssignments: [[1]] });
    for (const name of ['broken', 'later'])
      expect((await create(newTopic({ name })))[0]).toContain(ErrorCode.UNKNOWN_SERVER_ERROR);
    const { topics } = await client.ask('Metadata', 12, { topics: null });
    expect(topics.map(({ name }) => name)).toEqual(['wide']);
  });
});

describe('a policy for changes of configs', () => {
  test('sees what a change names, not what the older AlterConfigs takes away by leaving it out', async () => {
    const path = await written(
      'short-retention.cjs',
      `module.exports = class {
         validate({ resource, configs }) {
           if (resource.type === 'TOPIC' && configs['retention.ms'] === null) throw new Error('retention is kept');
           if (Number(configs['retention.ms']) > 1000) throw new Error(resource.name + ': too long');
         }
       };`,
    );
    await using cluster = await createCluster({ properties: { 'alter.config.policy.class.name': path } });
    await using client = await connectTo(cluster);
    await createdTopic(client, 'ruled', { 'retention.ms': '5000' });
    expect(await altered(client, 'ruled', 'retention.ms', '2000')).toBe(ErrorCode.POLICY_VIOLATION);
    expect(await altered(client, 'ruled', 'retention.ms', '1000')).toBe(0);
    const { responses } = await client.ask('IncrementalAlterConfigs', 1, {
      resources: [
        {
          resourceType: 2,
          resourceName: 'ruled',
          configs: [{ name: 'retention.ms', configOperation: 1, value: null }],
        },
      ],
      validateOnly: true,
    });
    expect(responses).toMatchObject([
      { errorCode: ErrorCode.POLICY_VIOLATION, errorMessage: 'retention is kept' },
    ]);
    const replaced = await client.ask('AlterConfigs', 2, {
      resources: [{ resourceType: 2, resourceName: 'ruled', configs: [] }],
      validateOnly: false,
    });
    expect(replaced.responses).toMatchObject([{ errorCode: 0 }]);
  });
});

test.each([
  { what: 'is not there', text: undefined, why: 'cannot be loaded' },
  { what: 'is no policy', text: 'exports.check = () => undefined;', why: 'must export a function `validate' },
  { what: 'fails to load', text: 'throw new Error("no licence");', why: 'no licence' },
])('a policy that $what ends the start', async ({ text, why }) => {
  const path = join(directory, `bad-${why.length}.cjs`);
  if (text !== undefined) await writeFile(path, text);
  await expect(
    createCluster({ properties: { 'create.topic.policy.class.name': path } }),
  ).rejects.toMatchObject({ code: 'INVALID_POLICY', message: expect.stringContaining(why) as string });
});
