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
  services.inBackground(attempt(services, log));
};

const attempt = async (services: LogServices, log: LogState): Promise<void> => {
  const { context, checkpoints } = services;
  try {
    await acknowledged(log, log.run.end - log.waiting.length);
    await settleLog(context, log);
    log.journaled = log.config.flushPolicy === 'ack';
    await checkpoints.write();
  } catch (cause) {
    if (context.offline || log.deleted) return;
    context.logger.warn('A change of flush.policy waits', { directory: log.directory, cause });
    context.clock.wakeAt(context.clock.monotonicMs() + RETRY_MS, () =>
      services.inBackground(attempt(services, log)),
    );
    return;
  }
  services.openGate(log);
};
