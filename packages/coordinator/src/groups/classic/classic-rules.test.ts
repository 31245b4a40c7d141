import { groupMetadataRecord } from './classic-records';
import { ClassicScene, GROUP, WALL, protocols } from './testing/classic-scene';

describe('after loading', () => {
  test('a group with members is stable, with their assignments and a whole session for each', () => {
    const scene = new ClassicScene();
    const ids = scene.stable(2);
    scene.advance(9000);
    scene.reload();
    expect(scene.group()).toMatchObject({
      state: 'Stable',
      generationId: 1,
      leaderId: ids[0],
      protocolName: 'range',
    });
    scene.advance(9999);
    for (const memberId of ids) {
      expect(scene.heartbeat({ memberId })).toBe('NONE');
      expect(scene.assigned(scene.sync({ memberId }))).toBe(memberId);
    }
  });

  test('members that do not come back expire', () => {
    const scene = new ClassicScene();
    scene.stable(2);
    scene.reload();
    scene.advance(70_000);
    expect(scene.stored()).toMatchObject({ generation: 2, members: [] });
    expect(scene.timers.size).toBe(0);
  });

  test('an empty group has its protocol type and its generation, and the next one is higher', () => {
    const scene = new ClassicScene();
    scene.stable(1);
    scene.advance(10_000);
    scene.reload();
    expect(scene.group()).toMatchObject({ state: 'Empty', protocolType: 'consumer', generationId: 2 });
    scene.join({ version: 3 });
    scene.stabilize();
    expect(scene.stored()?.generation).toBe(3);
  });

  test('a rebalance that was on its way is forgotten, and its members find their way into the next one', () => {
    const scene = new ClassicScene();
    const [leader, follower] = scene.stable(2);
    const ticket = scene.join({ memberId: leader });
    scene.join({ memberId: follower });
    expect(scene.joined(ticket).generationId).toBe(2);
    scene.reload();
    // Nobody was assigned anything in generation 2: nothing that anybody owns goes by that number.
    expect(scene.heartbeat({ memberId: leader, generationId: 2 })).toBe('ILLEGAL_GENERATION');
    expect(scene.heartbeat({ memberId: leader, generationId: 1 })).toBe('NONE');
  });

  test('static members are still known by their instances', () => {
    const scene = new ClassicScene();
    scene.join({ groupInstanceId: 'i' });
    const [memberId] = scene.stabilize();
    scene.reload();
    const answer = scene.joined(scene.join({ groupInstanceId: 'i' }));
    expect(answer).toMatchObject({ generationId: 1, skipAssignment: true });
    expect(scene.heartbeat({ memberId, groupInstanceId: 'i' })).toBe('FENCED_INSTANCE_ID');
  });

  test('a group that is larger than it may be rebalances', () => {
    const scene = new ClassicScene();
    scene.stable(3);
    scene.settings.maxSize = 2;
    scene.reload();
    expect(scene.group().state).toBe('PreparingRebalance');
  });

  test('a group whose last record is a tombstone is not there', () => {
    const scene = new ClassicScene();
    scene.stable(1);
    scene.advance(10_000);
    scene.write(...scene.group().tombstones());
    scene.reload();
    expect(scene.groups.size).toBe(0);
  });
});

describe('a record of another broker is taken', () => {
  const member = {
    ...{ memberId: 'm', groupInstanceId: null, clientId: 'c', clientHost: '/h' },
    ...{
      rebalanceTimeout: -1,
      sessionTimeout: 30_000,
      subscription: Buffer.from('s'),
      assignment: Buffer.from('a'),
    },
  };
  const value = {
    protocolType: 'consumer',
    generation: 5,
    protocol: 'range',
    leader: 'm',
    currentStateTimestamp: -1,
  };

  test('of version 0: the rebalance timeout is that of the session', () => {
    const scene = new ClassicScene();
    scene.rules.replay({
      kind: 'GroupMetadata',
      key: { group: GROUP },
      value: { ...value, members: [member] },
    });
    expect(scene.group().rebalanceTimeoutMs()).toBe(30_000);
    expect(scene.group().describe()).toMatchObject({ groupState: 'Stable', protocolData: 'range' });
  });

  test('without a time of its state: its offsets count from their commits', () => {
    const scene = new ClassicScene();
    scene.rules.replay({ kind: 'GroupMetadata', key: { group: GROUP }, value: { ...value, members: [] } });
    expect(scene.group().expiry()).toEqual({ kind: 'by-commit' });
  });

  test('that makes no sense: without protocol, with a leader that is not there, with an instance twice', () => {
    const scene = new ClassicScene();
    const twice = ['x', 'y'].map((memberId) => ({ ...member, memberId, groupInstanceId: 'i' }));
    const odd = { ...value, protocol: null, leader: 'nobody', members: twice };
    scene.rules.replay({ kind: 'GroupMetadata', key: { group: GROUP }, value: odd });
    for (const decision of scene.rules.loaded(scene.now)) scene.carryOut(decision);
    expect(scene.group().describe()).toMatchObject({ groupState: 'Stable', protocolData: '' });
    scene.advance(120_000);
    expect(scene.group().state).toBe('Empty');
    scene.join({ version: 3 });
    scene.stabilize();
    expect(scene.group().generationId).toBe(7);
  });

  test('that follows another one of the same group as the whole truth', () => {
    const scene = new ClassicScene();
    scene.stable(2);
    scene.rules.replay({
      kind: 'GroupMetadata',
      key: { group: GROUP },
      value: { ...value, protocol: 'sticky', members: [{ ...member, memberId: 'c0-1' }] },
    });
    const group = scene.group();
    expect([...group.members.keys()]).toEqual(['c0-1']);
    expect(group.members.get('c0-1')).toMatchObject({ clientId: 'c', protocols: [{ name: 'sticky' }] });
    expect(group.selectProtocol()).toBe('sticky');
  });
});

describe('a group that becomes one of the consumer protocol', () => {
  test('has everybody told who waits, and no timer left', () => {
    const scene = new ClassicScene();
    const [leader] = scene.stable(2);
    const pending = scene.memberId();
    const join = scene.join({ memberId: leader });
    const group = scene.group();
    expect(group.convertibleMembers()).toHaveLength(group.memberCount);
    scene.carryOut({ records: group.tombstones(), then: () => scene.rules.upgraded(group) });
    expect(pending).not.toBe('');
    expect(scene.errorOf(join)).toBe('REBALANCE_IN_PROGRESS');
    expect(scene.timers.size + scene.groups.size).toBe(0);
  });

  test('while members wait for their assignment, too', () => {
    const scene = new ClassicScene();
    const members = scene.joining('a', 'b');
    scene.advance(6000);
    const sync = scene.sync({ memberId: members[1]?.memberId });
    const group = scene.group();
    scene.carryOut({ records: group.tombstones(), then: () => scene.rules.upgraded(group) });
    expect(scene.errorOf(sync)).toBe('REBALANCE_IN_PROGRESS');
    expect(scene.timers.size).toBe(0);
  });
});

describe('a group that was one of the consumer protocol', () => {
  const stored = (...memberIds: readonly string[]) =>
    groupMetadataRecord({
      ...{ groupId: GROUP, protocolType: 'consumer', protocolName: 'range', generationId: 12 },
      ...{ leaderId: null, stateSinceMs: WALL },
      members: memberIds.map((memberId) => ({
        ...{ memberId, groupInstanceId: `${memberId}-i`, clientId: 'c', clientHost: '/h' },
        ...{ sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 60_000, protocols: protocols('range') },
        assignment: Buffer.from(memberId),
      })),
    });

  test('has its members join a generation that is later than their epochs', () => {
    const scene = new ClassicScene();
    const reason = 'the last member of the consumer protocol left';
    scene.carryOut({
      records: [stored('x', 'y')],
      then: () => scene.rules.downgraded(GROUP, reason, scene.now),
    });
    expect(scene.heartbeat({ memberId: 'x', generationId: 12 })).toBe('REBALANCE_IN_PROGRESS');
    const joins = ['y', 'x'].map((memberId) => scene.join({ memberId, groupInstanceId: `${memberId}-i` }));
    expect(joins.map((ticket) => scene.joined(ticket))).toMatchObject([
      { generationId: 13, leader: 'x' },
      { generationId: 13, leader: 'x' },
    ]);
  });

  test('rebalances after a reload as well', () => {
    const scene = new ClassicScene();
    scene.write(stored('x'));
    scene.reload();
    expect(scene.group().state).toBe('PreparingRebalance');
    expect(scene.joined(scene.join({ memberId: 'x' })).generationId).toBe(13);
  });

  test('by a join of a static member lets that member wait for the first generation', () => {
    const scene = new ClassicScene();
    const asked = {
      kind: 'join',
      apiVersion: 9,
      asker: { clientId: 'c', clientHost: '/h', principal: undefined },
      request: {
        ...{ groupId: GROUP, memberId: '', groupInstanceId: 'y-i', reason: null, protocolType: 'consumer' },
        ...{ sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 60_000, protocols: protocols('range', 'sticky') },
      },
    } as const;
    // The ticket of a join that is asked for real, so that it can be answered.
    const ticket = scene.joinByDowngrade(asked, [stored('x', 'y')], 'y');
    expect(scene.errorOf(ticket)).toBeUndefined();
    scene.join({ memberId: 'x' });
    expect(scene.joined(ticket)).toMatchObject({ generationId: 13, memberId: 'y', protocolName: 'range' });
  });
});
