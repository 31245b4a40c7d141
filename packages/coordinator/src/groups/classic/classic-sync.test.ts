import { ErrorCode } from '@kafkaesque/protocol';
import { ClassicScene, GROUP, WALL } from './testing/classic-scene';

/** Two members that have joined generation 1, the first of which leads; nothing assigned yet. */
const joined = (): { scene: ClassicScene; leader: string; follower: string } => {
  const scene = new ClassicScene();
  const [leader = '', follower = ''] = scene.joining('a', 'b').map(({ memberId }) => memberId);
  scene.advance(6000);
  return { scene, leader, follower };
};

const assign = (...memberIds: readonly string[]): { memberId: string; assignment: Buffer }[] =>
  memberIds.map((memberId) => ({ memberId, assignment: Buffer.from(`for ${memberId}`) }));

describe('the assignment of a generation', () => {
  test('is waited for by followers, and comes with the sync of the leader', () => {
    const { scene, leader, follower } = joined();
    const early = scene.sync({ memberId: follower });
    expect(scene.errorOf(early)).toBeUndefined();
    const leading = scene.sync({ memberId: leader, assignments: assign(leader, follower) });
    expect([scene.assigned(leading), scene.assigned(early)]).toEqual([`for ${leader}`, `for ${follower}`]);
    expect(scene.group().state).toBe('Stable');
    const { assignment, ...answer } = scene.answer('sync', early);
    expect(answer).toEqual({ errorCode: 0, protocolType: 'consumer', protocolName: 'range' });
    expect(assignment).toHaveLength(`for ${follower}`.length);
  });

  test('is told to whoever asks later', () => {
    const { scene, leader, follower } = joined();
    scene.sync({ memberId: leader, assignments: assign(leader, follower) });
    expect(scene.assigned(scene.sync({ memberId: follower }))).toBe(`for ${follower}`);
    expect(scene.assigned(scene.sync({ memberId: follower }))).toBe(`for ${follower}`);
  });

  test('is empty for a member that the leader left out, and nothing for one that is not there', () => {
    const { scene, leader, follower } = joined();
    scene.sync({ memberId: leader, assignments: assign(leader, 'stranger') });
    expect(scene.assigned(scene.sync({ memberId: follower }))).toBe('');
    expect([...scene.group().members.keys()]).toEqual([leader, follower]);
  });

  test('is stored with all that Kafka stores of a group', () => {
    const { scene, leader, follower } = joined();
    scene.sync({ memberId: leader, assignments: assign(leader, follower) });
    const member = (memberId: string): object => ({
      memberId,
      groupInstanceId: null,
      clientId: memberId[0],
      clientHost: '/10.0.0.1',
      rebalanceTimeout: 60_000,
      sessionTimeout: 10_000,
      subscription: Buffer.from('knows range'),
      assignment: Buffer.from(`for ${memberId}`),
    });
    expect(scene.stored()).toEqual({
      protocolType: 'consumer',
      generation: 1,
      protocol: 'range',
      leader,
      currentStateTimestamp: WALL + 6000,
      members: [member(leader), member(follower)],
    });
  });
});

describe('a sync is refused', () => {
  const cases = [
    { name: 'of a group that is not there', ask: { groupId: 'other' }, error: 'UNKNOWN_MEMBER_ID' },
    { name: 'of an unknown member', ask: { memberId: 'x' }, error: 'UNKNOWN_MEMBER_ID' },
    { name: 'of an unknown instance', ask: { groupInstanceId: 'i' }, error: 'UNKNOWN_MEMBER_ID' },
    { name: 'of an older generation', ask: { generationId: 0 }, error: 'ILLEGAL_GENERATION' },
    { name: 'of a later generation', ask: { generationId: 2 }, error: 'ILLEGAL_GENERATION' },
    {
      name: 'with another protocol type',
      ask: { protocolType: 'connect' },
      error: 'INCONSISTENT_GROUP_PROTOCOL',
    },
    { name: 'with another protocol', ask: { protocolName: 'sticky' }, error: 'INCONSISTENT_GROUP_PROTOCOL' },
    {
      name: 'without a protocol type, from version 5',
      ask: { protocolType: null },
      error: 'INCONSISTENT_GROUP_PROTOCOL',
    },
    {
      name: 'without a protocol, from version 5',
      ask: { protocolName: null },
      error: 'INCONSISTENT_GROUP_PROTOCOL',
    },
  ];
  test.each(cases)('$name', ({ ask, error }) => {
    const { scene, leader, follower } = joined();
    expect(scene.assigned(scene.sync({ memberId: follower, ...ask }))).toBe(error);
    scene.sync({ memberId: leader, assignments: assign(leader, follower) });
    expect(scene.assigned(scene.sync({ memberId: follower, ...ask }))).toBe(error);
  });

  test('while members join', () => {
    const { scene, leader, follower } = joined();
    scene.joining('c');
    expect(scene.group().state).toBe('PreparingRebalance');
    for (const memberId of [leader, follower])
      expect(scene.assigned(scene.sync({ memberId }))).toBe('REBALANCE_IN_PROGRESS');
  });
});

test('before version 5 nobody tells the protocol', () => {
  const { scene, leader } = joined();
  const asked = { version: 4, protocolType: null, protocolName: null, assignments: assign(leader) };
  expect(scene.assigned(scene.sync({ memberId: leader, ...asked }))).toBe(`for ${leader}`);
});

describe('a sync that waits is answered', () => {
  test('by REBALANCE_IN_PROGRESS when a member joins', () => {
    const { scene, follower } = joined();
    const waiting = scene.sync({ memberId: follower });
    scene.joining('c');
    expect(scene.assigned(waiting)).toBe('REBALANCE_IN_PROGRESS');
  });

  test('by REBALANCE_IN_PROGRESS when its member asks once more', () => {
    const { scene, leader, follower } = joined();
    const first = scene.sync({ memberId: follower });
    const second = scene.sync({ memberId: follower });
    expect(scene.assigned(first)).toBe('REBALANCE_IN_PROGRESS');
    scene.sync({ memberId: leader, assignments: assign(follower) });
    expect(scene.assigned(second)).toBe(`for ${follower}`);
  });

  test('by UNKNOWN_MEMBER_ID when its member leaves', () => {
    const { scene, follower } = joined();
    const waiting = scene.sync({ memberId: follower });
    scene.leave({ members: [{ memberId: follower, groupInstanceId: null, reason: null }] });
    expect(scene.assigned(waiting)).toBe('UNKNOWN_MEMBER_ID');
  });

  test('when the leader does not assign within the rebalance timeout: who has not asked is removed', () => {
    const { scene, leader, follower } = joined();
    const waiting = scene.sync({ memberId: follower });
    for (let second = 0; second < 60; second += 1) {
      expect(scene.heartbeat({ memberId: leader })).toBe('NONE');
      scene.advance(1000);
    }
    expect(scene.assigned(waiting)).toBe('REBALANCE_IN_PROGRESS');
    expect([...scene.group().members.keys()]).toEqual([follower]);
    expect(scene.heartbeat({ memberId: leader })).toBe('UNKNOWN_MEMBER_ID');
    const again = scene.join({ memberId: follower });
    expect(scene.joined(again)).toMatchObject({ generationId: 2, leader: follower });
  });
});

test('a member of a stable group that never asked for its assignment is removed after the rebalance timeout', () => {
  const { scene, leader, follower } = joined();
  scene.sync({ memberId: leader, assignments: assign(leader, follower) });
  for (let second = 0; second < 60; second += 1) {
    scene.heartbeat({ memberId: leader });
    scene.heartbeat({ memberId: follower });
    scene.advance(1000);
  }
  expect(scene.heartbeat({ memberId: leader })).toBe('REBALANCE_IN_PROGRESS');
  expect(scene.heartbeat({ memberId: follower })).toBe('UNKNOWN_MEMBER_ID');
});

test('when all have asked, no timer of the sync phase is left', () => {
  const scene = new ClassicScene();
  scene.stable(3);
  expect([...scene.timers.keys()].filter((key) => !key.startsWith('classic/session/'))).toEqual([]);
  expect(scene.timers.size).toBe(3);
});

describe('when an assignment cannot be stored', () => {
  test('all who wait are told, and the group goes on with the next generation', () => {
    const { scene, leader, follower } = joined();
    const waiting = scene.sync({ memberId: follower });
    scene.refusesWrites = ErrorCode.NOT_ENOUGH_REPLICAS;
    const leading = scene.sync({ memberId: leader, assignments: assign(leader, follower) });
    expect(scene.assigned(leading)).toBe('COORDINATOR_NOT_AVAILABLE');
    expect(scene.assigned(waiting)).toBe('COORDINATOR_NOT_AVAILABLE');
    expect(scene.group().state).toBe('PreparingRebalance');
    expect(scene.heartbeat({ memberId: follower })).toBe('REBALANCE_IN_PROGRESS');
    scene.refusesWrites = 0;
    scene.join({ memberId: leader });
    scene.join({ memberId: follower });
    scene.syncAll();
    expect(scene.stored()).toMatchObject({ generation: 2, leader });
    expect(scene.open).toEqual([]);
  });

  test('as long as nothing can be written, nobody waits for ever', () => {
    const { scene, leader, follower } = joined();
    scene.refusesWrites = ErrorCode.NOT_ENOUGH_REPLICAS;
    scene.sync({ memberId: follower });
    scene.sync({ memberId: leader, assignments: assign(leader, follower) });
    scene.join({ memberId: follower });
    scene.join({ memberId: leader });
    scene.sync({ memberId: follower, generationId: 2 });
    scene.advance(600_000);
    expect(scene.open).toEqual([]);
    scene.refusesWrites = 0;
    scene.advance(10_000);
    expect(scene.group(GROUP).state).toBe('Empty');
    expect(scene.timers.size).toBe(0);
  });
});
