import { Failure, hasCode, thrownError } from '@kafkaesque/kernel';
import { dropRun } from './cuts';
import type { LogServices } from './log-services';
import { tellFailed } from './log-state';
import type { LogState } from './log-state';
import { topicNames, syncTopicNames } from './segment-files';
import { removeTree } from './segment-removal';
import { directoryOf } from './small-file';
import { isOutOfSpace } from './space-reserve';

const RETRY_MS = 1000;

export interface DeletionHooks {
  /** From now on nobody finds the log. */
  forget(): void;
  /** Ends when the deletion is carried out and a checkpoint says so. */
  settling(settled: Promise<void>): void;
  isTopicInUse(): boolean;
}

/**
 * Deletes a log: a journal entry first, then its directory gets another name, and later everything in it goes. Resolves
 * when the entry is durable and the directory is out of the way.
 */
export const deleteLog = (services: LogServices, log: LogState, hooks: DeletionHooks): Promise<void> =>
  log.changing.run(async () => {
    if (log.deleted) return;
    log.cutting = true;
    try {
      const lsn = await journalDeletion(services, log, hooks);
      await moveAway(services, log, lsn, hooks);
    } finally {
      log.cutting = false;
    }
  });

const journalDeletion = (services: LogServices, log: LogState, hooks: DeletionHooks): Promise<number> => {
  // What still waits at the gate would follow the deletion into the journal, and be taken for a new log's.
  const hasDropped = log.waiting.length > 0;
  log.waiting.length = 0;
  return new Promise((resolve, reject) => {
    services.rounds.enqueue({
      kind: 'control',
      log,
      entry: { kind: 'delete', offset: log.end, segmentBase: 0, position: 0 },
      durable: (lsn) => {
        log.deleted = true;
        hooks.forget();
        tellFailed(log, new Failure('LOG_DELETED', `${log.directory} is deleted`));
        resolve(lsn);
      },
      failed: (cause) => {
        if ((!log.journaled || hasDropped) && isOutOfSpace(cause)) services.failed(log, cause);
        reject(thrownError(cause));
      },
    });
  });
};

const moveAway = async (
  services: LogServices,
  log: LogState,
  lsn: number,
  hooks: DeletionHooks,
): Promise<void> => {
  const { context } = services;
  const topicDirectory = directoryOf(log.directory);
  const away = `${log.directory}.${lsn}.deleted`;
  const moved = log.exclusive.run(async () => {
    dropRun(context, log, log.run.first);
    for (const segment of log.segments) await context.files.close(segment);
    if (!log.directoryMade) return;
    try {
      await context.disk.rename(log.directory, away);
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
    }
    topicNames(context, topicDirectory).changedUnsynced = true;
    await syncTopicNames(context, topicDirectory);
  });
  const settled = moved.then(() => {
    log.controlLsns.length = 0;
    log.settledLsn = lsn;
    log.lastLsn = lsn;
    return writeInTheEnd(services);
  });
  hooks.settling(settled);
  services.inBackground(settled);
  try {
    await moved;
  } catch (cause) {
    context.fail(cause);
    throw cause;
  }
  if (log.directoryMade) removeAwayLater(services, log, away, hooks);
};

/** Writes a checkpoint, however long that takes on a full disk. */
export const writeInTheEnd = async (services: LogServices): Promise<void> => {
  for (;;)
    try {
      await services.checkpoints.write();
      return;
    } catch (cause) {
      if (!isOutOfSpace(cause) || !(await services.pause(RETRY_MS))) throw cause;
    }
};

const removeAwayLater = (services: LogServices, log: LogState, away: string, hooks: DeletionHooks): void => {
  const { disk, logger } = services.context;
  const remove = async (): Promise<void> => {
    try {
      await removeTree(disk, away);
      if (!hooks.isTopicInUse()) await disk.removeDirectory(directoryOf(log.directory));
    } catch (cause) {
      // Another partition's directory may still be in it, and the next start removes what is left.
      if (!hasCode(cause, 'ENOTEMPTY') && !hasCode(cause, 'ENOENT'))
        logger.warn('A deleted log could not be removed', { path: away, cause });
    }
  };
  services.afterDelay(remove, log.config.fileDeleteDelayMs);
};
