import type { LogServices } from './log-services';
import { acknowledged } from './log-state';
import type { LogState } from './log-state';
import { settleLog } from './settling';

const RETRY_MS = 1000;

/**
 * Lets a changed flush policy take effect: appends wait until everything before has settled and a checkpoint says so,
 * because journal entries found again must not meet bytes that went past the journal, nor the other way round.
 */
export const switchPolicy = (services: LogServices, log: LogState): void => {
  const journaled = log.config.flushPolicy === 'ack';
  if (log.gate !== 'open' || log.journaled === journaled) return;
  log.gate = 'switching-policy';
  services.inBackground(carryOut(services, log));
};

const carryOut = async (services: LogServices, log: LogState): Promise<void> => {
  const { context, checkpoints } = services;
  for (;;)
    try {
      await acknowledged(log, log.run.end - log.waiting.length);
      await settleLog(context, log);
      log.journaled = log.config.flushPolicy === 'ack';
      await checkpoints.write();
      services.openGate(log);
      return;
    } catch (cause) {
      // A full disk, or a log that waits for its repair.
      context.logger.warn('A change of flush.policy waits', { directory: log.directory, cause });
      if (log.deleted || !(await services.pause(RETRY_MS))) return;
    }
};
