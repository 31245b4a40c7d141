import { ErrorCode } from '@kafkaesque/protocol';
import { parseTimerKey, sessionTimerKey } from './classic-timers';
import { ClassicScene } from './testing/classic-scene';

describe('a session', () => {
  test('lasts as long as there are heartbeats, and ends after its timeout', () => {
    const scene = new ClassicScene();
    const [first, second] = scene.stable(2);
    for (let time = 0; time < 3; time += 1) {
      scene.advance(9000);
      expect([first, second].map((memberId) => scene.heartbeat({ memberId }))).toEqual(['NONE', 'NONE']);
    }
    scene.advance(9999);
    expect(scene.heartbeat({ memberId: first })).toBe('NONE');
    scene.advance(1);
    expect(scene.heartbeat({ memberId: second })).toBe('UNKNOWN_MEMBER_ID');
    expect(scene.heartbeat({ memberId: first })).toBe('REBALANCE_IN_PROGRESS');
  });

  test('of the last member that ends empties the group', () => {
    const scene = new ClassicScene();
    scene.stable(1);
    scene.advance(10_000);
    expect(scene.stored()).toMatchObject({
      generation: 2,
      protocolType: 'consumer',
      protocol: null,
      members: [],
    });
    expect(scene.timers.size).toBe(0);
  });

  test('whose end cannot be written is ended a little later', () => {
    const scene = new ClassicScene();
    scene.stable(1);
    scene.refusesWrites = ErrorCode.NOT_ENOUGH_REPLICAS;
    scene.advance(12_000);
    expect(scene.group().state).toBe('Stable');
    scene.refusesWrites = 0;
    scene.advance(500);
    expect(scene.group().state).toBe('Empty');
  });

  test('does not end while its member waits for the others, and begins anew with the generation', () => {
    const scene = new ClassicScene();
    const [leader, follower] = scene.stable(2);
    const ticket = scene.join({ memberId: leader });
    for (let second = 0; second < 59; second += 1) {
      scene.advance(1000);
      scene.heartbeat({ memberId: follower });
    }
    expect(scene.errorOf(ticket)).toBeUndefined();
    scene.join({ memberId: follower });
    expect(scene.joined(ticket).generationId).toBe(2);
    scene.advance(9999);
    expect(scene.heartbeat({ memberId: leader, generationId: 2 })).toBe('NONE');
  });

  test('does not end while its member waits for its assignment', () => {
    const scene = new ClassicScene();
    const [leader, follower] = scene.joining('a', 'b');
    scene.advance(6000);
    const waiting = scene.sync({ memberId: follower?.memberId });
    for (let second = 0; second < 30; second += 1) {
      scene.advance(1000);
      scene.heartbeat({ memberId: leader?.memberId });
    }
    expect(scene.errorOf(waiting)).toBeUndefined();
    scene.sync({ memberId: leader?.memberId });
    expect(scene.errorOf(waiting)).toBe('NONE');
    // Its session begins anew, and ends.
    scene.advance(9999);
    expect(scene.group().members.size).toBe(2);
    scene.advance(1);
    expect(scene.group().state).toBe('Empty');
  });

  test('of a new member ends after five minutes, although it waits: nobody may be there any more', () => {
    const scene = new ClassicScene();
    const [, follower] = scene.stable(2);
    const ask = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 900_000 };
    const memberId = scene.memberId(ask);
    const ticket = scene.join({ memberId, ...ask });
    for (let second = 0; second < 300; second += 1) {
      expect(scene.errorOf(ticket)).toBeUndefined();
      scene.heartbeat({ memberId: follower });
      scene.advance(1000);
    }
    expect(scene.joined(ticket)).toMatchObject({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID, memberId: '' });
  });

  test('of the last who is late ends, and the others go on', () => {
    const scene = new ClassicScene();
    const [leader] = scene.stable(2);
    const ticket = scene.join({ memberId: leader });
    scene.advance(10_000);
    expect(scene.joined(ticket)).toMatchObject({ generationId: 2, leader });
  });
});

describe('a heartbeat is refused', () => {
  const cases = [
    { name: 'of a group that is not there', ask: { groupId: 'other' }, error: 'UNKNOWN_MEMBER_ID' },
    { name: 'of an unknown member', ask: { memberId: 'x' }, error: 'UNKNOWN_MEMBER_ID' },
    { name: 'of another generation', ask: { generationId: 2 }, error: 'ILLEGAL_GENERATION' },
    { name: 'of an unknown instance', ask: { groupInstanceId: 'i' }, error: 'UNKNOWN_MEMBER_ID' },
  ];
  test.each(cases)('$name', ({ ask, error }) => {
    const scene = new ClassicScene();
    const [member] = scene.stable(1);
    expect(scene.heartbeat({ memberId: member, ...ask })).toBe(error);
  });

  test('and does not prolong a session then', () => {
    const scene = new ClassicScene();
    const [memberId] = scene.stable(2);
    scene.advance(9000);
    scene.heartbeat({ memberId, generationId: 7 });
    scene.advance(1000);
    expect(scene.group().state).toBe('Empty');
  });
});

test('a heartbeat before the assignment is known counts', () => {
  const scene = new ClassicScene();
  const [leader] = scene.joining('a');
  scene.advance(3000);
  expect(scene.group().state).toBe('CompletingRebalance');
  expect(scene.heartbeat({ memberId: leader?.memberId })).toBe('NONE');
});

test('members that join and never ask for their assignment are gone after the rebalance timeout', () => {
  const scene = new ClassicScene();
  const members = scene.joining('a', 'b', 'c');
  scene.advance(6000);
  for (let second = 0; second < 60; second += 1) {
    for (const { memberId } of members) scene.heartbeat({ memberId });
    scene.advance(1000);
  }
  expect(scene.group().state).toBe('Empty');
  expect(scene.stored()).toMatchObject({ generation: 2, members: [] });
  expect(scene.timers.size + scene.open.length).toBe(0);
});

test('a timer of a group, a member or a kind that is not there does nothing', () => {
  const scene = new ClassicScene();
  scene.stable(1);
  const before = scene.log.length;
  for (const key of [
    sessionTimerKey('gone', 'x'),
    sessionTimerKey('payments', 'x'),
    'classic/join/gone',
    'classic/join/payments',
    'classic/sync/payments',
    'classic/unheard of',
    'other/key',
  ])
    expect(scene.rules.timer(key, scene.now)).toEqual({ records: [] });
  expect(scene.log).toHaveLength(before);
});

test.each([
  ['a', 'b'],
  ['a/b', 'c/d'],
  ['', 'x'],
  ['3/abc', '//'],
  ['🦊', 'é'],
])('the key of a session names group %j and member %j, whatever is in their ids', (groupId, memberId) => {
  expect(parseTimerKey(sessionTimerKey(groupId, memberId))).toEqual({ kind: 'session', groupId, memberId });
});
