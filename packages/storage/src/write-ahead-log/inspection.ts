import type { Disk } from '@kafkaesque/kernel';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import { decodeFileHeader } from './file-header';
import type { FileHeader } from './file-header';
import { decodeFrame, frameHeaderAt } from './frames';
import { fileName, readFile, recoverLog } from './recovery';
import type { RecoveredLog } from './recovery';
import type { WriteAheadLogRecord } from './records';
import { listSnapshots, readSnapshot } from './snapshot-files';
import type { SnapshotName } from './snapshot-files';

/** One write of the log, as it stands in a file. */
export interface InspectedFrame {
  readonly lsn: number;
  /** In bytes from the beginning of the file. */
  readonly position: number;
  readonly sizeBytes: number;
  /** None: a seal. */
  readonly records: readonly WriteAheadLogRecord[];
}

/** A file of a write-ahead log, for people to look at. */
export interface InspectedLogFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Undefined when both copies are unreadable; then there are no frames either. */
  readonly header: FileHeader | undefined;
  /** Where the first frame stands, in bytes. */
  readonly framesAt: number;
  /** Up to the first that is not intact. Read from the file's bytes while it is walked. */
  readonly frames: Iterable<InspectedFrame>;
}

/**
 * Reads one file of a log for looking at it, whatever its neighbours say: entries that a later one overrides are among
 * them. Writes nothing. Throws a Failure `UNSUPPORTED_FORMAT` for a version that this release does not know.
 */
export const inspectLogFile = async (disk: Disk, path: string): Promise<InspectedLogFile> => {
  const content = await readFile(disk, path);
  const placed = decodeFileHeader(content, path);
  const sizeBytes = content.length;
  if (placed === undefined) return { path, sizeBytes, header: undefined, framesAt: 0, frames: [] };
  const { header, framesAt } = placed;
  return { path, sizeBytes, header, framesAt, frames: framesOf(content, header, framesAt) };
};

function* framesOf(content: Buffer, header: FileHeader, framesAt: number): Generator<InspectedFrame> {
  let position = framesAt;
  for (let lsn = header.firstLsn; ; lsn += 1) {
    const frame = frameHeaderAt(content, position, header.salt);
    if (frame?.lsn !== lsn) return;
    const decoded = decodeFrame(content, position, frame, header.salt);
    if (decoded === undefined) return;
    yield { lsn, position, sizeBytes: decoded.end - position, records: decoded.records };
    position = decoded.end;
  }
}

/** What is to be said of one file. */
export interface FileFinding {
  readonly path: string;
  /**
   * `torn`: what was cut off had not been acknowledged, or not been sealed. `left over`: no file builds upon it, and the
   * next start removes it. `corrupt`: a node will not start with it, or only with an older one.
   */
  readonly kind: 'fine' | 'torn' | 'left over' | 'corrupt';
  /** A sentence; of what is corrupt it names file, byte and the way out. */
  readonly message: string;
}

/**
 * Checks all files of a metadata directory as a start would: headers, checksums, joints between files, snapshots, and
 * whether one of these holds what comes before the log. Writes nothing. Fails only where the directory cannot be read.
 */
export const verifyMetadata = async (disk: Disk, directory: string): Promise<readonly FileFinding[]> => {
  const snapshots = await listSnapshots({ disk, directory, clusterId: '' });
  const log = await verifyLog(disk, directory);
  const { clusterId = '', startIndex = 0 } = log;
  const checked = await verifySnapshots(disk, directory, snapshots, clusterId);
  const findings = [...checked, ...log.findings];
  const isCovered =
    startIndex === 0 ||
    checked.some(({ kind }, at) => kind === 'fine' && (snapshots[at]?.index ?? -1) >= startIndex);
  if (isCovered) return findings;
  const message = `${directory} is damaged: the log starts behind entry ${startIndex}, and no intact snapshot holds what comes before. ${WAY_OUT}`;
  return [...findings, { path: directory, kind: 'corrupt', message }];
};

const WAY_OUT =
  'Restore the metadata directory from a backup, or, where other controllers have the metadata, move the directory away, format it anew and add this node to the quorum again.';

interface VerifiedLog {
  readonly findings: readonly FileFinding[];
  readonly clusterId?: string;
  readonly startIndex?: number;
}

const verifyLog = async (disk: Disk, directory: string): Promise<VerifiedLog> => {
  try {
    const recovered = await recoverLog(disk, directory);
    return {
      findings: await findingsOf(disk, directory, recovered),
      clusterId: recovered.clusterId,
      startIndex: recovered.entries.start.index,
    };
  } catch (error) {
    const corrupt = corruptFinding(directory, error);
    return { findings: [corrupt, ...(await restOf(disk, directory, corrupt.message))] };
  }
};

/** What can still be read of the other files of a log that is corrupt. */
const restOf = async (disk: Disk, directory: string, complaint: string): Promise<readonly FileFinding[]> => {
  const findings: FileFinding[] = [];
  for (const { name, kind } of await disk.list(directory)) {
    const path = `${directory}/${name}`;
    if (kind !== 'file' || !name.endsWith('.wal') || complaint.startsWith(path)) continue;
    try {
      const { header, frames } = await inspectLogFile(disk, path);
      const message = `${path} is fine by itself: ${contentOf(frames)}`;
      if (header !== undefined) findings.push({ path, kind: 'fine', message });
    } catch (error) {
      findings.push(corruptFinding(path, error));
    }
  }
  return findings;
};

const corruptCodes = [
  'CORRUPT_WRITE_AHEAD_LOG',
  'CORRUPT_SNAPSHOT',
  'UNSUPPORTED_FORMAT',
  'INCONSISTENT_CLUSTER_ID',
];

const corruptFinding = (path: string, error: unknown): FileFinding => {
  if (!corruptCodes.some((code) => hasCode(error, code))) throw error;
  return { path, kind: 'corrupt', message: messageOf(error) };
};

const findingsOf = async (
  disk: Disk,
  directory: string,
  { numbers, newest, strays, report }: RecoveredLog,
): Promise<readonly FileFinding[]> => {
  const findings: FileFinding[] = [];
  for (const number of numbers) {
    const path = `${directory}/${fileName(number)}`;
    const { frames } = await inspectLogFile(disk, path);
    const what = contentOf(frames);
    if (path !== newest?.path || report.tornBytes === 0)
      findings.push({ path, kind: 'fine', message: `${path} is fine: ${what}` });
    else
      findings.push({
        path,
        kind: 'torn',
        message:
          `${path} is torn at byte ${newest.end}: ${what}; ${report.tornBytes} bytes behind the last frame were not sealed, ` +
          `and the next start leaves them out${report.salvagedHardState ? ', but for a vote that it finds in them' : ''}`,
      });
  }
  for (const path of strays)
    findings.push({
      path,
      kind: 'left over',
      message: `${path} is left over: no later file builds upon it, and the next start removes it`,
    });
  return findings;
};

const contentOf = (frames: Iterable<InspectedFrame>): string => {
  let count = 0;
  let entries = 0;
  let last = 0;
  for (const { records } of frames) {
    count += 1;
    for (const record of records) {
      if (record.kind !== 'entry') continue;
      entries += 1;
      last = record.entry.index;
    }
  }
  return entries === 0
    ? `${count} frames without entries`
    : `${count} frames with ${entries} entries, the last of them ${last}`;
};

const verifySnapshots = async (
  disk: Disk,
  directory: string,
  snapshots: readonly SnapshotName[],
  clusterId: string,
): Promise<readonly FileFinding[]> => {
  const findings: FileFinding[] = [];
  for (const snapshot of snapshots) {
    const { path, index } = snapshot;
    try {
      const { chunks } = await readSnapshot({ disk, directory, clusterId }, snapshot);
      const message = `${path} is fine: the metadata up to entry ${index} in ${chunks.length} chunks`;
      findings.push({ path, kind: 'fine', message });
    } catch (error) {
      findings.push(corruptFinding(path, error));
    }
  }
  return findings;
};
