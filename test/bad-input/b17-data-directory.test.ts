import { mkdirSync, mkdtempSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCluster } from '@kafkaesque/testkit';
import {
  damageEach,
  damages,
  directoriesOfEachEnding,
  everything,
  filesOf,
  flipBit,
  saidOf,
  topicsOf,
  tryDamaged,
} from './data-directory';
import { isKafka } from './target';

/** Storage's own tests damage each file of a directory; here a whole node starts on it and clients ask for their records. */
const { root, directoryAfter } = directoriesOfEachEnding();
const ours = isKafka ? xtest : test;

const kinds = Object.keys(damages);

describe.each(['clean', 'crash'] as const)('B17: after a %s end', (ending) => {
  ours('B17: an untouched directory has everything, and there is nothing to say', async () => {
    const outcome = await tryDamaged(directoryAfter(ending), () => undefined);
    expect(outcome).toEqual({ kind: 'started', topics: everything, said: [] });
  });

  ours.each(kinds)(
    'B17: indexes, producer snapshots, markers of shutdown and epoch (%s) cost a look at the log, no record',
    async (damage) => {
      const derived = /\.(index|timeindex|snapshot)$|^(clean-shutdown|broker-epoch)$/;
      const outcome = await tryDamaged(directoryAfter(ending), damageEach(derived, damage));
      expect(topicsOf(outcome)).toEqual(everything);
    },
  );

  ours.each(kinds)(
    'B17: the checkpoint (%s) is replaced by what is there, and the damage is told',
    async (damage) => {
      const outcome = await tryDamaged(directoryAfter(ending), damageEach(/^checkpoints$/, damage));
      expect(topicsOf(outcome)).toEqual(everything);
      expect(saidOf(outcome)).toMatch(/damaged.*checkpoints/);
    },
  );

  ours.each(kinds.filter((kind) => kind !== 'a flipped bit'))(
    'B17: without meta.properties (%s) the node does not start, and says what to do',
    async (damage) => {
      const outcome = await tryDamaged(directoryAfter(ending), damageEach(/^meta\.properties$/, damage));
      expect(outcome).toMatchObject({ kind: 'refused', code: 'DAMAGED_META_PROPERTIES' });
      expect(outcome.kind === 'refused' && outcome.message).toMatch(/\/data.*restore the file/);
    },
  );

  ours.each(kinds.filter((kind) => kind !== 'a flipped bit'))(
    'B17: without the metadata log (%s) the node does not start, and leaves everything as it is',
    async (damage) => {
      const outcome = await tryDamaged(directoryAfter(ending), damageEach(/^metadata\/\d+\.wal$/, damage));
      expect(outcome).toMatchObject({ kind: 'refused', code: 'WRITE_AHEAD_LOG_LOST' });
      expect(outcome.kind === 'refused' && outcome.message).toMatch(
        /\/data\/metadata .*Restore that directory/,
      );
    },
  );

  ours('B17: a flipped bit in the metadata log ends the start, or costs nothing', async () => {
    const form = /^metadata\/\d+\.wal$/;
    const [file = ''] = filesOf(join(directoryAfter(ending).path, 'data'), form);
    const sizeBytes = readFileSync(file).length;
    const outcomes: string[] = [];
    for (let at = 5; at < sizeBytes; at += Math.ceil(sizeBytes / 9)) {
      const outcome = await tryDamaged(directoryAfter(ending), (data) => {
        flipBit(filesOf(data, form)[0] ?? '', at);
      });
      outcomes.push(outcome.kind);
      if (outcome.kind === 'started') expect([at, outcome.topics]).toEqual([at, everything]);
      else expect([at, outcome.code]).toEqual([at, 'CORRUPT_WRITE_AHEAD_LOG']);
    }
    expect(outcomes).toContain('refused');
  });

  ours('B17: what a half-done replacement or deletion left is removed', async () => {
    let leftovers: readonly string[] = [];
    const outcome = await tryDamaged(directoryAfter(ending), (data) => {
      const [segment = ''] = filesOf(data, /^topics\/.*\.log$/);
      const partition = join(segment, '..');
      leftovers = ['.tmp', '.swap', '.deleted', '.cleaned'].map((suffix) => `${segment}${suffix}`);
      for (const leftover of leftovers) writeFileSync(leftover, 'left over');
      mkdirSync(`${partition}.7.deleted`);
      writeFileSync(join(`${partition}.7.deleted`, '00000000000000000000.log'), 'left over');
      writeFileSync(join(data, 'checkpoints.tmp'), 'left over');
    });
    expect(topicsOf(outcome)).toEqual(everything);
  });

  ours('B17: files that are none of ours stay where they are, and do no harm', async () => {
    const outcome = await tryDamaged(directoryAfter(ending), (data) => {
      writeFileSync(join(data, 'README'), 'hello');
      writeFileSync(join(data, 'topics', 'lost+found'), '');
      writeFileSync(join(filesOf(data, /^topics\/.*\.log$/)[0] ?? '', '..', 'notes.txt'), 'hello');
    });
    expect(topicsOf(outcome)).toEqual(everything);
  });

  ours.each(['my-topic-0', '__consumer_offsets-3', 'journaled', 'lost+found'])(
    'B17: a directory named %s where topics are is refused by its name',
    async (name) => {
      const outcome = await tryDamaged(directoryAfter(ending), (data) => {
        mkdirSync(join(data, 'topics', name));
      });
      expect(outcome).toMatchObject({ kind: 'refused', code: 'MISPLACED_FILES' });
      expect(outcome.kind === 'refused' && outcome.message).toContain(`/data/topics/${name}`);
    },
  );

  ours('B17: a segment that is a link is refused', async () => {
    const outcome = await tryDamaged(directoryAfter(ending), (data) => {
      const [segment = ''] = filesOf(data, /^topics\/.*\.log$/);
      renameSync(segment, join(data, 'elsewhere'));
      symlinkSync(join(data, 'elsewhere'), segment);
    });
    expect(outcome).toMatchObject({ kind: 'refused', code: 'MISPLACED_FILES' });
    expect(outcome.kind === 'refused' && outcome.message).toContain('.log is no ordinary file');
  });

  ours('B17: a partition directory that is a link is refused', async () => {
    const outcome = await tryDamaged(directoryAfter(ending), (data) => {
      const partition = join(filesOf(data, /^topics\/.*\.log$/)[0] ?? '', '..');
      renameSync(partition, join(data, 'elsewhere'));
      symlinkSync(join(data, 'elsewhere'), partition);
    });
    expect(outcome).toMatchObject({ kind: 'refused', code: 'MISPLACED_FILES' });
  });

  ours.each([
    ['cluster.id', 'another-cluster-of-22-ch'],
    ['node.id', '7'],
  ])('B17: a directory of another %s is refused', async (key, value) => {
    const outcome = await tryDamaged(directoryAfter(ending), (data) => {
      const file = join(data, 'meta.properties');
      const text = readFileSync(file, 'utf8');
      expect(text).toContain(`${key}=`);
      writeFileSync(file, text.replace(new RegExp(`^${key}=.*$`, 'm'), `${key}=${value}`));
    });
    expect(outcome.kind).toBe('refused');
    expect(outcome.kind === 'refused' && outcome.message).toContain(value);
  });

  ours('B17: a node that is told another cluster.id than its directory says is refused', async () => {
    const outcome = await tryDamaged(directoryAfter(ending), () => undefined, {
      'cluster.id': 'AnotherClusterOf22Chars',
    });
    expect(outcome).toMatchObject({ kind: 'refused', code: 'WRONG_CLUSTER_ID' });
    expect(outcome.kind === 'refused' && outcome.message).toMatch(/\/data belongs to cluster .*log\.dirs/);
  });
});

ours('B17: two nodes do not share a directory', async () => {
  const directory = mkdtempSync(join(root, 'shared-'));
  await using first = await createCluster({ directory });
  await expect(createCluster({ directory })).rejects.toMatchObject({ code: 'LOCKED' });
  expect(first.faults).toEqual([]);
});

ours('B17: the directory of a crashed node is not locked', async () => {
  const directory = mkdtempSync(join(root, 'crashed-'));
  const first = await createCluster({ directory });
  await first.node.crash();
  await using second = await createCluster({ directory });
  expect(second.clusterId).toBe(first.clusterId);
});

ours('B17: a directory of Apache Kafka is refused, not taken over', async () => {
  const directory = mkdtempSync(join(root, 'kafka-'));
  mkdirSync(join(directory, 'data', 'my-topic-0'), { recursive: true });
  writeFileSync(join(directory, 'data', 'my-topic-0', '00000000000000000000.log'), 'records of Kafka');
  writeFileSync(
    join(directory, 'data', 'meta.properties'),
    'version=1\ncluster.id=MkU3OEVBNTcwNTJENDM2Qg\nnode.id=1\ndirectory.id=AAAAAAAAQACAAAAAAAAAAA\n',
  );
  await expect(createCluster({ directory })).rejects.toThrow(/my-topic-0/);
});

ours('B17: data that is a file, not a directory, is refused', async () => {
  const directory = mkdtempSync(join(root, 'file-'));
  writeFileSync(join(directory, 'data'), 'no directory');
  await expect(createCluster({ directory })).rejects.toThrow(/data/);
});
