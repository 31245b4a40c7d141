import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { splitBatches } from '@kafkaesque/protocol';
import { createCluster } from '@kafkaesque/testkit';
import type { Ending, Outcome, PreparedDirectory } from './data-directory';
import { RECORDS, damages, filesOf, flipBit, prepareDirectory, tryDamaged } from './data-directory';
import { isKafka } from './target';

/** Storage's own tests damage each file of a directory; here a whole node starts on it and clients ask for their records. */
const root = mkdtempSync(join(tmpdir(), 'kafkaesque-b17-root-'));
const prepared: Partial<Record<Ending, PreparedDirectory>> = {};
beforeAll(async () => {
  if (isKafka) return;
  prepared.clean = await prepareDirectory(root, 'clean');
  prepared.crash = await prepareDirectory(root, 'crash');
}, 30_000);
afterAll(() => {
  rmSync(root, { recursive: true });
});
const ours = isKafka ? xtest : test;

const directoryAfter = (ending: Ending): PreparedDirectory => {
  const directory = prepared[ending];
  if (directory === undefined) throw new Error(`no directory was prepared with a ${ending} end`);
  return directory;
};

const everything = {
  journaled: `${RECORDS.journaled} read, whole, then NONE ${RECORDS.journaled}`,
  direct: `${RECORDS.direct} read, whole, then NONE ${RECORDS.direct}`,
};
const topicsOf = (outcome: Outcome): unknown => (outcome.kind === 'started' ? outcome.topics : outcome);

/** Damages every file of this form, each start one kind of damage. */
const each = (form: RegExp, damage: string) => (data: string) => {
  const files = filesOf(data, form);
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) damages[damage]?.(file);
};
const kinds = Object.keys(damages);

describe.each(['clean', 'crash'] as const)('B17: after a %s end', (ending) => {
  ours('B17: an untouched directory has everything, and there is nothing to say', async () => {
    const outcome = await tryDamaged(directoryAfter(ending), () => undefined);
    expect(outcome).toEqual({ kind: 'started', topics: everything, said: [] });
  });

  ours.each(kinds)('B17: indexes and producer snapshots (%s) are made anew', async (damage) => {
    const derived = /\.(index|timeindex|snapshot)$/;
    const outcome = await tryDamaged(directoryAfter(ending), each(derived, damage));
    expect(topicsOf(outcome)).toEqual(everything);
  });

  ours.each(kinds)(
    'B17: markers of shutdown and epoch (%s) cost a look at the log, no record',
    async (damage) => {
      const outcome = await tryDamaged(
        directoryAfter(ending),
        each(/^(clean-shutdown|broker-epoch)$/, damage),
      );
      expect(topicsOf(outcome)).toEqual(everything);
    },
  );

  ours.each(kinds)(
    'B17: the checkpoint (%s) is replaced by what is there, and the damage is told',
    async (damage) => {
      const outcome = await tryDamaged(directoryAfter(ending), each(/^checkpoints$/, damage));
      expect(topicsOf(outcome)).toEqual(everything);
      expect(outcome.kind === 'started' && outcome.said.join('\n')).toMatch(/damaged.*checkpoints/);
    },
  );

  ours.each(kinds.filter((kind) => kind !== 'a flipped bit'))(
    'B17: without meta.properties (%s) the node does not start, and says what to do',
    async (damage) => {
      const outcome = await tryDamaged(directoryAfter(ending), each(/^meta\.properties$/, damage));
      expect(outcome).toMatchObject({ kind: 'refused', code: 'DAMAGED_META_PROPERTIES' });
      expect(outcome.kind === 'refused' && outcome.message).toMatch(/\/data.*restore the file/);
    },
  );

  ours.each(kinds.filter((kind) => kind !== 'a flipped bit'))(
    'B17: without the metadata log (%s) the node does not start, and leaves everything as it is',
    async (damage) => {
      const outcome = await tryDamaged(directoryAfter(ending), each(/^metadata\/\d+\.wal$/, damage));
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

describe('B17: segments after a clean end', () => {
  const changed = ['missing', 'empty', '1 byte', 'half'];

  ours.each(changed)(
    'B17: a last segment (%s) is told, and neither its end nor a new record hides it',
    async (damage) => {
      const outcome = await tryDamaged(directoryAfter('clean'), (data) => {
        damages[damage]?.(filesOf(data, /0000000000000000001\d\.log$/)[0] ?? '');
      });
      expect(outcome).toMatchObject({
        kind: 'started',
        topics: {
          journaled: '0 read, ListOffsets: KAFKA_STORAGE_ERROR, then KAFKA_STORAGE_ERROR -1',
          direct: everything.direct,
        },
      });
      expect(outcome.kind === 'started' && outcome.said.join('\n')).toMatch(
        /"topic":"journaled".*had been durable up to 14/,
      );
    },
  );

  ours.each(changed)('B17: a log of flush.policy=replication (%s) likewise', async (damage) => {
    const outcome = await tryDamaged(directoryAfter('clean'), (data) => {
      const small = filesOf(data, /^topics\/.*\/0{20}\.log$/).filter(
        (file) => readFileSync(file).length < 10_000,
      );
      damages[damage]?.(small[0] ?? '');
    });
    expect(outcome).toMatchObject({
      kind: 'started',
      topics: {
        journaled: everything.journaled,
        direct: '0 read, ListOffsets: KAFKA_STORAGE_ERROR, then KAFKA_STORAGE_ERROR -1',
      },
    });
    expect(outcome.kind === 'started' && outcome.said.join('\n')).toMatch(
      /"topic":"direct".*had been durable up to 4/,
    );
  });

  ours.each(['random', 'a flipped bit'])(
    'B17: bytes of a segment that are others now (%s) are not read as records',
    async (damage) => {
      const outcome = await tryDamaged(directoryAfter('clean'), (data) => {
        damages[damage]?.(filesOf(data, /0000000000000000001\d\.log$/)[0] ?? '');
      });
      const read = outcome.kind === 'started' ? (outcome.topics['journaled'] ?? '') : '';
      // Whole batches before the damage are read; the reader's checksum, or the server's headers, find the rest.
      expect(read).toMatch(
        /^1[0-3] read, (Fetch: CORRUPT_MESSAGE|The record batch at offset 1[0-3] is corrupt)/,
      );
    },
  );

  /** Offset of a byte in a batch's header, before what its checksum covers. */
  const header = { baseOffset: 0, length: 8, leaderEpoch: 12, magic: 16, end: 17 } as const;

  ours(
    'B17: a flipped bit in a header, which no checksum covers, neither ends nor hangs a reader',
    async () => {
      const form = /0000000000000000001\d\.log$/;
      const [file = ''] = filesOf(join(directoryAfter('clean').path, 'data'), form);
      const split = splitBatches(readFileSync(file));
      const batches = split.kind === 'split' ? split.positions : [];
      for (const batch of [batches[0] ?? 0, batches[2] ?? 0]) {
        for (let at: number = header.baseOffset; at < header.end; at += 1) {
          const bit = at % 2 === 0 ? 0x01 : 0x10;
          const outcome = await tryDamaged(directoryAfter('clean'), (data) => {
            flipBit(filesOf(data, form)[0] ?? '', batch + at, bit);
          });
          const read = outcome.kind === 'started' ? (outcome.topics['journaled'] ?? '') : '';
          // Position and order are all that speaks for offset and epoch (ARCHITECTURE section 6); the rest must be found.
          const isCovered = (at >= header.length && at < header.leaderEpoch) || at === header.magic;
          expect([batch + at, read]).toEqual([
            batch + at,
            isCovered
              ? expect.stringMatching(/^1[0-3] read, (Fetch: CORRUPT|The record batch)/)
              : expect.any(String),
          ]);
        }
      }
    },
  );

  ours(
    'B17: a segment cut at every batch, one byte before and one byte behind, is told every time',
    async () => {
      const lastSegment = /0000000000000000001\d\.log$/;
      const [file = ''] = filesOf(join(directoryAfter('clean').path, 'data'), lastSegment);
      const split = splitBatches(readFileSync(file));
      const ends = split.kind === 'split' ? split.positions : [];
      expect(ends.length).toBeGreaterThan(2);
      for (const cut of ends.flatMap((end) => [end - 1, end, end + 1]).filter((at) => at >= 0)) {
        const outcome = await tryDamaged(directoryAfter('clean'), (data) => {
          truncateSync(filesOf(data, lastSegment)[0] ?? '', cut);
        });
        expect([cut, topicsOf(outcome)]).toEqual([
          cut,
          {
            ...everything,
            journaled: '0 read, ListOffsets: KAFKA_STORAGE_ERROR, then KAFKA_STORAGE_ERROR -1',
          },
        ]);
      }
    },
    30_000,
  );
});

describe('B17: after a crash', () => {
  ours.each(kinds)('B17: what the journal still holds brings segments back (%s)', async (damage) => {
    const outcome = await tryDamaged(directoryAfter('crash'), (data) => {
      const large = filesOf(data, /^topics\/.*\.log$/).filter((file) => readFileSync(file).length > 10_000);
      expect(large.length).toBeGreaterThan(0);
      for (const file of large) damages[damage]?.(file);
    });
    expect(topicsOf(outcome)).toEqual(everything);
  });

  ours.each(kinds)('B17: a journal (%s) never loses a record without a word', async (damage) => {
    const outcome = await tryDamaged(directoryAfter('crash'), each(/^journal\/.*\.journal$/, damage));
    const isWhole = JSON.stringify(topicsOf(outcome)) === JSON.stringify(everything);
    const told = outcome.kind === 'started' ? outcome.said.join('\n') : '';
    expect(isWhole || /damaged|were not finished, and were cut/.test(told)).toBe(true);
    expect(outcome.kind).toBe('started');
  });

  ours('B17: a flipped bit in the journal is told, or costs nothing', async () => {
    const form = /^journal\/.*\.journal$/;
    const [file = ''] = filesOf(join(directoryAfter('crash').path, 'data'), form);
    const sizeBytes = readFileSync(file).length;
    for (let at = 3; at < sizeBytes; at += Math.ceil(sizeBytes / 9)) {
      const outcome = await tryDamaged(directoryAfter('crash'), (data) => {
        flipBit(filesOf(data, form)[0] ?? '', at);
      });
      const isWhole = JSON.stringify(topicsOf(outcome)) === JSON.stringify(everything);
      const told = outcome.kind === 'started' ? outcome.said.join('\n') : '';
      expect([at, isWhole || /damaged|were not finished, and were cut/.test(told)]).toEqual([at, true]);
    }
  });

  ours.each(['missing', 'empty', '1 byte', 'random'])(
    'B17: a journal (%s) makes its partitions suspect by name',
    async (damage) => {
      const outcome = await tryDamaged(directoryAfter('crash'), each(/^journal\/.*\.journal$/, damage));
      expect(outcome.kind === 'started' && outcome.said.join('\n')).toMatch(
        /may have lost records behind its end.*"topic":"journaled"/,
      );
    },
  );
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
