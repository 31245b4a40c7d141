import { errorName } from '@kafkaesque/protocol';
import { ClassicScene, WALL } from './testing/classic-scene';

const leaving = (memberId: string, groupInstanceId: string | null = null) => ({
  memberId,
  groupInstanceId,
  reason: 'the consumer is being closed',
});

test('a member that leaves a stable group begins a rebalance', () => {
  const scene = new ClassicScene();
  const [leader, follower = ''] = scene.stable(2);
  expect(scene.leave({ members: [leaving(follower)] })).toEqual({
    errorCode: 0,
    members: [{ memberId: follower, groupInstanceId: null, errorCode: 0 }],
  });
  expect(scene.heartbeat({ memberId: leader })).toBe('REBALANCE_IN_PROGRESS');
  expect(scene.heartbeat({ memberId: follower })).toBe('UNKNOWN_MEMBER_ID');
  expect(scene.lines.map(({ fields }) => fields['reason'])).toContain('the consumer is being closed');
});

test('the last member leaves an empty group of the next generation behind, which is stored', () => {
  const scene = new ClassicScene();
  const [member = ''] = scene.stable(1);
  scene.advance(1000);
  scene.leave({ members: [leaving(member)] });
  expect(scene.group().state).toBe('Empty');
  expect(scene.stored()).toEqual({
    protocolType: 'consumer',
    generation: 2,
    protocol: null,
    leader: null,
    currentStateTimestamp: WALL + 4000,
    members: [],
  });
  expect(scene.timers.size).toBe(0);
});

test('a leave is refused where the empty group cannot be stored, and its member stays', () => {
  const scene = new ClassicScene();
  const [member = ''] = scene.stable(1);
  scene.refusesWrites = 19;
  scene.leave({ members: [leaving(member)] });
  expect(scene.heartbeat({ memberId: member })).toBe('NONE');
});

test('many leave at once, each with its own error', () => {
  const scene = new ClassicScene();
  scene.join({ groupInstanceId: 'i' });
  scene.join({ groupInstanceId: 'j' });
  const [dynamic] = scene.joining('d');
  const pending = scene.memberId({ clientId: 'pending' });
  const instance = (groupInstanceId: string): string => scene.group().staticMemberId(groupInstanceId) ?? '';
  const members = [
    leaving('', 'i'),
    leaving('', 'i'),
    leaving('', 'unknown'),
    leaving('', null),
    leaving('somebody', 'j'),
    leaving(instance('j'), 'j'),
    leaving(dynamic?.memberId ?? ''),
    leaving(pending),
    leaving(pending),
    leaving('stranger'),
  ];
  const answer = scene.leave({ members });
  expect(answer.members?.map(({ errorCode }) => errorName(errorCode))).toEqual([
    'NONE',
    'UNKNOWN_MEMBER_ID',
    ...['UNKNOWN_MEMBER_ID', 'UNKNOWN_MEMBER_ID'],
    'FENCED_INSTANCE_ID',
    ...['NONE', 'NONE', 'NONE'],
    ...['UNKNOWN_MEMBER_ID', 'UNKNOWN_MEMBER_ID'],
  ]);
  expect(answer.members?.map(({ memberId }) => memberId)).toEqual(members.map(({ memberId }) => memberId));
  expect(scene.group().members.size + scene.group().pendingJoins.size).toBe(0);
});

test('before version 3 one member leaves, and its error is that of the answer', () => {
  const scene = new ClassicScene();
  const [, follower = ''] = scene.stable(2);
  const ask = { version: 2, memberId: follower };
  expect(scene.leave(ask)).toEqual({ errorCode: 0, members: [] });
  expect(scene.leave(ask)).toEqual({ errorCode: 25, members: [] });
});

test('of a group that is not there, every member is unknown', () => {
  const scene = new ClassicScene();
  expect(scene.leave({ members: [leaving('a')] })).toEqual({
    errorCode: 0,
    members: [{ memberId: 'a', groupInstanceId: null, errorCode: 25 }],
  });
  expect(scene.leave({ version: 0, memberId: 'a' })).toEqual({ errorCode: 25, members: [] });
});

test('the last who is late leaves, and the others go on at once', () => {
  const scene = new ClassicScene();
  const [leader, follower = ''] = scene.stable(2);
  const ticket = scene.join({ memberId: leader });
  scene.leave({ members: [leaving(follower)] });
  expect(scene.joined(ticket)).toMatchObject({ generationId: 2, leader });
});

test('a pending member leaves, and those who only waited for it go on', () => {
  const scene = new ClassicScene();
  const [leader] = scene.stable(1);
  const pending = scene.memberId();
  const ticket = scene.join({ memberId: leader });
  expect(scene.errorOf(ticket)).toBeUndefined();
  scene.leave({ members: [leaving(pending)] });
  expect(scene.joined(ticket).generationId).toBe(2);
});

test('a pending member leaves a stable group in peace', () => {
  const scene = new ClassicScene();
  scene.stable(1);
  scene.leave({ members: [leaving(scene.memberId())] });
  expect(scene.group().state).toBe('Stable');
});

test('a member that leaves while its join waits has it answered', () => {
  const scene = new ClassicScene();
  const [member] = scene.joining('a');
  scene.leave({ members: [leaving(member?.memberId ?? '')] });
  expect(scene.errorOf(member?.ticket ?? 0)).toBe('UNKNOWN_MEMBER_ID');
  // The delay of the initial rebalance ends without anybody.
  scene.advance(3000);
  expect(scene.stored()).toMatchObject({ generation: 1, members: [] });
  expect(scene.group().state).toBe('Empty');
});

test('a leader that leaves is followed by the member that joined first', () => {
  const scene = new ClassicScene();
  const [leader = '', ...others] = scene.stable(3);
  scene.leave({ members: [leaving(leader)] });
  const tickets = others.toReversed().map((memberId) => scene.join({ memberId }));
  expect(tickets.map((ticket) => scene.joined(ticket).leader)).toEqual([others[0], others[0]]);
});
