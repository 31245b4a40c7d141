import { LeaderEpoch, Offset, TimestampMs, hasCode, inlineCompute } from '@kafkaesque/kernel';
import { baseOffsetOf, batchSizeBytes, encodeBatch, lastOffsetOf } from '@kafkaesque/protocol';
import type { Log } from '@kafkaesque/storage';
import { newestRecordsOf, recordsContradiction } from './compacted-records';
import type { LogModel } from './log-model';
import { snapshotOf } from './producer-snapshots';
import { Violation, isExpectedFailure } from './storage-world';
import type { StorageWorld } from './storage-world';

const FIRST_TIME_MS = 1_700_000_000_000;

/** Someone who does one thing after the other with logs chosen by chance, and remembers what was promised. */
export const work = async (world: StorageWorld): Promise<void> => {
  try {
    const { clock } = world;
    while (world.goesOn(clock)) {
      await pause(world, world.random.below(3) === 0 ? world.random.below(8) : 0);
      const model = world.models[world.random.below(world.models.length)];
      if (model === undefined || model.busy || !world.goesOn(clock)) continue;
      model.busy = true;
      try {
        await doSomething(world, model);
      } catch (cause) {
        if (!isExpectedFailure(cause)) throw cause;
        if (hasCode(cause, 'NO_ROOM')) world.counts.refused += 1;
      }
      model.busy = false;
    }
  } catch (cause) {
    world.violation ??= cause;
  }
};

const pause = (world: StorageWorld, forMs: number): Promise<void> =>
  new Promise((resolve) => world.clock.wakeAt(world.clock.monotonicMs() + forMs, resolve));

const logOf = (model: LogModel): Log => {
  if (model.log === undefined) throw new Violation(`log ${model.name} is not open`);
  return model.log;
};

export const listenTo = (world: StorageWorld, model: LogModel, log: Log): void => {
  log.listen({
    durable: (endOffset, leaderEpoch) => {
      if (model.log !== log) return;
      if (endOffset < model.acked || endOffset > model.end)
        world.violation ??= new Violation(
          `log ${model.name}: told durable to ${endOffset} between ${model.acked} and ${model.end}`,
        );
      const last = model.batches.findLast((batch) => batch.next <= endOffset);
      if (last !== undefined && last.epoch !== leaderEpoch)
        world.violation ??= new Violation(
          `log ${model.name}: durable in epoch ${leaderEpoch}, not ${last.epoch}`,
        );
      world.say(`log ${model.name} acknowledged ${endOffset}`);
      model.acked = endOffset;
      // A later round is durable, so a frame that failed before it is void.
      if (!model.busy && model.journaled) model.change = undefined;
    },
    failed: (cause) => {
      world.say(`log ${model.name} failed ${String(cause)}`);
      world.counts.failedLogs += 1;
    },
  });
};

const doSomething = async (world: StorageWorld, model: LogModel): Promise<void> => {
  const log = logOf(model);
  if (log.failure !== undefined) {
    await repair(world, model, log);
    return;
  }
  const dice = world.random.below(100);
  if (dice < 62) append(world, model, log);
  else if (dice < 68) await untilAcknowledged(world, model, log);
  else if (dice < 74) await truncate(world, model, log);
  else if (dice < 75) await reset(world, model, log);
  else if (dice < 79) await raiseStart(world, model, log);
  else if (dice < 83) await retain(model, log, world);
  else if (dice < 84) await deleteAndCreate(world, model);
  else if (dice < 88) await flush(model, log);
  else if (dice < 94) await read(world, model, log);
  else if (dice < 96) await log.writeProducerSnapshot(log.endOffset, snapshotOf(model.hash));
  else if (dice < 98) await searchTime(world, model, log);
  else if (world.shape.directShare > 0) await switchPolicy(world, model, log);
};

const append = (world: StorageWorld, model: LogModel, log: Log): void => {
  const { random } = world;
  if (random.below(12) === 0) model.epoch += 1;
  const count = 1 + random.below(4);
  for (let number = 0; number < count; number++) {
    const base = model.end;
    const times = Array.from({ length: 1 + random.below(3) }, (_, index) => timeOf(world, base + index));
    const bytes = encodeBatch({
      baseOffset: Offset(base),
      leaderEpoch: LeaderEpoch(model.epoch),
      codec: model.compacted && random.below(3) === 0 ? 'gzip' : 'none',
      records: times.map((timeMs) => ({
        key: model.compacted ? Buffer.from(`key ${random.below(8)}`) : null,
        value:
          model.compacted && random.below(4) === 0
            ? null
            : Buffer.alloc(random.below(20) === 0 ? 3000 : random.below(120), random.uint32() & 0xff),
        timestampMs: TimestampMs(timeMs),
        headers: [],
      })),
    });
    log.append([
      {
        bytes,
        baseOffset: Offset(base),
        lastOffset: Offset(base + times.length - 1),
        leaderEpoch: LeaderEpoch(model.epoch),
        maxTimestampMs: TimestampMs(Math.max(...times)),
      },
    ]);
    model.append(base, model.epoch, times, bytes);
    world.say(`log ${model.name} append ${base} to ${base + times.length} epoch ${model.epoch}`);
    world.counts.appended += 1;
  }
};

/** Grows with the offset, and sometimes goes back or stands still. */
const timeOf = (world: StorageWorld, offset: number): number =>
  FIRST_TIME_MS + offset * 10 - (world.random.below(4) === 0 ? world.random.below(30) * 10 : 0);

const untilAcknowledged = async (world: StorageWorld, model: LogModel, log: Log): Promise<void> => {
  const { end } = model;
  while (model.acked < end && log.failure === undefined) await pause(world, 1);
};

/** Carries out a change of which a crash may leave either side. */
const change = async (
  world: StorageWorld,
  model: LogModel,
  pending: NonNullable<LogModel['change']>,
  carryOut: () => Promise<void>,
): Promise<void> => {
  world.say(`log ${model.name} ${JSON.stringify(pending)} at end ${model.end}`);
  model.change = pending;
  await carryOut();
  world.say(`log ${model.name} done ${JSON.stringify(pending)}`);
  model.change = undefined;
};

const truncate = async (world: StorageWorld, model: LogModel, log: Log): Promise<void> => {
  const back = world.random.below(Math.min(model.end - model.start, 40) + 1);
  const offset = Math.max(model.end - back, model.cleanLimit);
  await change(world, model, { kind: 'truncate', offset }, async () => {
    const end = await log.truncateTo(Offset(offset));
    model.cutTo(offset);
    if (end !== model.end || end !== log.endOffset)
      throw new Violation(`log ${model.name}: truncated to ${offset}, it ends at ${end}, not ${model.end}`);
  });
  model.epoch += 1;
};

const reset = async (world: StorageWorld, model: LogModel, log: Log): Promise<void> => {
  const offset = model.end + world.random.below(100);
  await change(world, model, { kind: 'reset', offset }, async () => {
    await log.resetTo(Offset(offset));
    model.empty(offset);
  });
};

const raiseStart = async (world: StorageWorld, model: LogModel, log: Log): Promise<void> => {
  const offset = model.start + world.random.below(model.acked - model.start + 1);
  await change(world, model, { kind: 'start', offset }, async () => {
    await log.raiseLogStart(Offset(offset));
    model.start = offset;
  });
  model.trim();
};

const retain = async (model: LogModel, log: Log, world: StorageWorld): Promise<void> => {
  const highWatermark = model.acked;
  await change(world, model, { kind: 'retention', upTo: highWatermark }, async () => {
    await log.applyRetention(world.clock.wallMs(), Offset(highWatermark));
    if (log.logStartOffset < model.start || log.logStartOffset > highWatermark)
      throw new Violation(`log ${model.name}: retention moved the start to ${log.logStartOffset}`);
    model.start = log.logStartOffset;
  });
  model.trim();
};

const deleteAndCreate = async (world: StorageWorld, model: LogModel): Promise<void> => {
  const { directory } = world;
  if (directory === undefined) return;
  const log = model.log;
  await change(world, model, { kind: 'delete' }, async () => {
    await directory.deleteLog(world.topicOf(model), world.partitionOf(model));
    model.log = undefined;
    model.empty(0);
    model.epoch += 1;
  });
  if (log === model.log) throw new Violation('a deleted log is still open');
  model.journaled = world.random.fraction() >= world.shape.directShare;
  model.log = directory.createLog(world.topicOf(model), world.partitionOf(model), world.configOf(model));
  listenTo(world, model, model.log);
};

const flush = async (model: LogModel, log: Log): Promise<void> => {
  const { end } = model;
  await log.flush();
  model.flushed = Math.max(model.flushed, end);
  if (model.acked < end)
    throw new Violation(`log ${model.name}: flushed to ${end}, acknowledged to ${model.acked}`);
};

/** What is read is what was appended, acknowledged or not. */
const read = async (world: StorageWorld, model: LogModel, log: Log): Promise<void> => {
  if (model.end === model.start) return;
  const from = model.start + world.random.below(model.end - model.start);
  const expected = model.batches.filter((batch) => batch.next > from);
  const slices = await log.read(Offset(from), Offset(model.end), 1 + world.random.below(5000), {
    atLeastOne: world.random.below(2) === 0,
  });
  const bytes = Buffer.concat(slices.parts);
  slices.release();
  if (model.compacted) {
    checkCompacted(model, bytes, from);
    return;
  }
  let at = 0;
  for (const batch of expected) {
    if (at >= bytes.length) break;
    if (!bytes.subarray(at, at + batchSizeBytes(bytes, at)).equals(batch.bytes))
      throw new Violation(`log ${model.name}: read another batch at ${batch.base} when asked for ${from}`);
    at += batch.bytes.length;
  }
  if (at !== bytes.length) throw new Violation(`log ${model.name}: read more than there is from ${from}`);
};

/** What is read of a compacted log is what was appended there; from where nothing was compacted nothing is missing. */
const checkCompacted = (model: LogModel, bytes: Buffer, from: number): void => {
  const batches: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += batchSizeBytes(bytes, at))
    batches.push(bytes.subarray(at, at + batchSizeBytes(bytes, at)));
  for (const batch of batches) {
    const base = baseOffsetOf(batch);
    const known = model.batches.find((candidate) => candidate.base === base);
    const wrong =
      known === undefined || lastOffsetOf(batch) + 1 !== known.next || lastOffsetOf(batch) < from
        ? 'there is no such batch'
        : recordsContradiction(known, batch);
    if (wrong !== undefined)
      throw new Violation(`log ${model.name}: read at ${base} when asked for ${from}: ${wrong}`);
  }
};

/** Compaction under the feet of everybody else: what it is given is below what a replica would ever cut. */
export const clean = async (world: StorageWorld): Promise<void> => {
  const { clock } = world;
  try {
    while (world.goesOn(clock)) {
      await pause(world, 1 + world.random.below(4));
      const compacted = world.models.filter((model) => model.compacted);
      const model = compacted[world.random.below(compacted.length)];
      const log = model?.log;
      if (model === undefined || log === undefined || log.failure !== undefined) continue;
      const limit =
        model.change?.kind === 'truncate' ? Math.min(model.change.offset, model.acked) : model.acked;
      const upTo = Math.max(limit - world.random.below(5), 0);
      if (!world.goesOn(clock)) return;
      if (log.cleanable(Offset(upTo), clock.wallMs()) === undefined) continue;
      model.cleanLimit = Math.max(model.cleanLimit, upTo);
      world.say(`log ${model.name} clean up to ${upTo}`);
      try {
        const outcome = await log.clean({
          upTo: Offset(upTo),
          tombstonesBelow: () => Offset(world.random.below(upTo + 1)),
          compute: inlineCompute,
          dedupeBufferBytes: [24 * 6, 24 * 40, 1 << 16][world.random.below(3)] ?? 0,
          loadFactor: 0.9,
          ioBufferBytes: [0, 3000, 1 << 16][world.random.below(3)] ?? 0,
        });
        world.say(`log ${model.name} cleaned ${JSON.stringify(outcome)}`);
        if (outcome.kind === 'stopped') world.counts.stoppedCleanings += 1;
        if (outcome.kind !== 'cleaned') continue;
        world.counts.cleanings += 1;
        world.counts.removedRecords += outcome.removedRecords;
      } catch (cause) {
        if (!isExpectedFailure(cause)) throw cause;
      }
    }
  } catch (cause) {
    world.violation ??= cause;
  }
};

const searchTime = async (world: StorageWorld, model: LogModel, log: Log): Promise<void> => {
  if (model.end === model.start) return;
  if (model.compacted) return searchCompacted(world, model, log);
  const wantedMs = FIRST_TIME_MS + (model.start + world.random.below(model.end - model.start + 3)) * 10 - 3;
  const found = await log.offsetForTimestamp(TimestampMs(wantedMs));
  const expected = model.find((timeMs) => timeMs >= wantedMs);
  if (found?.offset !== expected)
    throw new Violation(`log ${model.name}: found ${found?.offset} for time ${wantedMs}, not ${expected}`);
  const newest = await log.maxTimestamp();
  const newestOffset = model.find((timeMs) => timeMs === model.newestMs);
  if (newest?.offset !== newestOffset)
    throw new Violation(`log ${model.name}: newest at ${newest?.offset}, not ${newestOffset}`);
};

/** The newest record of a key is found, unless an earlier one fits as well. */
const searchCompacted = async (world: StorageWorld, model: LogModel, log: Log): Promise<void> => {
  const wantedMs = FIRST_TIME_MS + (model.start + world.random.below(model.end - model.start + 3)) * 10 - 3;
  const found = await log.offsetForTimestamp(TimestampMs(wantedMs));
  const sure = newestRecordsOf(model.batches, model.start).find(({ timestampMs }) => timestampMs >= wantedMs);
  if (sure !== undefined && (found === undefined || found.offset > sure.offset))
    throw new Violation(`log ${model.name}: found ${found?.offset} for ${wantedMs}, behind ${sure.offset}`);
  if (found !== undefined && found.timestampMs < wantedMs)
    throw new Violation(`log ${model.name}: found ${found.timestampMs} for time ${wantedMs}`);
  const newest = await log.maxTimestamp();
  const least = Math.max(
    -1,
    ...newestRecordsOf(model.batches, model.start).map(({ timestampMs }) => timestampMs),
  );
  if ((newest?.timestampMs ?? -1) < least)
    throw new Violation(`log ${model.name}: newest at ${newest?.timestampMs}, not ${least}`);
};

const switchPolicy = async (world: StorageWorld, model: LogModel, log: Log): Promise<void> => {
  // The weaker promise holds from the call on, the stronger one once everything is flushed under it.
  const journaled = !model.journaled;
  if (!journaled) model.journaled = false;
  log.updateConfig({ ...world.configOf(model), flushPolicy: journaled ? 'ack' : 'replication' });
  append(world, model, log);
  await flush(model, log);
  if (journaled) model.journaled = log.config.flushPolicy === 'ack';
};

/** What was not acknowledged is gone; what was is there. */
const repair = async (world: StorageWorld, model: LogModel, log: Log): Promise<void> => {
  await pause(world, 1);
  await log.repair();
  world.say(`log ${model.name} repaired to ${log.endOffset}`);
  if (log.failure !== undefined) return;
  model.cutTo(model.acked);
  if (log.endOffset !== model.acked)
    throw new Violation(`log ${model.name}: repaired to ${log.endOffset}, acknowledged to ${model.acked}`);
  model.change = undefined;
  model.epoch += 1;
};
