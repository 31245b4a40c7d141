/**
 * The disk as storage may use it. Positions are explicit, nothing is durable before the matching `sync` has returned,
 * a name is durable only after `syncDirectory` of the directory that holds it. Failures reject with the operating
 * system's `code` (ENOENT, EEXIST, ENOSPC, EIO …). Paths are absolute, with `/` between the parts.
 */
export interface Disk {
  /**
   * `read`: an existing file, for reading. `write`: an existing file, for reading and writing.
   * `create`: a new, empty file, for reading and writing; EEXIST if the name is taken.
   */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile>;
  /** Names and kinds within a directory, sorted by name. */
  list(directory: string): Promise<readonly DiskEntry[]>;
  /** Makes one directory. EEXIST if the name is taken. */
  makeDirectory(path: string): Promise<void>;
  /** Replaces `to` if it is there. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Removes an empty directory. */
  removeDirectory(path: string): Promise<void>;
  /** Makes the names within the directory durable: creations, renames and removals. */
  syncDirectory(path: string): Promise<void>;
  /** Bytes that may still be written below `path`, and the size of its file system. */
  space(path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }>;
}

/** One name in a directory. */
export interface DiskEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'other';
}

/** An open file. Any number of calls may be in flight; their order among each other is not kept. */
export interface DiskFile {
  readonly path: string;
  /** Fills `into` from `position` on; fewer bytes only at the end of the file. Returns how many. */
  read(into: Buffer, position: number): Promise<number>;
  /** As `read`, in this very call: for bytes expected in the page cache (docs/decisions tell where it is allowed). */
  readNow(into: Buffer, position: number): number;
  /** Writes all of `parts`, one after the other, from `position` on; may extend the file. */
  write(parts: readonly Buffer[], position: number): Promise<void>;
  /** Cuts or, with zeros, extends the file. */
  truncate(sizeBytes: number): Promise<void>;
  /** Makes the file's bytes and its size durable (fdatasync). Covers what was written before the call began. */
  sync(): Promise<void>;
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}
