import { hasCode } from '@kafkaesque/kernel';
import type { CleaningOptions, CleaningOutcome } from '../log';
import type { LogServices } from '../log-services';
import type { LogState } from '../log-state';
import { isOutOfSpace } from '../space-reserve';
import { groupsOf, planCleaning } from './cleanable';
import type { CleaningPlan } from './cleanable';
import { writeCleaned } from './cleaned-segment';
import { Cleaning, STOPPED } from './cleaning';
import { indexDirty } from './key-index';
import { CLEANED_SUFFIX } from './swap-entry';
import { giveUp, swapIn } from './swap';

/** One pass: of everything from the log's beginning up to where the map of keys reaches, only the newest stays. */
export const cleanLog = async (
  services: LogServices,
  log: LogState,
  options: CleaningOptions,
): Promise<CleaningOutcome> => {
  if (log.cleaning || services.isClosing) return { kind: 'nothing' };
  log.cleaning = true;
  try {
    return await cleanOnce(services, log, options);
  } catch (error) {
    if (hasCode(error, STOPPED) || isOutOfSpace(error)) return { kind: 'stopped' };
    throw error;
  } finally {
    log.cleaning = false;
  }
};

const cleanOnce = async (
  services: LogServices,
  log: LogState,
  options: CleaningOptions,
): Promise<CleaningOutcome> => {
  const { context } = services;
  const planned = planCleaning(log, options.upTo, context.clock.wallMs());
  if (planned === undefined) return { kind: 'nothing' };
  if (log.cleaningInDoubt) {
    await services.rounds.voidFailedFrame();
    log.cleaningInDoubt = false;
  }
  const plan = await settled(services, log, planned);
  if (plan === undefined) return { kind: 'stopped' };
  const cleaning = new Cleaning(services, log, plan, options);
  const index = await indexDirty(cleaning);
  if (index === undefined) return { kind: 'nothing' };
  let swaps = 0;
  for (const sources of groupsOf(log, plan)) {
    const [first] = sources;
    if (first === undefined || first.baseOffset >= index.end) break;
    const sizeBytes = sources.reduce((sum, source) => sum + source.sizeBytes, 0);
    cleaning.beforeBytes += sizeBytes;
    try {
      const cleaned = await writeCleaned(cleaning, sources, index);
      cleaning.afterBytes += cleaned?.segment.sizeBytes ?? sizeBytes;
      if (cleaned === undefined) continue;
      await swapIn(cleaning, sources, cleaned);
      swaps += 1;
    } catch (error) {
      await giveUp(cleaning, first, CLEANED_SUFFIX);
      throw error;
    }
  }
  log.cleanedTo = Math.max(log.cleanedTo, index.end);
  if (swaps > 0) await services.keeper.settle(log);
  const { removedRecords, beforeBytes, afterBytes } = cleaning;
  return { kind: 'cleaned', cleanedTo: index.end, removedRecords, beforeBytes, afterBytes };
};

/**
 * The plan, once a durable checkpoint has settled every journal entry that names its segments (rule 5): otherwise a
 * recovery would write what they held over what took their place. Undefined: not now.
 */
const settled = async (
  services: LogServices,
  log: LogState,
  { end }: CleaningPlan,
): Promise<CleaningPlan | undefined> => {
  const { lastLsn, cuts } = log;
  await services.keeper.settle(log);
  if (log.settledLsn < lastLsn || log.cuts !== cuts) return undefined;
  const { segmentBase } = log.synced;
  const plan = planCleaning(log, end, services.context.clock.wallMs());
  if (plan === undefined || plan.end > segmentBase) return undefined;
  return plan;
};
