import type { Logger } from '@kafkaesque/kernel';
import { Offset, messageOf } from '@kafkaesque/kernel';
import type { Replica } from './replica';

interface RaisingHost {
  readonly logger: Logger;
  /** Whether the replica still takes part. */
  readonly isHere: () => boolean;
}

/** The leader's log starts there now, and so does this one, up to its end. What is asked for meanwhile is done as well. */
export const raiseLogStart = (replica: Replica, offset: Offset, { logger, isHere }: RaisingHost): void => {
  const isUnderWay = replica.raisingTo !== undefined;
  replica.raisingTo = Offset(Math.max(replica.raisingTo ?? 0, offset));
  if (isUnderWay) return;
  const raise = async (): Promise<void> => {
    for (;;) {
      const { log } = replica;
      const to = Offset(Math.min(replica.raisingTo ?? 0, log.endOffset));
      if (to <= log.logStartOffset) return;
      await log.raiseLogStart(to);
      replica.machine.logStartRaised(log.logStartOffset);
    }
  };
  raise()
    .catch((error: unknown) => {
      if (!isHere()) return;
      // The leader's next word tries it again.
      const { topic, partition } = replica;
      logger.warn('the start of a log could not be raised', {
        topic,
        partition,
        offset,
        error: messageOf(error),
      });
    })
    .finally(() => {
      replica.raisingTo = undefined;
    });
};
