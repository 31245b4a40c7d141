import { assertNever } from '@kafkaesque/kernel';

/** What a due timer of a classic group is about. */
export type ClassicTimer =
  /** A member, or one that was given an id and has not come back, went silent. */
  | { readonly kind: 'session'; readonly groupId: string; readonly memberId: string }
  /** The time to join the next generation is over. */
  | { readonly kind: 'join'; readonly groupId: string }
  /** The time to fetch assignments of this generation is over. */
  | { readonly kind: 'sync'; readonly groupId: string };

export const CLASSIC_TIMER_PREFIX = 'classic/';

// Group ids and member ids may hold any character, slashes included: the length tells where the group id ends.
export const sessionTimerKey = (groupId: string, memberId: string): string =>
  `classic/session/${String(groupId.length)}/${groupId}/${memberId}`;
export const joinTimerKey = (groupId: string): string => `classic/join/${groupId}`;
export const syncTimerKey = (groupId: string): string => `classic/sync/${groupId}`;

/** The timer of a key; undefined for keys that are none of ours. */
export const parseTimerKey = (key: string): ClassicTimer | undefined => {
  const match = /^classic\/(session|join|sync)\//.exec(key);
  if (match === null) return undefined;
  const kind = match[1] as ClassicTimer['kind'];
  const rest = key.slice(match[0].length);
  switch (kind) {
    case 'join':
    case 'sync':
      return { kind, groupId: rest };
    case 'session': {
      const slash = rest.indexOf('/');
      const groupEnd = slash + 1 + Number(rest.slice(0, slash));
      return { kind, groupId: rest.slice(slash + 1, groupEnd), memberId: rest.slice(groupEnd + 1) };
    }
    default:
      return assertNever(kind);
  }
};
