import { apis } from '@kafkaesque/protocol';
import type { ApiName, RequestDraftOf } from '@kafkaesque/protocol';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { openSimulatedClient } from '../testing/simulated-client';
import type { SimulatedClusterOptions } from '../testing/simulated-cluster';
import { ClientError } from '../errors';
import type { Admin, ConfigResource } from './admin';

const open = (options: Partial<SimulatedClusterOptions> = {}) => {
  const scheduler = new Scheduler();
  const clock = new VirtualClock({ scheduler });
  const { cluster, client } = openSimulatedClient({ clock, topics: { a: 1 }, brokers: 2, ...options });
  const admin: Admin = client.admin({ apiTimeoutMs: 5000 });
  const draftOf = <Name extends ApiName>(name: Name): RequestDraftOf<Name> =>
    cluster.requests.find(({ api }) => api === name)?.draft as RequestDraftOf<Name>;
  return { scheduler, cluster, admin, draftOf };
};

const topic: ConfigResource = { type: 'topic', name: 'a' };
const broker: ConfigResource = { type: 'broker', name: '2' };

describe('the older AlterConfigs', () => {
  test('gives every resource its new configs, and asks each broker about its own', async () => {
    const { scheduler, cluster, admin } = open({
      intercept: (api, draft) => {
        if (api !== 'AlterConfigs') return undefined;
        const { resources } = draft as RequestDraftOf<'AlterConfigs'>;
        return apis.AlterConfigs.response.make({
          responses: resources.map(({ resourceType, resourceName }) => ({
            resourceType,
            resourceName,
            errorCode: resourceType === 2 ? 40 : 0,
            errorMessage: resourceType === 2 ? 'no such key' : null,
          })),
        });
      },
    });
    const outcomes = await scheduler.settle(
      admin.alterConfigs(
        [
          { resource: topic, configs: { 'no.such.key': '1' } },
          { resource: broker, configs: { 'log.retention.ms': '5' } },
        ],
        { validateOnly: true },
      ),
    );
    expect(outcomes).toMatchObject([
      { kind: 'failed', key: topic, error: { code: 'INVALID_CONFIG', message: 'no such key' } },
      { kind: 'done', key: broker },
    ]);
    const requests = cluster.requests.filter(({ api }) => api === 'AlterConfigs');
    expect(requests).toHaveLength(2);
    const ofBroker = requests.find(({ draft }) => JSON.stringify(draft).includes('log.retention.ms'));
    expect(ofBroker).toMatchObject({
      node: 2,
      draft: {
        validateOnly: true,
        resources: [
          { resourceType: 4, resourceName: '2', configs: [{ name: 'log.retention.ms', value: '5' }] },
        ],
      },
    });
  });
});

describe('configs of one broker', () => {
  /** Broker 2 cannot be reached; whoever is asked describes and alters what it is asked about. */
  const withoutBroker2 = () =>
    open({
      intercept: (api, draft, node) => {
        if (api !== 'DescribeConfigs' && api !== 'IncrementalAlterConfigs') return undefined;
        if (node === 2) return new ClientError('connection', 'CONNECTION_REFUSED', 'nobody listens');
        const { resources } = draft as RequestDraftOf<typeof api>;
        const answers = resources.map(({ resourceType, resourceName }) => ({
          resourceType,
          resourceName,
          errorCode: 0,
          errorMessage: null,
        }));
        return api === 'DescribeConfigs'
          ? apis.DescribeConfigs.response.make({ results: answers.map((one) => ({ ...one, configs: [] })) })
          : apis.IncrementalAlterConfigs.response.make({ responses: answers });
      },
    });
  const resources: readonly ConfigResource[] = [
    broker,
    { type: 'broker-logger', name: '2' },
    { type: 'broker', name: '1' },
    { type: 'broker', name: '' },
    topic,
  ];

  test.each([
    ['describing', (admin: Admin) => admin.describeConfigs(resources)],
    [
      'altering',
      (admin: Admin) =>
        admin.incrementalAlterConfigs(
          resources.map((resource) => ({
            resource,
            changes: [{ name: 'log.retention.ms', operation: 'set', value: '5' }],
          })),
        ),
    ],
  ])('%s asks that broker and no other; without it, only its own fail', async (_, call) => {
    const { scheduler, cluster, admin } = withoutBroker2();
    const asked: Promise<readonly { readonly kind: string }[]> = call(admin);
    const outcomes = await scheduler.settle(asked);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['failed', 'failed', 'done', 'done', 'done']);
    const ofBroker2 = cluster.requests.filter(({ draft }) =>
      JSON.stringify(draft).includes('"resourceName":"2"'),
    );
    expect(ofBroker2.length).toBeGreaterThan(0);
    expect(new Set(ofBroker2.map(({ node }) => node))).toEqual(new Set([2]));
  });
});

describe('resources with configs', () => {
  test('come sorted by type and name, and types that are not known here are left out', async () => {
    const { scheduler, admin, draftOf } = open({
      intercept: (api) =>
        api === 'ListConfigResources'
          ? apis.ListConfigResources.response.make({
              errorCode: 0,
              configResources: [
                { resourceName: 'b', resourceType: 2 },
                { resourceName: '1', resourceType: 4 },
                { resourceName: 'a', resourceType: 2 },
                { resourceName: 'later', resourceType: 64 },
              ],
            })
          : undefined,
    });
    expect(await scheduler.settle(admin.listConfigResources(['topic', 'broker']))).toEqual([
      { type: 'topic', name: 'a' },
      { type: 'topic', name: 'b' },
      { type: 'broker', name: '1' },
    ]);
    expect(draftOf('ListConfigResources')).toEqual({ resourceTypes: [2, 4] });
  });

  test('cannot be listed by whom the cluster forbids it', async () => {
    const { scheduler, admin } = open({
      intercept: (api) =>
        api === 'ListConfigResources'
          ? apis.ListConfigResources.response.make({ errorCode: 31, configResources: [] })
          : undefined,
    });
    await expect(scheduler.settle(admin.listConfigResources())).rejects.toMatchObject({
      code: 'CLUSTER_AUTHORIZATION_FAILED',
    });
  });
});
