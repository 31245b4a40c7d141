// What starting costs: time, and the longest the event loop was held, for a directory of many logs.
//
//   npx tsc -b packages/storage && node packages/storage/bench/open.mjs [logs] [directory]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import {
  BrokerEpoch,
  BrokerId,
  BufferPool,
  LeaderEpoch,
  PartitionIndex,
  SeededRandom,
  TimestampMs,
  TopicId,
  silentLogger,
  silentMetrics,
} from '@kafkaesque/kernel';
import { encodeBatch, lastOffsetOf } from '@kafkaesque/protocol';
import { defaultLogConfig, openLogDirectory, openNodeDisk } from '@kafkaesque/storage';

const logCount = Number(process.argv[2] ?? 1000);
const path = mkdtempSync(join(process.argv[3] ?? tmpdir(), 'kafkaesque-open-'));
const topic = TopicId('AAAAAAAAAAAAAAAAAAAAAQ');
const clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  wakeAt: (atMs, wake) => {
    const timer = setTimeout(wake, Math.max(0, Math.ceil(atMs - performance.now())));
    return () => clearTimeout(timer);
  },
};
const open = () =>
  openLogDirectory({
    disk: openNodeDisk(),
    path,
    clock,
    random: new SeededRandom(1),
    logger: silentLogger,
    metrics: silentMetrics,
    pool: new BufferPool({ keptBytes: 64 << 20 }),
    clusterId: 'bench',
    nodeId: BrokerId(1),
  });

const timed = async (name, work) => {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const started = performance.now();
  const value = await work();
  const elapsed = performance.now() - started;
  await new Promise((resolve) => setTimeout(resolve, 5));
  delays.disable();
  console.log(
    `${name.padEnd(40)} ${elapsed.toFixed(0).padStart(6)} ms, longest hold ${(delays.max / 1e6).toFixed(1)} ms`,
  );
  return value;
};

let directory = await timed('new directory', open);
const append = async () => {
  const waiting = [];
  for (let index = 0; index < logCount; index++) {
    const log =
      directory.log(topic, PartitionIndex(index)) ??
      directory.createLog(topic, PartitionIndex(index), defaultLogConfig);
    const bytes = encodeBatch({
      baseOffset: log.endOffset,
      leaderEpoch: LeaderEpoch(0),
      records: [
        { key: null, value: Buffer.alloc(900, 7), timestampMs: TimestampMs(1_700_000_000_000), headers: [] },
      ],
    });
    waiting.push(
      new Promise((resolve, reject) =>
        log.listen({ durable: (end) => end === log.endOffset && resolve(), failed: reject }),
      ),
    );
    log.append([
      {
        bytes,
        baseOffset: log.endOffset,
        lastOffset: lastOffsetOf(bytes),
        leaderEpoch: LeaderEpoch(0),
        maxTimestampMs: TimestampMs(1_700_000_000_000),
      },
    ]);
  }
  await Promise.all(waiting);
};
await timed(`one append to each of ${logCount} logs`, append);
await timed('and another', append);
await timed('clean stop', () => directory.close({ brokerEpoch: BrokerEpoch(1) }));
directory = await timed('start after a clean stop', open);
console.log(`  scanned ${directory.report.scannedBytes} bytes`);
await append();
await timed('unclean stop', () => directory.close());
directory = await timed('start after an unclean stop', open);
console.log(
  `  ${directory.report.journal.rounds} rounds, ${directory.report.journal.entries} entries, scanned ${directory.report.scannedBytes} bytes`,
);
await directory.close();
rmSync(path, { recursive: true });
