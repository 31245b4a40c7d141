import { Failure, hasCode, messageOf } from '@kafkaesque/kernel';
import type { LockDirectory } from './log-directory';

/**
 * `level`'s LOCK (fcntl) in `<log.dir>/lock`: held by one process, also across containers that share a volume, and
 * given back by the operating system when the process dies.
 */
export const lockDirectory: LockDirectory = async (path) => {
  // Loaded here: simulated disks have locks of their own and need no native library.
  const { Level } = await import('level');
  const database = new Level(`${path}/lock`);
  try {
    await database.open();
  } catch (error) {
    if (isHeldElsewhere(error))
      throw new Failure(
        'LOCKED',
        `${path} is in use by another process: stop it, or give this node another log.dirs`,
        { cause: error },
      );
    throw new Failure('CANNOT_LOCK', `${path} cannot be taken for this process alone: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  return () => database.close();
};

/** `level` says what happened in the cause of what it throws. */
const causeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined;

const isHeldElsewhere = (error: unknown): boolean =>
  hasCode(error, 'LEVEL_LOCKED') || hasCode(causeOf(error), 'LEVEL_LOCKED');

const reasonOf = (error: unknown): string => messageOf(causeOf(error) ?? error);
