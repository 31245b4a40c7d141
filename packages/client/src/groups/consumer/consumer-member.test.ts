import { TopicId } from '@kafkaesque/kernel';
import { ErrorCode, apis } from '@kafkaesque/protocol';
import { ClientError } from '../../errors';
import { ConsumerMember } from './consumer-member';
import type { ConsumerEffect, ConsumerInput, HeartbeatEffect, TopicIdPartitions } from './consumer-member';

const topicId = TopicId('AAAAAAAAAAAAAAAAAAAAAA');
const some = (...partitions: readonly number[]): readonly TopicIdPartitions[] => [{ topicId, partitions }];
const to = { kind: 'names', names: ['t'] } as const;

/** A member, its time, and the last effects. */
const open = () => {
  const member = new ConsumerMember('me', undefined, (failures) => 100 * 2 ** failures);
  const world = { nowMs: 0, effects: [] as readonly ConsumerEffect[], ticket: -1 };
  const step = (input: ConsumerInput): readonly string[] => {
    world.effects = member.step(input, world.nowMs);
    for (const effect of world.effects) if (effect.kind === 'heartbeat') world.ticket = effect.ticket;
    return world.effects.map(({ kind }) => kind);
  };
  const heartbeat = (): HeartbeatEffect | undefined =>
    world.effects.find((effect): effect is HeartbeatEffect => effect.kind === 'heartbeat');
  const heard = (
    errorCode: number,
    memberEpoch = 1,
    topicPartitions?: readonly TopicIdPartitions[],
  ): readonly string[] => {
    const response = apis.ConsumerGroupHeartbeat.response.make({
      errorCode,
      memberId: 'me',
      memberEpoch,
      heartbeatIntervalMs: 5000,
      assignment:
        topicPartitions === undefined
          ? null
          : { topicPartitions: topicPartitions.map((one) => ({ ...one, partitions: [...one.partitions] })) },
    });
    return step({ kind: 'heard', ticket: world.ticket, response });
  };
  const pass = (ms: number): readonly string[] => {
    world.nowMs += ms;
    return step({ kind: 'time' });
  };
  const stable = (): void => {
    step({ kind: 'subscribed', to });
    heard(ErrorCode.NONE, 1, some(0, 1));
    step({ kind: 'reconciled', owned: some(0, 1), isWhole: true });
    heard(ErrorCode.NONE, 1);
  };
  return { member, world, step, heard, heartbeat, pass, stable };
};

const lost = new ClientError('connection', 'CONNECTION_LOST', 'lost', { retriable: true });

describe('a member of the consumer protocol', () => {
  test('joins with all it has to say, reconciles, acknowledges at once, and is silent until the interval is over', () => {
    const { member, step, heard, heartbeat, pass, world } = open();
    expect(step({ kind: 'subscribed', to })).toEqual(['heartbeat']);
    expect(heartbeat()).toMatchObject({ memberEpoch: 0, isFull: true, subscription: to, owned: [] });
    expect(heard(ErrorCode.NONE, 3, some(0, 1))).toEqual(['reconcile']);
    expect(member.identity).toMatchObject({ memberId: 'me', generationId: 3 });
    expect(step({ kind: 'reconciled', owned: some(0, 1), isWhole: true })).toEqual(['heartbeat']);
    expect(heartbeat()).toMatchObject({ isFull: false, subscription: undefined, owned: some(0, 1) });
    expect(heard(ErrorCode.NONE, 3)).toEqual([]);
    expect(member.phase).toBe('stable');
    expect(member.deadlineMs).toBe(world.nowMs + 5000);
    expect(pass(5000)).toEqual(['heartbeat']);
    expect(heartbeat()).toMatchObject({ isFull: false, subscription: undefined, owned: undefined });
  });

  test.each([
    { error: 'FENCED_MEMBER_EPOCH', effects: ['release'], state: 'fenced' },
    { error: 'UNKNOWN_MEMBER_ID', effects: ['release'], state: 'fenced' },
    { error: 'NOT_COORDINATOR', effects: ['find-coordinator'], state: 'stable' },
    { error: 'COORDINATOR_NOT_AVAILABLE', effects: ['find-coordinator'], state: 'stable' },
    { error: 'COORDINATOR_LOAD_IN_PROGRESS', effects: ['find-coordinator'], state: 'stable' },
    { error: 'TOPIC_AUTHORIZATION_FAILED', effects: ['fail'], state: 'stable' },
    { error: 'GROUP_AUTHORIZATION_FAILED', effects: ['fail', 'release'], state: 'failed' },
    { error: 'UNSUPPORTED_ASSIGNOR', effects: ['fail', 'release'], state: 'failed' },
    { error: 'UNRELEASED_INSTANCE_ID', effects: ['fail', 'release'], state: 'failed' },
    { error: 'FENCED_INSTANCE_ID', effects: ['fail', 'release'], state: 'failed-for-good' },
  ] as const)('after a heartbeat refused with $error is $state', ({ error, effects, state }) => {
    const { member, stable, heard, pass } = open();
    stable();
    pass(5000);
    expect(heard(ErrorCode[error])).toEqual(effects);
    expect(member.phase).toBe(state);
  });

  test('joins with epoch 0 once the host has released what was fenced', () => {
    const { stable, heard, pass, step, heartbeat } = open();
    stable();
    pass(5000);
    heard(ErrorCode.FENCED_MEMBER_EPOCH);
    expect(step({ kind: 'released' })).toEqual(['heartbeat']);
    expect(heartbeat()).toMatchObject({ memberEpoch: 0, isFull: true, owned: [] });
  });

  test('repeats everything after an answer was lost, with what it owns', () => {
    const { stable, pass, step, world, heartbeat, member } = open();
    stable();
    pass(5000);
    expect(step({ kind: 'unanswered', ticket: world.ticket, error: lost })).toEqual([]);
    expect(member.deadlineMs - world.nowMs).toBe(100);
    expect(pass(100)).toEqual(['heartbeat']);
    expect(heartbeat()).toMatchObject({ memberEpoch: 1, isFull: true, subscription: to, owned: some(0, 1) });
  });

  test('goes on with heartbeats while the host reconciles, and takes a newer target afterwards', () => {
    const { member, step, heard, pass, heartbeat, world } = open();
    step({ kind: 'subscribed', to });
    heard(ErrorCode.NONE, 1, some(0));
    expect(pass(5000)).toEqual(['heartbeat']);
    expect(heartbeat()?.owned).toBeUndefined();
    expect(heard(ErrorCode.NONE, 2, some(0, 1))).toEqual([]);
    expect(step({ kind: 'reconciled', owned: some(0), isWhole: true })).toEqual(['heartbeat', 'reconcile']);
    expect(heartbeat()).toMatchObject({ memberEpoch: 2, owned: some(0) });
    expect(world.effects[1]).toMatchObject({ target: some(0, 1) });
    expect(member.phase).toBe('reconciling');
  });

  test('acknowledges after the heartbeat that is under way', () => {
    const { step, heard, pass, heartbeat } = open();
    step({ kind: 'subscribed', to });
    heard(ErrorCode.NONE, 1, some(0));
    pass(5000);
    expect(step({ kind: 'reconciled', owned: some(0), isWhole: true })).toEqual([]);
    expect(heard(ErrorCode.NONE, 1)).toEqual(['heartbeat']);
    expect(heartbeat()).toMatchObject({ owned: some(0) });
  });

  test('tells a changed subscription at once, and only once', () => {
    const { stable, step, heartbeat, heard, pass } = open();
    stable();
    const changed = { kind: 'names', names: ['u'] } as const;
    expect(step({ kind: 'subscribed', to: changed })).toEqual(['heartbeat']);
    expect(heartbeat()).toMatchObject({ isFull: false, subscription: changed });
    heard(ErrorCode.NONE, 1);
    pass(5000);
    expect(heartbeat()?.subscription).toBeUndefined();
  });

  test('asks for its assignment again while topics of it are not known', () => {
    const { step, heard, pass, heartbeat } = open();
    step({ kind: 'subscribed', to });
    heard(ErrorCode.NONE, 1, some(0));
    step({ kind: 'reconciled', owned: [], isWhole: false });
    heard(ErrorCode.NONE, 1);
    expect(pass(100)).toEqual(['heartbeat']);
    expect(heartbeat()).toMatchObject({ isFull: true });
    expect(heard(ErrorCode.NONE, 1, some(0))).toEqual(['reconcile']);
  });

  test('is silent after it left, was expelled or failed, until it is wanted again', () => {
    const { member, stable, step, heartbeat } = open();
    stable();
    step({ kind: 'expelled' });
    expect(member.deadlineMs).toBe(Infinity);
    expect(member.mayCommit).toBe(false);
    expect(step({ kind: 'retry' })).toEqual(['release']);
    expect(step({ kind: 'released' })).toEqual(['heartbeat']);
    expect(heartbeat()).toMatchObject({ memberEpoch: 0 });
    step({ kind: 'left' });
    expect(step({ kind: 'retry' })).toEqual([]);
    expect(member.deadlineMs).toBe(Infinity);
  });

  test('waits before it tries again what was refused', () => {
    const { member, step, heard, world } = open();
    step({ kind: 'subscribed', to });
    heard(ErrorCode.GROUP_AUTHORIZATION_FAILED);
    expect(step({ kind: 'retry' })).toEqual([]);
    expect(member.deadlineMs).toBeGreaterThan(world.nowMs);
  });
});
