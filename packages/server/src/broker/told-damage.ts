import type { Logger } from '@kafkaesque/kernel';
import type { TopicImage } from '@kafkaesque/metadata';
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
      topic,
      partition,
      reason,
    });
  } else if (suspect !== undefined) {
    const { reason } = suspect;
    logger.error('a partition may have lost records behind its end', {
      topic,
      partition,
      endOffset,
      reason,
    });
  }
};

/** Says of a log that was found at the start that nobody knows whose it is. */
export const tellUnknown = ({ topicId, partition, sizeBytes }: Log, logger: Logger): void => {
  logger.error(
    'no committed metadata know a log: if its topic was not deleted, metadata are lost. It is left as it is',
    { topicId, partition, sizeBytes },
  );
};

/** Says of a topic that the metadata have lost it without a word. */
export const tellForgotten = ({ name, topicId }: TopicImage, logger: Logger): void => {
  logger.error(
    'the metadata do not know a topic any more, and not that it was deleted. Its logs are left as they are',
    { topic: name, topicId },
  );
};
