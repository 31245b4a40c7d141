import type { Logger } from '@kafkaesque/kernel';
import type { Log } from '@kafkaesque/storage';

/** Says of a log that was found at the start what is not to be believed of it. */
export const tellDamage = (
  topic: string,
  { partition, recovery, suspect, endOffset }: Log,
  logger: Logger,
): void => {
  if (recovery.kind === 'corrupt') {
    const { reason } = recovery;
    logger.error('a partition is damaged: it can be read up to there, and takes no records', {
      ...{ topic, partition, reason },
    });
  } else if (suspect !== undefined) {
    const { reason } = suspect;
    logger.error('a partition may have lost records behind its end', {
      ...{ topic, partition, endOffset, reason },
    });
  }
};
