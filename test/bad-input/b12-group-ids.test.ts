import { ErrorCode } from '@kafkaesque/protocol';
import { classicJoin, commitAlone, committedAlone, consumerJoin, coordinated } from './group-requests';
import type { Target } from './target';
import { openTarget } from './target';
import { createTopic, freshName } from './topics';

const MIB = 1024 * 1024;
/** More ends the connection (B7). */
const LONGEST_TEXT = 32_767;

let target: Target;
beforeAll(async () => {
  target = await openTarget({ properties: { 'group.initial.rebalance.delay.ms': '0' } });
});
afterAll(() => target[Symbol.asyncDispose]());

const strangeIds = [
  'with space',
  'line\nbreak',
  'NUL\u0000in it',
  '../../../etc/passwd',
  '__proto__',
  'constructor',
  '__consumer_offsets',
  '𝄞🎻',
  'e\u0301 and \u00e9',
  '\u202egnirts',
  '-',
  'x'.repeat(10_000),
  'x'.repeat(LONGEST_TEXT),
];

test.each(strangeIds.map((id): [string, string] => [JSON.stringify(id.slice(0, 40)), id]))(
  'B12: a group may be called %s, and is a group like any other',
  async (_, id) => {
    const groupId = id;
    await using client = await coordinated(await target.connect(), groupId);
    const topic = await createTopic(client);
    expect(await commitAlone(client, groupId, topic.name)).toBe(0);
    expect(await committedAlone(client, groupId, topic.name)).toBe(7);
    const listed = await client.ask('ListGroups', 5, { statesFilter: [], typesFilter: [] });
    expect(listed.groups.map((group) => group.groupId)).toContain(groupId);
    const deleted = await client.ask('DeleteGroups', 2, { groupsNames: [groupId] });
    expect(deleted.results).toEqual([{ groupId, errorCode: 0 }]);
    expect(await committedAlone(client, groupId, topic.name)).toBe(-1);
  },
);

test('B12: a group without a name is refused with Kafka’s errors, and may only keep offsets, as in Kafka', async () => {
  await using client = await coordinated(await target.connect(), freshName('named'));
  const topic = await createTopic(client);
  expect((await classicJoin(client, '')).errorCode).toBe(ErrorCode.INVALID_GROUP_ID);
  expect(await consumerJoin(client, '', { topics: [topic.name] })).toMatchObject({
    errorCode: ErrorCode.INVALID_REQUEST,
    errorMessage: "GroupId can't be empty.",
  });
  // The oldest clients could commit for it, so that it may be deleted.
  expect((await client.ask('DeleteGroups', 2, { groupsNames: [''] })).results).toEqual([
    { groupId: '', errorCode: ErrorCode.GROUP_ID_NOT_FOUND },
  ]);
});

test('B12: metadata beside an offset has 4,096 bytes at most; more is refused, whatever else is in the commit', async () => {
  const groupId = freshName('talkative');
  await using client = await coordinated(await target.connect(), groupId);
  const topic = await createTopic(client);
  const commit = (metadata: string): Promise<number> =>
    commitAlone(client, groupId, topic.name, { metadata });
  expect(await commit('x'.repeat(4096))).toBe(0);
  expect(await commit('x'.repeat(4097))).toBe(ErrorCode.OFFSET_METADATA_TOO_LARGE);
  expect(await commit('x'.repeat(LONGEST_TEXT))).toBe(ErrorCode.OFFSET_METADATA_TOO_LARGE);
  // Characters are counted, as Kafka does, and not bytes.
  expect(await commit('ж'.repeat(4096))).toBe(0);
  expect(await committedAlone(client, groupId, topic.name)).toBe(7);
});

test('B12: what a member says of itself may not be more than a stored group holds; the group lives on without it', async () => {
  const groupId = freshName('boastful');
  await using client = await coordinated(await target.connect(), groupId);
  const first = await classicJoin(client, groupId, { metadata: Buffer.alloc(2 * MIB) });
  expect(first.errorCode).toBe(ErrorCode.MEMBER_ID_REQUIRED);
  const { memberId } = first;
  const joined = await classicJoin(client, groupId, { memberId, metadata: Buffer.alloc(2 * MIB) });
  if (joined.errorCode === 0) {
    const synced = await client.ask('SyncGroup', 5, {
      ...{ groupId, generationId: joined.generationId, memberId: joined.memberId },
      ...{ protocolType: 'consumer', protocolName: 'range' },
      assignments: [{ memberId: joined.memberId, assignment: Buffer.alloc(10) }],
    });
    expect(synced.errorCode).not.toBe(0);
  }
  await client.ask('LeaveGroup', 5, { groupId, members: [{ memberId }] });
  const modest = await classicJoin(client, groupId);
  expect(modest.errorCode).toBe(ErrorCode.MEMBER_ID_REQUIRED);
  const again = await classicJoin(client, groupId, { memberId: modest.memberId });
  expect(again.errorCode).toBe(0);
});

test('B12: what Kafka refuses in a join is refused with its codes', async () => {
  const groupId = freshName('strict');
  await using client = await coordinated(await target.connect(), groupId);
  const code = async (ask: Promise<{ readonly errorCode: number }>): Promise<number> => (await ask).errorCode;
  expect(await code(classicJoin(client, groupId, { sessionMs: 1 }))).toBe(ErrorCode.INVALID_SESSION_TIMEOUT);
  expect(await code(classicJoin(client, groupId, { sessionMs: 2 ** 31 - 1 }))).toBe(
    ErrorCode.INVALID_SESSION_TIMEOUT,
  );
  expect(await code(classicJoin(client, groupId, { memberId: 'nobody' }))).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  expect(await code(classicJoin(client, groupId, { protocolType: '' }))).toBe(
    ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
  );
  expect(await code(consumerJoin(client, groupId, { topics: [] }, ''))).toBe(ErrorCode.INVALID_REQUEST);
  expect(
    await code(client.ask('ConsumerGroupHeartbeat', 1, { groupId, memberId: 'x', memberEpoch: 5 })),
  ).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
});
