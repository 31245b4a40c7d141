import { readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { splitBatches } from '@kafkaesque/protocol';
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
const { directoryAfter } = directoriesOfEachEnding();
const ours = isKafka ? xtest : test;

const kinds = Object.keys(damages);

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
      expect(saidOf(outcome)).toMatch(/"topic":"journaled".*had been durable up to 14/);
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
    expect(saidOf(outcome)).toMatch(/"topic":"direct".*had been durable up to 4/);
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
      for (let at: number = header.baseOffset; at < header.end; at += 1) {
        const [batch = 0, bit] = at % 2 === 0 ? [batches[0], 0x01] : [batches[2], 0x10];
        const outcome = await tryDamaged(directoryAfter('clean'), (data) => {
          flipBit(filesOf(data, form)[0] ?? '', batch + at, bit);
        });
        const read = outcome.kind === 'started' ? (outcome.topics['journaled'] ?? '') : '';
        // Position and order are all that speaks for offset and epoch (ARCHITECTURE section 6); the rest must be found.
        const isFound = (at >= header.length && at < header.leaderEpoch) || at === header.magic;
        expect([at, read]).toEqual([
          at,
          isFound
            ? expect.stringMatching(/^1[0-3] read, (Fetch: CORRUPT|The record batch)/)
            : expect.any(String),
        ]);
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
    const outcome = await tryDamaged(directoryAfter('crash'), damageEach(/^journal\/.*\.journal$/, damage));
    const isWhole = JSON.stringify(topicsOf(outcome)) === JSON.stringify(everything);
    const told = saidOf(outcome);
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
      const told = saidOf(outcome);
      expect([at, isWhole || /damaged|were not finished, and were cut/.test(told)]).toEqual([at, true]);
    }
  });

  ours.each(['missing', 'empty', '1 byte', 'random'])(
    'B17: a journal (%s) makes its partitions suspect by name',
    async (damage) => {
      const outcome = await tryDamaged(directoryAfter('crash'), damageEach(/^journal\/.*\.journal$/, damage));
      expect(saidOf(outcome)).toMatch(/may have lost records behind its end.*"topic":"journaled"/);
    },
  );
});
