import { BrokerEpoch } from '@kafkaesque/kernel';
import type { Disk } from '@kafkaesque/kernel';
import { crc32c } from '@kafkaesque/protocol';
import { ByteReader, ByteWriter } from './byte-cursor';
import { readSmallFile, replaceFile, unlinkIfThere } from './small-file';

/*
 * Two files of 40 bytes that hold a broker epoch: magic, version, directory id, epoch, zero, CRC. `clean-shutdown` is
 * written last of all and taken away before anything else (DUR-10); `broker-epoch` is there from the first start on.
 */
const MARKER_MAGIC = 0x4b4a4d4b;
const MARKER_VERSION = 1;
const MARKER_BYTES = 40;

export const CLEAN_SHUTDOWN_FILE = 'clean-shutdown';
export const BROKER_EPOCH_FILE = 'broker-epoch';
export type MarkerFile = typeof CLEAN_SHUTDOWN_FILE | typeof BROKER_EPOCH_FILE;

export const NO_BROKER_EPOCH = BrokerEpoch(-1);

export const writeMarker = (
  disk: Disk,
  path: string,
  file: MarkerFile,
  directoryId: string,
  brokerEpoch: BrokerEpoch,
): Promise<void> => {
  const writer = new ByteWriter(MARKER_BYTES);
  writer.uint32(MARKER_MAGIC);
  writer.uint32(MARKER_VERSION);
  writer.uuid(directoryId);
  writer.int64(brokerEpoch);
  writer.uint32(0);
  writer.uint32(crc32c(writer.bytes()));
  return replaceFile(disk, `${path}/${file}`, [writer.bytes()]);
};

/** The epoch of a marker that is there and sound, otherwise -1: then nothing may be concluded from it. */
export const readMarker = async (
  disk: Disk,
  path: string,
  file: MarkerFile,
  directoryId: string,
): Promise<BrokerEpoch> => {
  const bytes = await readSmallFile(disk, `${path}/${file}`);
  if (bytes?.length !== MARKER_BYTES) return NO_BROKER_EPOCH;
  if (bytes.readUInt32BE(MARKER_BYTES - 4) !== crc32c(bytes, 0, MARKER_BYTES - 4)) return NO_BROKER_EPOCH;
  const reader = new ByteReader(bytes, 0);
  if (reader.uint32() !== MARKER_MAGIC || reader.uint32() !== MARKER_VERSION) return NO_BROKER_EPOCH;
  if (reader.uuid() !== directoryId) return NO_BROKER_EPOCH;
  return BrokerEpoch(reader.int64());
};

/** Takes the marker away, durably, before anything else is changed. */
export const removeMarker = async (disk: Disk, path: string, file: MarkerFile): Promise<void> => {
  if (await unlinkIfThere(disk, `${path}/${file}`)) await disk.syncDirectory(path);
};
