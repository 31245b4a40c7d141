import { rmSync } from 'node:fs';
import { SeededRandom } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import { batchSizeBytes } from '@kafkaesque/protocol';
import type { Violation } from '../durability/acknowledged';
import { bitBetween, filesBelow, flipBit, meddleWith, stageCluster } from './staged-cluster';
import type { StagedCluster } from './staged-cluster';

// Nodes start and stop many times, perhaps on a busy machine.
jest.setTimeout(60_000);

const seed = Math.floor(Math.random() * 2 ** 32);

/** A damaged log may lack records, if the node says so. It never shows other bytes. */
const changedIn = async (stage: StagedCluster): Promise<readonly unknown[]> =>
  (await stage.check()).violations.filter(({ kind }) => kind !== 'lost');

describe('a flipped bit in the midst of the journal', () => {
  test('is told from a torn end and from what it concerns, and no changed byte is served', async () => {
    for (let round = 0; round < casesOf(2, 4); round++) {
      const random = new SeededRandom(seed, `journal ${round}`);
      await using stage = await stageCluster();
      await stage.send(60, 2000);
      const report = await stage.meanwhile('crash', (directory) => {
        const journal = filesBelow(`${directory}/journal`, '.journal').at(-1);
        // Beyond the file's head, and well before its last rounds.
        meddleWith(journal?.path ?? '', (bytes) =>
          flipBit(bytes, bitBetween(random, 4096, bytes.length - 20_000)),
        );
      });
      const said = report.corruption.some((what) => what.startsWith('journal file'));
      expect({ seed, round, said, torn: report.journal.tornBytes }).toEqual({
        seed,
        round,
        said: true,
        torn: 0,
      });
      expect(report.suspectLogs).toBeGreaterThan(0);
      expect({ seed, round, changed: await changedIn(stage) }).toEqual({ seed, round, changed: [] });
    }
  });
});

describe('damage to a segment that had been durable', () => {
  const damages: Readonly<Record<string, (bytes: Buffer, random: SeededRandom) => Buffer>> = {
    'a flipped bit': (bytes, random) => flipBit(bytes, bitBetween(random, 0, bytes.length)),
    '4 KiB of zeros': (bytes, random) =>
      bytes.fill(0, ...((at: number) => [at, at + 4096] as const)(random.below(bytes.length - 4096))),
    'two blocks in each other’s place': (bytes, random) => {
      const [a, b] = [0, 1].map(
        (half) => half * (bytes.length >> 1) + random.below((bytes.length >> 1) - 4096),
      );
      const held = Buffer.from(bytes.subarray(a, (a ?? 0) + 4096));
      bytes.copy(bytes, a, b, (b ?? 0) + 4096);
      held.copy(bytes, b);
      return bytes;
    },
  };

  /** Reads around the damage: refused is what should be, other bytes or offsets are not. */
  const judge = async (damage: (bytes: Buffer) => Buffer): Promise<void> => {
    await using stage = await stageCluster();
    await stage.send(40, 20_000);
    // A clean stop settles everything: what is damaged afterwards was durable.
    await stage.meanwhile('clean', (directory) => {
      const [first] = filesBelow(`${directory}/topics`, '.log');
      meddleWith(first?.path ?? '', damage);
    });
    const { violations, refusals } = await stage.check();
    const isIncomplete = ({ kind, partition }: Violation): boolean =>
      (kind === 'lost' || kind === 'gap') && partition === 0;
    expect({ seed, refusals: refusals.length }).toEqual({ seed, refusals: 1 });
    expect({ seed, changed: violations.filter((violation) => !isIncomplete(violation)) }).toEqual({
      ...{ seed, changed: [] },
    });
  };

  test.each(Object.entries(damages))('%s: no reader gets another byte for good', async (_name, damage) => {
    await judge((bytes) => damage(bytes, new SeededRandom(seed, 'segment')));
  });

  // The batch's own CRC leaves these out.
  test.each([
    ['base offset', 7],
    ['length', 11],
    ['leader epoch', 15],
    ['magic', 16],
  ])('a flipped bit in the %s of a batch', async (_name, byte) => {
    await judge((bytes) => {
      const second = batchSizeBytes(bytes, 0);
      return flipBit(bytes, (second + byte) * 8 + 1);
    });
  });

  test('a segment that cannot be walked to find its producers keeps no other partition from being served', async () => {
    await using stage = await stageCluster();
    await stage.send(40, 20_000);
    await stage.meanwhile('clean', (directory) => {
      for (const { path } of filesBelow(`${directory}/topics`, '.snapshot')) rmSync(path);
      const [first] = filesBelow(`${directory}/topics`, '.log');
      meddleWith(first?.path ?? '', (bytes) => bytes.fill(0, 0, 4096));
    });
    const { violations } = await stage.check();
    expect(
      violations.filter(({ kind, partition }) => partition !== 0 || (kind !== 'lost' && kind !== 'gap')),
    ).toEqual([]);
  });

  test('a segment that is shorter than it was durable is told when the node starts', async () => {
    await using stage = await stageCluster();
    await stage.send(20, 20_000);
    const report = await stage.meanwhile('clean', (directory) => {
      const [first] = filesBelow(`${directory}/topics`, '.log');
      meddleWith(first?.path ?? '', (bytes) => bytes.subarray(0, bytes.length >> 1));
    });
    expect(report).toMatchObject({ suspectLogs: 1, cutBytes: 0 });
    expect(report.corruption).toHaveLength(1);
    expect(await changedIn(stage)).toEqual([]);
  });
});

describe('what can be rebuilt is rebuilt:', () => {
  test.each(['.index', '.timeindex', '.snapshot', 'checkpoints', 'clean-shutdown', 'broker-epoch'])(
    'a flipped bit in every file %s hides and changes nothing',
    async (ending) => {
      const random = new SeededRandom(seed, ending);
      await using stage = await stageCluster();
      await stage.send(130, 20_000);
      let meddled = 0;
      await stage.meanwhile('clean', (directory) => {
        for (const { path, sizeBytes } of filesBelow(directory, ending)) {
          if (sizeBytes === 0) continue;
          meddleWith(path, (bytes) => flipBit(bytes, bitBetween(random, 0, bytes.length)));
          meddled += 1;
        }
      });
      expect(meddled).toBeGreaterThan(0);
      expect({ seed, ...(await stage.check()) }).toEqual({ seed, violations: [], refusals: [] });
    },
  );
});
