/** A change of one file's bytes or size that no sync has covered. */
export interface UnsyncedWrite {
  readonly sequence: number;
  /** First byte that changed. */
  readonly position: number;
  /** Bytes written; 0 for a change of size. */
  readonly lengthBytes: number;
  readonly sizeBefore: number;
  readonly sizeAfter: number;
  /** What stood at `position` before, as far as the file reached. */
  before: Buffer;
  /** `announced`: in the record, so that it may reach the file at any moment. */
  stage: 'noticed' | 'announced' | 'done';
}

/** A change of names that no sync of a directory has covered. */
export type NameChange =
  | { readonly kind: 'create'; readonly path: string }
  | { readonly kind: 'makeDirectory'; readonly path: string }
  | { readonly kind: 'removeDirectory'; readonly path: string }
  /** The file waits under `kept`, in case its name comes back. */
  | { readonly kind: 'unlink'; readonly path: string; readonly kept: string }
  /** What had the name `to` before waits under `kept`. */
  | {
      readonly kind: 'rename';
      readonly from: string;
      readonly to: string;
      readonly kept: string | undefined;
    };

export interface UnsyncedName {
  readonly sequence: number;
  change: NameChange;
  done: boolean;
}

/** A file with what is not durable of it. */
export interface TrackedFile {
  readonly id: number;
  /** Where the file stands now; moves with renames. */
  path: string;
  sizeBytes: number;
  durableSize: number;
  /** The highest sequence that a sync has covered. */
  durableSequence: number;
  /** Whether the record knows of this file. */
  recorded: boolean;
  openCount: number;
  writes: UnsyncedWrite[];
}

/** Everything that a loss of power could take, as one process or a chain of killed processes left it. */
export interface Unsynced {
  readonly files: Map<number, TrackedFile>;
  names: UnsyncedName[];
  /** The next free number for files, changes and kept files alike. */
  nextNumber: number;
}

export const nothingUnsynced = (): Unsynced => ({ files: new Map(), names: [], nextNumber: 1 });

/** What is told to the record that survives the process. Bytes travel beside it. */
export type UnsyncedRecord =
  | { readonly kind: 'number'; readonly next: number }
  | {
      readonly kind: 'file';
      readonly id: number;
      readonly path: string;
      readonly durableSize: number;
      readonly durableSequence: number;
    }
  | { readonly kind: 'write'; readonly id: number; readonly write: Omit<UnsyncedWrite, 'before' | 'stage'> }
  | { readonly kind: 'synced'; readonly id: number; readonly sequences: readonly number[] }
  | { readonly kind: 'name'; readonly sequence: number; readonly change: NameChange }
  | { readonly kind: 'done'; readonly sequence: number }
  | { readonly kind: 'settled'; readonly sequences: readonly number[] };

export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** The directories whose sync makes the change durable. */
export const directoriesOf = (change: NameChange): readonly string[] => pathsOf(change).map(parentOf);

export const pathsOf = (change: NameChange): readonly string[] =>
  change.kind === 'rename' ? [change.from, change.to] : [change.path];

/** The file's path after the change, if the change moves it. */
export const pathAfter = (path: string, change: NameChange): string => {
  if (change.kind === 'unlink') return path === change.path ? change.kept : path;
  if (change.kind !== 'rename') return path;
  if (change.kept !== undefined && isAtOrBelow(path, change.to))
    return change.kept + path.slice(change.to.length);
  return isAtOrBelow(path, change.from) ? change.to + path.slice(change.from.length) : path;
};

export const isAtOrBelow = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(`${directory}/`);

/** The files follow a change of names that has been carried out. */
export const follow = (unsynced: Unsynced, change: NameChange): void => {
  for (const file of unsynced.files.values()) file.path = pathAfter(file.path, change);
};

/** A sync has covered these writes of the file. */
export const coverWrites = (file: TrackedFile, covered: ReadonlySet<number>): void => {
  file.writes = file.writes.filter((write) => {
    if (!covered.has(write.sequence)) return true;
    if (write.sequence > file.durableSequence) {
      file.durableSequence = write.sequence;
      file.durableSize = write.sizeAfter;
    }
    return false;
  });
};

/**
 * A sync has covered these changes of names. Returns what can no longer be undone, in the order in which it happened:
 * with a directory that is gone for good, all that happened in it.
 */
export const coverNames = (unsynced: Unsynced, covered: ReadonlySet<number>): readonly UnsyncedName[] => {
  const settled = new Set(unsynced.names.filter(({ sequence }) => covered.has(sequence)));
  for (const { sequence, change, done } of [...settled]) {
    if (!done || (change.kind !== 'removeDirectory' && change.kind !== 'rename')) continue;
    for (const earlier of unsynced.names) {
      if (earlier.sequence >= sequence || settled.has(earlier)) continue;
      if (change.kind === 'rename') earlier.change = moved(earlier.change, change.from, change.to);
      else if (pathsOf(earlier.change).some((path) => isAtOrBelow(path, change.path))) settled.add(earlier);
    }
  }
  const isSettled = (name: UnsyncedName): boolean => settled.has(name);
  const gone = unsynced.names.filter(isSettled);
  unsynced.names = unsynced.names.filter((name) => !isSettled(name));
  return gone;
};

/** What happened in a directory happened, from now on, where the directory stands for good. */
const moved = (change: NameChange, from: string, to: string): NameChange => {
  const follows = (path: string): string =>
    path !== from && isAtOrBelow(path, from) ? to + path.slice(from.length) : path;
  return change.kind === 'rename'
    ? { ...change, from: follows(change.from), to: follows(change.to) }
    : { ...change, path: follows(change.path) };
};

/** Takes one record in. A record that is told again, after a rewrite that knew it already, changes nothing. */
export const replay = (unsynced: Unsynced, record: UnsyncedRecord, before: Buffer): void => {
  switch (record.kind) {
    case 'number':
      unsynced.nextNumber = record.next;
      return;
    case 'file': {
      const { id, path, durableSize, durableSequence } = record;
      if (unsynced.files.has(id)) return;
      const sizeBytes = durableSize;
      unsynced.files.set(id, {
        id,
        path,
        sizeBytes,
        durableSize,
        durableSequence,
        recorded: true,
        openCount: 0,
        writes: [],
      });
      unsynced.nextNumber = Math.max(unsynced.nextNumber, id + 1);
      return;
    }
    case 'write': {
      const file = unsynced.files.get(record.id);
      if (file === undefined || file.writes.some(({ sequence }) => sequence === record.write.sequence))
        return;
      file.writes.push({ ...record.write, before: Buffer.from(before), stage: 'done' });
      file.sizeBytes = record.write.sizeAfter;
      unsynced.nextNumber = Math.max(unsynced.nextNumber, record.write.sequence + 1);
      return;
    }
    case 'synced': {
      const file = unsynced.files.get(record.id);
      if (file !== undefined) coverWrites(file, new Set(record.sequences));
      return;
    }
    case 'name':
      if (unsynced.names.some(({ sequence }) => sequence === record.sequence)) return;
      unsynced.names.push({ sequence: record.sequence, change: record.change, done: false });
      unsynced.nextNumber = Math.max(unsynced.nextNumber, record.sequence + 1);
      return;
    case 'done': {
      const name = unsynced.names.find(({ sequence }) => sequence === record.sequence);
      if (name === undefined || name.done) return;
      name.done = true;
      follow(unsynced, name.change);
      return;
    }
    case 'settled':
      coverNames(unsynced, new Set(record.sequences));
  }
};
