import { TopicId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { MachineScene } from './testing/machine-scene';

const opened = (...groupIds: readonly string[]): MachineScene => {
  const scene = new MachineScene();
  scene.setTopic('orders', TopicId('orders--------------_A'));
  for (const groupId of groupIds) scene.commit(groupId, [scene.offset('orders', 0, 1)]);
  return scene;
};

const listed = (
  scene: MachineScene,
  states: readonly string[] = [],
  types: readonly string[] = [],
): readonly string[] =>
  scene.ask<'list-groups'>({ kind: 'list-groups', states, types }).groups.map(({ groupId }) => groupId);

test('groups are listed by state and type, in any case, and what is unknown lists none', () => {
  const scene = opened('a', 'b');
  scene.group('b').state = 'Stable';
  expect(listed(scene)).toEqual(['a', 'b']);
  expect(listed(scene, ['STABLE', ' empty '])).toEqual(['a', 'b']);
  expect(listed(scene, ['stable'])).toEqual(['b']);
  expect(listed(scene, ['Stable', 'no such state'], ['Classic'])).toEqual(['b']);
  expect(listed(scene, ['no such state'])).toEqual([]);
  expect(listed(scene, [], ['consumer'])).toEqual([]);
  expect(listed(scene, [], ['no such type'])).toEqual([]);
});

test('a listed group tells its protocol type, state and type', () => {
  const scene = opened('a');
  scene.group('a').protocolType = 'connect';
  expect(scene.ask<'list-groups'>({ kind: 'list-groups', states: [], types: [] })).toEqual({
    errorCode: 0,
    groups: [{ groupId: 'a', protocolType: 'connect', groupState: 'Empty', groupType: 'classic' }],
  });
});

test('a group that is not there is described as dead, and since version 6 as not found', () => {
  const scene = opened('a');
  const described = (groupId: string, apiVersion: number) =>
    scene.ask<'describe-classic'>({ kind: 'describe-classic', groupId, apiVersion });
  expect(described('a', 6)).toMatchObject({ errorCode: 0, groupState: 'Empty' });
  expect(described('b', 5)).toMatchObject({ errorCode: 0, errorMessage: null, groupState: 'Dead' });
  expect(described('b', 6)).toMatchObject({
    errorCode: ErrorCode.GROUP_ID_NOT_FOUND,
    errorMessage: 'Group b not found.',
    groupState: 'Dead',
  });
});

test('a deleted group leaves nothing, also for the next coordinator', () => {
  const scene = opened('a', 'b');
  const deleted = (groupId: string): number =>
    scene.ask<'delete-group'>({ kind: 'delete-group', groupId }).errorCode;
  expect(deleted('a')).toBe(0);
  expect(deleted('a')).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
  scene.group('b').refusesDeletion = ErrorCode.NON_EMPTY_GROUP;
  expect(deleted('b')).toBe(ErrorCode.NON_EMPTY_GROUP);
  scene.reload();
  expect(listed(scene)).toEqual(['b']);
  expect(scene.shown('a')).toEqual([]);
});
