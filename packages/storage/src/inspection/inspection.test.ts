import { BrokerEpoch, SeededRandom } from '@kafkaesque/kernel';
import { Scheduler, SimulatedDisk, VirtualClock } from '@kafkaesque/sim';
import type { FlushPolicy } from '../log';
import {
  OTHER_TOPIC,
  PATH,
  TOPIC,
  appendAll,
  batchAt,
  config,
  durable,
  openTestDirectory,
  partition,
} from '../testing/test-directory';
import { compareReplicas } from './compare-replicas';
import { inspectLogDirectory } from './inspect-log-directory';
import type { InspectedDirectory } from './inspect-log-directory';

const scheduler = new Scheduler();
const clock = new VirtualClock({ scheduler });
const lock = (): Promise<() => Promise<void>> => Promise.resolve(() => Promise.resolve());
const inspect = (disk: SimulatedDisk): Promise<InspectedDirectory> =>
  inspectLogDirectory({ disk: disk.mount(), path: PATH, lock });

const COUNT = 40;
/** A log of forty batches in several epochs and segments, left in one way or another. */
const written = async (ending: 'clean stop' | 'kill', flushPolicy: FlushPolicy = 'ack', epochs = 4) => {
  const disk = new SimulatedDisk({ random: new SeededRandom(3, 'disk') });
  const directory = await openTestDirectory(disk.mount(), clock);
  const settings = config({ flushPolicy, segmentBytes: 3000, indexIntervalBytes: 300 });
  const log = directory.createLog(TOPIC, partition(0), settings);
  for (let batch = 0; batch < COUNT; batch++)
    await appendAll(log, 1, { records: 2, epoch: Math.floor((batch * epochs) / COUNT), timestampMs: batch });
  await appendAll(directory.createLog(OTHER_TOPIC, partition(1), settings), 1);
  if (ending === 'clean stop') await directory.close({ brokerEpoch: BrokerEpoch(1) });
  disk.crash('kill');
  return disk;
};
const pathsOf = (disk: SimulatedDisk, ending: string): readonly string[] =>
  disk
    .files()
    .map(({ path }) => path)
    .filter((path) => path.includes(TOPIC) && path.endsWith(ending));
const findingsOf = ({ logs }: InspectedDirectory): readonly string[] =>
  logs.flatMap(({ findings }) => findings.map(({ kind, message }) => `${kind}: ${message}`));

describe('the inspection of a log directory', () => {
  test.each([
    ['clean stop', 'ack'],
    ['clean stop', 'replication'],
    ['kill', 'ack'],
    ['kill', 'replication'],
  ] as const)('finds nothing wrong after a %s (%s), and writes nothing', async (ending, flushPolicy) => {
    const disk = await written(ending, flushPolicy);
    const before = disk.files().map(({ path }) => [path, disk.contentOf(path)]);
    await using directory = await inspect(disk);
    expect(findingsOf(directory)).toEqual([]);
    expect(directory.report).toMatchObject({ cleanShutdown: ending === 'clean stop', corruption: [] });
    expect(directory.logs).toMatchObject([
      { topicId: TOPIC, partition: 0, logStart: 0, endOffset: 80, batches: COUNT },
      { topicId: OTHER_TOPIC, partition: 1, endOffset: 1, batches: 1 },
    ]);
    expect(directory.logs[0]?.segments).toBeGreaterThan(1);
    expect(disk.files().map(({ path }) => [path, disk.contentOf(path)])).toEqual(before);
  });

  test('sees what only the journal holds as the next start would', async () => {
    const disk = await written('kill');
    expect(disk.files().some(({ path }) => path.endsWith('.journal'))).toBe(true);
    for (const path of pathsOf(disk, '.log')) disk.damage(path, 0);
    await using directory = await inspect(disk);
    // The journal writes it over: it was not settled yet.
    expect(directory.logs[0]).toMatchObject({ endOffset: 80, batches: COUNT, findings: [] });
  });

  test('finds every flipped bit of a segment', async () => {
    const disk = await written('clean stop');
    const image = disk.snapshot();
    const [first = '', second = ''] = pathsOf(disk, '.log');
    for (const path of [first, second]) {
      for (let at = 0; at < disk.contentOf(path).length; at += 13) {
        disk.restore(image);
        disk.flip(path, at);
        await using directory = await inspect(disk);
        const findings = findingsOf(directory);
        expect(findings.length).toBeGreaterThan(0);
        expect(findings[0]).toMatch(/^corrupt: /);
        expect(findings[0]).toContain(path);
      }
    }
  });

  test.each([
    ['base offset', 7, /batch at 0 .* does not follow: 0 is next/],
    ['leader epoch', 15, /batch at 0 .* does not follow/],
    ['checksum', 17, /checksum of the batch at 0 does not match/],
    ['length', 9, /no batch can be read at 0 of/],
  ])('says of a flipped %s where it is', async (_, at, message) => {
    const disk = await written('clean stop');
    disk.flip(pathsOf(disk, '.log')[0] ?? '', at, 3);
    await using directory = await inspect(disk);
    expect(findingsOf(directory)[0]).toMatch(message);
  });

  test('finds a segment that is missing', async () => {
    const disk = await written('clean stop');
    await disk.mount().unlink(pathsOf(disk, '.log')[1] ?? '');
    await using directory = await inspect(disk);
    expect(findingsOf(directory)[0]).toMatch(/^corrupt: .* had been durable up to 80/);
  });

  test('finds indexes that are not those of the checkpoint, which do no harm', async () => {
    const disk = await written('clean stop');
    const [index = '', other = ''] = pathsOf(disk, '.index');
    disk.flip(index, 3);
    await disk.mount().unlink(other);
    await using directory = await inspect(disk);
    expect(findingsOf(directory)).toEqual([
      `index: ${index}: it and its time index are not those that the checkpoint speaks of`,
      `index: ${other}: it or its time index is missing`,
    ]);
  });

  test('tells a torn tail, which the next start cuts, from damage', async () => {
    const disk = await written('kill', 'replication');
    const path = pathsOf(disk, '.log').at(-1) ?? '';
    const file = await disk.mount().open(path, 'write');
    await file.write([Buffer.from('half a batch')], disk.contentOf(path).length);
    await using directory = await inspect(disk);
    expect(findingsOf(directory)).toEqual([
      expect.stringMatching(/^torn: .*: 12 bytes at its end that no flush had covered$/),
    ]);
  });

  test('says of a damaged checkpoint that everything is suspect', async () => {
    const disk = await written('clean stop');
    disk.flip(`${PATH}/checkpoints`, 40);
    await using directory = await inspect(disk);
    expect(directory.report.corruption[0]).toMatch(/unreadable/);
    expect(findingsOf(directory)[0]).toMatch(/^suspect: /);
  });

  test('refuses what is no log directory', async () => {
    const disk = new SimulatedDisk({ random: new SeededRandom(3, 'disk') });
    await disk.mount().makeDirectory(PATH);
    await expect(inspect(disk)).rejects.toMatchObject({ code: 'NO_LOG_DIRECTORY' });
  });
});

describe('the comparison of replicas', () => {
  /** Replicas that were given batches of these texts and epochs, one after the other. */
  const compare = async (...replicas: readonly (readonly (readonly [text: string, epoch: number])[])[]) => {
    const directories = await Promise.all(
      replicas.map(async (batches) => {
        const disk = new SimulatedDisk({ random: new SeededRandom(3, 'disk') });
        const directory = await openTestDirectory(disk.mount(), clock);
        // Where segments begin is each replica's own affair.
        const segmentBytes = 200 + 100 * batches.length;
        const log = directory.createLog(TOPIC, partition(0), config({ segmentBytes }));
        for (const [text, epoch] of batches) log.append([batchAt(log.endOffset, { text, epoch })]);
        await durable(log);
        await directory.close({ brokerEpoch: BrokerEpoch(1) });
        return inspect(disk);
      }),
    );
    return compareReplicas(
      directories.map(({ logs }, index) => {
        const [log] = logs;
        if (log === undefined) throw new Error('the directory has a log');
        return { nodeId: index + 1, log };
      }),
    );
  };
  const a = ['a', 0] as const;

  test('finds nothing where replicas are the same up to the least end', async () => {
    expect(await compare([a, a, a, a], [a, a, a], [a, a, a, ['b', 1]])).toEqual({
      ...{ from: 0, to: 3, differences: [] },
    });
  });

  test('finds two things at one offset of one epoch', async () => {
    const { differences } = await compare([a, a, a], [a, ['b', 0], a]);
    expect(differences).toMatchObject([{ kind: 'different', offset: 1 }]);
    expect(differences[0]?.message).toMatch(
      /^node 1 has a batch of \d+ bytes from 1 to 1, epoch 0, at \d+ of/,
    );
  });

  test('tells them from the tail of an old leader that is not cut yet', async () => {
    const { differences } = await compare([a, a, ['c', 3]], [a, ['b', 2], ['b', 2]]);
    expect(differences).toMatchObject([{ kind: 'diverging', offset: 1 }]);
  });
});
