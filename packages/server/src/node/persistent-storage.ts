import { Failure } from '@kafkaesque/kernel';
import type { BrokerConfiguration } from '../configuration';
import type { World } from './world';

/**
 * Data on a file system that does not outlive a restart get a warning; where `storage.require.persistent` says so, they
 * end the start (ARCHITECTURE section 7).
 */
export const lookForEphemeralStorage = async (
  { logDirs, metadataLogDir, storageRequirePersistent }: BrokerConfiguration,
  { ephemeralStorage, logger }: World,
): Promise<void> => {
  for (const path of new Set([...logDirs, metadataLogDir])) {
    const why = await ephemeralStorage?.(path);
    if (why === undefined) continue;
    if (storageRequirePersistent) {
      throw new Failure(
        'EPHEMERAL_STORAGE',
        `${path} is ${why}, and storage.require.persistent=true. Mount a volume there, or choose another log.dirs.`,
      );
    }
    logger.warn('data are kept where they may not outlive a restart', { path, why });
  }
};
