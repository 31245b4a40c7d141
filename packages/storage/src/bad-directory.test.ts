import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrokerEpoch, BrokerId, Offset, SeededRandom } from '@kafkaesque/kernel';
import type { Disk } from '@kafkaesque/kernel';
import { batchSizeBytes, crc32c } from '@kafkaesque/protocol';
import { Scheduler, SimulatedDisk, VirtualClock } from '@kafkaesque/sim';
import type { DiskImage } from '@kafkaesque/sim';
import { lockDirectory } from './directory-lock';
import type { LogDirectory } from './log-directory';
import { openNodeDisk } from './node-disk';
import {
  OTHER_TOPIC,
  PATH,
  TOPIC,
  appendAll,
  config,
  openTestDirectory,
  partition,
  readAll,
  readable,
  testPool,
} from './testing/test-directory';
import type { TestOptions } from './testing/test-directory';

const pool = testPool();
const clock = new VirtualClock({ scheduler: new Scheduler() });
const open = (disk: SimulatedDisk, options: TestOptions = {}): Promise<LogDirectory> =>
  openTestDirectory(disk.mount(), clock, { pool, ...options });

interface Filled {
  readonly disk: SimulatedDisk;
  readonly image: DiskImage;
  /** What each log held, by topic. */
  readonly batches: ReadonlyMap<string, readonly Buffer[]>;
}

/** A directory with a journaled log and one that writes directly, several segments each. */
const filled = async (ending: 'clean stop' | 'kill'): Promise<Filled> => {
  const disk = new SimulatedDisk({ random: new SeededRandom(5, 'disk') });
  const directory = await open(disk, { limits: { journalFileBytes: 2000 } });
  const batches = new Map<string, readonly Buffer[]>();
  for (const [topic, flushPolicy] of [
    [TOPIC, 'ack'],
    [OTHER_TOPIC, 'replication'],
  ] as const) {
    const log = directory.createLog(
      topic,
      partition(0),
      config({ flushPolicy, segmentBytes: 800, indexIntervalBytes: 200 }),
    );
    const appended = [];
    for (let number = 0; number < 30; number++) appended.push(...(await appendAll(log, 1)));
    await log.flush();
    appended.push(...(await appendAll(log, 2)));
    batches.set(
      topic,
      appended.map((batch) => batch.bytes),
    );
  }
  if (ending === 'clean stop') await directory.close({ brokerEpoch: BrokerEpoch(3) });
  disk.crash('kill');
  return { disk, image: disk.snapshot(), batches };
};

type Outcome = 'refused' | 'suspect' | 'seen by readers' | 'same' | 'counted';

/** Opens what was tampered with. Anything else than these outcomes is silent loss. */
const outcomeOf = async ({ disk, batches }: Filled): Promise<Outcome> => {
  let directory: LogDirectory;
  try {
    directory = await open(disk);
  } catch (cause) {
    expect((cause as Error).message).toMatch(/\/data/);
    return 'refused';
  }
  let worst: Outcome = 'same';
  for (const [topic, expected] of batches) {
    const log = directory.log(topic as typeof TOPIC, partition(0));
    if (log?.suspect !== undefined) {
      expect(directory.report.suspectLogs).toBeGreaterThan(0);
      worst = 'suspect';
      continue;
    }
    const shown = log === undefined ? [] : await readable(log);
    if (shown === 'damaged') worst = 'seen by readers';
    else if (
      shown.length !== expected.length ||
      shown.some((bytes, index) => !bytes.equals(expected[index]!))
    ) {
      expect(expected.slice(0, shown.length)).toEqual(shown);
      // After a crash a log that writes directly may lack what no checkpoint vouches for; of a journaled one only what
      // no seal followed, and then it is counted.
      expect(
        topic === OTHER_TOPIC && !directory.report.cleanShutdown ? 1 : directory.report.journal.unsealedTails,
      ).toBe(1);
      worst = 'counted';
    }
  }
  await directory.close();
  return worst;
};

const rewrite = async (disk: Disk, path: string, bytes: Buffer): Promise<void> => {
  const file = await disk.open(path, 'write');
  await file.truncate(0);
  if (bytes.length > 0) await file.write([bytes], 0);
  await file.sync();
  await file.close();
};

const tamperings: readonly {
  readonly name: string;
  readonly tamper: (disk: Disk, path: string, content: Buffer) => Promise<void>;
}[] = [
  { name: 'missing', tamper: (disk, path) => disk.unlink(path) },
  { name: 'empty', tamper: (disk, path) => rewrite(disk, path, Buffer.alloc(0)) },
  { name: 'of one byte', tamper: (disk, path, content) => rewrite(disk, path, content.subarray(0, 1)) },
  {
    name: 'random',
    tamper: (disk, path, content) => rewrite(disk, path, new SeededRandom(9).bytes(content.length)),
  },
  {
    name: 'too short by a byte',
    tamper: (disk, path, content) =>
      rewrite(disk, path, content.subarray(0, Math.max(0, content.length - 1))),
  },
];

describe.each(['clean stop', 'kill'] as const)('a log directory after a %s', (ending) => {
  test.each(tamperings)('shows no less in silence when a file is $name', async ({ name, tamper }) => {
    const directory = await filled(ending);
    const outcomes = new Map<string, Outcome>();
    for (const { path } of directory.disk.files()) {
      directory.disk.restore(directory.image);
      await tamper(directory.disk.mount(), path, directory.disk.contentOf(path));
      outcomes.set(path, await outcomeOf(directory));
    }
    expect(outcomes.get(`${PATH}/meta.properties`)).toBe(name === 'too short by a byte' ? 'same' : 'refused');
    expect(outcomes.get(`${PATH}/checkpoints`)).toBe('suspect');
  });

  test('shows no less in silence when a segment is cut at or beside a batch boundary', async () => {
    const directory = await filled(ending);
    const outcomes = new Set<Outcome>();
    for (const { path } of directory.disk.files().filter((file) => file.path.endsWith('.log'))) {
      directory.disk.restore(directory.image);
      const content = directory.disk.contentOf(path);
      for (let at = 0; at < content.length; at += batchSizeBytes(content, at))
        for (const sizeBytes of [at - 1, at, at + 1]) {
          if (sizeBytes < 0) continue;
          directory.disk.restore(directory.image);
          await rewrite(directory.disk.mount(), path, content.subarray(0, sizeBytes));
          outcomes.add(await outcomeOf(directory));
        }
    }
    expect(outcomes).toContain('suspect');
  });
});

describe('a log directory refuses', () => {
  test.each([
    {
      options: { clusterId: 'another-cluster-000000' },
      code: 'WRONG_CLUSTER_ID',
      says: /belongs to cluster test-cluster/,
    },
    { options: { nodeId: BrokerId(2) }, code: 'WRONG_NODE_ID', says: /set node.id=1/ },
  ])('to be opened with $code', async ({ options, code, says }) => {
    const { disk } = await filled('kill');
    const opening = open(disk, options);
    await expect(opening).rejects.toMatchObject({ code });
    await expect(opening).rejects.toThrow(says);
  });

  test('a format version it does not know', async () => {
    const { disk, image } = await filled('kill');
    const checkpoint = disk.contentOf(`${PATH}/checkpoints`);
    checkpoint.writeUInt32BE(9, 4);
    checkpoint.writeUInt32BE(crc32c(checkpoint, 32, checkpoint.length, crc32c(checkpoint, 0, 28)), 28);
    const journalPath = disk.files().find((file) => file.path.endsWith('.journal'))!.path;
    const journal = disk.contentOf(journalPath);
    journal.writeUInt16BE(9, 4);
    journal.writeUInt32BE(crc32c(journal, 0, 60), 60);
    const metaPath = `${PATH}/meta.properties`;
    const meta = Buffer.from(String(disk.contentOf(metaPath)).replace('version=1', 'version=9'));
    for (const [path, content] of [
      [`${PATH}/checkpoints`, checkpoint],
      [journalPath, journal],
      [metaPath, meta],
    ] as const) {
      disk.restore(image);
      await rewrite(disk.mount(), path, content);
      const opening = open(disk);
      await expect(opening).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
      await expect(opening).rejects.toThrow(/version 9/);
    }
  });

  test.each(['/topics/topic-x', `/topics/${TOPIC}/x`])('a directory named %s', async (name) => {
    const { disk } = await filled('kill');
    await disk.mount().makeDirectory(`${PATH}${name}`);
    await expect(open(disk)).rejects.toMatchObject({ code: 'MISPLACED_FILES' });
  });

  test('the data of Apache Kafka, and says so', async () => {
    const { disk } = await filled('kill');
    await disk.mount().makeDirectory(`${PATH}/flights-0`);
    await expect(open(disk)).rejects.toThrow(/Apache Kafka/);
  });

  test('a segment that is a link, and a directory that another process uses', async () => {
    const path = mkdtempSync(join(tmpdir(), 'kafkaesque-bad-directory-'));
    try {
      const disk = openNodeDisk();
      const first = await openTestDirectory(disk, clock, { path, lock: lockDirectory });
      await expect(openTestDirectory(disk, clock, { path, lock: lockDirectory })).rejects.toMatchObject({
        code: 'LOCKED',
      });
      await appendAll(first.createLog(TOPIC, partition(0), config()), 3);
      await first.close({ brokerEpoch: BrokerEpoch(1) });
      const segment = join(path, 'topics', TOPIC, '0', '00000000000000000000.log');
      renameSync(segment, join(path, 'elsewhere'));
      symlinkSync(join(path, 'elsewhere'), segment);
      await expect(openTestDirectory(disk, clock, { path, lock: lockDirectory })).rejects.toMatchObject({
        code: 'MISPLACED_FILES',
      });
      rmSync(segment);
      renameSync(join(path, 'elsewhere'), segment);
      const again = await openTestDirectory(disk, clock, { path, lock: lockDirectory });
      expect(again.log(TOPIC, partition(0))!.endOffset).toBe(3);
      await again.close();
    } finally {
      rmSync(path, { recursive: true });
    }
  });
});

test('a log directory removes what unfinished work left, and nothing else', async () => {
  const path = mkdtempSync(join(tmpdir(), 'kafkaesque-left-over-'));
  try {
    const disk = openNodeDisk();
    const first = await openTestDirectory(disk, clock, { path });
    const log = first.createLog(TOPIC, partition(0), config());
    const batches = await appendAll(log, 3);
    await log.flush();
    await first.close();
    const directory = join(path, 'topics', TOPIC, '0');
    for (const name of [
      '00000000000000000000.log.deleted',
      '00000000000000000000.log.swap',
      'x.tmp',
      'notes.txt',
    ])
      writeFileSync(join(directory, name), 'x');
    mkdirSync(join(path, 'topics', TOPIC, '1.77.deleted'));
    writeFileSync(join(path, 'topics', TOPIC, '1.77.deleted', '00000000000000000000.log'), 'x');
    writeFileSync(join(path, 'checkpoints.tmp'), 'x');
    const again = await openTestDirectory(disk, clock, { path });
    expect(await readAll(again.log(TOPIC, partition(0))!, Offset(0))).toEqual(
      batches.map((batch) => batch.bytes),
    );
    expect((await disk.list(directory)).map(({ name }) => name)).toEqual([
      '00000000000000000000.log',
      'notes.txt',
    ]);
    expect((await disk.list(join(path, 'topics', TOPIC))).map(({ name }) => name)).toEqual(['0']);
    await again.close();
  } finally {
    rmSync(path, { recursive: true });
  }
});
