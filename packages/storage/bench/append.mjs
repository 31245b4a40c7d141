// What appending costs: processor seconds for each GB, by batch size and flush policy, beside the bare system calls.
//
//   npx tsc -b packages/storage && node packages/storage/bench/append.mjs [megabytes] [directory]
import { mkdirSync, mkdtempSync, openSync, rmSync, writevSync, fdatasyncSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BrokerId,
  BufferPool,
  LeaderEpoch,
  Offset,
  PartitionIndex,
  SeededRandom,
  TimestampMs,
  TopicId,
  silentLogger,
  silentMetrics,
} from '@kafkaesque/kernel';
import { encodeBatch, setBaseOffset } from '@kafkaesque/protocol';
import { defaultLogConfig, openLogDirectory, openNodeDisk } from '@kafkaesque/storage';

const megabytes = Number(process.argv[2] ?? 512);
const root = process.argv[3] ?? tmpdir();
const topic = TopicId('AAAAAAAAAAAAAAAAAAAAAQ');

const clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  wakeAt: (atMs, wake) => {
    const timer = setTimeout(wake, Math.max(0, Math.ceil(atMs - performance.now())));
    return () => clearTimeout(timer);
  },
};

const measure = async (name, work) => {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const { sizeBytes, rounds } = await work();
  const used = process.cpuUsage(cpu);
  const seconds = (used.user + used.system) / 1e6;
  const elapsed = (performance.now() - started) / 1000;
  const gb = sizeBytes / 1e9;
  console.log(
    `${name.padEnd(44)} ${(seconds / gb).toFixed(2).padStart(8)} s/GB ${(sizeBytes / 1e6 / elapsed).toFixed(0).padStart(6)} MB/s ${(used.user / 1e6 / gb).toFixed(2).padStart(7)} user${rounds === undefined ? '' : ` ${rounds} rounds`}`,
  );
};

const batchOf = (sizeBytes) =>
  encodeBatch({
    records: [
      {
        key: null,
        value: Buffer.alloc(sizeBytes - 80, 7),
        timestampMs: TimestampMs(1_700_000_000_000),
        headers: [],
      },
    ],
  });

const appendAll = async (flushPolicy, batchBytes, logCount, totalBytes) => {
  const path = mkdtempSync(join(root, 'kafkaesque-bench-'));
  const pool = new BufferPool({ keptBytes: 256 << 20 });
  let rounds = 0;
  const directory = await openLogDirectory({
    disk: openNodeDisk(),
    path,
    clock,
    random: new SeededRandom(1),
    logger: silentLogger,
    metrics: {
      ...silentMetrics,
      histogram: (name) => ({ record: () => (rounds += name.endsWith('round_bytes') ? 1 : 0) }),
    },
    pool,
    clusterId: 'bench',
    nodeId: BrokerId(1),
  });
  const logs = Array.from({ length: logCount }, (_, index) =>
    directory.createLog(topic, PartitionIndex(index), { ...defaultLogConfig, flushPolicy }),
  );
  const template = batchOf(batchBytes);
  const count = Math.floor(totalBytes / template.length);
  // As many in flight as five requests of a producer.
  const window = Math.max(5, logCount);
  let sent = 0;
  let acked = 0;
  await measure(`${flushPolicy}, ${logCount} logs, ${batchBytes} B`, async () => {
    await new Promise((resolve) => {
      const send = () => {
        while (sent < count && sent - acked < window) {
          const log = logs[sent % logCount];
          const lease = pool.acquire(template.length);
          template.copy(lease.buffer);
          const bytes = lease.buffer.subarray(0, template.length);
          const offset = log.endOffset;
          setBaseOffset(bytes, 0, offset);
          log.append([
            {
              bytes,
              lease,
              baseOffset: offset,
              lastOffset: offset,
              leaderEpoch: LeaderEpoch(0),
              maxTimestampMs: TimestampMs(1_700_000_000_000),
            },
          ]);
          lease.release();
          sent += 1;
        }
      };
      for (const log of logs) {
        let before = 0;
        log.listen({
          durable: (end) => {
            acked += end - before;
            before = end;
            if (acked === count) resolve();
            else send();
          },
          failed: (cause) => {
            throw cause;
          },
        });
      }
      send();
    });
    return { sizeBytes: count * template.length, rounds };
  });
  if (logCount === 1) await readBack(logs[0], count * template.length);
  await directory.close();
  rmSync(path, { recursive: true });
};

const readBack = async (log, sizeBytes) => {
  await measure('  read back, 1 MiB answers', async () => {
    let readBytes = 0;
    for (let next = log.logStartOffset; next < log.endOffset;) {
      const slices = await log.read(Offset(next), log.endOffset, 1 << 20, { atLeastOne: true });
      readBytes += slices.sizeBytes;
      next = slices.nextOffset;
      slices.release();
    }
    if (readBytes !== sizeBytes) throw new Error(`read ${readBytes} of ${sizeBytes}`);
    return { sizeBytes: readBytes };
  });
};

const bare = async (batchBytes, syncs) => {
  const path = mkdtempSync(join(root, 'kafkaesque-bare-'));
  mkdirSync(path, { recursive: true });
  const file = openSync(join(path, 'log'), 'w');
  const template = batchOf(batchBytes);
  const into = Buffer.alloc(template.length);
  const count = Math.floor((megabytes << 20) / template.length);
  await measure(`bare writev${syncs ? ' + fdatasync' : ''}, ${batchBytes} B`, async () => {
    for (let number = 0; number < count; number++) {
      template.copy(into);
      writevSync(file, [into], number * template.length);
      if (syncs) fdatasyncSync(file);
    }
    return { sizeBytes: count * template.length };
  });
  closeSync(file);
  rmSync(path, { recursive: true });
};

for (const batchBytes of [1 << 20, 64 << 10, 16 << 10]) {
  await bare(batchBytes, false);
  await appendAll('replication', batchBytes, 1, megabytes << 20);
  await appendAll('ack', batchBytes, 1, megabytes << 20);
}
await appendAll('ack', 1 << 10, 1000, Math.min(megabytes, 64) << 20);
await appendAll('replication', 1 << 10, 1000, Math.min(megabytes, 64) << 20);
