import { SeededRandom } from '@kafkaesque/kernel';
import { filesBelow, meddleWith, stageCluster } from './staged-cluster';

// Nodes start and stop many times, perhaps on a busy machine.
jest.setTimeout(60_000);

const newestJournal = (directory: string): string => {
  const newest = filesBelow(`${directory}/journal`, '.journal').at(-1);
  if (newest === undefined) throw new Error('there is no journal');
  return newest.path;
};

describe('a torn end of the journal is cut, and nothing that was acknowledged goes with it:', () => {
  const tails: Readonly<Record<string, (journal: Buffer, random: SeededRandom) => Buffer>> = {
    'random bytes': (_, random) => random.bytes(5000),
    '4 KiB of zeros': () => Buffer.alloc(4096),
    'the first half of what stands there': (journal) => Buffer.from(journal.subarray(0, journal.length >> 1)),
    'the second half of what stands there': (journal) => Buffer.from(journal.subarray(journal.length >> 1)),
  };
  test.each(Object.entries(tails))('%s', async (_name, tail) => {
    await using stage = await stageCluster();
    await stage.send(40, 3000);
    const report = await stage.meanwhile('crash', (directory) => {
      meddleWith(newestJournal(directory), (journal) =>
        Buffer.concat([journal, tail(journal, new SeededRandom(journal.length))]),
      );
    });
    expect(report).toMatchObject({ corruption: [], suspectLogs: 0 });
    expect(report.journal.tornBytes).toBeGreaterThan(0);
    expect(await stage.check()).toEqual({ violations: [], refusals: [] });
    await stage.send(10, 3000);
    expect(await stage.check()).toEqual({ violations: [], refusals: [] });
  });
});

test('a journal that lost its last bytes loses at most what nobody has sealed, and counts it', async () => {
  for (const cutBytes of [1, 60, 700, 2900]) {
    await using stage = await stageCluster();
    await stage.send(30, 3000);
    const report = await stage.meanwhile('crash', (directory) => {
      meddleWith(newestJournal(directory), (journal) => journal.subarray(0, journal.length - cutBytes));
    });
    expect(report).toMatchObject({ corruption: [], suspectLogs: 0, journal: { unsealedTails: 1 } });
    const { violations, refusals } = await stage.check();
    expect(refusals).toEqual([]);
    // Two records at most stand in the last 2,900 bytes, and the seals behind them.
    expect(violations.filter(({ kind, offset }) => kind !== 'lost' || offset < 14)).toEqual([]);
    await stage.send(1, 100);
  }
});
