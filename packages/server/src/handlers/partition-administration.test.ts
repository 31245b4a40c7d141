import type { BrokerId, TopicId } from '@kafkaesque/kernel';
import { Failure, PartitionIndex, silentLogger } from '@kafkaesque/kernel';
import type { Command, MetadataImage, PartitionImage, TopicImage } from '@kafkaesque/metadata';
import { emptyImage } from '@kafkaesque/metadata';
import { ErrorCode } from '@kafkaesque/protocol';
import type { LogDirectory } from '@kafkaesque/storage';
import type { Administrator, Broker } from '../broker/broker';
import { LogDirectories } from '../broker/log-directories';
import { alterPartitionReassignments } from './alter-partition-reassignments';
import { alterReplicaLogDirs } from './alter-replica-log-dirs';
import { electLeaders } from './elect-leaders';
import type { Operation, Reply, RequestContext, ResourceType } from './handler';
import { listPartitionReassignments } from './list-partition-reassignments';

const context = { apiVersion: 1 } as RequestContext;
const TOPIC = 'topic-id-0000000000000A' as TopicId;
const ids = (...of: readonly number[]): readonly BrokerId[] => of as readonly BrokerId[];

const responseOf = async <Response>(reply: Reply<Response> | Promise<Reply<Response>>): Promise<Response> => {
  const settled = await reply;
  if (settled.kind !== 'answer') throw new Error(`the reply is a ${settled.kind}`);
  return settled.response;
};

/** A node whose controller ends every command in this way; without permission for what `denied` names. */
const stage = (
  outcome: unknown,
  { image = emptyImage, denied }: { image?: MetadataImage; denied?: `${Operation} ${ResourceType}` } = {},
) => {
  const submitted: Command[] = [];
  const administrator = {
    isAllowed: (_context: RequestContext, operation: Operation, type: ResourceType) =>
      `${operation} ${type}` !== denied,
    image: () => image,
    controller: {
      submit: (command: Command) => {
        submitted.push(command);
        return Promise.resolve(outcome);
      },
    },
  } as unknown as Administrator;
  return { administrator, submitted };
};

describe('ElectLeaders', () => {
  const request = {
    electionType: 1,
    topicPartitions: [{ topic: 't', partitions: [0, 2] }],
    timeoutMs: 1000,
  };

  test('is decided by the controller, whose verdicts are passed on', async () => {
    const replicaElectionResults = [
      { topic: 't', partitionResult: [{ partitionId: 0, errorCode: 84, errorMessage: 'not needed' }] },
    ];
    const { administrator, submitted } = stage({ kind: 'done', response: { replicaElectionResults } });
    expect(await responseOf(electLeaders(administrator)(context, request))).toEqual({
      ...{ throttleTimeMs: 0, errorCode: 0, replicaElectionResults },
    });
    expect(submitted).toEqual([
      { kind: 'elect-leaders', electionType: 1, topicPartitions: request.topicPartitions },
    ]);
  });

  test.each([
    ['not-controller', { kind: 'not-controller' }, ErrorCode.NOT_CONTROLLER],
    ['unknown', { kind: 'unknown', cause: undefined }, ErrorCode.REQUEST_TIMED_OUT],
    ['refused', { kind: 'refused', errorCode: 42, errorMessage: 'no' }, ErrorCode.INVALID_REQUEST],
  ])(
    'a command that ended as %s is an error of the whole and of each partition',
    async (_, outcome, errorCode) => {
      const { administrator } = stage(outcome);
      const response = await responseOf(electLeaders(administrator)(context, request));
      expect(response.errorCode).toBe(errorCode);
      expect(response.replicaElectionResults).toMatchObject([
        {
          topic: 't',
          partitionResult: [
            { partitionId: 0, errorCode },
            { partitionId: 2, errorCode },
          ],
        },
      ]);
    },
  );

  test('asks for ALTER on the cluster', async () => {
    const { administrator, submitted } = stage(undefined, { denied: 'ALTER CLUSTER' });
    const all = { ...request, topicPartitions: null };
    expect(await responseOf(electLeaders(administrator)(context, all))).toEqual({
      ...{ throttleTimeMs: 0, errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, replicaElectionResults: [] },
    });
    expect(submitted).toEqual([]);
  });
});

describe('AlterPartitionReassignments', () => {
  const request = {
    timeoutMs: 1000,
    allowReplicationFactorChange: false,
    topics: [{ name: 't', partitions: [{ partitionIndex: 3, replicas: ids(1, 2) }] }],
  };

  test('is decided by the controller, whose verdicts are passed on', async () => {
    const responses = [{ name: 't', partitions: [{ partitionIndex: 3, errorCode: 0, errorMessage: null }] }];
    const { administrator, submitted } = stage({ kind: 'done', response: { responses } });
    expect(await responseOf(alterPartitionReassignments(administrator)(context, request))).toEqual({
      ...{ throttleTimeMs: 0, allowReplicationFactorChange: false },
      ...{ errorCode: 0, errorMessage: null, responses },
    });
    expect(submitted).toEqual([
      {
        kind: 'alter-partition-reassignments',
        allowReplicationFactorChange: false,
        topics: request.topics,
      },
    ]);
  });

  test('asks for ALTER on the cluster', async () => {
    const { administrator, submitted } = stage(undefined, { denied: 'ALTER CLUSTER' });
    const response = await responseOf(alterPartitionReassignments(administrator)(context, request));
    expect(response).toMatchObject({
      errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
      responses: [{ partitions: [{ partitionIndex: 3, errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED }] }],
    });
    expect(submitted).toEqual([]);
  });
});

describe('ListPartitionReassignments', () => {
  const partition = (index: number, adding: readonly BrokerId[]): PartitionImage =>
    ({
      partition: index,
      replicas: ids(1, 2, 3),
      addingReplicas: adding,
      removingReplicas: [],
    }) as unknown as PartitionImage;
  const partitions = [partition(0, []), partition(1, ids(3))];
  const topic = {
    name: 't',
    topicId: TOPIC,
    partitions: Object.assign([...partitions], { get: (index: number) => partitions[index] }),
  } as unknown as TopicImage;
  const mapOf = (key: string, value: unknown) => ({
    get: (asked: string) => (asked === key ? value : undefined),
    keys: () => [key],
  });
  const image = {
    topicIdsByName: mapOf('t', TOPIC),
    topicsById: mapOf(TOPIC, topic),
  } as unknown as MetadataImage;
  const moving = {
    ...{ partitionIndex: 1, replicas: [1, 2, 3] },
    ...{ addingReplicas: [3], removingReplicas: [] },
  };
  const listed = async (topics: { name: string; partitionIndexes: number[] }[] | null) => {
    const { administrator } = stage(undefined, { image });
    return (await responseOf(listPartitionReassignments(administrator)(context, { timeoutMs: 1, topics })))
      .topics;
  };

  test('tells what moves, of all partitions or of those named', async () => {
    expect(await listed(null)).toEqual([{ name: 't', partitions: [moving] }]);
    expect(await listed([{ name: 't', partitionIndexes: [1, 7] }])).toEqual([
      { name: 't', partitions: [moving] },
    ]);
  });

  test('leaves out what is not there and what does not move', async () => {
    expect(await listed([{ name: 'no', partitionIndexes: [0] }])).toEqual([]);
    expect(await listed([{ name: 't', partitionIndexes: [0] }])).toEqual([]);
  });

  test('asks for DESCRIBE on the cluster', async () => {
    const { administrator } = stage(undefined, { image, denied: 'DESCRIBE CLUSTER' });
    const response = listPartitionReassignments(administrator)(context, { timeoutMs: 1, topics: null });
    expect(await responseOf(response)).toMatchObject({
      errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
      topics: [],
    });
  });
});

describe('AlterReplicaLogDirs', () => {
  /** Directories /a and /b, with partition 0 in /a; /c is offline. What a move fails with, if it does. */
  const open = ({ isAllowed = true, failure }: { isAllowed?: boolean; failure?: Failure } = {}) => {
    const created: string[] = [];
    const moved: string[] = [];
    const directory = (path: string, held: readonly number[], offlineReason?: Error): LogDirectory =>
      ({
        ...{ path, directoryId: path, offlineReason, moves: { find: () => undefined } },
        recorded: { brokerEpoch: -1, members: undefined },
        logs: () => held,
        log: (_topicId: TopicId, index: number) => (held.includes(index) ? {} : undefined),
        createLog: (_topicId: TopicId, index: number) => created.push(`${path}/${index}`),
      }) as unknown as LogDirectory;
    const directories = new LogDirectories([
      directory('/a', [0]),
      directory('/b', []),
      directory('/c', [], new Error('gone')),
    ]);
    const broker = {
      directories,
      replicas: {
        find: (_topicId: TopicId, index: number) => (index === 0 ? { partition: index } : undefined),
        away: { has: () => false },
        moves: {
          move: ({ partition }: { partition: number }, { path }: LogDirectory) => {
            moved.push(`${path}/${partition}`);
            return failure === undefined ? Promise.resolve() : Promise.reject(failure);
          },
        },
      },
      logger: silentLogger,
      isAllowed: () => isAllowed,
      topicByName: (name: string) =>
        name === 't'
          ? { topicId: TOPIC, partitions: { get: (index: number) => (index < 2 ? {} : undefined) } }
          : undefined,
    } as unknown as Broker;
    const alter = async (name: string, partition: number, path: string): Promise<number | undefined> => {
      const dirs = [{ path, topics: [{ name, partitions: [partition] }] }];
      const { results } = await responseOf(alterReplicaLogDirs(broker)(context, { dirs }));
      return results[0]?.partitions[0]?.errorCode;
    };
    return { alter, directories, created, moved };
  };

  test.each([
    ['a directory that the broker does not have', 't', 0, '/nowhere', ErrorCode.LOG_DIR_NOT_FOUND],
    ['a directory that has failed', 't', 0, '/c', ErrorCode.KAFKA_STORAGE_ERROR],
    ['a partition that there is not', 't', 2, '/a', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ['a topic that there is not', 'no', 0, '/a', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
  ])('%s', async (_, topic, partition, path, errorCode) => {
    const { alter, moved } = open();
    expect(await alter(topic, partition, path)).toBe(errorCode);
    expect(moved).toEqual([]);
  });

  test('a replica that is here begins to move', async () => {
    const { alter, moved } = open();
    expect(await alter('t', 0, '/b')).toBe(ErrorCode.NONE);
    expect(moved).toEqual(['/b/0']);
  });

  test.each([
    ['REPLICA_NOT_HERE', ErrorCode.REPLICA_NOT_AVAILABLE],
    ['LOG_DIRS_OFFLINE', ErrorCode.KAFKA_STORAGE_ERROR],
    ['ENOSPC', ErrorCode.KAFKA_STORAGE_ERROR],
  ])('a move that fails with %s', async (code, errorCode) => {
    expect(await open({ failure: new Failure(code, 'no') }).alter('t', 0, '/b')).toBe(errorCode);
  });

  test('a replica that comes later is put where it was wanted, once', async () => {
    const { alter, directories, created } = open();
    expect(await alter('t', 1, '/a')).toBe(ErrorCode.REPLICA_NOT_AVAILABLE);
    directories.createLog(TOPIC, PartitionIndex(1), {} as never);
    directories.createLog(TOPIC, PartitionIndex(1), {} as never);
    expect(created).toEqual(['/a/1', '/b/1']);
  });

  test('asks for ALTER on the cluster', async () => {
    expect(await open({ isAllowed: false }).alter('t', 0, '/a')).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
  });
});
