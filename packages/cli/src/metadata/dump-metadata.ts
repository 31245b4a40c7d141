import { dirname } from 'node:path';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import type { Disk } from '@kafkaesque/kernel';
import type { InspectedFrame, WriteAheadLogEntry, WriteAheadLogRecord } from '@kafkaesque/storage';
import { metadata, protocol, storage } from '../command-line/loaded-on-demand';
import type { Terminal } from '../command-line/terminal';
import { metadataFiles } from './metadata-files';
import type { MetadataFile } from './metadata-files';

/** A line, before it is JSON. */
type Line = Readonly<Record<string, unknown>>;

/** Prints every file that the paths name. Resolves with 1 when something in them could not be read. */
export const dumpMetadata = async (paths: readonly string[], terminal: Terminal): Promise<number> => {
  const disk = storage().openNodeDisk();
  let code = 0;
  for (const path of paths) {
    for (const file of await metadataFiles(disk, path)) {
      const isWhole =
        file.kind === 'log'
          ? await dumpLogFile(disk, file.path, terminal)
          : await dumpSnapshot(disk, file, terminal);
      if (!isWhole) code = 1;
    }
  }
  return code;
};

const print = async (terminal: Terminal, lines: Iterable<Line>): Promise<void> => {
  for (const line of lines) terminal.out(`${JSON.stringify(line, bytesAsText)}\n`);
  await terminal.drained();
};

/** Bytes have turned into `{ type: 'Buffer', data }` when a replacer sees them. */
const bytesAsText = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value
    ? Buffer.from(value.data as number[]).toString('base64')
    : value;

const dumpLogFile = async (disk: Disk, path: string, terminal: Terminal): Promise<boolean> => {
  const { header, frames, framesAt, sizeBytes } = await storage().inspectLogFile(disk, path);
  if (header === undefined) {
    await print(terminal, [{ file: path, kind: 'unreadable', position: 0, bytes: sizeBytes }]);
    return false;
  }
  const { salt, voters, ...fields } = header;
  await print(terminal, [
    { file: path, kind: 'header', ...fields, salt: salt.toString('hex'), voters: shownVoters(voters) },
  ]);
  let end = framesAt;
  for (const frame of frames) {
    await print(terminal, frameLines(frame));
    end = frame.position + frame.sizeBytes;
  }
  // Torn, or void because a later file names an earlier end: which of both only all files together tell.
  if (end < sizeBytes)
    await print(terminal, [{ file: path, kind: 'unreadable', position: end, bytes: sizeBytes - end }]);
  return true;
};

function* frameLines({ lsn, position, records }: InspectedFrame): Generator<Line> {
  const place = { lsn, position };
  if (records.length === 0) yield { kind: 'seal', ...place };
  const seen = new Set<string>();
  for (const record of records) {
    // Written twice in one frame, and meant once.
    if (record.kind === 'hard-state' && seen.has('hard-state')) continue;
    seen.add(record.kind);
    yield* recordLines(record, place);
  }
}

function* recordLines(record: WriteAheadLogRecord, place: Line): Generator<Line> {
  switch (record.kind) {
    case 'hard-state':
      yield { kind: 'hard-state', ...place, ...record.hardState };
      return;
    case 'start':
      yield { kind: 'start', ...place, ...record.start, resets: record.resets };
      return;
    case 'voters':
      yield { kind: 'voters', ...place, voters: shownVoters(record.voters) };
      return;
    case 'entry':
      yield* entryLines(record.entry, place);
  }
}

/** As the quorum numbers them in its files. */
const entryTypes = { records: 0, leaderChange: 1, voters: 2 } as const;
const LEADER_CHANGE_VERSION = 1;

function* entryLines({ index, term, type, bytes }: WriteAheadLogEntry, place: Line): Generator<Line> {
  const entry = { kind: 'entry', ...place, index, term };
  switch (type) {
    case entryTypes.leaderChange: {
      // A node that is the only voter has nothing to say in it.
      const change = bytes.length === 0 ? {} : decoded(() => leaderChange(bytes), bytes);
      yield { ...entry, type: 'leader-change', ...change };
      return;
    }
    case entryTypes.voters:
      yield { ...entry, type: 'voters', voters: shownVoters(bytes) };
      return;
    case entryTypes.records: {
      if (bytes.length === 0) yield { ...entry, type: 'records' };
      for (const record of storedRecords(bytes)) yield { ...entry, type: 'records', ...record };
      return;
    }
    default:
      yield { ...entry, type, bytes };
  }
}

const leaderChange = (bytes: Buffer): Line => {
  const { leaderId, voters, grantingVoters } = protocol().LeaderChangeMessage.decode(
    bytes,
    LEADER_CHANGE_VERSION,
  );
  return { leaderId, voters, grantingVoters };
};

/** What cannot be understood is shown with the reason, not left out. */
const decoded = (decode: () => Line, bytes: Buffer): Line => {
  try {
    return decode();
  } catch (error) {
    return { error: messageOf(error), bytes };
  }
};

const storedRecords = (bytes: Buffer): readonly Line[] => {
  try {
    return metadata()
      .decodeRecords(bytes)
      .map(({ kind, value }) => ({ record: kind, fields: value }));
  } catch (error) {
    return [{ error: messageOf(error), bytes }];
  }
};

const shownVoters = (bytes: Buffer): unknown => {
  try {
    return protocol().decodeVoterSet(bytes);
  } catch (error) {
    return { error: messageOf(error), bytes };
  }
};

const dumpSnapshot = async (
  disk: Disk,
  { path, index, term }: Extract<MetadataFile, { kind: 'snapshot' }>,
  terminal: Terminal,
): Promise<boolean> => {
  const place = { disk, directory: dirname(path), clusterId: '' };
  try {
    const snapshot = await storage().readSnapshot(place, { path, index, term, sizeBytes: 0 });
    const { voters, chunks, sizeBytes } = snapshot;
    await print(terminal, [
      {
        ...{ file: path, kind: 'snapshot', index, term },
        ...{ voters: shownVoters(voters), chunks: chunks.length, sizeBytes },
      },
    ]);
    for (const [chunk, bytes] of chunks.entries())
      await print(
        terminal,
        storedRecords(bytes).map((record) => ({ kind: 'record', chunk, ...record })),
      );
    return true;
  } catch (error) {
    if (!hasCode(error, 'CORRUPT_SNAPSHOT')) throw error;
    await print(terminal, [{ file: path, kind: 'unreadable', error: messageOf(error) }]);
    return false;
  }
};
