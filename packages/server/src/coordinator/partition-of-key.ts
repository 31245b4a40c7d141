/** The partition of an internal topic that has a group or a transactional id: Java's hash of the text, as Kafka takes it. */
export const partitionOfKey = (key: string, partitions: number): number => {
  let hash = 0;
  for (let index = 0; index < key.length; index += 1)
    hash = (Math.imul(hash, 31) + key.charCodeAt(index)) | 0;
  // The least int has no positive counterpart; Kafka takes it for 0.
  return (hash === LEAST_INT ? 0 : Math.abs(hash)) % partitions;
};

const LEAST_INT = -(2 ** 31);
