import { Failure } from '@kafkaesque/kernel';
import type { VoterSet } from '@kafkaesque/protocol';
import { decodeVoterSet, encodeVoterSet } from '@kafkaesque/protocol';
import type { RestoredReplica } from '@kafkaesque/raft';
import { entryTypes } from '@kafkaesque/raft';
import type { LoadedSnapshot, SnapshotPlace, WriteAheadLog } from '@kafkaesque/storage';
import { loadSnapshot, openWriteAheadLog } from '@kafkaesque/storage';
import { RaftQuorum } from './raft-quorum';
import type { RaftQuorumOptions } from './raft-quorum';
import { refuseLostLog, restoreState } from './snapshots';
import { areStatic, votersIn } from './static-voters';

/** What a member finds in its directory when it starts. */
export interface OpenedReplica {
  readonly log: WriteAheadLog;
  readonly restored: RestoredReplica;
  readonly bytesSinceSnapshot: number;
}

/**
 * Opens the directory of a member: recovers its log, loads its newest snapshot into the listener, and takes part in the
 * quorum once `begin` is called. Rejects with the Failures of `openWriteAheadLog` and `loadSnapshot`.
 */
export const openRaftQuorum = async (options: RaftQuorumOptions): Promise<RaftQuorum> => {
  const { disk, directory, clock, random, logger, clusterId, listener } = options;
  const log = await openWriteAheadLog({
    disk,
    directory,
    clock,
    random: random.fork('write-ahead log'),
    logger,
    clusterId,
    ...(options.outOfSpace === undefined ? {} : { outOfSpace: options.outOfSpace }),
  });
  try {
    const place: SnapshotPlace = { disk, directory, clusterId };
    const snapshot = await loadSnapshot(place, log, logger);
    await continueBehind(log, snapshot);
    const restored = restoredFrom(log, snapshot, options.configuredVoters ?? []);
    checkVoters(options, log, restored);
    // Only a member that is alone has everything that was ever committed.
    if (restored.snapshot.voters.length <= 1 && votersAtEnd(restored).length <= 1)
      refuseLostLog(directory, log.lastIndex, options.knownOffset ?? 0);
    if (snapshot !== undefined && snapshot.index > 0) await restoreState(listener, snapshot, clock);
    const bytesSinceSnapshot = 0;
    return new RaftQuorum(options, { log, restored, bytesSinceSnapshot });
  } catch (error) {
    await log.close();
    throw error;
  }
};

/** The process ended between a snapshot that came in and the word to the log that it starts behind it. */
const continueBehind = async (log: WriteAheadLog, snapshot: LoadedSnapshot | undefined): Promise<void> => {
  if (snapshot === undefined || log.term(snapshot.index) === snapshot.term) return;
  const { index, term, voters } = snapshot;
  await log.append({ start: { index, term }, voters });
};

const restoredFrom = (
  log: WriteAheadLog,
  snapshot: LoadedSnapshot | undefined,
  configuredVoters: VoterSet,
): RestoredReplica => {
  return {
    hardState: log.hardState,
    start: log.start,
    entries: log.entries(log.firstIndex, log.lastIndex + 1),
    snapshot: {
      index: snapshot?.index ?? log.start.index,
      term: snapshot?.term ?? log.start.term,
      sizeBytes: snapshot?.sizeBytes ?? 0,
      voters: votersIn(snapshot?.voters ?? Buffer.alloc(0), configuredVoters),
    },
  };
};

/** The voters that the log ends with, over those of the snapshot. */
const votersAtEnd = ({ entries, snapshot }: RestoredReplica): VoterSet => {
  const last = entries.findLast(({ type, index }) => type === entryTypes.voters && index > snapshot.index);
  return last === undefined ? snapshot.voters : decodeVoterSet(last.bytes);
};

/** The log says on its own which voters it ends with: both must agree, or something is lost. */
const checkVoters = (
  { directory }: RaftQuorumOptions,
  log: WriteAheadLog,
  restored: RestoredReplica,
): void => {
  const voters = votersAtEnd(restored);
  if (log.voters.length === 0 || areStatic(voters) || log.voters.equals(encodeVoterSet(voters))) return;
  throw new Failure(
    'CORRUPT_WRITE_AHEAD_LOG',
    `the metadata in ${directory} contradict themselves: the log and its snapshot name different voters. Where other ` +
      'controllers have the metadata, move the directory away, format it anew and add this node to the quorum again.',
  );
};
