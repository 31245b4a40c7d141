import type { Clock, LogFields, Logger } from '@kafkaesque/kernel';

/** How long a warning is not repeated. */
const SILENCE_MS = 60_000;
/** Beyond it the oldest are forgotten. */
const MOST_REMEMBERED = 100;

/**
 * Says a warning about a node, and its reason, once a minute: members that do not get on dial each other for ever. The
 * line that comes again tells how often it would have come.
 */
export const seldomLogger = (logger: Logger, clock: Clock): Logger => {
  const said = new Map<string, { readonly atMs: number; withheld: number }>();
  return {
    debug: (message, fields) => logger.debug(message, fields),
    info: (message, fields) => logger.info(message, fields),
    error: (message, fields) => logger.error(message, fields),
    child: (fields) => seldomLogger(logger.child(fields), clock),
    warn: (message, fields: LogFields = {}) => {
      const key = JSON.stringify([message, fields['nodeId'], fields['reason']]);
      const nowMs = clock.monotonicMs();
      const before = said.get(key);
      if (before !== undefined && nowMs - before.atMs < SILENCE_MS) {
        before.withheld += 1;
        return;
      }
      said.delete(key);
      said.set(key, { atMs: nowMs, withheld: 0 });
      const [oldest] = said.keys();
      if (said.size > MOST_REMEMBERED && oldest !== undefined) said.delete(oldest);
      const withheld = before?.withheld ?? 0;
      logger.warn(message, withheld === 0 ? fields : { ...fields, withheld });
    },
  };
};
