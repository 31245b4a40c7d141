import { SeededRandom, hasCode } from '@kafkaesque/kernel';
import { bitBetween, filesBelow, flipBit, meddleWith, stageCluster } from './staged-cluster';

// Nodes start and stop many times, perhaps on a busy machine.
jest.setTimeout(60_000);

const seed = Math.floor(Math.random() * 2 ** 32);

describe('damaged metadata lose nothing, for the node starts as it was or says why it does not:', () => {
  test.each([
    ['the write-ahead log of the metadata', '.wal'],
    ['meta.properties', 'meta.properties'],
  ])('a flipped bit in %s', async (_name, ending) => {
    const random = new SeededRandom(seed, ending);
    await using stage = await stageCluster();
    await stage.send(20, 2000);
    let original = Buffer.alloc(0);
    let path = '';
    const damaged = stage.meanwhile('clean', (directory) => {
      const files = filesBelow(directory, ending);
      path = files.toSorted((a, b) => b.sizeBytes - a.sizeBytes)[0]?.path ?? '';
      meddleWith(path, (bytes) => {
        original = Buffer.from(bytes);
        return flipBit(bytes, bitBetween(random, 0, bytes.length >> 1));
      });
    });
    const failure = await damaged.then(
      () => undefined,
      (cause: unknown) => cause,
    );
    if (failure !== undefined) {
      // It says why, as a code.
      expect({ seed, failure }).toEqual({
        seed,
        failure: expect.objectContaining({ code: expect.any(String) }),
      });
      expect(hasCode(failure, 'ENOENT')).toBe(false);
      meddleWith(path, () => original);
      await stage.cluster.restart('crash');
    }
    expect({ seed, ...(await stage.check()) }).toEqual({ seed, violations: [], refusals: [] });
  });
});
