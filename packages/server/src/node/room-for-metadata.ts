import type { Clock, Logger } from '@kafkaesque/kernel';
import type { LogDirectories } from '../broker/log-directories';

export interface RoomForMetadataOptions {
  readonly directories: LogDirectories;
  readonly metadataLogDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether the node may wait for room: it serves, and nobody has told it to stop. */
  readonly isPatient: () => boolean;
}

const RETRY_MS = 1000;

/**
 * What the metadata log does on a full disk: it takes the room that the log directory beside it keeps back, and then waits
 * for more. A node that ended instead could not even delete a topic. Resolves with whether to try again.
 */
export const roomForMetadata = (options: RoomForMetadataOptions): (() => Promise<boolean>) => {
  const { directories, metadataLogDir, clock, logger, isPatient } = options;
  return async () => {
    const beside = directories.all.find(({ path }) => path === metadataLogDir);
    if ((await beside?.makeRoom()) === true) return true;
    if (!isPatient()) return false;
    logger.error('there is no room for metadata: changes wait until there is', { path: metadataLogDir });
    await new Promise<void>((resolve) => {
      clock.wakeAt(clock.monotonicMs() + RETRY_MS, resolve);
    });
    return isPatient();
  };
};
