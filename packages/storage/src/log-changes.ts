import { Failure, assert, thrownError } from '@kafkaesque/kernel';
import { cutPlaceOf } from './log-walk';
import type { CutPlace } from './log-walk';
import {
  cutFile,
  dropRun,
  forgetBehind,
  raiseStart,
  removeSegmentFiles,
  resetLog,
  restoreTimes,
  truncateLog,
} from './cuts';
import type { ControlEntry } from './journal-frame';
import { writeInTheEnd } from './log-deletion';
import type { LogServices } from './log-services';
import { acknowledged } from './log-state';
import type { LogState } from './log-state';
import { openSegment, refusal } from './placing';
import { removeSegments, truncateSegments } from './segment-removal';
import { settleLog } from './settling';
import { removeSnapshotsAbove } from './snapshot-files';
import { isOutOfSpace } from './space-reserve';

type LogChange = ControlEntry & { readonly kind: 'truncate' | 'reset' | 'logStart' };

/**
 * Makes a change durable in the journal, then carries it out. Once the entry is durable there is no way back: a
 * failure to carry it out takes the directory offline, and recovery will do it.
 */
export const changeLog = (
  services: LogServices,
  log: LogState,
  entry: LogChange,
  place?: CutPlace,
): Promise<void> => {
  // What is appended from here on must not go to a segment that the entry gives up.
  const active = log.segments[log.segments.length - 1];
  if (entry.kind === 'logStart' && entry.segmentBase > (active?.baseOffset ?? Infinity))
    openSegment(services.context, log, entry.segmentBase);
  return new Promise((resolve, reject) => {
    services.rounds.enqueue({
      kind: 'control',
      log,
      entry,
      durable: () => resolve(carryOut(services, log, entry, place)),
      failed: (cause) => {
        // A frame that failed may still be found after a crash, until a newer file has made it void.
        if (!log.journaled && isOutOfSpace(cause)) services.failed(log, cause);
        reject(thrownError(cause));
      },
    });
  });
};

const carryOut = async (
  services: LogServices,
  log: LogState,
  entry: LogChange,
  place: CutPlace | undefined,
): Promise<void> => {
  const { context } = services;
  try {
    await log.exclusive.run(async () => {
      const wasQuarantined = log.quarantined;
      if (entry.kind === 'reset') await resetLog(context, log, entry.offset);
      else if (entry.kind === 'truncate') {
        assert(place !== undefined, 'a truncation has a place');
        await truncateLog(context, log, place);
      } else
        await raiseStart(context, log, entry.offset, entry.segmentBase, (path) =>
          services.removeLater(path, log.config.fileDeleteDelayMs),
        );
      if (wasQuarantined && !log.quarantined) await removeQuarantined(services, log, entry);
      log.controlLsns.shift();
    });
    // What a direct log appends is in no journal entry: a truncation found again would cut it off.
    if (!log.journaled && entry.kind !== 'logStart') {
      await settleLog(context, log);
      await writeInTheEnd(services);
    }
  } catch (cause) {
    context.fail(cause);
    throw cause;
  }
  if (log.journaled && entry.kind !== 'logStart') services.inBackground(services.keeper.settle(log));
};

/** Damaged bytes behind the end are in no segment that is known: the files are searched for them. */
const removeQuarantined = async (services: LogServices, log: LogState, entry: LogChange): Promise<void> => {
  const { disk } = services.context;
  if (entry.kind === 'truncate') await truncateSegments(disk, log.directory, entry);
  else await removeSegments(disk, log.directory, () => true);
  log.namesDirty = true;
};

/** Runs `work` while the log takes no appends and none is under way. */
const whileCutting = (log: LogState, work: () => Promise<void>): Promise<void> =>
  log.changing.run(async () => {
    if (log.failed || log.deleted) throw refusal(log) ?? new Failure('LOG_FAILED', log.directory);
    log.cutting = true;
    try {
      await acknowledged(log);
      await work();
    } finally {
      log.cutting = false;
    }
  });

export const truncateTo = async (services: LogServices, log: LogState, offset: number): Promise<number> => {
  await whileCutting(log, async () => {
    if (offset >= log.end && !log.quarantined) return;
    if (offset < log.logStart) return reset(services, log, offset);
    const place = await cutPlaceOf(services.context, log, Math.min(offset, log.end));
    if (place === undefined || place.offset <= log.logStart) return reset(services, log, log.logStart);
    const { segment, position } = place;
    await changeLog(
      services,
      log,
      { kind: 'truncate', offset: place.offset, segmentBase: segment.baseOffset, position },
      place,
    );
  });
  return log.end;
};

export const resetTo = (services: LogServices, log: LogState, offset: number): Promise<void> =>
  whileCutting(log, () => reset(services, log, offset));

const reset = (services: LogServices, log: LogState, offset: number): Promise<void> =>
  changeLog(services, log, { kind: 'reset', offset, segmentBase: offset, position: 0 });

/** Takes away what failed appends left, in memory and in files, so that nothing of it can come back (rule 11). */
export const repairLog = (services: LogServices, log: LogState): Promise<void> =>
  log.changing.run(async () => {
    if (!log.failed || log.deleted) return;
    const { context } = services;
    await services.rounds.voidFailedFrame();
    await log.exclusive.run(async () => {
      log.cuts += 1;
      dropRun(context, log, log.durableCount);
      await cutFailed(services, log);
      log.end = log.durableEnd;
      log.epochs.truncateTo(log.end);
      await removeSnapshotsAbove(context, log, log.end);
    });
    if (!log.journaled) await services.keeper.settle(log);
    log.failed = false;
    log.failure = undefined;
  });

const cutFailed = async (services: LogServices, log: LogState): Promise<void> => {
  const { context } = services;
  const last = log.run.size > 0 ? log.run.at(log.run.end - 1) : undefined;
  const segmentBase = last?.segment.baseOffset ?? log.written.segmentBase;
  // Not there: a raised log start took it away, with everything that the log had; memory may still hold some of it.
  const segment = log.segments.find(({ baseOffset }) => baseOffset === segmentBase);
  const position = last === undefined ? log.written.position : last.position + last.bytes.length;
  if (segment === undefined || position === 0) {
    const removed = log.segments.filter(({ baseOffset }) => baseOffset >= log.durableEnd);
    log.segments = log.segments.filter(({ baseOffset }) => baseOffset < log.durableEnd);
    await removeSegmentFiles(context, log, removed);
    return;
  }
  await removeSegmentFiles(context, log, forgetBehind(log, segment, position, log.durableEnd));
  // A journaled log has nothing in its file beyond what the journal acknowledged.
  if (!log.journaled) await cutFile(context, log, segment, position);
  await restoreTimes(context, log, segment);
};
