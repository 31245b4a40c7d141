import { ErrorCode, apis, errorName } from '@kafkaesque/protocol';
import { ClientError } from '../../errors';
import { ClassicMember } from './classic-member';
import type { ClassicEffect, ClassicInput } from './classic-member';

const protocols = [{ name: 'range', metadata: Buffer.from('m') }];
const settings = {
  groupInstanceId: undefined,
  heartbeatIntervalMs: 3000,
  sessionTimeoutMs: 45_000,
  isCooperative: false,
};

/** A member, its time, and the last effects; requests are answered by their tickets. */
const open = (isCooperative = false) => {
  const member = new ClassicMember({ ...settings, isCooperative }, (failures) => 100 * 2 ** failures);
  const world = { nowMs: 0, effects: [] as readonly ClassicEffect[], ticket: -1 };
  const step = (input: ClassicInput): readonly string[] => {
    world.effects = member.step(input, world.nowMs);
    for (const effect of world.effects) if ('ticket' in effect) world.ticket = effect.ticket;
    return world.effects.map(({ kind }) => kind);
  };
  const ticket = (): number => world.ticket;
  const joined = (errorCode: number, memberId = 'm1', leader = 'm1', generationId = 5): readonly string[] => {
    const response = apis.JoinGroup.response.make({
      ...{ errorCode, generationId, protocolName: 'range', leader, memberId, members: [] },
    });
    return step({ kind: 'joined', ticket: ticket(), response });
  };
  const synced = (errorCode: number): readonly string[] => {
    const response = apis.SyncGroup.response.make({ errorCode, assignment: Buffer.from('a') });
    return step({ kind: 'synced', ticket: ticket(), response });
  };
  const heard = (errorCode: number): readonly string[] =>
    step({ kind: 'heard', ticket: ticket(), errorCode });
  const join = (): readonly string[] => {
    step({ kind: 'rejoin', reason: 'subscribed' });
    return step({ kind: 'prepared', protocols });
  };
  const stable = (): void => {
    join();
    joined(ErrorCode.MEMBER_ID_REQUIRED);
    joined(ErrorCode.NONE, 'm1', 'other');
    synced(ErrorCode.NONE);
    step({ kind: 'applied', rejoin: undefined });
  };
  const pass = (ms: number): readonly string[] => {
    world.nowMs += ms;
    return step({ kind: 'time' });
  };
  const beat = (): void => {
    stable();
    pass(settings.heartbeatIntervalMs);
  };
  return { member, world, step, ticket, join, joined, synced, heard, stable, pass, beat };
};

describe('a member of the classic protocol', () => {
  test('joins in two steps, syncs, and is stable once the host reads its assignment', () => {
    const { member, step, join, joined, synced } = open();
    expect(join()).toEqual(['join']);
    expect(joined(ErrorCode.MEMBER_ID_REQUIRED)).toEqual(['join']);
    expect(member.identity.generationId).toBe(-1);
    expect(joined(ErrorCode.NONE, 'm1', 'other')).toEqual(['sync']);
    expect(member.mayCommit).toBe(false);
    expect(synced(ErrorCode.NONE)).toEqual(['apply']);
    expect(member.mayCommit).toBe(true);
    expect(step({ kind: 'applied', rejoin: undefined })).toEqual([]);
    expect(member.phase).toBe('stable');
    expect(member.identity).toMatchObject({ memberId: 'm1', generationId: 5 });
  });

  test.each([
    { isCooperative: true, generationId: 6, effects: ['sync'] },
    { isCooperative: true, generationId: 7, effects: ['prepare'] },
    { isCooperative: false, generationId: 7, effects: ['sync'] },
  ])(
    'that joins generation $generationId after 5 has lost what it kept if there was one without it (cooperative: $isCooperative)',
    ({ isCooperative, generationId, effects }) => {
      const { member, step, stable, joined, world } = open(isCooperative);
      stable();
      step({ kind: 'rejoin', reason: 'the group is rebalancing' });
      step({ kind: 'prepared', protocols });
      expect(joined(ErrorCode.NONE, 'm1', 'other', generationId)).toEqual(effects);
      expect(member.mayCommit).toBe(false);
      if (effects[0] !== 'prepare') return;
      expect(world.effects[0]).toMatchObject({ lost: true });
      expect(step({ kind: 'prepared', protocols })).toEqual(['join']);
      expect(joined(ErrorCode.NONE, 'm1', 'other', generationId + 1)).toEqual(['sync']);
    },
  );

  test('computes when it leads, and sends what was computed', () => {
    const { join, joined, step, ticket, world } = open();
    join();
    expect(joined(ErrorCode.NONE)).toEqual(['compute']);
    const assignments = [{ memberId: 'm1', assignment: Buffer.from('a') }];
    expect(step({ kind: 'computed', ticket: ticket(), assignments })).toEqual(['sync']);
    expect(world.effects[0]).toMatchObject({ assignments });
  });

  test.each([
    { error: 'UNKNOWN_MEMBER_ID', effects: ['prepare'], phase: 'preparing' },
    { error: 'REBALANCE_IN_PROGRESS', effects: [], phase: 'waiting' },
    { error: 'COORDINATOR_LOAD_IN_PROGRESS', effects: ['find-coordinator'], phase: 'waiting' },
    { error: 'NOT_COORDINATOR', effects: ['find-coordinator'], phase: 'waiting' },
    { error: 'COORDINATOR_NOT_AVAILABLE', effects: ['find-coordinator'], phase: 'waiting' },
    { error: 'GROUP_AUTHORIZATION_FAILED', effects: ['fail'], phase: 'failed' },
    { error: 'INCONSISTENT_GROUP_PROTOCOL', effects: ['fail'], phase: 'failed' },
    { error: 'GROUP_MAX_SIZE_REACHED', effects: ['fail'], phase: 'failed' },
    { error: 'FENCED_INSTANCE_ID', effects: ['fail', 'prepare'], phase: 'failed' },
  ] as const)('after a join refused with $error is $phase', ({ error, effects, phase }) => {
    const { member, join, joined } = open();
    join();
    expect(joined(ErrorCode[error])).toEqual(effects);
    expect(member.phase).toBe(phase);
  });

  test.each([
    { error: 'REBALANCE_IN_PROGRESS', effects: ['join'], phase: 'joining' },
    { error: 'UNKNOWN_MEMBER_ID', effects: ['prepare'], phase: 'preparing' },
    { error: 'ILLEGAL_GENERATION', effects: ['prepare'], phase: 'preparing' },
    { error: 'NOT_COORDINATOR', effects: ['find-coordinator'], phase: 'waiting' },
    { error: 'FENCED_INSTANCE_ID', effects: ['fail', 'prepare'], phase: 'failed' },
    { error: 'GROUP_AUTHORIZATION_FAILED', effects: ['fail'], phase: 'failed' },
  ] as const)('after a sync refused with $error is $phase', ({ error, effects, phase }) => {
    const { member, join, joined, synced } = open();
    join();
    joined(ErrorCode.NONE, 'm1', 'other');
    expect(synced(ErrorCode[error])).toEqual(effects);
    expect(member.phase).toBe(phase);
  });

  test.each([
    { error: 'NONE', effects: [], phase: 'stable', lost: false },
    { error: 'REBALANCE_IN_PROGRESS', effects: ['prepare'], phase: 'preparing', lost: false },
    { error: 'UNKNOWN_MEMBER_ID', effects: ['prepare'], phase: 'preparing', lost: true },
    { error: 'ILLEGAL_GENERATION', effects: ['prepare'], phase: 'preparing', lost: true },
    { error: 'NOT_COORDINATOR', effects: ['find-coordinator'], phase: 'stable', lost: false },
    { error: 'FENCED_INSTANCE_ID', effects: ['fail', 'prepare'], phase: 'failed', lost: true },
  ] as const)('after a heartbeat answered with $error is $phase', ({ error, effects, phase, lost }) => {
    const { member, beat, heard, world } = open();
    beat();
    expect(heard(ErrorCode[error])).toEqual(effects);
    expect(member.phase).toBe(phase);
    const prepare = world.effects.find(({ kind }) => kind === 'prepare');
    if (prepare?.kind === 'prepare') expect(prepare.lost).toBe(lost);
  });

  test.each([
    { error: 'UNKNOWN_MEMBER_ID', keepsId: false },
    { error: 'ILLEGAL_GENERATION', keepsId: true },
  ] as const)('keeps its id after $error: $keepsId', ({ error, keepsId }) => {
    const { beat, heard, step, world } = open();
    beat();
    heard(ErrorCode[error]);
    step({ kind: 'prepared', protocols });
    expect(world.effects[0]).toMatchObject({ kind: 'join', memberId: keepsId ? 'm1' : '' });
  });

  test('heartbeats while the host prepares and applies, and not while it joins', () => {
    const { member, stable, pass, step, heard } = open();
    stable();
    expect(pass(2999)).toEqual([]);
    expect(pass(1)).toEqual(['heartbeat']);
    heard(ErrorCode.REBALANCE_IN_PROGRESS);
    expect(member.phase).toBe('preparing');
    expect(pass(3000)).toEqual(['heartbeat']);
    expect(heard(ErrorCode.REBALANCE_IN_PROGRESS)).toEqual([]);
    expect(step({ kind: 'prepared', protocols })).toEqual(['join']);
    expect(member.deadlineMs).toBe(Infinity);
  });

  test('joins again when the host revoked something that others wait for', () => {
    const { join, joined, synced, step } = open();
    join();
    joined(ErrorCode.NONE, 'm1', 'other');
    synced(ErrorCode.NONE);
    expect(step({ kind: 'applied', rejoin: 'revoked' })).toEqual(['prepare']);
  });

  test('keeps a rebalance that is wanted while it joins for afterwards', () => {
    const { member, join, joined, synced, step } = open();
    join();
    expect(step({ kind: 'rejoin', reason: 'again' })).toEqual([]);
    joined(ErrorCode.NONE, 'm1', 'other');
    synced(ErrorCode.NONE);
    expect(step({ kind: 'applied', rejoin: undefined })).toEqual(['prepare']);
    expect(member.phase).toBe('preparing');
  });

  test('waits longer after each failure, and joins as it was', () => {
    const { member, world, join, step, ticket, pass } = open();
    const lost = new ClientError('connection', 'CONNECTION_LOST', 'lost', { retriable: true });
    join();
    for (const delayMs of [100, 200, 400]) {
      step({ kind: 'unanswered', ticket: ticket(), error: lost });
      expect(member.deadlineMs - world.nowMs).toBe(delayMs);
      expect(pass(delayMs)).toEqual(['join']);
    }
  });

  test('ignores answers to what it does not wait for any more', () => {
    const { member, join, step, world } = open();
    join();
    const old = world.effects[0]?.kind === 'join' ? world.effects[0].ticket : -1;
    step({ kind: 'left' });
    const response = apis.JoinGroup.response.make({
      ...{ errorCode: 0, generationId: 1, protocolName: 'range', leader: '', memberId: 'm', members: [] },
    });
    expect(step({ kind: 'joined', ticket: old, response })).toEqual([]);
    expect(member.phase).toBe('out');
  });

  test('tries again when the caller has been told of a refusal, but not of being fenced', () => {
    const { member, join, joined, step, pass } = open();
    join();
    joined(ErrorCode.GROUP_AUTHORIZATION_FAILED);
    expect(step({ kind: 'retry' })).toEqual([]);
    expect(pass(1000)).toEqual(['prepare']);
    step({ kind: 'prepared', protocols });
    joined(ErrorCode.FENCED_INSTANCE_ID);
    expect(step({ kind: 'retry' })).toEqual([]);
    expect(member.deadlineMs).toBe(Infinity);
  });

  test('believes the refusal of a commit only when it was made in its present name', () => {
    const { member, stable, step } = open();
    stable();
    const { identity } = member;
    const errorCode = ErrorCode.ILLEGAL_GENERATION;
    expect(step({ kind: 'refused', errorCode, identity: { ...identity, generationId: 4 } })).toEqual([]);
    expect(step({ kind: 'refused', errorCode, identity })).toEqual(['prepare']);
    expect(errorName(errorCode)).toBe('ILLEGAL_GENERATION');
  });
});
