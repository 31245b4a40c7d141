import { Offset } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { BadClient } from './client';
import type { Target } from './target';
import { onlyOurs, openTarget } from './target';
import { createTopic } from './topics';

const MANY = 100_000;

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target[Symbol.asyncDispose]());

/** The offsets topic is made when somebody first looks for a coordinator. */
const connected = async (groupId: string): Promise<BadClient> => {
  const client = await target.connect();
  const { coordinators } = await client.ask('FindCoordinator', 4, { keyType: 0, coordinatorKeys: [groupId] });
  expect(coordinators[0]?.errorCode).toBe(0);
  return client;
};

const commit = async (
  client: BadClient,
  groupId: string,
  topic: string,
  times: number,
): Promise<Set<number>> => {
  const partition = { partitionIndex: 0, committedOffset: Offset(7), committedMetadata: null };
  const { topics } = await client.ask('OffsetCommit', 9, {
    ...{ groupId, generationIdOrMemberEpoch: -1, memberId: '' },
    topics: [{ name: topic, partitions: Array.from({ length: times }, () => partition) }],
  });
  expect(topics[0]?.partitions).toHaveLength(times);
  return new Set(topics[0]?.partitions.map(({ errorCode }) => errorCode));
};

/** As clients do: tries again while the coordinator is not there yet. */
const commitOnce = async (client: BadClient, groupId: string, topic: string): Promise<number | undefined> => {
  for (;;) {
    const [errorCode] = await commit(client, groupId, topic, 1);
    if (errorCode === undefined || !LATER.has(errorCode)) return errorCode;
  }
};

const LATER = new Set<number>([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
]);

/** What the group has committed for partition 0. */
const committed = async (client: BadClient, groupId: string, topic: string): Promise<number | undefined> => {
  const { groups } = await client.ask('OffsetFetch', 8, {
    groups: [{ groupId, topics: [{ name: topic, partitionIndexes: [0] }] }],
  });
  return groups[0]?.topics[0]?.partitions[0]?.committedOffset;
};

onlyOurs(
  'B12: a commit of more than one batch may hold is refused whole, and others commit meanwhile',
  async () => {
    await using client = await connected('greedy');
    await using neighbour = await connected('modest');
    const { name } = await createTopic(client);
    const [greedy, modest] = await Promise.all([
      commit(client, 'greedy', name, MANY),
      commitOnce(neighbour, 'modest', name),
    ]);
    expect([...greedy]).toEqual([ErrorCode.UNKNOWN_SERVER_ERROR]);
    expect(modest).toBe(0);
    expect([...(await commit(client, 'greedy', name, MANY + 1))]).toEqual([
      ErrorCode.INVALID_COMMIT_OFFSET_SIZE,
    ]);
    expect(await committed(client, 'greedy', name)).toBe(-1);
    expect(await committed(client, 'modest', name)).toBe(7);
  },
);

onlyOurs(
  'B12: a hundred thousand partitions are answered by one fetch of offsets, more than twice as many by none',
  async () => {
    await using client = await connected('asked-for-much');
    const { name } = await createTopic(client);
    expect(await commitOnce(client, 'asked-for-much', name)).toBe(0);
    const ask = (count: number) =>
      client.ask('OffsetFetch', 8, {
        groups: [
          {
            groupId: 'asked-for-much',
            topics: [{ name, partitionIndexes: Array.from({ length: count }, (_, index) => index) }],
          },
        ],
      });
    const { groups } = await ask(MANY);
    const partitions = groups[0]?.topics[0]?.partitions ?? [];
    expect(partitions).toHaveLength(MANY);
    expect(partitions.slice(0, 2)).toMatchObject([
      { committedOffset: 7 },
      { committedOffset: -1, errorCode: 0 },
    ]);
    expect((await ask(3 * MANY)).groups).toMatchObject([
      { errorCode: ErrorCode.INVALID_REQUEST, topics: [] },
    ]);
  },
);

onlyOurs(
  'B12: a group that is named fifty thousand times is described, deleted and asked for all its offsets once',
  async () => {
    await using client = await connected('often-named');
    const { name } = await createTopic(client);
    expect(await commitOnce(client, 'often-named', name)).toBe(0);
    const named = Array.from({ length: 50_000 }, () => 'often-named');
    const described = await client.ask('DescribeGroups', 5, { groups: named });
    expect(described.groups).toMatchObject([{ groupId: 'often-named', groupState: 'Empty' }]);
    const fetched = await client.ask('OffsetFetch', 8, {
      groups: named.map((groupId) => ({ groupId, topics: null })),
    });
    expect(fetched.groups).toHaveLength(1);
    const deleted = await client.ask('DeleteGroups', 2, { groupsNames: named });
    expect(deleted.results).toEqual([{ groupId: 'often-named', errorCode: 0 }]);
  },
);
