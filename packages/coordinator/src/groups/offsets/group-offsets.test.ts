import { LeaderEpoch, Offset, TopicId, ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import { ErrorCode, decodeGroupRecord } from '@kafkaesque/protocol';
import type { GroupRecord } from '@kafkaesque/protocol';
import { DAY_MS, MachineScene, WALL } from '../testing/machine-scene';

const ORDERS = TopicId('orders--------------_A');
const ORDERS_AGAIN = TopicId('orders-again--------_A');
const BILLS = TopicId('bills---------------_A');

const opened = (): MachineScene => {
  const scene = new MachineScene();
  scene.setTopic('orders', ORDERS);
  scene.setTopic('bills', BILLS);
  return scene;
};

const lastRecord = (scene: MachineScene): GroupRecord | undefined => {
  const stored = scene.log.at(-1);
  return stored === undefined ? undefined : decodeGroupRecord(stored.key, stored.value);
};

describe('a commit', () => {
  test('of an administrator makes the group, and is fetched with its epoch and metadata, also after a reload', () => {
    const scene = opened();
    expect(scene.commit('g', [scene.offset('orders', 1, 42, 'noted')])).toEqual([0]);
    const expected = {
      errorCode: 0,
      offsets: [
        { ...scene.partition('orders', 1), offset: 42, leaderEpoch: 3, metadata: 'noted', errorCode: 0 },
      ],
    };
    expect(scene.fetch('g', [scene.partition('orders', 1)])).toEqual(expected);
    scene.reload();
    expect(scene.fetch('g', [scene.partition('orders', 1)])).toEqual(expected);
    expect(scene.fetch('g', null)).toEqual(expected);
  });

  test('is stored in the version that Kafka 4.3 writes, with the topic id', () => {
    const scene = opened();
    scene.commit('g', [scene.offset('orders', 1, 42)]);
    expect(scene.log.at(-1)?.value?.readInt16BE(0)).toBe(4);
    expect(lastRecord(scene)).toEqual({
      kind: 'OffsetCommit',
      key: { group: 'g', topic: 'orders', partition: 1 },
      value: {
        ...{ offset: 42, leaderEpoch: 3, metadata: '', topicId: ORDERS },
        ...{ commitTimestamp: WALL, expireTimestamp: -1 },
      },
    });
  });

  test('that says how long it is to be kept is stored in the one version that has room for it', () => {
    const scene = opened();
    scene.commit('g', [scene.offset('orders', 1, 42)], { apiVersion: 4, retentionTimeMs: 5000 });
    expect(scene.log.at(-1)?.value?.readInt16BE(0)).toBe(1);
    expect(lastRecord(scene)?.value).toMatchObject({ expireTimestamp: WALL + 5000 });
  });

  test('that is to be kept longer than time can be told is kept as long as it can be', () => {
    const scene = opened();
    scene.commit('g', [scene.offset('orders', 1, 42)], { apiVersion: 2, retentionTimeMs: 2 ** 63 });
    scene.pass(100 * DAY_MS);
    expect(scene.shown('g')).toEqual(['orders-1: 42']);
  });

  test('of a member of a group that is not there is refused, by the error that its version knows', () => {
    const scene = opened();
    const offsets = [scene.offset('orders', 0, 1), scene.offset('orders', 1, 1)];
    const asMember = { memberId: 'm', generationIdOrMemberEpoch: 0 };
    expect(scene.commit('g', offsets, { ...asMember, apiVersion: 9 })).toEqual([69, 69]);
    expect(scene.commit('g', offsets, { ...asMember, apiVersion: 8 })).toEqual([22, 22]);
    expect(scene.log).toEqual([]);
  });

  test('that the group refuses is refused for every partition', () => {
    const scene = opened();
    scene.commit('g', [scene.offset('orders', 0, 1)]);
    scene.group('g').refusesCommit = ErrorCode.REBALANCE_IN_PROGRESS;
    expect(scene.commit('g', [scene.offset('orders', 0, 2), scene.offset('orders', 1, 2)])).toEqual([27, 27]);
    expect(scene.shown('g')).toEqual(['orders-0: 1']);
  });

  test('in an old epoch is for partitions that the member has owned since, or for none (KIP-1251)', () => {
    const scene = opened();
    scene.commit('g', [scene.offset('orders', 0, 1), scene.offset('orders', 1, 1)]);
    const group = scene.group('g');
    group.refusesCommit = ErrorCode.STALE_MEMBER_EPOCH;
    group.keeps.add(0);
    const [kept, lost] = [scene.offset('orders', 0, 2), scene.offset('orders', 1, 2)];
    expect(scene.commit('g', [kept])).toEqual([0]);
    expect(scene.commit('g', [kept, lost])).toEqual([113, 113]);
    expect(scene.shown('g')).toEqual(['orders-0: 2', 'orders-1: 1']);
  });

  test('with too much metadata fails for that partition alone', () => {
    const scene = opened();
    const codes = scene.commit('g', [
      scene.offset('orders', 0, 1, 'x'.repeat(4097)),
      scene.offset('orders', 1, 1, 'x'.repeat(4096)),
      scene.offset('orders', 2, 1, null),
    ]);
    expect(codes).toEqual([ErrorCode.OFFSET_METADATA_TOO_LARGE, 0, 0]);
    expect(scene.shown('g')).toEqual(['orders-1: 1', 'orders-2: 1']);
  });
});

describe('a fetch', () => {
  test('of a group that is not there finds nothing, and no error', () => {
    const scene = opened();
    const nothing = { offset: -1, leaderEpoch: -1, metadata: '', errorCode: 0 };
    expect(scene.fetch('g', [scene.partition('orders', 0)])).toEqual({
      errorCode: 0,
      offsets: [{ ...scene.partition('orders', 0), ...nothing }],
    });
    expect(scene.fetch('g', null)).toEqual({ errorCode: 0, offsets: [] });
  });

  test('that the group refuses has its error', () => {
    const scene = opened();
    scene.commit('g', [scene.offset('orders', 0, 1)]);
    scene.group('g').refusesFetch = ErrorCode.STALE_MEMBER_EPOCH;
    expect(scene.fetch('g', null)).toEqual({ errorCode: ErrorCode.STALE_MEMBER_EPOCH, offsets: [] });
  });

  test('of a topic that was deleted and created again finds nothing of the first, even before its tombstone', () => {
    const scene = opened();
    scene.commit('g', [scene.offset('orders', 0, 7)]);
    scene.topics.set('orders', ORDERS_AGAIN);
    expect(scene.shown('g')).toEqual([]);
    expect(scene.fetch('g', [scene.partition('orders', 0)]).offsets[0]?.offset).toBe(-1);
    scene.commit('g', [scene.offset('orders', 0, 1)]);
    expect(scene.shown('g')).toEqual(['orders-0: 1']);
  });
});

describe('offsets of an open transaction', () => {
  const pending = (offset: number): GroupRecord => ({
    kind: 'OffsetCommit',
    key: { group: 'g', topic: 'orders', partition: 0 },
    value: {
      ...{ offset: Offset(offset), leaderEpoch: LeaderEpoch(-1), metadata: '', topicId: ORDERS },
      ...{ commitTimestamp: WALL, expireTimestamp: -1 },
    },
  });

  test('are not seen, and make their partition unstable for whoever asks', () => {
    const scene = opened();
    scene.commit('g', [scene.offset('orders', 0, 1), scene.offset('orders', 1, 1)]);
    scene.append(pending(5), 77);
    expect(scene.shown('g')).toEqual(['orders-0: 1', 'orders-1: 1']);
    const stable = scene.fetch('g', [scene.partition('orders', 0), scene.partition('orders', 1)], true);
    expect(stable.offsets.map(({ errorCode }) => errorCode)).toEqual([ErrorCode.UNSTABLE_OFFSET_COMMIT, 0]);
    scene.reload();
    expect(scene.fetch('g', null, true).offsets[0]?.errorCode).toBe(ErrorCode.UNSTABLE_OFFSET_COMMIT);
  });

  test('keep the group and what it committed there from expiring', () => {
    const scene = opened();
    scene.commit('g', [scene.offset('orders', 0, 1)]);
    scene.append(pending(5), 77);
    scene.pass(30 * DAY_MS);
    expect(scene.shown('g')).toEqual(['orders-0: 1']);
  });

  test('count once the transaction is committed, unless something newer was committed meanwhile', () => {
    const scene = opened();
    scene.append(pending(5), 77);
    scene.endTransaction(77, true);
    expect(scene.shown('g')).toEqual(['orders-0: 5']);
    scene.append(pending(9), 77);
    scene.commit('g', [scene.offset('orders', 0, 6)]);
    scene.endTransaction(77, true);
    expect(scene.shown('g')).toEqual(['orders-0: 6']);
    scene.append(pending(10), 77);
    scene.endTransaction(77, false);
    expect(scene.shown('g')).toEqual(['orders-0: 6']);
    scene.reload();
    expect(scene.shown('g')).toEqual(['orders-0: 6']);
    expect(scene.fetch('g', null, true).offsets[0]?.errorCode).toBe(0);
  });

  test('are forgotten with a tombstone', () => {
    const scene = opened();
    scene.append(pending(5), 77);
    scene.ask<'delete-group'>({ kind: 'delete-group', groupId: 'g' });
    expect(scene.fetch('g', [scene.partition('orders', 0)], true).offsets[0]?.errorCode).toBe(0);
    expect(scene.machine.groups.has('g')).toBe(false);
  });
});

describe('deleting offsets', () => {
  const deleted = (scene: MachineScene, groupId: string, ...partitions: readonly [string, number][]) =>
    scene.ask<'delete-offsets'>({
      kind: 'delete-offsets',
      groupId,
      partitions: partitions.map(([topic, partition]) => scene.partition(topic, partition)),
    });

  test('writes tombstones for what there is, and is fine for what there is not', () => {
    const scene = opened();
    scene.commit('g', [scene.offset('orders', 0, 1), scene.offset('bills', 0, 1)]);
    expect(deleted(scene, 'g', ['orders', 0], ['orders', 1])).toEqual({ errorCode: 0, errorCodes: [0, 0] });
    expect(scene.log).toHaveLength(3);
    scene.reload({ isCompacted: true });
    expect(scene.shown('g')).toEqual(['bills-0: 1']);
  });

  test('of a topic that members read is refused', () => {
    const scene = opened();
    scene.commit('g', [scene.offset('orders', 0, 1), scene.offset('bills', 0, 1)]);
    scene.group('g').subscribed.add('orders');
    expect(deleted(scene, 'g', ['orders', 0], ['bills', 0])).toEqual({
      errorCode: 0,
      errorCodes: [ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC, 0],
    });
    expect(scene.shown('g')).toEqual(['orders-0: 1']);
  });

  test('of a group that is not there, or that other members than consumers are in, is refused as a whole', () => {
    const scene = opened();
    expect(deleted(scene, 'g', ['orders', 0])).toEqual({ errorCode: 69, errorCodes: [] });
    scene.commit('g', [scene.offset('orders', 0, 1)]);
    scene.group('g').refusesDeletionOfOffsets = ErrorCode.NON_EMPTY_GROUP;
    expect(deleted(scene, 'g', ['orders', 0])).toEqual({ errorCode: 68, errorCodes: [] });
  });
});

describe('expiry (KIP-211)', () => {
  test('forgets an offset of a group without protocol a retention after its own commit, and the group with the last one', () => {
    const scene = opened();
    scene.commit('g', [scene.offset('orders', 0, 1)]);
    scene.pass(DAY_MS);
    scene.commit('g', [scene.offset('orders', 1, 1)]);
    scene.pass(6.5 * DAY_MS);
    expect(scene.shown('g')).toEqual(['orders-1: 1']);
    scene.pass(DAY_MS);
    expect(scene.machine.groups.size).toBe(0);
    expect(lastRecord(scene)).toMatchObject({ kind: 'GroupMetadata', value: null });
  });

  test('of a group that is empty counts from when it became so', () => {
    const scene = opened();
    scene.commit('g', [scene.offset('orders', 0, 1)]);
    scene.group('g').expires = { kind: 'since', wallMs: WALL + 3 * DAY_MS };
    scene.pass(9.9 * DAY_MS);
    expect(scene.shown('g')).toEqual(['orders-0: 1']);
    scene.pass(0.2 * DAY_MS);
    expect(scene.shown('g')).toEqual([]);
  });

  test('spares what members read, and groups of which nothing expires', () => {
    const scene = opened();
    scene.commit('g', [scene.offset('orders', 0, 1), scene.offset('bills', 0, 1)]);
    scene.commit('h', [scene.offset('orders', 0, 1)]);
    scene.group('g').subscribed.add('orders');
    scene.group('h').expires = { kind: 'never' };
    scene.pass(30 * DAY_MS);
    expect(scene.shown('g')).toEqual(['orders-0: 1']);
    expect(scene.shown('h')).toEqual(['orders-0: 1']);
  });

  test('at a time that the client chose comes then, whatever the retention', () => {
    const scene = opened();
    scene.commit('g', [scene.offset('orders', 0, 1)], { apiVersion: 2, retentionTimeMs: 60 * DAY_MS });
    scene.commit('g', [scene.offset('orders', 1, 1)], { apiVersion: 2, retentionTimeMs: 1000 });
    scene.pass(DAY_MS);
    expect(scene.shown('g')).toEqual(['orders-0: 1']);
    scene.pass(60 * DAY_MS);
    expect(scene.shown('g')).toEqual([]);
  });

  test('begins anew after a reload', () => {
    const scene = opened();
    scene.commit('g', [scene.offset('orders', 0, 1)]);
    scene.pass(6 * DAY_MS);
    scene.reload();
    scene.pass(1.1 * DAY_MS);
    expect(scene.machine.groups.size).toBe(0);
  });

  test('goes through very many groups in steps, and through a group of very many offsets too', () => {
    const scene = opened();
    scene.settings.offsetsRetentionCheckIntervalMs = DAY_MS;
    for (let i = 0; i < 1200; i += 1) scene.commit(`g${i}`, [scene.offset('orders', i, 1)]);
    scene.commit(
      'large',
      Array.from({ length: 5000 }, (_, i) => scene.offset('orders', i, 1)),
    );
    scene.pass(9 * DAY_MS);
    expect(scene.machine.groups.size).toBe(0);
    expect(scene.machine.committedOffsets.size).toBe(0);
  });
});

describe('a deleted topic', () => {
  test('takes its offsets along, in all groups', () => {
    const scene = opened();
    scene.commit('g', [scene.offset('orders', 0, 1), scene.offset('bills', 0, 1)]);
    scene.commit('h', [scene.offset('orders', 5, 1)]);
    scene.setTopic('orders', undefined);
    scene.reload({ isCompacted: true });
    expect([scene.shown('g'), scene.shown('h')]).toEqual([['bills-0: 1'], []]);
  });

  test('and created again between two looks keeps the offsets of the new one only', () => {
    const scene = opened();
    scene.commit('g', [scene.offset('orders', 0, 1), scene.offset('orders', 1, 1)]);
    scene.topics.set('orders', ORDERS_AGAIN);
    scene.commit('g', [scene.offset('orders', 1, 2)]);
    scene.setTopic('orders', ORDERS_AGAIN);
    scene.reload({ isCompacted: true });
    expect(scene.shown('g')).toEqual(['orders-1: 2']);
    expect(scene.machine.committedOffsets.size).toBe(1);
  });

  test('while nobody coordinated is noticed by the next coordinator, as far as offsets tell the id', () => {
    const scene = opened();
    scene.commit('g', [scene.offset('orders', 0, 1), scene.offset('bills', 0, 1)]);
    scene.commit('g', [{ ...scene.offset('orders', 1, 1), topicId: ZERO_TOPIC_ID }]);
    scene.topics.delete('orders');
    scene.reload();
    expect(scene.shown('g')).toEqual(['bills-0: 1', 'orders-1: 1']);
  });

  test('takes offsets without an id along when it was known to be there', () => {
    const scene = opened();
    scene.commit('g', [{ ...scene.offset('orders', 1, 1), topicId: ZERO_TOPIC_ID }]);
    scene.reload();
    scene.setTopic('orders', undefined);
    expect(scene.shown('g')).toEqual([]);
  });
});

describe('while the newest offsets are not committed yet', () => {
  const held = (): MachineScene => {
    const scene = opened();
    scene.commit('g', [
      scene.offset('orders', 0, 1),
      scene.offset('orders', 1, 1),
      scene.offset('bills', 0, 1),
    ]);
    scene.isHeld = true;
    return scene;
  };
  const asked = (scene: MachineScene, partition: number, requireStable = false): readonly number[] =>
    scene
      .fetch('g', [scene.partition('orders', partition)], requireStable)
      .offsets.map(({ offset }) => offset);

  test('a fetch tells those before them, and each as soon as it is committed', () => {
    const scene = held();
    scene.commit('g', [scene.offset('orders', 0, 2)]);
    scene.commit('g', [scene.offset('orders', 1, 2), scene.offset('orders', 0, 3)]);
    const told = [asked(scene, 0)];
    for (const upTo of [3, 4, 5, 6]) {
      scene.commitLog(upTo);
      told.push(asked(scene, 0));
    }
    expect(told).toEqual([[1], [1], [2], [2], [3]]);
    expect(scene.shown('g')).toEqual(['bills-0: 1', 'orders-0: 3', 'orders-1: 2']);
  });

  test('what was never committed is not told, and what is deleted still is', () => {
    const scene = held();
    scene.commit('g', [scene.offset('orders', 2, 9), scene.offset('orders', 1, 9)]);
    scene.ask<'delete-offsets'>({
      ...{ kind: 'delete-offsets', groupId: 'g' },
      partitions: [scene.partition('orders', 0), scene.partition('bills', 0)],
    });
    expect(scene.shown('g')).toEqual(['bills-0: 1', 'orders-0: 1', 'orders-1: 1']);
    expect([asked(scene, 2), asked(scene, 0)]).toEqual([[-1], [1]]);
    scene.commitLog();
    expect(scene.shown('g')).toEqual(['orders-1: 9', 'orders-2: 9']);
  });

  test('a group whose end is not committed has all that it had, and one that is not committed nothing', () => {
    const scene = held();
    scene.ask<'delete-group'>({ kind: 'delete-group', groupId: 'g' });
    scene.commit('h', [scene.offset('orders', 0, 5)]);
    expect([scene.shown('g'), scene.shown('h')]).toEqual([['bills-0: 1', 'orders-0: 1', 'orders-1: 1'], []]);
    scene.commitLog();
    expect([scene.shown('g'), scene.shown('h')]).toEqual([[], ['orders-0: 5']]);
  });

  test('a fetch of stable offsets tells the newest, as it waits for them', () => {
    const scene = held();
    scene.commit('g', [scene.offset('orders', 0, 2)]);
    expect([asked(scene, 0, true), asked(scene, 0)]).toEqual([[2], [1]]);
  });

  test('the offsets of a transaction count when its marker is committed', () => {
    const scene = held();
    const { value } = lastRecord(scene) as Extract<GroupRecord, { kind: 'OffsetCommit' }>;
    const key = { group: 'g', topic: 'orders', partition: 0 };
    if (value === null) throw new Error('a commit has a value');
    scene.append({ kind: 'OffsetCommit', key, value: { ...value, offset: Offset(7), topicId: ORDERS } }, 77);
    scene.commitLog();
    scene.endTransaction(77, true);
    expect(asked(scene, 0)).toEqual([1]);
    scene.append({
      kind: 'OffsetCommit',
      key: { ...key, partition: 5 },
      value: { ...value, topicId: ORDERS },
    });
    scene.commitLog();
    expect(asked(scene, 0)).toEqual([7]);
  });
});
