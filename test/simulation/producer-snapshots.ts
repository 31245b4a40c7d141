import { crc32c } from '@kafkaesque/protocol';

/** Stands for producer state: the hash of the history it was made of, with a CRC of its own. */
export const snapshotOf = (hash: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(hash, 0);
  bytes.writeUInt32BE(crc32c(bytes, 0, 4), 4);
  return bytes;
};

/** Undefined when the bytes are not a whole snapshot: then their owner would rebuild it. */
export const snapshotHash = (bytes: Buffer): number | undefined =>
  bytes.length === 8 && bytes.readUInt32BE(4) === crc32c(bytes, 0, 4) ? bytes.readUInt32BE(0) : undefined;
