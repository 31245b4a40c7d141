import type { SubscribedMember } from './assignor';

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Static members first, by their instance ids, then the others by member id: what every leader computes alike. */
export const compareMembers = (a: SubscribedMember, b: SubscribedMember): number => {
  if (a.groupInstanceId !== undefined && b.groupInstanceId !== undefined) {
    return compareTexts(a.groupInstanceId, b.groupInstanceId);
  }
  if (a.groupInstanceId !== undefined) return -1;
  if (b.groupInstanceId !== undefined) return 1;
  return compareTexts(a.memberId, b.memberId);
};
