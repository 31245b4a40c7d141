import { Failure, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import type { Disk } from '@kafkaesque/kernel';
import { crc32c } from '@kafkaesque/protocol';
import { ByteReader, ByteWriter } from './byte-cursor';
import type { DirectoryContext } from './directory-context';
import { isOutOfSpace } from './space-reserve';
import { ensureDirectory, readSmallFile, replaceFile, unlinkIfThere } from './small-file';

/*
 * `moves/<topic id>-<partition>`, 72 bytes: magic, version, this directory's id, kind, topic id, partition, the other
 * directory's id, zero, CRC. The directory `moves` is made by the first move.
 */
const MAGIC = 0x4b4a4d56;
const VERSION = 1;
const MARK_BYTES = 72;
const MARKS_DIRECTORY = 'moves';
const KINDS = ['future', 'moved'] as const;

/** What a move of a log from one log directory of a broker to another (KIP-113) says of the one of them that is here. */
export interface MoveMark {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  /**
   * `future`: what is here is a copy of the log in `directoryId`, which is the replica until its own mark says that it
   * has moved. `moved`: the log in `directoryId` is the replica, and what is here is left over.
   */
  readonly kind: (typeof KINDS)[number];
  /** UUID of the log directory at the other end of the move, 22 characters of base64url. */
  readonly directoryId: string;
}

/** The marks of one log directory. A log without one is the replica. */
export interface MoveMarks extends Iterable<MoveMark> {
  find(topicId: TopicId, partition: PartitionIndex): MoveMark | undefined;
  /**
   * Durable on return, in place of an earlier mark of the same log. Fails with the disk's codes; after ENOSPC the mark
   * may be there all the same at the next start, until `clear` has resolved.
   */
  set(mark: MoveMark): Promise<void>;
  /** Durable on return. */
  clear(topicId: TopicId, partition: PartitionIndex): Promise<void>;
}

const nameOf = (topicId: TopicId, partition: PartitionIndex): string => `${topicId}-${partition}`;

/**
 * Reads the marks of a directory. Fails with `DAMAGED_MOVE_MARK` and `UNSUPPORTED_FORMAT`: which of two logs is the
 * replica cannot be guessed.
 */
export const readMoveMarks = async (
  disk: Disk,
  path: string,
  ownDirectoryId: string,
): Promise<ReadonlyMap<string, MoveMark>> => {
  const marks = new Map<string, MoveMark>();
  const entries = await disk.list(path);
  if (!entries.some(({ name, kind }) => name === MARKS_DIRECTORY && kind === 'directory')) return marks;
  for (const { name, kind } of await disk.list(`${path}/${MARKS_DIRECTORY}`)) {
    // A mark that was never finished marks nothing.
    if (kind !== 'file' || name.endsWith('.tmp')) continue;
    const file = `${path}/${MARKS_DIRECTORY}/${name}`;
    const mark = decode((await readSmallFile(disk, file)) ?? Buffer.alloc(0), file, ownDirectoryId);
    marks.set(nameOf(mark.topicId, mark.partition), mark);
  }
  return marks;
};

/** The marks of an open directory, from those that its start has read. */
export const openMoveMarks = (
  context: DirectoryContext,
  ownDirectoryId: string,
  marks: ReadonlyMap<string, MoveMark>,
): MoveMarks => new DirectoryMarks(context, ownDirectoryId, marks);

class DirectoryMarks implements MoveMarks {
  readonly #context: DirectoryContext;
  readonly #ownDirectoryId: string;
  readonly #marks: Map<string, MoveMark>;

  constructor(context: DirectoryContext, ownDirectoryId: string, marks: ReadonlyMap<string, MoveMark>) {
    this.#context = context;
    this.#ownDirectoryId = ownDirectoryId;
    this.#marks = new Map(marks);
  }

  [Symbol.iterator](): Iterator<MoveMark> {
    return this.#marks.values();
  }

  find(topicId: TopicId, partition: PartitionIndex): MoveMark | undefined {
    return this.#marks.get(nameOf(topicId, partition));
  }

  async set(mark: MoveMark): Promise<void> {
    const { disk, path, reserve } = this.#context;
    const name = nameOf(mark.topicId, mark.partition);
    await this.#change(() =>
      reserve.lend(async () => {
        await ensureDirectory(disk, `${path}/${MARKS_DIRECTORY}`);
        // An earlier start may have died between the two.
        await disk.syncDirectory(path);
        await replaceFile(disk, this.#pathOf(name), [encode(mark, this.#ownDirectoryId)]);
      }),
    );
    this.#marks.set(name, mark);
  }

  async clear(topicId: TopicId, partition: PartitionIndex): Promise<void> {
    const { disk, path } = this.#context;
    const name = nameOf(topicId, partition);
    await this.#change(async () => {
      if (await unlinkIfThere(disk, this.#pathOf(name)))
        await disk.syncDirectory(`${path}/${MARKS_DIRECTORY}`);
    });
    this.#marks.delete(name);
  }

  /** Whoever cannot say whether a mark is there is not asked any more: EIO takes the directory offline (rule 11). */
  async #change(change: () => Promise<void>): Promise<void> {
    this.#expectOnline();
    try {
      await change();
    } catch (cause) {
      if (!isOutOfSpace(cause)) this.#context.fail(cause);
      throw cause;
    }
    this.#expectOnline();
  }

  #expectOnline(): void {
    if (this.#context.offline) throw this.#context.failure;
  }

  #pathOf(name: string): string {
    return `${this.#context.path}/${MARKS_DIRECTORY}/${name}`;
  }
}

const encode = (mark: MoveMark, ownDirectoryId: string): Buffer => {
  const writer = new ByteWriter(MARK_BYTES);
  writer.uint32(MAGIC);
  writer.uint32(VERSION);
  writer.uuid(ownDirectoryId);
  writer.uint32(KINDS.indexOf(mark.kind));
  writer.uuid(mark.topicId);
  writer.uint32(mark.partition);
  writer.uuid(mark.directoryId);
  writer.uint32(0);
  writer.uint32(crc32c(writer.bytes()));
  return writer.bytes();
};

const decode = (bytes: Buffer, file: string, ownDirectoryId: string): MoveMark => {
  const damaged = (why: string): Failure =>
    new Failure(
      'DAMAGED_MOVE_MARK',
      `${file} says which of two logs of a partition is the replica, and ${why}: if the other log directory of the move has a whole log, remove this file and the log here, otherwise only the file`,
    );
  if (bytes.length < 8 || bytes.readUInt32BE(0) !== MAGIC) throw damaged('is no such file');
  const version = bytes.readUInt32BE(4);
  if (version !== VERSION && version > 0 && version < 1 << 16)
    throw new Failure(
      'UNSUPPORTED_FORMAT',
      `${file} has format version ${version}, which this version cannot read; start the newer version that wrote it`,
    );
  if (bytes.length !== MARK_BYTES) throw damaged(`has ${bytes.length} bytes instead of ${MARK_BYTES}`);
  if (bytes.readUInt32BE(MARK_BYTES - 4) !== crc32c(bytes, 0, MARK_BYTES - 4)) throw damaged('is damaged');
  const reader = new ByteReader(bytes, 8);
  if (reader.uuid() !== ownDirectoryId) throw damaged('was written for another log directory');
  const kind = KINDS[reader.uint32()];
  if (kind === undefined) throw damaged('says nothing that is known');
  const topicId = TopicId(reader.uuid());
  const partition = PartitionIndex(reader.uint32());
  return { topicId, partition, kind, directoryId: reader.uuid() };
};
