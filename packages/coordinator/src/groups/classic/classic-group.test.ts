import { ConsumerProtocolSubscription, ErrorCode, errorName } from '@kafkaesque/protocol';
import { ClassicGroup } from './classic-group';
import { ClassicScene, GROUP, WALL } from './testing/classic-scene';

const subscription = (...topics: readonly string[]): Buffer =>
  Buffer.concat([Buffer.from([0, 1]), ConsumerProtocolSubscription.encode({ topics, userData: null }, 0)]);

const subscribed = (...topics: readonly string[]) => [{ name: 'range', metadata: subscription(...topics) }];

type Stage = 'new' | 'preparing' | 'completing' | 'stable' | 'empty' | 'dead';

/** A group that has been through everything up to that stage; member `client-1` leads generation 1. */
const at = (stage: Stage): ClassicScene => {
  const scene = new ClassicScene();
  if (stage === 'new') {
    scene.rules.createSimpleGroup(GROUP);
    return scene;
  }
  scene.join({ version: 3 });
  scene.join({ version: 3 });
  scene.advance(6000);
  if (stage === 'completing') return scene;
  scene.syncAll();
  if (stage === 'preparing') scene.join({ memberId: 'client-1' });
  if (stage === 'empty' || stage === 'dead') scene.advance(10_000);
  return scene;
};

const MEMBER = { memberId: 'client-1', groupInstanceId: null, generation: 1 };

describe('a commit', () => {
  const cases: readonly (readonly [
    string,
    Partial<typeof MEMBER>,
    Record<Exclude<Stage, 'dead'>, string>,
  ])[] = [
    [
      'of a member of the generation',
      {},
      {
        new: 'UNKNOWN_MEMBER_ID',
        preparing: 'NONE',
        completing: 'REBALANCE_IN_PROGRESS',
        stable: 'NONE',
        empty: 'UNKNOWN_MEMBER_ID',
      },
    ],
    [
      'of another generation',
      { generation: 0 },
      {
        new: 'UNKNOWN_MEMBER_ID',
        preparing: 'ILLEGAL_GENERATION',
        completing: 'ILLEGAL_GENERATION',
        stable: 'ILLEGAL_GENERATION',
        empty: 'UNKNOWN_MEMBER_ID',
      },
    ],
    [
      'of an unknown member',
      { memberId: 'x' },
      {
        new: 'UNKNOWN_MEMBER_ID',
        preparing: 'UNKNOWN_MEMBER_ID',
        completing: 'UNKNOWN_MEMBER_ID',
        stable: 'UNKNOWN_MEMBER_ID',
        empty: 'UNKNOWN_MEMBER_ID',
      },
    ],
    [
      'of nobody',
      { memberId: '', generation: -1 },
      {
        new: 'NONE',
        preparing: 'UNKNOWN_MEMBER_ID',
        completing: 'UNKNOWN_MEMBER_ID',
        stable: 'UNKNOWN_MEMBER_ID',
        empty: 'NONE',
      },
    ],
    [
      'of a member without a generation',
      { generation: -1 },
      {
        new: 'NONE',
        preparing: 'ILLEGAL_GENERATION',
        completing: 'ILLEGAL_GENERATION',
        stable: 'ILLEGAL_GENERATION',
        empty: 'NONE',
      },
    ],
  ];
  test.each(cases)('%s', (_name, differently, expected) => {
    const { memberId, groupInstanceId, generation } = { ...MEMBER, ...differently };
    const told = Object.fromEntries(
      Object.keys(expected).map((stage) => {
        const group = at(stage as Stage).group();
        return [stage, errorName(group.commitRefusal(memberId, groupInstanceId, generation, 9))];
      }),
    );
    expect(told).toEqual(expected);
  });

  test('of an instance that has been replaced is fenced', () => {
    const scene = new ClassicScene();
    scene.join({ groupInstanceId: 'i' });
    scene.stabilize();
    const group = scene.group();
    expect(errorName(group.commitRefusal('i-1', 'i', 1, 9))).toBe('NONE');
    scene.join({ groupInstanceId: 'i' });
    expect(errorName(group.commitRefusal('i-1', 'i', 1, 9))).toBe('FENCED_INSTANCE_ID');
    expect(errorName(group.commitRefusal('i-1', 'other', 1, 9))).toBe('UNKNOWN_MEMBER_ID');
  });

  test('prolongs the session of its member', () => {
    const scene = at('stable');
    scene.advance(9000);
    scene.carryOut({ records: [], then: () => scene.rules.committed(GROUP, 'client-1', scene.now) });
    scene.advance(9000);
    expect([...scene.group().members.keys()]).toEqual(['client-1']);
  });
});

test.each([
  ['new', 'NONE', 'NONE'],
  ['preparing', 'NON_EMPTY_GROUP', 'NONE'],
  ['completing', 'NON_EMPTY_GROUP', 'NONE'],
  ['stable', 'NON_EMPTY_GROUP', 'NONE'],
  ['empty', 'NONE', 'NONE'],
] as const)('a group that is %s: deleting it gives %s, deleting offsets %s', (stage, group, offsets) => {
  const scene = at(stage);
  expect(errorName(scene.group().deleteRefusal())).toBe(group);
  expect(errorName(scene.group().deleteOffsetsRefusal())).toBe(offsets);
});

test('offsets of a group that is no group of consumers are not deleted while it has members', () => {
  const scene = new ClassicScene();
  scene.join({ version: 3, protocolType: 'connect' });
  expect(errorName(scene.group().deleteOffsetsRefusal())).toBe('NON_EMPTY_GROUP');
});

test('a group whose tombstone was written is dead to whoever still holds it', () => {
  const scene = at('empty');
  const group = scene.group();
  scene.write(...group.tombstones());
  expect(scene.groups.size).toBe(0);
  expect(group.state).toBe('Dead');
  expect(errorName(group.commitRefusal('', null, -1, 9))).toBe('COORDINATOR_NOT_AVAILABLE');
  expect([group.fetchRefusal(), group.deleteRefusal(), group.deleteOffsetsRefusal()]).toEqual(
    Array(3).fill(ErrorCode.GROUP_ID_NOT_FOUND),
  );
});

describe('offsets count as unused', () => {
  test('since a group became empty', () => {
    expect(at('empty').group().expiry()).toEqual({ kind: 'since', wallMs: WALL + 16_000 });
  });

  test('by their commit, where a group has no protocol', () => {
    expect(at('new').group().expiry()).toEqual({ kind: 'by-commit' });
  });

  test('by their commit, in a stable group whose subscriptions are known', () => {
    const scene = new ClassicScene();
    scene.join({ version: 3, protocols: subscribed('orders') });
    scene.join({ version: 3, protocols: subscribed('orders', 'returns') });
    expect(scene.group().expiry()).toEqual({ kind: 'never' });
    scene.stabilize();
    expect(scene.group().expiry()).toEqual({ kind: 'by-commit' });
    expect(['orders', 'returns', 'others'].map((topic) => scene.group().isSubscribedTo(topic))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('never in a stable group whose subscriptions cannot be read', () => {
    const scene = at('stable');
    expect(scene.group().expiry()).toEqual({ kind: 'never' });
    expect(scene.group().isSubscribedTo('any')).toBe(true);
  });

  test('never in a stable group that is no group of consumers', () => {
    const scene = new ClassicScene();
    scene.join({ version: 3, protocolType: 'connect' });
    scene.stabilize();
    expect(scene.group().expiry()).toEqual({ kind: 'never' });
    expect(scene.group().isSubscribedTo('any')).toBe(false);
  });
});

test('subscriptions are those of the running generation', () => {
  const scene = new ClassicScene();
  scene.join({ version: 3, protocols: subscribed('old') });
  scene.stabilize();
  expect(scene.group().isSubscribedTo('old')).toBe(true);
  scene.join({ memberId: 'client-1', protocols: subscribed('new') });
  scene.syncAll();
  expect([scene.group().isSubscribedTo('old'), scene.group().isSubscribedTo('new')]).toEqual([false, true]);
});

describe('a description', () => {
  test('of a stable group has the metadata and assignments of its members', () => {
    expect(at('stable').group().describe()).toEqual({
      errorCode: 0,
      errorMessage: null,
      groupId: GROUP,
      groupState: 'Stable',
      protocolType: 'consumer',
      protocolData: 'range',
      members: ['client-1', 'client-2'].map((memberId) => ({
        memberId,
        groupInstanceId: null,
        clientId: 'client',
        clientHost: '/10.0.0.1',
        memberMetadata: Buffer.from('knows range'),
        memberAssignment: Buffer.from(memberId),
      })),
    });
  });

  test('of a group in a rebalance has members without metadata', () => {
    const { groupState, protocolData, members } = at('preparing').group().describe();
    expect({ groupState, protocolData }).toEqual({ groupState: 'PreparingRebalance', protocolData: '' });
    expect(members.map(({ memberMetadata }) => memberMetadata.length)).toEqual([0, 0]);
  });

  test('of an empty group keeps its protocol type', () => {
    expect(at('empty').group().describe()).toMatchObject({
      groupState: 'Empty',
      protocolType: 'consumer',
      members: [],
    });
  });
});

test('a state follows only where Kafka lets it', () => {
  const group = new ClassicGroup('g');
  expect(() => {
    group.transitionTo('Stable', WALL);
  }).toThrow('group g cannot become Stable after Empty');
});
