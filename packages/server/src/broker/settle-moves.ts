import type { Logger, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import { messageOf } from '@kafkaesque/kernel';
import type { Log, LogDirectory, MoveMark } from '@kafkaesque/storage';
import { LogDirectories, deleteIn } from './log-directories';

/** What one directory has of a partition that was being moved. */
interface Trace {
  readonly directory: LogDirectory;
  readonly log: Log | undefined;
  readonly mark: MoveMark | undefined;
}

/**
 * Before anything is served: finds for each replica that was moving between log directories the one whole log that it
 * is. A decided move is carried to its end, a copy whose original is there goes on being one. Where the directory of
 * the whole log is missing, the other log is all there is: it becomes the replica, which is not believed before it has
 * caught up with a leader. But while a directory could not be opened, what is missing may be in there: then nothing is
 * taken for the replica or thrown away that might be the only whole log.
 */
export const settleMoves = async (
  all: readonly LogDirectory[],
  areSomeAway: boolean,
  logger: Logger,
): Promise<void> => {
  const moved = new Map<string, { readonly topicId: TopicId; readonly partition: PartitionIndex }>();
  for (const directory of all)
    for (const { topicId, partition } of directory.moves)
      moved.set(`${topicId}-${partition}`, { topicId, partition });
  const directories = new LogDirectories(all);
  for (const { topicId, partition } of moved.values())
    if (!areSomeAway || isAllHere(directories, topicId, partition))
      await settle(all, topicId, partition, logger);
};

/** Whether both ends of every move of a partition are here, and with them the log that is the replica. */
const isAllHere = (directories: LogDirectories, topicId: TopicId, partition: PartitionIndex): boolean => {
  const { all } = directories;
  const marks = all.flatMap(({ moves }) => moves.find(topicId, partition) ?? []);
  const areEndsHere = marks.every((mark) => all.some(({ directoryId }) => directoryId === mark.directoryId));
  return areEndsHere && directories.holderOf(topicId, partition) !== undefined;
};

const settle = async (
  all: readonly LogDirectory[],
  topicId: TopicId,
  partition: PartitionIndex,
  logger: Logger,
): Promise<void> => {
  const look = (): readonly Trace[] =>
    all
      .filter(({ offlineReason }) => offlineReason === undefined)
      .map((directory) => ({
        directory,
        log: directory.log(topicId, partition),
        mark: directory.moves.find(topicId, partition),
      }));
  const standing = (): Trace | undefined =>
    look().find(({ log, mark }) => log !== undefined && mark === undefined);
  const salvage = async ({ directory, log }: Trace): Promise<void> => {
    const reason = `the log directory that has the whole log of ${topicId}-${partition} is not there`;
    logger.error('a replica was being moved, and of its two log directories only one is there', {
      topicId,
      partition,
      path: directory.path,
      endOffset: log?.endOffset,
    });
    await log?.distrust(reason);
    await directory.moves.clear(topicId, partition);
  };

  // The target's mark goes first: as long as the source has its own, it is known which of the two counts.
  for (const { mark } of look().filter(isMoved)) {
    const target = look().find(({ directory }) => directory.directoryId === mark?.directoryId);
    if (target?.log !== undefined && target.mark?.kind === 'future')
      await target.directory.moves.clear(topicId, partition);
  }
  for (const trace of look().filter(isMoved)) {
    if (standing() === undefined && !isEmpty(trace.log)) await salvage(trace);
    else await discard(trace, topicId, partition, logger);
  }
  for (const trace of look().filter(isFuture)) {
    const original = standing();
    const isItsOriginal = original?.directory.directoryId === trace.mark?.directoryId;
    if (original === undefined && !isEmpty(trace.log)) await salvage(trace);
    else if (original === undefined || !isItsOriginal) await discard(trace, topicId, partition, logger);
  }
};

const isMoved = ({ mark }: Trace): boolean => mark?.kind === 'moved';
const isFuture = ({ mark }: Trace): boolean => mark?.kind === 'future';
const isEmpty = (log: Log | undefined): boolean => (log?.endOffset ?? 0) === 0;

/** What is not the replica's can go another time as well: its mark stays with it. */
const discard = async (
  { directory }: Trace,
  topicId: TopicId,
  partition: PartitionIndex,
  logger: Logger,
): Promise<void> => {
  try {
    await deleteIn(directory, topicId, partition);
  } catch (error) {
    const { path } = directory;
    logger.warn('what a move of a replica has left over could not be removed', {
      topicId,
      partition,
      path,
      error: messageOf(error),
    });
  }
};
