import { BrokerId, Offset, ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { ErrorCode, apis } from '@kafkaesque/protocol';
import type { ApiName, RequestDraftOf } from '@kafkaesque/protocol';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { openSimulatedClient } from '../testing/simulated-client';
import type { SimulatedClusterOptions } from '../testing/simulated-cluster';
import type { Admin } from './admin';

const open = (options: Partial<SimulatedClusterOptions> = {}) => {
  const scheduler = new Scheduler();
  const clock = new VirtualClock({ scheduler });
  const { cluster, client } = openSimulatedClient({ clock, topics: { a: 2 }, brokers: 2, ...options });
  const admin: Admin = client.admin({ apiTimeoutMs: 5000 });
  const asked = (api: ApiName): readonly number[] =>
    cluster.requests.filter((request) => request.api === api).map(({ node }) => node);
  return { scheduler, cluster, admin, asked };
};

/** A DeleteRecords answer: each partition starts where it was asked to, or fails as `errorOf` says. */
const deleted = (draft: unknown, errorOf: (partition: number) => number = () => 0): unknown =>
  apis.DeleteRecords.response.make({
    topics: (draft as RequestDraftOf<'DeleteRecords'>).topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, offset }) => {
        const errorCode = errorOf(partitionIndex);
        return { partitionIndex, errorCode, lowWatermark: errorCode === 0 ? offset : Offset(-1) };
      }),
    })),
  });

describe('deleting records', () => {
  test('asks each partition’s leader, and tells where the partition starts now', async () => {
    const { scheduler, admin, asked } = open({
      intercept: (api, draft) => (api === 'DeleteRecords' ? deleted(draft) : undefined),
    });
    const outcomes = await scheduler.settle(
      admin.deleteRecords([
        { topic: 'a', partition: 0, beforeOffset: 7 },
        { topic: 'a', partition: 1, beforeOffset: 9 },
      ]),
    );
    expect(outcomes).toEqual([
      { kind: 'done', key: { topic: 'a', partition: 0 }, value: { lowWatermark: 7 } },
      { kind: 'done', key: { topic: 'a', partition: 1 }, value: { lowWatermark: 9 } },
    ]);
    expect([...asked('DeleteRecords')].sort()).toEqual([1, 2]);
  });

  test('finds a leader that has moved, and fails for what stays wrong', async () => {
    const { scheduler, cluster, admin, asked } = open({
      intercept: (api, draft, node) =>
        api === 'DeleteRecords'
          ? deleted(draft, (partition) =>
              partition === 1
                ? ErrorCode.OFFSET_OUT_OF_RANGE
                : node === 2
                  ? 0
                  : ErrorCode.NOT_LEADER_OR_FOLLOWER,
            )
          : undefined,
    });
    const [warm] = await scheduler.settle(admin.listOffsets([{ topic: 'a', partition: 0, spec: 'latest' }]));
    expect(warm?.kind).toBe('done');
    cluster.moveLeader('a', 0, 2);
    const outcomes = await scheduler.settle(
      admin.deleteRecords([
        { topic: 'a', partition: 0, beforeOffset: 7 },
        { topic: 'a', partition: 1, beforeOffset: 99 },
      ]),
    );
    expect(outcomes).toMatchObject([
      { kind: 'done', value: { lowWatermark: 7 } },
      { kind: 'failed', error: { code: 'OFFSET_OUT_OF_RANGE' } },
    ]);
    expect(asked('DeleteRecords').filter((node) => node === 1)).toHaveLength(1);
  });

  test.each([
    { beforeOffset: 7, times: 2, kind: 'done' },
    { beforeOffset: -1, times: 1, kind: 'failed' },
  ])(
    'up to $beforeOffset is asked $times times when an answer is lost',
    async ({ beforeOffset, times, kind }) => {
      let count = 0;
      const { scheduler, admin, asked } = open({
        intercept: (api, draft) => (api === 'DeleteRecords' ? deleted(draft) : undefined),
        mishap: (api) => (api === 'DeleteRecords' && ++count === 1 ? 'answer-lost' : 'none'),
      });
      const [outcome] = await scheduler.settle(
        admin.deleteRecords([{ topic: 'a', partition: 0, beforeOffset }]),
      );
      expect([outcome?.kind, asked('DeleteRecords').length]).toEqual([kind, times]);
    },
  );
});

describe('describing producers', () => {
  const producers = (draft: unknown): unknown =>
    apis.DescribeProducers.response.make({
      topics: (draft as RequestDraftOf<'DescribeProducers'>).topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({
          partitionIndex,
          errorCode: 0,
          activeProducers: [
            {
              producerId: ProducerId(4),
              producerEpoch: ProducerEpoch(1),
              lastSequence: 5,
              lastTimestamp: 6,
              coordinatorEpoch: -1,
              currentTxnStartOffset: Offset(-1),
            },
          ],
        })),
      })),
    });

  test('asks the leader, or the broker that is named', async () => {
    const { scheduler, admin, asked } = open({
      intercept: (api, draft) => (api === 'DescribeProducers' ? producers(draft) : undefined),
    });
    const partitions = [{ topic: 'a', partition: 0 }];
    const [described] = await scheduler.settle(admin.describeProducers(partitions));
    expect(described).toEqual({
      kind: 'done',
      key: { topic: 'a', partition: 0 },
      value: [
        {
          producerId: 4,
          producerEpoch: 1,
          lastSequence: 5,
          lastTimestampMs: 6,
          coordinatorEpoch: undefined,
          currentTransactionStartOffset: undefined,
        },
      ],
    });
    await scheduler.settle(admin.describeProducers(partitions, { broker: BrokerId(2) }));
    expect(asked('DescribeProducers')).toEqual([1, 2]);
  });
});

describe('describing log directories', () => {
  test('asks exactly the brokers that are named, each about itself', async () => {
    const { scheduler, admin, asked } = open({
      intercept: (api, _draft, node) =>
        api === 'DescribeLogDirs'
          ? apis.DescribeLogDirs.response.make({
              errorCode: node === 1 ? 0 : ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
              results:
                node === 1
                  ? [
                      { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, logDir: '/gone', topics: [] },
                      {
                        errorCode: 0,
                        logDir: '/here',
                        totalBytes: 100,
                        usableBytes: 40,
                        topics: [
                          {
                            name: 'a',
                            partitions: [
                              { partitionIndex: 0, partitionSize: 9, offsetLag: 0, isFutureKey: false },
                            ],
                          },
                        ],
                      },
                    ]
                  : [],
            })
          : undefined,
    });
    const outcomes = await scheduler.settle(admin.describeLogDirs([BrokerId(1), BrokerId(2)]));
    expect(outcomes).toMatchObject([
      {
        kind: 'done',
        key: 1,
        value: [
          { path: '/gone', error: { code: 'KAFKA_STORAGE_ERROR' }, totalBytes: undefined, replicas: [] },
          {
            path: '/here',
            error: undefined,
            totalBytes: 100,
            usableBytes: 40,
            replicas: [{ topic: 'a', partition: 0, sizeBytes: 9, offsetLag: 0, future: false }],
          },
        ],
      },
      { kind: 'failed', key: 2, error: { code: 'CLUSTER_AUTHORIZATION_FAILED' } },
    ]);
    expect([...asked('DescribeLogDirs')].sort()).toEqual([1, 2]);
  });
});
