import { Failure, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint';
import type { Checkpoint } from './checkpoint';
import { CHECKPOINT_FILE, checkpointLog } from './checkpoint-writer';
import type { DirectoryContext } from './directory-context';
import { inParallel } from './exclusive';
import { chainJournalFiles, findJournalFiles } from './journal-chain';
import type { FoundJournalFile, JournalChain } from './journal-chain';
import { replayJournal } from './journal-replay';
import { readJournal, rewriteRound } from './journal-scan';
import type { JournalReading } from './journal-scan';
import type { LogConfig } from './log';
import type { RecoveryReport } from './log-directory';
import type { LogState } from './log-state';
import { recoverLog } from './recover-log';
import { identityKey, keyOf, listedLog, unlistedLog } from './recovered-log';
import type { RecoveredLog } from './recovered-log';
import { removeTree } from './segment-removal';
import { readSmallFile, replaceFile } from './small-file';

/** Logs recovered at once. */
const WIDTH = 4;
/** Left out after a journal that may have held rounds which nobody can read any more: their numbers are not used again. */
const LSN_GAP = 1 << 20;
const TOPIC_DIRECTORY = /^[A-Za-z0-9_-]{22}$/;
const PARTITION_DIRECTORY = /^(0|[1-9]\d{0,9})$/;
const DELETED_DIRECTORY = /\.deleted$/;

export interface RecoveredDirectory {
  readonly logs: readonly LogState[];
  readonly lastLsn: number;
  /** Number of the next journal file; every earlier one is void. */
  readonly nextJournalFile: number;
  readonly report: RecoveryReport;
}

/**
 * Brings a log directory from what a crash left to a state that needs no journal (section 7, rule 9). May itself be
 * interrupted anywhere: nothing is taken away before what replaces it is durable.
 */
export const recoverDirectory = async (
  context: DirectoryContext,
  directoryId: string,
  config: LogConfig,
  clean: boolean,
): Promise<RecoveredDirectory> => {
  const { disk, path, pool } = context;
  const journalDirectory = `${path}/journal`;
  const checkpoint = await readCheckpoint(context, directoryId);
  const found = await findJournalFiles(disk, journalDirectory, directoryId);
  const chain = chainJournalFiles(found, checkpoint.journalStart, checkpoint.journalNewest);
  const reading = await readJournal(disk, pool, chain.files, checkpoint.lastLsn);
  const lastRound = reading.rounds[reading.rounds.length - 1];
  if (lastRound !== undefined) {
    await rewriteRound(disk, lastRound);
    await disk.syncDirectory(journalDirectory);
  }
  const logs = new Map<string, RecoveredLog>();
  for (const listed of checkpoint.logs)
    logs.set(keyOf(listed.topicId, listed.partition), listedLog(path, listed));
  const unknown = checkpoint.damage !== undefined;
  const entries = await replayJournal({ disk, pool, path, logs, unknown }, reading.rounds);
  await findLogDirectories(context, logs, unknown);
  markSuspects(logs, checkpoint, chain, reading);
  const states: LogState[] = [];
  const totals = { scannedBytes: 0, cutBytes: 0 };
  await inParallel(logs.values(), WIDTH, async (recovered) => {
    const outcome = await recoverLog(context, recovered, config, clean);
    states.push(outcome.log);
    totals.scannedBytes += outcome.scannedBytes;
    totals.cutBytes += outcome.cutBytes;
  });
  const lastLsn = found.length === 0 ? reading.lastLsn : reading.lastLsn + LSN_GAP;
  for (const log of states) {
    log.lastLsn = lastLsn;
    log.settledLsn = lastLsn;
  }
  const nextJournalFile = 1 + Math.max(checkpoint.journalStart - 1, ...found.map((file) => file.number));
  const damage = damageFound(checkpoint, chain, reading, states);
  if (!clean || found.length > 0 || totals.scannedBytes > 0 || damage.length > 0 || checkpoint.missing)
    await writeCheckpoint(context, directoryId, nextJournalFile, lastLsn, states);
  await setAside(context, found, reading, chain);
  return {
    logs: states,
    lastLsn,
    nextJournalFile,
    report: {
      cleanShutdown: clean,
      scannedBytes: totals.scannedBytes,
      journal: {
        files: chain.files.length,
        rounds: reading.rounds.length,
        entries,
        tornBytes: reading.tornBytes,
        unsealedTails: reading.tornBytes > 0 ? 1 : 0,
      },
      logs: states.length,
      tornLogs: states.filter((log) => log.recovery.kind === 'torn').length,
      cutBytes: totals.cutBytes,
      suspectLogs: states.filter((log) => log.suspectReason !== undefined).length,
      corruption: damage,
    },
  };
};

interface FoundCheckpoint extends Checkpoint {
  readonly missing: boolean;
  /** Why nothing is known although something should be. */
  readonly damage: string | undefined;
}

const nothingKnown = (missing: boolean, damage: string | undefined): FoundCheckpoint => ({
  journalStart: 0,
  journalNewest: -1,
  lastLsn: 0,
  logs: [],
  missing,
  damage,
});

const readCheckpoint = async (context: DirectoryContext, directoryId: string): Promise<FoundCheckpoint> => {
  const path = `${context.path}/${CHECKPOINT_FILE}`;
  const bytes = await readSmallFile(context.disk, path);
  if (bytes === undefined) {
    const isNew = await isEmptyDirectory(context);
    return nothingKnown(true, isNew ? undefined : `${path} is missing`);
  }
  const reading = decodeCheckpoint(bytes, directoryId);
  if (reading.kind === 'unsupported')
    throw new Failure(
      'UNSUPPORTED_FORMAT',
      `${path} has format version ${reading.version}, which this version cannot read; start the newer version that wrote it`,
    );
  if (reading.kind === 'damaged') {
    // Kept beside the new one: it is all that was known.
    await replaceFile(context.disk, `${path}.damaged`, [bytes]);
    return nothingKnown(false, `${path} is unreadable: ${reading.reason}`);
  }
  return { ...reading.checkpoint, missing: false, damage: undefined };
};

const isEmptyDirectory = async (context: DirectoryContext): Promise<boolean> => {
  const journal = await context.disk.list(`${context.path}/journal`);
  const topics = await context.disk.list(`${context.path}/topics`);
  return journal.length === 0 && topics.length === 0;
};

/** Adds the logs that only their directories tell of; removes what deletions left; refuses what is not ours. */
const findLogDirectories = async (
  context: DirectoryContext,
  logs: Map<string, RecoveredLog>,
  unknown: boolean,
): Promise<void> => {
  const { disk, path } = context;
  for (const topic of await disk.list(`${path}/topics`)) {
    const topicPath = `${path}/topics/${topic.name}`;
    if (topic.kind === 'file') continue;
    if (topic.kind !== 'directory' || !TOPIC_DIRECTORY.test(topic.name)) throw misplaced(topicPath);
    const entries = await disk.list(topicPath);
    if (entries.length === 0) await disk.removeDirectory(topicPath);
    for (const entry of entries) {
      const partitionPath = `${topicPath}/${entry.name}`;
      if (entry.kind === 'file') continue;
      if (entry.kind === 'directory' && DELETED_DIRECTORY.test(entry.name)) {
        await removeTree(disk, partitionPath);
        continue;
      }
      if (entry.kind !== 'directory' || !PARTITION_DIRECTORY.test(entry.name)) throw misplaced(partitionPath);
      const topicId = TopicId(topic.name);
      const partition = PartitionIndex(Number(entry.name));
      const key = keyOf(topicId, partition);
      if (!logs.has(key)) logs.set(key, unlistedLog(path, topicId, partition, unknown));
    }
  }
};

const misplaced = (path: string): Failure =>
  new Failure(
    'MISPLACED_FILES',
    `${path} is neither a topic's directory (its id, 22 characters) nor a partition's (its number): move it away; data of Apache Kafka cannot be used in place`,
  );

/** Rule 7: whoever may have lost something to damage is suspect until it has caught up with a leader. */
const markSuspects = (
  logs: ReadonlyMap<string, RecoveredLog>,
  checkpoint: FoundCheckpoint,
  chain: JournalChain,
  reading: JournalReading,
): void => {
  const all = (reason: string): void => {
    for (const log of logs.values()) log.suspectReason ??= reason;
  };
  if (checkpoint.damage !== undefined) all(checkpoint.damage);
  for (const damage of chain.damage) all(damage);
  for (const round of reading.damaged) {
    if (round.logs === undefined) all(round.what);
    for (const identity of round.logs ?? []) {
      const log = logs.get(identityKey(identity));
      if (log !== undefined) log.suspectReason ??= round.what;
    }
  }
};

const damageFound = (
  checkpoint: FoundCheckpoint,
  chain: JournalChain,
  reading: JournalReading,
  states: readonly LogState[],
): readonly string[] => [
  ...(checkpoint.damage === undefined ? [] : [checkpoint.damage]),
  ...chain.damage,
  ...reading.damaged.map((round) => round.what),
  ...states.flatMap((log) =>
    log.recovery.kind === 'corrupt' ? [`${log.directory}: ${log.recovery.reason}`] : [],
  ),
];

/** The checkpoint that voids every journal file there is. */
const writeCheckpoint = (
  context: DirectoryContext,
  directoryId: string,
  journalStart: number,
  lastLsn: number,
  logs: readonly LogState[],
): Promise<void> =>
  replaceFile(context.disk, `${context.path}/${CHECKPOINT_FILE}`, [
    encodeCheckpoint(
      { journalStart, journalNewest: -1, lastLsn, logs: logs.map(checkpointLog) },
      directoryId,
    ),
  ]);

/** Void journal files go, oldest first; if there was damage they are kept under another name, for whoever can read them. */
const setAside = async (
  context: DirectoryContext,
  found: readonly FoundJournalFile[],
  reading: JournalReading,
  chain: JournalChain,
): Promise<void> => {
  const keep = reading.damaged.length > 0 || chain.damage.length > 0;
  for (const file of found)
    if (keep) await context.disk.rename(file.path, `${file.path}.damaged`);
    else await context.disk.unlink(file.path);
};
