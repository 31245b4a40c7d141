import type { Logger } from '@kafkaesque/kernel';
import type { LogDirectory } from '@kafkaesque/storage';

/** Says aloud what the recovery of a log directory found, whether it costs anything or not. */
export const tellFindings = ({ path, report }: LogDirectory, logger: Logger): void => {
  for (const what of report.corruption) logger.error('a log directory is damaged', { path, what });
  const { tornBytes, unsealedTails } = report.journal;
  if (tornBytes > 0 || report.cutBytes > 0) {
    logger.warn('a log directory ended in writes that were not finished, and were cut', {
      path,
      journalBytes: tornBytes,
      segmentBytes: report.cutBytes,
      tornLogs: report.tornLogs,
      unsealedTails,
    });
  }
};
