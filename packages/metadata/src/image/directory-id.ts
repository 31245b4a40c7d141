/** Reserved directory ids of KIP-858, as base64url UUIDs. */
export const UNASSIGNED_DIRECTORY = 'AAAAAAAAAAAAAAAAAAAAAA';
/** Kafka's id of a log directory that is gone (KIP-858). */
export const LOST_DIRECTORY = 'AAAAAAAAAAAAAAAAAAAAAQ';

const RESERVED_PREFIX = 'AAAAAAAAAAAAAAAAAAAA';

/** Ids whose value is below 100 never name a directory. */
export const isReservedDirectory = (directoryId: string): boolean => {
  if (!directoryId.startsWith(RESERVED_PREFIX)) return false;
  return (Buffer.from(directoryId, 'base64url')[15] ?? 0) < 100;
};
