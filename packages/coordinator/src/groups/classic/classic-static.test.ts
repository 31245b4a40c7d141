import { ErrorCode } from '@kafkaesque/protocol';
import { ClassicScene, WALL, protocols } from './testing/classic-scene';

/** A stable group of static members; the ids that they have, the leader's first. */
const stable = (...instances: readonly string[]): { scene: ClassicScene; ids: readonly string[] } => {
  const scene = new ClassicScene();
  for (const groupInstanceId of instances)
    scene.join({ groupInstanceId, protocols: protocols('range', 'sticky') });
  return { scene, ids: scene.stabilize() };
};

describe('a static follower that comes back without its id', () => {
  test('takes its place under a new id, with its assignment and without a rebalance', () => {
    const { scene, ids } = stable('i', 'j');
    const [leader, former] = ids;
    const ticket = scene.join({ groupInstanceId: 'j', protocols: protocols('range', 'sticky') });
    const answer = scene.joined(ticket);
    expect(answer).toMatchObject({
      errorCode: 0,
      generationId: 1,
      leader,
      members: [],
      skipAssignment: false,
    });
    expect(answer.memberId).not.toBe(former);
    expect(scene.group().state).toBe('Stable');
    const fields = { memberId: answer.memberId, groupInstanceId: 'j' };
    expect(scene.assigned(scene.sync(fields))).toBe(former);
    expect(scene.heartbeat(fields)).toBe('NONE');
  });

  test('is stored under its new id at once, with what it now says', () => {
    const { scene } = stable('i', 'j');
    scene.advance(1000);
    const metadata = Buffer.from('since the restart');
    const told = { sessionTimeoutMs: 20_000, rebalanceTimeoutMs: 90_000 };
    const ticket = scene.join({ groupInstanceId: 'j', protocols: [{ name: 'range', metadata }], ...told });
    const { memberId } = scene.joined(ticket);
    expect(scene.stored()).toMatchObject({ generation: 1, currentStateTimestamp: WALL + 6000 });
    expect(scene.stored()?.members).toMatchObject([
      { groupInstanceId: 'i' },
      {
        ...{ memberId, groupInstanceId: 'j', subscription: metadata },
        ...{ sessionTimeout: 20_000, rebalanceTimeout: 90_000 },
      },
    ]);
  });

  test('fences whoever still goes by the old id', () => {
    const { scene, ids } = stable('i', 'j');
    const former = { memberId: ids[1], groupInstanceId: 'j' };
    scene.join({ groupInstanceId: 'j' });
    expect(scene.heartbeat(former)).toBe('FENCED_INSTANCE_ID');
    expect(scene.assigned(scene.sync(former))).toBe('FENCED_INSTANCE_ID');
    expect(scene.errorOf(scene.join(former))).toBe('FENCED_INSTANCE_ID');
    expect(
      scene.leave({ members: [{ memberId: former.memberId ?? '', groupInstanceId: 'j', reason: null }] }),
    ).toMatchObject({
      errorCode: 0,
      members: [{ errorCode: ErrorCode.FENCED_INSTANCE_ID }],
    });
    // Without its instance it is not even known.
    expect(scene.heartbeat({ memberId: former.memberId })).toBe('UNKNOWN_MEMBER_ID');
  });

  test('leaves no timer of its old id behind', () => {
    const { scene } = stable('i', 'j');
    for (let time = 0; time < 5; time += 1) scene.join({ groupInstanceId: 'j' });
    expect(scene.timers.size).toBe(2);
    expect([...scene.group().members.values()].map(({ sessionKey }) => scene.timers.has(sessionKey))).toEqual(
      [true, true],
    );
  });

  test('begins a rebalance where the group would choose another protocol with it', () => {
    const { scene } = stable('i', 'j');
    const ticket = scene.join({ groupInstanceId: 'j', protocols: protocols('sticky') });
    expect(scene.errorOf(ticket)).toBeUndefined();
    expect(scene.group().state).toBe('PreparingRebalance');
    scene.stabilize();
    expect(scene.joined(ticket)).toMatchObject({ generationId: 2, protocolName: 'sticky' });
  });

  test('is refused when its new id cannot be stored, and the old one stays', () => {
    const { scene, ids } = stable('i', 'j');
    scene.refusesWrites = ErrorCode.NOT_ENOUGH_REPLICAS;
    expect(scene.errorOf(scene.join({ groupInstanceId: 'j' }))).toBe('COORDINATOR_NOT_AVAILABLE');
    expect(scene.heartbeat({ memberId: ids[1], groupInstanceId: 'j' })).toBe('NONE');
  });

  test('before it asked for its assignment still has the time to', () => {
    const scene = new ClassicScene();
    for (const groupInstanceId of ['i', 'j']) scene.join({ groupInstanceId });
    scene.advance(6000);
    scene.sync({ memberId: scene.group().leaderId ?? '', groupInstanceId: 'i' });
    const { memberId } = scene.joined(scene.join({ groupInstanceId: 'j' }));
    expect([...scene.group().pendingSyncs]).toEqual([memberId]);
    scene.sync({ memberId, groupInstanceId: 'j' });
    expect([...scene.timers.keys()].filter((key) => key.startsWith('classic/sync'))).toEqual([]);
  });
});

describe('a static leader that comes back without its id', () => {
  test('leads on and is told not to assign, from version 9 (KIP-814)', () => {
    const { scene } = stable('i', 'j');
    const answer = scene.joined(scene.join({ groupInstanceId: 'i', version: 9 }));
    expect(answer).toMatchObject({ leader: answer.memberId, skipAssignment: true, generationId: 1 });
    expect(answer.members).toHaveLength(2);
    expect(scene.group().leaderId).toBe(answer.memberId);
    expect(scene.stored()?.leader).toBe(answer.memberId);
  });

  test('is given its former name as that of the leader before version 9, so that it does not assign', () => {
    const { scene, ids } = stable('i', 'j');
    const answer = scene.joined(scene.join({ groupInstanceId: 'i', version: 8 }));
    expect(answer).toMatchObject({ leader: ids[0], members: [], generationId: 1 });
    expect(answer.skipAssignment ?? false).toBe(false);
    expect(scene.group().leaderId).toBe(answer.memberId);
  });
});

describe('a static member that is replaced while it waits', () => {
  test('for a generation is fenced, and the new one joins it', () => {
    const scene = new ClassicScene();
    const first = scene.join({ groupInstanceId: 'i' });
    const second = scene.join({ groupInstanceId: 'i' });
    const { memberId } = scene.joined(first);
    expect(scene.errorOf(first)).toBe('FENCED_INSTANCE_ID');
    scene.advance(6000);
    expect(memberId).toBe('i-1');
    expect(scene.joined(second)).toMatchObject({ generationId: 1, memberId: 'i-2', leader: 'i-2' });
  });

  test('for its assignment is fenced, and a rebalance begins: the leader assigns to the old id', () => {
    const scene = new ClassicScene();
    for (const groupInstanceId of ['i', 'j']) scene.join({ groupInstanceId });
    scene.advance(6000);
    const waiting = scene.sync({ memberId: 'j-2', groupInstanceId: 'j' });
    const ticket = scene.join({ groupInstanceId: 'j' });
    expect(scene.assigned(waiting)).toBe('FENCED_INSTANCE_ID');
    expect(scene.errorOf(ticket)).toBeUndefined();
    expect(scene.group().state).toBe('PreparingRebalance');
    scene.join({ memberId: 'i-1', groupInstanceId: 'i' });
    expect(scene.joined(ticket)).toMatchObject({ generationId: 2, leader: 'i-1' });
  });
});

test('a static member that does not come back keeps its place for its session', () => {
  const { scene, ids } = stable('i', 'j');
  const [leader, follower] = ids;
  scene.join({ memberId: leader, groupInstanceId: 'i' });
  scene.advance(9000);
  scene.heartbeat({ memberId: follower, groupInstanceId: 'j' });
  scene.advance(9000);
  expect([...scene.group().members.keys()]).toHaveLength(2);
  scene.advance(1000);
  expect([...scene.group().members.keys()]).toEqual([leader]);
  expect(scene.group().state).toBe('CompletingRebalance');
});

test('when only static members are left and none comes back, the join phase goes on until their sessions end', () => {
  const { scene, ids } = stable('i', 'j');
  scene.join({ groupInstanceId: 'k', protocols: protocols('range') });
  const joining = [...scene.group().members.keys()].at(-1) ?? '';
  scene.leave({ members: [{ memberId: joining, groupInstanceId: null, reason: null }] });
  for (let second = 0; second < 65; second += 1) {
    scene.advance(1000);
    for (const [index, memberId] of ids.entries())
      expect(scene.heartbeat({ memberId, groupInstanceId: 'ij'[index] })).toBe('REBALANCE_IN_PROGRESS');
  }
  scene.advance(10_000);
  expect(scene.group().state).toBe('Empty');
  expect(scene.timers.size).toBe(0);
});

test('a static member that is late at a join phase others complete stays, without an assignment of that generation', () => {
  const scene = new ClassicScene();
  scene.join({ groupInstanceId: 'i', sessionTimeoutMs: 100_000 });
  scene.join({ groupInstanceId: 'j', sessionTimeoutMs: 100_000 });
  const [leader, follower] = scene.stabilize();
  const ticket = scene.join({ memberId: follower, groupInstanceId: 'j', protocols: protocols('range', 'x') });
  scene.advance(60_000);
  const answer = scene.joined(ticket);
  expect(answer).toMatchObject({ generationId: 2, leader: follower });
  expect(answer.members.map(({ memberId }) => memberId)).toEqual([leader, follower]);
});
