import type { Effect } from '../../runtime/machine';
import type { GroupAnswer } from '../requests';

/**
 * `session`: no sign of life. `rebalance`: it was to give partitions up. `join`, `sync`: a classic member was to join
 * or sync. `assignment`: of the group, for a target that came too soon after the last one.
 */
export type TimerKind = 'session' | 'rebalance' | 'join' | 'sync' | 'assignment';

type GroupEffect = Effect<GroupAnswer>;

/** Ids may hold anything, so the group id's length tells where it ends. */
const keyOf = (kind: TimerKind, groupId: string, memberId: string): string =>
  `consumer/${kind}/${groupId.length}/${groupId}/${memberId}`;

export const setTimer = (kind: TimerKind, groupId: string, memberId: string, atMs: number): GroupEffect => ({
  kind: 'set-timer',
  key: keyOf(kind, groupId, memberId),
  atMs,
});

export const cancelTimer = (kind: TimerKind, groupId: string, memberId: string): GroupEffect => ({
  kind: 'cancel-timer',
  key: keyOf(kind, groupId, memberId),
});

export const cancelMemberTimers = (groupId: string, memberId: string): GroupEffect[] => [
  cancelTimer('session', groupId, memberId),
  cancelTimer('rebalance', groupId, memberId),
  cancelTimer('join', groupId, memberId),
  cancelTimer('sync', groupId, memberId),
];

export interface TimerKey {
  readonly kind: TimerKind;
  readonly groupId: string;
  readonly memberId: string;
}

const KINDS: readonly string[] = ['session', 'rebalance', 'join', 'sync', 'assignment'];

export const parseTimerKey = (key: string): TimerKey | undefined => {
  const match = /^consumer\/([a-z]+)\/(\d+)\//.exec(key);
  if (match === null) return undefined;
  const [head, kind = '', length = ''] = match;
  const ids = key.slice(head.length);
  if (!KINDS.includes(kind)) return undefined;
  return {
    kind: kind as TimerKind,
    groupId: ids.slice(0, Number(length)),
    memberId: ids.slice(Number(length) + 1),
  };
};
