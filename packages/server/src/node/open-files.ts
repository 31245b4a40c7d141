import { Failure } from '@kafkaesque/kernel';

/** How the files and sockets that a process may have open are shared out. */
export interface OpenFilesShares {
  /** Segment files that are kept open, by each log directory. */
  readonly segmentFiles: number;
  /** Connections of clients, those that wait to be let in included. */
  readonly connections: number;
}

/** Journals, logs of metadata, listeners, libraries, and files that are opened for a moment. */
const OWN_FILES = 96;
const FEWEST = 256;
const MOST_SEGMENT_FILES = 1024;

/**
 * Shares out what `limit` allows, so that connections can never take what the disk needs: a write that finds no file left
 * would take the log directory offline. A connection that is too many waits instead. Fails with `TOO_FEW_OPEN_FILES`.
 */
export const shareOpenFiles = (limit: number | undefined, logDirectories: number): OpenFilesShares => {
  if (limit === undefined) return { segmentFiles: MOST_SEGMENT_FILES, connections: Infinity };
  if (limit < FEWEST)
    throw new Failure(
      'TOO_FEW_OPEN_FILES',
      `This process may have ${limit} files and sockets open, and a node needs ${FEWEST} at least, for many clients ` +
        'and partitions 100000: raise the limit (ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of a container).',
    );
  const shared = limit - OWN_FILES;
  const segmentFiles = Math.min(MOST_SEGMENT_FILES, Math.floor(shared / 4 / logDirectories));
  return { segmentFiles, connections: shared - segmentFiles * logDirectories };
};
