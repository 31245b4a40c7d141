import { ErrorCode } from '@kafkaesque/protocol';
import { ClassicScene, GROUP, WALL, protocols } from './testing/classic-scene';

describe('a join without a member id', () => {
  test('is given an id and asked to come back, from version 4', () => {
    const scene = new ClassicScene();
    const answer = scene.joined(scene.join({ clientId: 'app', version: 4 }));
    expect(answer).toMatchObject({
      errorCode: ErrorCode.MEMBER_ID_REQUIRED,
      memberId: 'app-1',
      generationId: -1,
      leader: '',
      protocolName: '',
      members: [],
    });
    expect([...scene.group().pendingJoins.keys()]).toEqual(['app-1']);
  });

  test('is given its id before its group is committed, and its generation after', () => {
    const scene = new ClassicScene({ initialRebalanceDelayMs: 0 });
    const first = scene.join({ version: 9 });
    const { memberId } = scene.joined(first);
    const second = scene.join({ version: 9, memberId });
    scene.advance(0);
    expect(scene.errorOf(second)).toBe('NONE');
    expect([...scene.unwaiting]).toEqual([first]);
  });

  test('gets an id that fits a text, however long its client id is', () => {
    const scene = new ClassicScene();
    const { memberId } = scene.joined(scene.join({ clientId: 'é'.repeat(16_383), version: 4 }));
    expect(memberId).toBe(`${'é'.repeat(10_000)}-1`);
  });

  test('makes a member at once before version 4, and always for a static member', () => {
    const scene = new ClassicScene();
    const old = scene.join({ version: 3 });
    const fixed = scene.join({ version: 9, groupInstanceId: 'i' });
    expect([scene.errorOf(old), scene.errorOf(fixed)]).toEqual([undefined, undefined]);
    expect([...scene.group().members.keys()]).toEqual(['client-1', 'i-2']);
  });

  test('creates its group, as Kafka does by an empty record', () => {
    const scene = new ClassicScene();
    scene.join();
    expect(scene.log).toHaveLength(1);
    expect(scene.stored()).toEqual({
      protocolType: '',
      generation: 0,
      protocol: null,
      leader: null,
      currentStateTimestamp: WALL,
      members: [],
    });
  });

  test('whose id does not come back within its session is forgotten', () => {
    const scene = new ClassicScene();
    scene.join();
    scene.advance(9999);
    expect(scene.group().pendingJoins.size).toBe(1);
    scene.advance(1);
    expect(scene.group().pendingJoins.size).toBe(0);
    expect(scene.timers.size).toBe(0);
  });
});

describe('a join is refused', () => {
  const cases = [
    {
      name: 'with a session timeout below the minimum',
      ask: { sessionTimeoutMs: 5999 },
      error: 'INVALID_SESSION_TIMEOUT',
    },
    {
      name: 'with a session timeout above the maximum',
      ask: { sessionTimeoutMs: 1_800_001 },
      error: 'INVALID_SESSION_TIMEOUT',
    },
    {
      name: 'with a member id to a group that is not there',
      ask: { memberId: 'x' },
      error: 'UNKNOWN_MEMBER_ID',
    },
    { name: 'without a protocol type', ask: { protocolType: '' }, error: 'INCONSISTENT_GROUP_PROTOCOL' },
    { name: 'without protocols', ask: { protocols: [] }, error: 'INCONSISTENT_GROUP_PROTOCOL' },
  ];
  test.each(cases)('$name, and no group comes of it', ({ ask, error }) => {
    const scene = new ClassicScene();
    expect(scene.errorOf(scene.join(ask))).toBe(error);
    expect(scene.groups.size + scene.log.length + scene.timers.size).toBe(0);
  });

  const toAGroup = [
    {
      name: 'with another protocol type',
      ask: { protocolType: 'connect' },
      error: 'INCONSISTENT_GROUP_PROTOCOL',
    },
    {
      name: 'with no protocol that all members know',
      ask: { protocols: protocols('sticky') },
      error: 'INCONSISTENT_GROUP_PROTOCOL',
    },
    { name: 'with an unknown member id', ask: { memberId: 'x' }, error: 'UNKNOWN_MEMBER_ID' },
    {
      name: 'with an unknown member id of an unknown instance',
      ask: { memberId: 'x', groupInstanceId: 'i' },
      error: 'UNKNOWN_MEMBER_ID',
    },
  ];
  test.each(toAGroup)('$name, and a stable group stays as it is', ({ ask, error }) => {
    const scene = new ClassicScene();
    scene.stable(2);
    const answer = scene.joined(scene.join(ask));
    expect(answer).toMatchObject({ memberId: ask.memberId ?? '', leader: '', generationId: -1 });
    expect(answer.errorCode).toBe(ErrorCode[error as keyof typeof ErrorCode]);
    expect(scene.group().state).toBe('Stable');
  });
});

describe('the first rebalance of a group', () => {
  test('ends when the initial delay is over', () => {
    const scene = new ClassicScene();
    const [first] = scene.joining('a');
    scene.advance(2999);
    expect(scene.group().state).toBe('PreparingRebalance');
    scene.advance(1);
    expect(scene.group().state).toBe('CompletingRebalance');
    expect(scene.joined(first?.ticket ?? 0)).toMatchObject({ generationId: 1, leader: 'a-1' });
  });

  test('is delayed again as long as members come, up to the rebalance timeout', () => {
    const scene = new ClassicScene();
    const join = (): void => {
      scene.join({ memberId: scene.memberId(), rebalanceTimeoutMs: 10_000 });
    };
    join();
    const ends: string[] = [];
    // Somebody comes each second: 3 + 3 + 3 seconds, and the one that is left of ten.
    for (let second = 1; second <= 10; second += 1) {
      scene.advance(1000);
      if (scene.group().state !== 'PreparingRebalance') ends.push(`at ${String(second)} s`);
      else join();
    }
    expect(ends).toEqual(['at 10 s']);
  });

  test('is not delayed without a delay', () => {
    const scene = new ClassicScene({ initialRebalanceDelayMs: 0 });
    scene.joining('a');
    scene.advance(0);
    expect(scene.group().state).toBe('CompletingRebalance');
  });
});

describe('a generation', () => {
  test('is told to all, and its members to the leader alone', () => {
    const scene = new ClassicScene();
    const [first, second] = scene.joining('a', 'b');
    scene.advance(6000);
    expect(scene.joined(first?.ticket ?? 0)).toEqual({
      errorCode: 0,
      generationId: 1,
      protocolType: 'consumer',
      protocolName: 'range',
      leader: 'a-1',
      memberId: 'a-1',
      members: [
        { memberId: 'a-1', groupInstanceId: null, metadata: Buffer.from('knows range') },
        { memberId: 'b-2', groupInstanceId: null, metadata: Buffer.from('knows range') },
      ],
    });
    expect(scene.joined(second?.ticket ?? 0)).toMatchObject({ leader: 'a-1', memberId: 'b-2', members: [] });
  });

  test('follows the protocol that most members prefer of those that all know', () => {
    const scene = new ClassicScene();
    const preferences = [
      ['range', 'sticky', 'own'],
      ['sticky', 'range'],
      ['sticky', 'range', 'other'],
    ];
    const tickets = preferences.map((names) =>
      scene.join({
        memberId: scene.memberId({ protocols: protocols(...names) }),
        protocols: protocols(...names),
      }),
    );
    scene.advance(10_000);
    expect(tickets.map((ticket) => scene.joined(ticket).protocolName)).toEqual([
      'sticky',
      'sticky',
      'sticky',
    ]);
  });

  test('grows by one with each rebalance', () => {
    const scene = new ClassicScene();
    scene.stable(1);
    const generations = [scene.group().generationId];
    for (let round = 0; round < 3; round += 1) {
      scene.joining(`late${String(round)}`);
      scene.stabilize();
      generations.push(scene.group().generationId);
    }
    expect(generations).toEqual([1, 2, 3, 4]);
  });
});

describe('a member that joins again', () => {
  test('with nothing new is told of the running generation, members only if it leads', () => {
    const scene = new ClassicScene();
    const [, follower] = scene.stable(2);
    const answer = scene.joined(scene.join({ memberId: follower }));
    expect(answer).toMatchObject({ errorCode: 0, generationId: 1, members: [] });
    expect(scene.group().state).toBe('Stable');
  });

  test('before the leader has assigned is told of the running generation, the leader too', () => {
    const scene = new ClassicScene();
    const [leader] = scene.joining('a', 'b');
    scene.advance(6000);
    const again = scene.joined(scene.join({ memberId: leader?.memberId }));
    expect(again).toMatchObject({ generationId: 1, leader: 'a-1' });
    expect(again.members).toHaveLength(2);
    expect(scene.group().state).toBe('CompletingRebalance');
  });

  test('as the leader of a stable group begins a rebalance', () => {
    const scene = new ClassicScene();
    const [leader] = scene.stable(2);
    expect(scene.errorOf(scene.join({ memberId: leader, reason: 'topics changed' }))).toBeUndefined();
    expect(scene.group().state).toBe('PreparingRebalance');
    expect(scene.lines.at(-1)?.fields['reason']).toBe(
      `Leader ${String(leader)} re-joining group during Stable; client reason: topics changed`,
    );
  });

  test('with other metadata begins a rebalance', () => {
    const scene = new ClassicScene();
    const [, follower] = scene.stable(2);
    scene.join({ memberId: follower, protocols: [{ name: 'range', metadata: Buffer.from('more') }] });
    expect(scene.group().state).toBe('PreparingRebalance');
  });

  test('while its first join still waits is answered by the second one', () => {
    const scene = new ClassicScene();
    const [leader] = scene.stable(2);
    const first = scene.join({ memberId: leader });
    const second = scene.join({ memberId: leader });
    expect(scene.errorOf(first)).toBe('REBALANCE_IN_PROGRESS');
    scene.stabilize();
    expect(scene.joined(second).generationId).toBe(2);
  });

  test('late is removed: the others go on without it when the rebalance timeout is over', () => {
    const scene = new ClassicScene();
    const [leader, late] = scene.stable(2);
    const ticket = scene.join({ memberId: leader });
    for (let second = 0; second < 59; second += 1) {
      scene.advance(1000);
      scene.heartbeat({ memberId: late });
    }
    expect(scene.errorOf(ticket)).toBeUndefined();
    scene.advance(1000);
    expect(scene.joined(ticket)).toMatchObject({ generationId: 2, leader });
    expect(scene.heartbeat({ memberId: late })).toBe('UNKNOWN_MEMBER_ID');
  });

  test('in the place of a late leader leads', () => {
    const scene = new ClassicScene();
    const [, follower] = scene.stable(2);
    const ticket = scene.join({ memberId: follower, protocols: protocols('range', 'new') });
    scene.advance(60_000);
    expect(scene.joined(ticket)).toMatchObject({ generationId: 2, leader: follower });
    expect(scene.joined(ticket).members).toHaveLength(1);
  });
});

describe('group.max.size', () => {
  test('lets no more members join than there may be, and forgets the ids of the others', () => {
    const scene = new ClassicScene({ maxSize: 2 });
    const ids = ['a', 'b', 'c', 'd'].map((clientId) => scene.memberId({ clientId }));
    const tickets = ids.map((memberId) => scene.join({ memberId }));
    expect(tickets.map((ticket) => scene.errorOf(ticket))).toEqual([
      ...[undefined, undefined],
      ...['GROUP_MAX_SIZE_REACHED', 'GROUP_MAX_SIZE_REACHED'],
    ]);
    expect(scene.group().pendingJoins.size).toBe(0);
    scene.advance(10_000);
    expect(scene.group().state).toBe('CompletingRebalance');
    expect(scene.errorOf(scene.join())).toBe('GROUP_MAX_SIZE_REACHED');
  });

  test('that was lowered sends the last away that come back, and the rest goes on at once', () => {
    const scene = new ClassicScene();
    const ids = scene.stable(3);
    scene.settings.maxSize = 2;
    const [first, second, third] = ids.map((memberId) => scene.join({ memberId }));
    expect(scene.errorOf(third ?? 0)).toBe('GROUP_MAX_SIZE_REACHED');
    expect(scene.joined(first ?? 0).generationId).toBe(2);
    expect(scene.joined(second ?? 0).generationId).toBe(2);
  });
});

test('a static member that comes back without its id is not one too many', () => {
  const scene = new ClassicScene({ maxSize: 1 });
  scene.join({ groupInstanceId: 'i' });
  scene.stabilize();
  expect(scene.errorOf(scene.join({ groupInstanceId: 'i' }))).toBe('NONE');
  expect(scene.errorOf(scene.join({ groupInstanceId: 'j' }))).toBe('GROUP_MAX_SIZE_REACHED');
});

test('the name of the protocol is null from version 7 where there is none, empty before', () => {
  const scene = new ClassicScene();
  const names = [0, 6, 7, 9].map(
    (version) => scene.joined(scene.join({ version, memberId: 'unknown' })).protocolName,
  );
  expect(names).toEqual(['', '', null, null]);
});

test('version 0 has one timeout for session and rebalance', () => {
  const scene = new ClassicScene();
  scene.join({ version: 0, rebalanceTimeoutMs: -1, sessionTimeoutMs: 7000 });
  expect(scene.group().rebalanceTimeoutMs()).toBe(7000);
});

test('a protocol that is named twice counts once', () => {
  const scene = new ClassicScene();
  scene.join({ version: 3, protocols: protocols('range', 'range') });
  const second = scene.join({ version: 3, protocols: protocols('range') });
  scene.advance(6000);
  expect(scene.joined(second).protocolName).toBe('range');
});

test('a join to a group of another kind that has members is refused, to an empty one makes it classic', () => {
  const scene = new ClassicScene();
  const tombstone = { kind: 'GroupMetadata', key: { group: 'its own' }, value: null } as const;
  const other = { kind: 'consumer', groupId: GROUP, state: 'Stable', tombstones: () => [tombstone] };
  scene.groups.set(GROUP, other as never);
  expect(scene.errorOf(scene.join({ version: 3 }))).toBe('INCONSISTENT_GROUP_PROTOCOL');
  other.state = 'Empty';
  expect(scene.errorOf(scene.join({ version: 3, memberId: 'x' }))).toBe('UNKNOWN_MEMBER_ID');
  scene.join({ version: 3 });
  expect(scene.log.map(({ record }) => record)).toMatchObject([tombstone, { key: { group: GROUP } }]);
  expect(scene.group().state).toBe('PreparingRebalance');
});

test('ids that were given and do not come back are a bounded number: the oldest are forgotten', () => {
  const scene = new ClassicScene();
  const first = scene.memberId();
  for (let id = 0; id < 10_000; id += 1) scene.join();
  expect(scene.group().pendingJoins.size).toBe(10_000);
  expect(scene.timers.size).toBe(10_000);
  expect(scene.errorOf(scene.join({ memberId: first }))).toBe('UNKNOWN_MEMBER_ID');
});
