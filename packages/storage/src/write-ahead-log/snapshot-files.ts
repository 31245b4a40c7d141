import { crc32 } from 'node:zlib';
import type { Disk, DiskFile, Logger } from '@kafkaesque/kernel';
import { Failure, assert, hasCode } from '@kafkaesque/kernel';
import { readUint64, writeUint64 } from './frames';
import { readFile } from './recovery';
import type { LogPosition } from './records';

/**
 * Snapshots of the state that a log's entries make: `%020d-%010d.checkpoint` (index, term) beside the log's files.
 *
 * `magic 8 | version u32 | index u64 | term u64 | cluster id length u16 | cluster id | header CRC u32`, then chunks
 * `0xC1 | length u32 | CRC u32 of position, length and bytes | bytes`, and at the end
 * `0xED | chunk count u32 | CRC u32 of all bytes before | voters length u32 | voters | trailer CRC u32`.
 */
export interface SnapshotName extends LogPosition {
  readonly path: string;
  readonly sizeBytes: number;
}

/** A snapshot that was read and found whole. */
export interface LoadedSnapshot extends LogPosition {
  /** The voter set as of the snapshot, in the quorum's own encoding. */
  readonly voters: Buffer;
  /** In the order in which they were written; views into one buffer. */
  readonly chunks: readonly Buffer[];
  readonly sizeBytes: number;
}

/** Where snapshots are kept, and whose they are. */
export interface SnapshotPlace {
  readonly disk: Disk;
  readonly directory: string;
  /** Kept in the file, so that another cluster's is refused. */
  readonly clusterId: string;
}

/** A snapshot to be written: its place, its voters, and its content in pieces. */
export interface SnapshotDraft extends LogPosition {
  readonly voters: Buffer;
  /** Asked for one at a time, and written before the next is asked for. */
  readonly chunks: Iterable<Buffer>;
}

const FILE_NAME = /^(\d{20})-(\d{10})\.checkpoint$/;
const TEMPORARY_SUFFIX = '.part';
/** Of a snapshot that comes from another node; one that was not finished is removed like any other. */
export const INCOMING_SUFFIX = '.incoming.part';
const MAGIC = Buffer.from('KQ-SNAP\n', 'latin1');
const FORMAT_VERSION = 1;
const CHUNK = 0xc1;
const TRAILER = 0xed;
const HEADER_BYTES = 30;
const CHUNK_HEADER_BYTES = 9;
const TRAILER_HEADER_BYTES = 13;

const nameOf = ({ index, term }: LogPosition): string =>
  `${String(index).padStart(20, '0')}-${String(term).padStart(10, '0')}.checkpoint`;

/** Where the snapshot of that position is. */
export const snapshotPath = ({ directory }: SnapshotPlace, position: LogPosition): string =>
  `${directory}/${nameOf(position)}`;

const encodeHeader = ({ index, term }: LogPosition, clusterId: string): Buffer => {
  const id = Buffer.from(clusterId);
  const header = Buffer.alloc(HEADER_BYTES + id.length + 4);
  MAGIC.copy(header, 0);
  header.writeUInt32BE(FORMAT_VERSION, 8);
  writeUint64(header, index, 12);
  writeUint64(header, term, 20);
  header.writeUInt16BE(id.length, 28);
  id.copy(header, HEADER_BYTES);
  header.writeUInt32BE(crc32(header.subarray(0, -4)), header.length - 4);
  return header;
};

/** Covers the position, so that chunks cannot change places. */
const chunkCrc = (bytes: Buffer, position: number): number => {
  const place = Buffer.alloc(12);
  writeUint64(place, position, 0);
  place.writeUInt32BE(bytes.length, 8);
  return crc32(bytes, crc32(place));
};

const encodeTrailer = (count: number, contentCrc: number, voters: Buffer): Buffer => {
  const trailer = Buffer.alloc(TRAILER_HEADER_BYTES + voters.length + 4);
  trailer.writeUInt8(TRAILER, 0);
  trailer.writeUInt32BE(count, 1);
  trailer.writeUInt32BE(contentCrc, 5);
  trailer.writeUInt32BE(voters.length, 9);
  voters.copy(trailer, TRAILER_HEADER_BYTES);
  trailer.writeUInt32BE(crc32(trailer.subarray(0, -4)), trailer.length - 4);
  return trailer;
};

const writeContent = async (file: DiskFile, draft: SnapshotDraft, clusterId: string): Promise<void> => {
  let position = 0;
  let contentCrc = 0;
  const put = async (parts: readonly Buffer[]): Promise<void> => {
    await file.write(parts, position);
    for (const part of parts) {
      contentCrc = crc32(part, contentCrc);
      position += part.length;
    }
  };
  await put([encodeHeader(draft, clusterId)]);
  let count = 0;
  for (const bytes of draft.chunks) {
    const header = Buffer.alloc(CHUNK_HEADER_BYTES);
    header.writeUInt8(CHUNK, 0);
    header.writeUInt32BE(bytes.length, 1);
    header.writeUInt32BE(chunkCrc(bytes, position), 5);
    await put([header, bytes]);
    count += 1;
  }
  await put([encodeTrailer(count, contentCrc, draft.voters)]);
  await file.sync();
};

const corrupt = (path: string, position: number, what: string): Failure<'CORRUPT_SNAPSHOT'> =>
  new Failure(
    'CORRUPT_SNAPSHOT',
    `${path} is damaged at byte ${position}: ${what}. The metadata before it is nowhere else on this node. Restore the ` +
      'metadata directory from a backup, or, where other controllers have the metadata, move the directory away, format ' +
      'it anew and add this node to the quorum again.',
  );

const readHeader = (content: Buffer, path: string, position: LogPosition, clusterId: string): number => {
  const end = HEADER_BYTES + (content.length < HEADER_BYTES ? 0 : content.readUInt16BE(28)) + 4;
  if (end > content.length || MAGIC.compare(content, 0, 8) !== 0)
    throw corrupt(path, 0, 'its header is unreadable');
  if (content.readUInt32BE(end - 4) !== crc32(content.subarray(0, end - 4)))
    throw corrupt(path, 0, 'its header is unreadable');
  const version = content.readUInt32BE(8);
  if (version !== FORMAT_VERSION)
    throw new Failure(
      'UNSUPPORTED_FORMAT',
      `${path} has format version ${version}; this release knows version ${FORMAT_VERSION}. Start the release that wrote it.`,
    );
  if (readUint64(content, 12) !== position.index || readUint64(content, 20) !== position.term)
    throw corrupt(path, 12, 'it is the snapshot of another place than its name says');
  const written = content.toString('utf8', HEADER_BYTES, end - 4);
  if (written !== '' && clusterId !== '' && written !== clusterId)
    throw new Failure(
      'INCONSISTENT_CLUSTER_ID',
      `${path} belongs to cluster ${written}, and this node to ${clusterId}.`,
    );
  return end;
};

const readTrailer = (content: Buffer, path: string, position: number, count: number): Buffer => {
  const whole = position + TRAILER_HEADER_BYTES <= content.length;
  const end = whole ? position + TRAILER_HEADER_BYTES + content.readUInt32BE(position + 9) + 4 : Infinity;
  if (end !== content.length) throw corrupt(path, position, 'its end is missing');
  if (content.readUInt32BE(end - 4) !== crc32(content.subarray(position, end - 4)))
    throw corrupt(path, position, 'its end is unreadable');
  if (content.readUInt32BE(position + 1) !== count) throw corrupt(path, position, 'chunks are missing');
  if (content.readUInt32BE(position + 5) !== crc32(content.subarray(0, position)))
    throw corrupt(path, position, 'its checksum differs');
  return Buffer.from(content.subarray(position + TRAILER_HEADER_BYTES, end - 4));
};

/** Reads and verifies one snapshot. Throws a Failure `CORRUPT_SNAPSHOT`, `UNSUPPORTED_FORMAT`, `INCONSISTENT_CLUSTER_ID`. */
export const readSnapshot = async (
  place: SnapshotPlace,
  { path, index, term }: SnapshotName,
): Promise<LoadedSnapshot> => {
  const content = await readFile(place.disk, path);
  let position = readHeader(content, path, { index, term }, place.clusterId);
  const chunks: Buffer[] = [];
  while (content[position] === CHUNK && position + CHUNK_HEADER_BYTES <= content.length) {
    const end = position + CHUNK_HEADER_BYTES + content.readUInt32BE(position + 1);
    if (end > content.length) throw corrupt(path, position, 'a chunk is cut off');
    const bytes = content.subarray(position + CHUNK_HEADER_BYTES, end);
    if (content.readUInt32BE(position + 5) !== chunkCrc(bytes, position))
      throw corrupt(path, position, 'a chunk is unreadable');
    chunks.push(bytes);
    position = end;
  }
  if (content[position] !== TRAILER) throw corrupt(path, position, 'its end is missing');
  const voters = readTrailer(content, path, position, chunks.length);
  return { index, term, voters, chunks, sizeBytes: content.length };
};

/** Snapshots in the directory, oldest first. Unfinished ones are not among them. */
export const listSnapshots = async ({ disk, directory }: SnapshotPlace): Promise<readonly SnapshotName[]> => {
  const found: SnapshotName[] = [];
  for (const { name, kind } of await disk.list(directory)) {
    const match = FILE_NAME.exec(name);
    if (kind !== 'file' || match === null) continue;
    const path = `${directory}/${name}`;
    const file = await disk.open(path, 'read');
    found.push({ path, index: Number(match[1]), term: Number(match[2]), sizeBytes: await file.sizeBytes() });
    await file.close();
  }
  return found;
};

/** The file has its name only when all of it is durable; what fails leaves nothing behind. */
const writeDurably = async (
  { disk, directory }: SnapshotPlace,
  path: string,
  write: (file: DiskFile) => Promise<void>,
): Promise<void> => {
  const temporary = `${path}${TEMPORARY_SUFFIX}`;
  const file = await disk.open(temporary, 'create');
  try {
    await write(file);
    await file.close();
    await disk.rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await disk.unlink(temporary).catch(() => undefined);
    throw error;
  }
  await disk.syncDirectory(directory);
};

/**
 * Writes a snapshot beside the log: to a temporary file, synced, renamed, the directory synced, read back and
 * verified. Only then may the log before it be dropped. Removes earlier snapshots but the last one.
 */
export const writeSnapshot = async (place: SnapshotPlace, draft: SnapshotDraft): Promise<SnapshotName> => {
  const { clusterId } = place;
  const path = snapshotPath(place, draft);
  const before = await listSnapshots(place);
  assert(!before.some((snapshot) => snapshot.path === path), () => `${path} is written once`);
  await writeDurably(place, path, (file) => writeContent(file, draft, clusterId));
  const written = { path, index: draft.index, term: draft.term, sizeBytes: 0 };
  const { sizeBytes } = await readSnapshot(place, written);
  await dropSnapshots(place, before.slice(0, -1));
  return { ...written, sizeBytes };
};

const dropSnapshots = async (
  { disk, directory }: SnapshotPlace,
  snapshots: readonly SnapshotName[],
): Promise<void> => {
  for (const { path } of snapshots) await disk.unlink(path);
  if (snapshots.length > 0) await disk.syncDirectory(directory);
};

/** Gives a synced and verified file its name as a snapshot, durably. Removes earlier snapshots but the last one. */
export const keepSnapshot = async (
  place: SnapshotPlace,
  path: string,
  position: LogPosition,
): Promise<void> => {
  const before = (await listSnapshots(place)).filter(({ index }) => index < position.index);
  await place.disk.rename(path, snapshotPath(place, position));
  await place.disk.syncDirectory(place.directory);
  await dropSnapshots(place, before.slice(0, -1));
};

/**
 * The newest snapshot at or above the log's start, which the log needs; undefined when the log reaches back to its
 * beginning and there is none. A damaged one is passed over for an older one as long as the log still continues it, or
 * for the log alone where that has all since the beginning; when none is left, the Failure of the newest is thrown: a
 * node never starts empty. Removes unfinished snapshots.
 */
export const loadSnapshot = async (
  place: SnapshotPlace,
  log: { readonly start: LogPosition; readonly lastIndex: number },
  logger: Logger,
): Promise<LoadedSnapshot | undefined> => {
  const { disk, directory } = place;
  // A rename that a killed process made may not be durable yet.
  await disk.syncDirectory(directory);
  for (const { name, kind } of await disk.list(directory))
    if (kind === 'file' && name.includes('.checkpoint.') && name.endsWith(TEMPORARY_SUFFIX))
      await disk.unlink(`${directory}/${name}`);
  const usable = (await listSnapshots(place)).filter(({ index }) => index >= log.start.index);
  const damaged: { readonly path: string; readonly cause: unknown }[] = [];
  const loaded = await firstReadable(place, usable.toReversed(), damaged);
  // A log that is empty holds nothing of what a directory was formatted with.
  const isWhole = log.start.index === 0 && (log.lastIndex > 0 || damaged.length === 0);
  if (loaded !== undefined || isWhole) {
    for (const { path } of damaged)
      logger.error('a metadata snapshot is damaged; the log and what is older have all that it held', {
        path,
      });
    return loaded;
  }
  const [newest] = damaged;
  if (newest !== undefined) throw newest.cause;
  throw corrupt(
    `${directory}/${nameOf(log.start)}`,
    0,
    `the log starts behind entry ${log.start.index}, and no snapshot holds what comes before`,
  );
};

const firstReadable = async (
  place: SnapshotPlace,
  newestFirst: readonly SnapshotName[],
  damaged: { readonly path: string; readonly cause: unknown }[],
): Promise<LoadedSnapshot | undefined> => {
  for (const snapshot of newestFirst) {
    try {
      return await readSnapshot(place, snapshot);
    } catch (cause) {
      // Another cluster's, or a later release's: an older snapshot of ours would only hide that.
      if (hasCode(cause, 'UNSUPPORTED_FORMAT') || hasCode(cause, 'INCONSISTENT_CLUSTER_ID')) throw cause;
      damaged.push({ path: snapshot.path, cause });
    }
  }
  return undefined;
};
