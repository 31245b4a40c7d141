import { Offset, SeededRandom } from '@kafkaesque/kernel';
import type { Disk } from '@kafkaesque/kernel';
import { Scheduler, SimulatedDisk, VirtualClock } from '@kafkaesque/sim';
import type { FlushPolicy, Log } from './log';
import type { LogDirectory } from './log-directory';
import {
  OTHER_TOPIC,
  TOPIC,
  appendAll,
  batchAt,
  config,
  durable,
  openTestDirectory,
  partition,
} from './testing/test-directory';

const SEGMENTS = 40;

/** A disk that begins to remove files of topics and comes to no end of it, and counts what makes appends durable. */
const slowRemovals = (disk: Disk, flushPolicy: FlushPolicy) => {
  const counts = { removals: 0, rounds: 0 };
  const never = (): Promise<never> => {
    counts.removals += 1;
    return new Promise(() => undefined);
  };
  const slow: Disk = {
    open: async (path, mode) => {
      const file = await disk.open(path, mode);
      return {
        path,
        read: (into, position) => file.read(into, position),
        readNow: (into, position) => file.readNow(into, position),
        write: (parts, position) => {
          if (flushPolicy === 'replication' && path.endsWith('.log')) counts.rounds += 1;
          return file.write(parts, position);
        },
        truncate: (sizeBytes) => file.truncate(sizeBytes),
        sync: () => {
          if (flushPolicy === 'ack' && path.endsWith('.journal')) counts.rounds += 1;
          return file.sync();
        },
        sizeBytes: () => file.sizeBytes(),
        close: () => file.close(),
      };
    },
    list: (path) => disk.list(path),
    makeDirectory: (path) => disk.makeDirectory(path),
    rename: (from, to) => disk.rename(from, to),
    // What stands beside a file that is replaced is no removal.
    unlink: (path) => (/\/topics\/.*(?<!\.tmp)$/.test(path) ? never() : disk.unlink(path)),
    removeDirectory: (path) => (path.includes('/topics/') ? never() : disk.removeDirectory(path)),
    syncDirectory: (path) => disk.syncDirectory(path),
    space: (path) => disk.space(path),
  };
  return { slow, counts };
};

/** What deletes, and for which of the two logs. */
const deletions: Readonly<Record<string, (log: Log, directory: LogDirectory) => Promise<unknown>>> = {
  retention: (log) => log.applyRetention(0, log.durableEndOffset),
  'deleted records': (log) => log.raiseLogStart(Offset(log.durableEndOffset - 1)),
  'a deleted topic': (_, directory) => directory.deleteLog(OTHER_TOPIC, partition(0)),
};

describe.each(['ack', 'replication'] as const)('with flush.policy=%s', (flushPolicy: FlushPolicy) => {
  test.each(Object.keys(deletions))(
    '%s of many segments, each of which takes for ever to go, holds no append up for more than a round',
    async (what) => {
      const scheduler = new Scheduler();
      const disk = new SimulatedDisk({ random: new SeededRandom(1, 'disk') });
      const { slow, counts } = slowRemovals(disk.mount(), flushPolicy);
      const directory = await openTestDirectory(slow, new VirtualClock({ scheduler }), {
        // Segments are written when they are worth it, so that a write of one is an append's own.
        limits: { segmentWriteMs: 1_000_000, sealMs: 1_000_000, flushMs: 1_000_000 },
      });
      const settings = config({
        ...{ flushPolicy, segmentBytes: 1000, retentionBytes: 1000, fileDeleteDelayMs: 0 },
      });
      const log = directory.createLog(TOPIC, partition(0), settings);
      const other = directory.createLog(OTHER_TOPIC, partition(0), settings);
      for (const each of [log, other]) await appendAll(each, SEGMENTS, { valueBytes: 900 });
      // Everything is in its segments, which are there to be removed.
      for (const each of [log, other]) await each.flush();

      const deletion = deletions[what]?.(log, directory);
      const before = counts.rounds;
      log.append([batchAt(log.endOffset, { valueBytes: 10 })]);
      await durable(log);
      // The round under way, which may be that of the deletion, and the append's own.
      expect(counts.rounds - before).toBeLessThanOrEqual(2);
      await deletion;
      await scheduler.run({ untilMs: scheduler.nowMs + 1 });
      expect(counts.removals).toBeGreaterThan(0);
      for (let number = 0; number < 10; number += 1) {
        const sofar = counts.rounds;
        log.append([batchAt(log.endOffset, { valueBytes: 10 })]);
        await durable(log);
        expect(counts.rounds - sofar).toBe(1);
      }
    },
  );
});
