import { BrokerEpoch } from '@kafkaesque/kernel';
import type { Disk } from '@kafkaesque/kernel';
import { crc32c } from '@kafkaesque/protocol';
import { ByteReader, ByteWriter } from './byte-cursor';
import { readSmallFile, replaceFile, unlinkIfThere } from './small-file';

/*
 * Two files that hold a broker epoch: magic, version, directory id, epoch, a number of members, for each its directory id
 * and epoch, CRC. `clean-shutdown` is written last of all and taken away before anything else (DUR-10); `broker-epoch` is
 * there from the first start on. Version 1 has no members, and 0 in place of their number.
 */
const MARKER_MAGIC = 0x4b4a4d4b;
const [PLAIN, WITH_MEMBERS] = [1, 2];
const PLAIN_BYTES = 40;
const MEMBER_BYTES = 24;

export const CLEAN_SHUTDOWN_FILE = 'clean-shutdown';
export const BROKER_EPOCH_FILE = 'broker-epoch';
export type MarkerFile = typeof CLEAN_SHUTDOWN_FILE | typeof BROKER_EPOCH_FILE;

/** Below every epoch: none is known. */
export const NO_BROKER_EPOCH = BrokerEpoch(-1);

/** One of a node's log directories, and the epoch that it has recorded last. */
export interface DirectoryMember {
  /** UUID, 22 characters of base64url. */
  readonly directoryId: string;
  readonly brokerEpoch: BrokerEpoch;
}

/** What a directory's `broker-epoch` says. */
export interface RecordedEpoch {
  /** -1: there is none, or it is not sound. */
  readonly brokerEpoch: BrokerEpoch;
  /** The node's directories as of that epoch; undefined: it does not say which there were. */
  readonly members: readonly DirectoryMember[] | undefined;
}

const NOTHING_RECORDED: RecordedEpoch = { brokerEpoch: NO_BROKER_EPOCH, members: undefined };

/** Durable on return. */
export const writeMarker = (
  disk: Disk,
  path: string,
  file: MarkerFile,
  directoryId: string,
  { brokerEpoch, members }: RecordedEpoch,
): Promise<void> => {
  const writer = new ByteWriter(PLAIN_BYTES + MEMBER_BYTES * (members?.length ?? 0));
  writer.uint32(MARKER_MAGIC);
  writer.uint32(members === undefined ? PLAIN : WITH_MEMBERS);
  writer.uuid(directoryId);
  writer.int64(brokerEpoch);
  writer.uint32(members?.length ?? 0);
  for (const member of members ?? []) {
    writer.uuid(member.directoryId);
    writer.int64(member.brokerEpoch);
  }
  writer.uint32(crc32c(writer.bytes()));
  return replaceFile(disk, `${path}/${file}`, [writer.bytes()]);
};

/** What a marker that is there and sound says; otherwise its epoch is -1: then nothing may be concluded from it. */
export const readMarker = async (
  disk: Disk,
  path: string,
  file: MarkerFile,
  directoryId: string,
): Promise<RecordedEpoch> => {
  const bytes = await readSmallFile(disk, `${path}/${file}`);
  if (bytes === undefined || bytes.length < PLAIN_BYTES) return NOTHING_RECORDED;
  const crcAt = bytes.length - 4;
  if (bytes.readUInt32BE(crcAt) !== crc32c(bytes, 0, crcAt)) return NOTHING_RECORDED;
  const reader = new ByteReader(bytes, 0);
  if (reader.uint32() !== MARKER_MAGIC) return NOTHING_RECORDED;
  const version = reader.uint32();
  if (version !== PLAIN && version !== WITH_MEMBERS) return NOTHING_RECORDED;
  if (reader.uuid() !== directoryId) return NOTHING_RECORDED;
  const brokerEpoch = BrokerEpoch(reader.int64());
  const count = reader.uint32();
  if (bytes.length !== PLAIN_BYTES + MEMBER_BYTES * count) return NOTHING_RECORDED;
  if (version === PLAIN) return { brokerEpoch, members: undefined };
  const members = Array.from({ length: count }, () => ({
    directoryId: reader.uuid(),
    brokerEpoch: BrokerEpoch(reader.int64()),
  }));
  return { brokerEpoch, members };
};

/** Takes the marker away, durably, before anything else is changed. */
export const removeMarker = async (disk: Disk, path: string, file: MarkerFile): Promise<void> => {
  if (await unlinkIfThere(disk, `${path}/${file}`)) await disk.syncDirectory(path);
};
