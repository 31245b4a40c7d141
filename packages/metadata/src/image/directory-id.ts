/**
 * Reserved directory ids of KIP-858, as base64url UUIDs: the replica was placed before its broker's directories had ids.
 */
export const MIGRATING_DIRECTORY = 'AAAAAAAAAAAAAAAAAAAAAA';
/** The broker has not chosen a directory yet (KIP-858). */
export const UNASSIGNED_DIRECTORY = 'AAAAAAAAAAAAAAAAAAAAAQ';
/** Kafka's id of a log directory that is gone (KIP-858). */
export const LOST_DIRECTORY = 'AAAAAAAAAAAAAAAAAAAAAg';

const RESERVED_PREFIX = 'AAAAAAAAAAAAAAAAAAAA';

/** Ids whose value is below 100 never name a directory. */
export const isReservedDirectory = (directoryId: string): boolean => {
  if (!directoryId.startsWith(RESERVED_PREFIX)) return false;
  return (Buffer.from(directoryId, 'base64url')[15] ?? 0) < 100;
};

/** Whether a replica in `directory` can serve when its broker has these; one that is not placed yet can. */
export const isOnlineDirectory = (directory: string, online: readonly string[]): boolean =>
  directory === UNASSIGNED_DIRECTORY || directory === MIGRATING_DIRECTORY || online.includes(directory);
